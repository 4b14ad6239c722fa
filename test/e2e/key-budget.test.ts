import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type StandIn, startStandIn } from "../../demo/stand-in-provider.ts";
import { fromUsd } from "../../src/core/money.ts";
import { createEmptyDatabase, testSecretKey } from "../setup/test-database.ts";
import { createWorkspace, type Service, type Workspace } from "./apex-process.ts";

const Spend = z.looseObject({ total: z.looseObject({ usd: z.string() }) });

describe("a key with a budget, made at the command line", () => {
  let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let workspace: Workspace;
  let service: Service;
  let standIn: StandIn;
  let reader: string;

  beforeAll(async () => {
    standIn = await startStandIn({ latencyMs: 40 });
    database = await createEmptyDatabase();
    workspace = await createWorkspace({
      DATABASE_URL: database.url,
      APEX_SECRET_KEY: testSecretKey.toString("base64"),
      OPENAI_API_KEY: "sk-stand-in",
      OPENAI_BASE_URL: standIn.baseUrl,
    });
    service = await workspace.up();
    reader = (await workspace.apex("read-key", "test")).out.trim();
  });
  afterAll(async () => {
    await service.end("SIGKILL");
    await Promise.all([workspace.remove(), standIn.close()]);
    await database.drop();
  });

  const ask = (secret: string, maxTokens: number): Promise<Response> =>
    fetch(`${service.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      body: JSON.stringify({
        model: "gpt-5",
        max_completion_tokens: maxTokens,
        messages: [{ role: "user", content: "Hello?" }],
        metadata: { trace_prompt_tokens: "50", trace_completion_tokens: "10" },
      }),
    });
  /** What is left by the gateway's own count: the request is too large for the budget, and so costs nothing. */
  const left = async (secret: string): Promise<bigint> => {
    const response = await ask(secret, 1_000_000_000);
    return fromUsd(response.headers.get("x-apex-budget-remaining") ?? "-1");
  };
  const ledger = async (): Promise<bigint> => {
    const response = await fetch(`${service.url}/api/usage/spend`, { headers: { authorization: `Bearer ${reader}` } });
    return fromUsd(Spend.parse(await response.json()).total.usd);
  };
  /** The exact figures of gateway and ledger, once they agree or for a while did not. */
  const agree = async (secret: string, budget: string): Promise<bigint> => {
    let spent = 0n;
    await expect
      .poll(
        async () => {
          spent = await ledger();
          return (await left(secret)) + spent;
        },
        { timeout: 30_000, interval: 200 },
      )
      .toBe(fromUsd(budget));
    return spent;
  };

  it("counts what the ledger holds, to the pico-dollar, also after the process was killed among requests", async () => {
    const made = await workspace.apex("key", "batch", "--workload", "batch", "--project", "apollo", "--budget", "0.05/month");
    expect(made).toMatchObject({ code: 0 });
    expect(made.err).toContain("It is held to $0.05 a month.");
    const secret = made.out.trim();
    await expect.poll(async () => (await ask(secret, 20)).status, { timeout: 10_000 }).toBe(200);
    expect(await agree(secret, "0.05")).toBeGreaterThan(0n);
    const asking = Promise.allSettled(Array.from({ length: 80 }, () => ask(secret, 20)));
    await expect.poll(() => standIn.served(), { timeout: 10_000 }).toBeGreaterThan(30);
    await service.end("SIGKILL");
    await asking;
    service = await workspace.up();
    const afterwards = await agree(secret, "0.05");
    expect(afterwards).toBeGreaterThan(0n);
    const statuses = new Set<number>();
    const odd: string[] = [];
    for (let round = 0; round < 6; round++) {
      for (const answer of await Promise.all(Array.from({ length: 50 }, () => ask(secret, 20)))) {
        statuses.add(answer.status);
        if (answer.status !== 200 && answer.status !== 429) odd.push(await answer.text());
      }
    }
    expect(odd).toEqual([]);
    expect(statuses).toEqual(new Set([200, 429]));
    const spent = await agree(secret, "0.05");
    expect(spent).toBeLessThanOrEqual(fromUsd("0.05"));
    const shown = await workspace.apex("keys");
    expect(shown.out).toContain("batch  (workload batch, project apollo)");
    expect(shown.out).toMatch(/\$0\.05 a month; \$0\.0\d+ spent since \d{4}-\d\d-01, anew on \d{4}-\d\d-01 \(UTC\)/);
  }, 180_000);

  it("is changed at the command line within a second, and bad values are refused in a sentence", async () => {
    const made = await workspace.apex("key", "small", "--workload", "small", "--rpm", "1");
    const secret = made.out.trim();
    const id = z.string().parse(/gwk_[0-9a-f-]+/.exec(made.err)?.[0]);
    await expect.poll(async () => (await ask(secret, 20)).status, { timeout: 10_000 }).toBe(200);
    expect((await ask(secret, 20)).status).toBe(429);
    const changed = await workspace.apex("key", "--set", id, "--rpm", "off", "--budget", "0.000001/day");
    expect(changed.out).toContain(`${id} (small): $0.000001000 a day. It holds within a second.`);
    await expect
      .poll(async () => (await ask(secret, 20)).json(), { timeout: 10_000 })
      .toMatchObject({ error: { code: "insufficient_quota" } });
    await workspace.apex("key", "--set", id, "--budget", "off");
    await expect.poll(async () => (await ask(secret, 20)).status, { timeout: 10_000 }).toBe(200);
    for (const [words, sentence] of [
      [["x", "--workload", "w", "--budget", "fifty"], /is no budget: write USD and a window/],
      [["--set", id], /Say what to change: --budget, --rpm, --tpm or --project/],
      [["x", "--ingest", "--budget", "1/day"], /has no budget and no rate limit: it spends nothing/],
    ] as const) {
      const refused = await workspace.apex("key", ...words);
      expect(refused.code).not.toBe(0);
      expect(refused.err).toMatch(sentence);
      expect(refused.out).toBe("");
    }
  }, 120_000);
});
