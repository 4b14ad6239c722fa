import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import type { Workspace } from "../../../src/compose.ts";
import { ownCalls } from "../../../src/core/model-spend.ts";
import { fromUsd } from "../../../src/core/money.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import { connectClickHouse } from "../../../src/stores/clickhouse/connect.ts";
import { plainUsage } from "../../setup/plain-usage.ts";
import { type RunningApp, startApp } from "../../setup/running-app.ts";

const question = "Quanto nos custou tudo na semana passada, por modelo?";
const proposal = {
  about_spend: true,
  category: "cost",
  intents: ["report"],
  topics: ["spend"],
  dimensions: ["model"],
  span: "the last 7 days",
};

describe("Apex' own calls of models", () => {
  let peer: LLMock;
  let running: RunningApp;
  beforeAll(async () => {
    peer = new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent" });
    peer.on(
      { systemMessage: "You sort questions" },
      { content: JSON.stringify(proposal), usage: { prompt_tokens: 1_000, completion_tokens: 100 } },
    );
    // Whatever is to be worded comes back as nonsense, so that the templates' words stand.
    peer.on(
      { systemMessage: "You join given sentences" },
      { content: '{"sentences":[]}', usage: { prompt_tokens: 500, completion_tokens: 10 } },
    );
    await peer.start();
    running = await startApp({
      OPENAI_API_KEY: "provider-key",
      OPENAI_BASE_URL: `${peer.url}/v1`,
      APEX_TRUSTED_UPSTREAMS: `${peer.url}/v1`,
      APEX_MODELS: "openai/gpt-5-mini",
    });
    await running.app.startWorker();
  }, 120_000);
  afterAll(async () => {
    await running.close();
    await peer.stop();
  });

  const book = createPriceBook();
  const since = new Date(Date.now() - 3_600_000);
  const ownRows = async (org: Workspace) =>
    running.usage.spend({
      orgId: org.id,
      period: { from: since, to: new Date(Date.now() + 3_600_000) },
      filters: { workload: [ownCalls.workload], apiKey: [ownCalls.apiKey] },
      by: ["model"],
      grain: "total",
    });

  /** Asks in an org that has some usage, and gives the report. */
  const ask = async (org: Workspace) => {
    const stored = await connectClickHouse({ target: { kind: "embedded", path: join(running.dataDir, "clickhouse") }, database: "apex" });
    const at = new Date(Date.now() - 86_400_000);
    const events = ["gpt-5", "gpt-4o"].map((model) => ({
      ...plainUsage,
      model,
      workload: "chat",
      at,
      tokens: { ...noTokens, input: 1_000_000 },
      id: model,
      orgId: org.id,
    }));
    await stored.usage.write(events.map((event) => priceEvent(book, event)));
    await stored.close();
    const person = { platform: "console", workspace: org.name, userId: "ann", name: "ann" } as const;
    const runId = await running.app.receive({
      type: "message",
      eventId: randomUUID(),
      thread: { platform: "console", workspace: org.name, channel: "c", thread: randomUUID() },
      author: person,
      receivedAt: new Date().toISOString(),
      text: question,
    });
    for await (const { event } of running.app.stores.runs.follow(runId, 0, AbortSignal.timeout(60_000))) {
      if (event.type === "report.ready") return event.report;
      if (event.type === "run.failed") throw new Error(event.reason);
    }
    throw new Error("no report");
  };

  /** The own rows, once so many calls are in them. */
  const rowsWhen = async (org: Workspace, requests: number) => {
    for (let tries = 0; tries < 100; tries += 1) {
      const { rows } = await ownRows(org);
      if ((rows[0]?.requests ?? 0) >= requests) return rows;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("the calls were not metered");
  };

  it("go through the gateway and are metered like any other, under a key that is never shown", async () => {
    const org = await running.app.openOrg("default");
    const report = await ask(org);
    expect(report.summary).toMatch(/Spend was \$3\.75|went to gpt-4o/);
    expect(report.modelSpend?.uses).toMatchObject([{ provider: "openai", model: "gpt-5-mini", failed: 0 }]);
    const note = report.blocks.find((block) => block.type === "note" && block.text.startsWith("Apex itself asked models"));
    expect(JSON.stringify(note)).toMatch(/gpt-5-mini \(\d calls?; [\d,]+ tokens in, \d+ out: \$0\.\d+\)/);
    const calls = report.modelSpend?.uses[0]?.calls ?? 0;
    const rows = await rowsWhen(org, calls);
    expect(rows).toMatchObject([{ key: { model: "gpt-5-mini" }, requests: calls, unpricedRequests: 0 }]);
    expect(rows[0]?.cost).toBe(fromUsd(report.modelSpend?.uses[0]?.cost ?? "0"));
    const keys = await running.app.stores.gateway.keys(org.id);
    expect(keys).toMatchObject([{ label: ownCalls.apiKey, workload: ownCalls.workload, purpose: "gateway" }]);
    const secret = await running.app.stores.gateway.ownKey(org.id);
    expect(await running.app.stores.gateway.keys(org.id)).toHaveLength(1);
    expect(JSON.stringify(peer.getRequests())).not.toContain(secret);
  });

  it("go to the provider itself for an org whose upstreams these are not, and are recorded there all the same", async () => {
    const org = await running.app.openOrg("second");
    const report = await ask(org);
    const calls = report.modelSpend?.uses[0]?.calls ?? 0;
    expect(calls).toBeGreaterThan(0);
    const rows = await rowsWhen(org, calls);
    expect(rows).toMatchObject([{ key: { model: "gpt-5-mini" }, requests: calls }]);
    expect(rows[0]?.cost).toBe(fromUsd(report.modelSpend?.uses[0]?.cost ?? "0"));
    expect(await running.app.stores.gateway.keys(org.id)).toEqual([]);
  });

  it("end where an admin revokes the key: rules and templates answer, and it is said", async () => {
    const org = await running.app.openOrg("default");
    const [key] = await running.app.stores.gateway.keys(org.id);
    if (key === undefined) throw new Error("no key");
    await running.app.stores.gateway.revokeKey(org.id, key.id);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const report = await ask(org);
    expect(report.summary).toContain("I could not tell what you would like to know");
    expect(JSON.stringify(report.blocks)).toContain("gpt-5-mini did not accept the request. Rules and templates answered instead.");
  });
});
