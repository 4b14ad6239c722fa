import { randomUUID } from "node:crypto";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@clickhouse/client";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type StandIn, startStandIn } from "../../demo/stand-in-provider.ts";
import type { RawRequest } from "../../src/core/delivery.ts";
import { type ClickHouseBridge, startClickHouseBridge } from "../setup/clickhouse-bridge.ts";
import { type SlackEmulator, startSlackEmulator } from "../setup/slack-emulator.ts";
import { mention, press, signingSecret } from "../setup/slack-requests.ts";
import { createEmptyDatabase, testSecretKey } from "../setup/test-database.ts";
import { writeUsage } from "../setup/usage-file.ts";
import { createWorkspace, type Service, type Workspace } from "./apex-process.ts";

/** What the stand-in provider bills. */
const tokens = { trace_prompt_tokens: "1000", trace_completion_tokens: "50" };
const Count = z.tuple([z.object({ n: z.coerce.number() })]);
const Approval = z.tuple([z.looseObject({ id: z.string() })]);

describe("api, worker and two gateways, each a process with a folder of its own", () => {
  let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let client: Client;
  let clickhouse: ClickHouseBridge;
  let slack: SlackEmulator;
  let standIn: StandIn;
  const workspaces: Workspace[] = [];
  const services = new Map<string, Service>();
  const folders = new Map<string, Workspace>();
  let answered = 0;
  let key: string;

  const workspaceOf = async (): Promise<Workspace> => {
    const workspace = await createWorkspace({
      DATABASE_URL: database.url,
      CLICKHOUSE_URL: clickhouse.url,
      APEX_SECRET_KEY: testSecretKey.toString("base64"),
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_SIGNING_SECRET: signingSecret,
      SLACK_API_URL: slack.apiUrl,
      SLACK_ADMINS: slack.alice,
      OPENAI_API_KEY: "sk-stand-in",
      OPENAI_BASE_URL: standIn.baseUrl,
    });
    workspaces.push(workspace);
    return workspace;
  };
  const start = async (name: string, role: string): Promise<void> => {
    const workspace = await workspaceOf();
    folders.set(name, workspace);
    services.set(name, await workspace.up({}, "--role", role));
  };
  const service = (name: string): Service => {
    const found = services.get(name);
    if (found === undefined) throw new Error(`${name} was not started`);
    return found;
  };
  const cli = async (...argv: string[]) => (workspaces[0] ?? (await workspaceOf())).apex(...argv);
  const until = async <T>(what: string, look: () => Promise<T | undefined>, seconds = 25): Promise<T> => {
    for (const deadline = Date.now() + seconds * 1_000; Date.now() < deadline; await sleep(100)) {
      const found = await look();
      if (found !== undefined) return found;
    }
    throw new Error(`Not within ${seconds} s: ${what}\n${[...services].map(([name, { output }]) => `${name}: ${output()}`).join("\n")}`);
  };
  const send = async ({ headers, body }: RawRequest, to = "api"): Promise<number> => {
    const response = await fetch(`${service(to).url}/slack/events`, {
      method: "POST",
      headers: z.record(z.string(), z.string()).parse(headers),
      body,
    });
    await response.text();
    return response.status;
  };
  const shown = async (ts: string, text: string): Promise<true | undefined> =>
    JSON.stringify((await slack.client.conversations.replies({ channel: slack.channel, ts })).messages).includes(text) ? true : undefined;
  const storedRequests = async (): Promise<number> => {
    const reader = createClient({ url: clickhouse.url });
    const sql = "SELECT count() AS n FROM apex.usage_facts FINAL WHERE source = 'gateway'";
    const rows = await (await reader.query({ query: sql, format: "JSONEachRow" })).json();
    await reader.close();
    return Count.parse(rows)[0].n;
  };
  /** The policy version that a gateway routes a request of the workload by. */
  const versionAt = async (name: string): Promise<string | null> => {
    const response = await fetch(`${service(name).url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "x-apex-conversation": randomUUID() },
      body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Hello?" }], metadata: tokens }),
    });
    expect(await response.text()).toContain("chat.completion");
    answered += 1;
    return response.headers.get("x-apex-policy-version");
  };

  beforeAll(async () => {
    [database, clickhouse, slack, standIn] = [
      await createEmptyDatabase(),
      await startClickHouseBridge(),
      await startSlackEmulator(),
      await startStandIn(),
    ];
    client = new Client({ connectionString: database.url });
    await client.connect();
    await workspaceOf();
    await start("api", "api");
    await Promise.all([start("worker", "worker"), start("one", "gateway"), start("two", "gateway")]);
    await until("Slack is connected", async () => (service("api").output().includes("Slack is connected") ? true : undefined));
  }, 90_000);
  afterAll(async () => {
    await Promise.all([...services.values()].map((running) => running.end("SIGKILL")));
    await client.end();
    await Promise.all([...workspaces.map((workspace) => workspace.remove()), slack.close(), standIn.close(), clickhouse.close()]);
    await database.drop();
  });

  it("each answers /health, does its own part alone, and says so", async () => {
    for (const { url } of services.values()) expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    const names = ["api", "worker", "one", "two"];
    const models = await Promise.all(names.map(async (name) => (await fetch(`${service(name).url}/v1/models`)).status));
    expect(models).toEqual([404, 404, 401, 401]);
    const stranger = mention({ team: slack.team, channel: slack.channel, user: slack.bob }, "Ev1", "hi", "1.1", new Date(0));
    expect(await Promise.all(names.map((name) => send(stranger, name)))).toEqual([401, 404, 404, 404]);
    expect(service("worker").output()).toMatch(/role worker[\s\S]*Gateway +off: the role is worker[\s\S]*Worker +on/);
    for (const { dataDir } of workspaces) await expect(access(join(dataDir, "service.json"))).rejects.toThrow("ENOENT");
  });

  it("refuses a third gateway on the folder of another, where usage waits on disk", async () => {
    const taken = await folders.get("one")?.apex("up", "--role", "gateway");
    expect(taken?.code).toBe(1);
    expect(taken?.err).toMatch(new RegExp(`in use by process ${service("one").child.pid}: stop that one, or set APEX_DATA_DIR`));
  });

  it("answers in Slack, and an approval is in effect only when both gateways serve it", async () => {
    expect(await cli("import", await writeUsage(workspaces[0]?.dataDir ?? ""))).toMatchObject({ code: 0 });
    const made = await cli("key", "checkout in production", "--workload", "checkout");
    expect(made.code).toBe(0);
    key = made.out.trim();
    await until("the key is known", async () => ((await versionAt("two").catch(() => null)) === null ? undefined : true));
    const { ts } = z
      .looseObject({ ts: z.string() })
      .parse(await slack.client.apiCall("chat.postMessage", { channel: slack.channel, text: "how can we cut our spend?" }));
    const at = { team: slack.team, channel: slack.channel, user: slack.alice };
    expect(await send(mention(at, `Ev${randomUUID()}`, "how can we cut our spend?", ts, new Date()))).toBe(200);
    await until("the report", () => shown(ts, "apr_"));
    const [{ id }] = Approval.parse(
      (await client.query("SELECT id FROM approvals WHERE recommendation->>'change' IS NOT NULL LIMIT 1")).rows,
    );
    expect([await versionAt("one"), await versionAt("two")]).toEqual(["0", "0"]);

    // Gateway two stands still: the change is not in effect while it may serve the old version.
    service("two").child.kill("SIGSTOP");
    const stillCounted = setInterval(() => void client.query("UPDATE gateway_instances SET seen_at = clock_timestamp()"), 500);
    const click = { action: "approve", value: id, actionTs: `${Date.now() / 1_000}`, messageTs: ts, threadTs: ts };
    expect(await send(press(at, click, new Date()))).toBe(200);
    await until("gateway one has it", async () => ((await versionAt("one")) === "1" ? true : undefined));
    expect(await shown(ts, "In effect as policy version 1")).toBeUndefined();
    clearInterval(stillCounted);
    service("two").child.kill("SIGCONT");
    await until("the card says that it is in effect", () => shown(ts, "In effect as policy version 1 (gateway, read back)"));
    expect([await versionAt("one"), await versionAt("two")]).toEqual(["1", "1"]);
    expect((await client.query("SELECT version FROM policies")).rows).toEqual([{ version: 1 }]);
    await until("both gateways have stored their usage", async () => ((await storedRequests()) === answered ? true : undefined));
  }, 120_000);

  it("rolls back with one gateway killed, and with none running says that none is", async () => {
    const [{ id }] = Approval.parse((await client.query("SELECT approval_id AS id FROM policies")).rows);
    await service("two").end("SIGKILL");
    const rolledBack = await cli("rollback", id);
    expect(rolledBack).toMatchObject({ code: 0 });
    expect(rolledBack.out).toContain("policy version 0 is in effect again, read back");
    expect(await versionAt("one")).toBe("0");
    for (const name of ["api", "worker", "one"]) expect(await service(name).end("SIGTERM")).toBe(0);
    const asked = z.looseObject({ recommendations: z.array(z.looseObject({ approval_id: z.string().nullable() })) });
    const { out } = await cli("ask", "how can we cut our spend?", "--json");
    const proposal = asked.parse(JSON.parse(out)).recommendations.find(({ approval_id }) => approval_id !== null);
    const approved = await cli("approve", proposal?.approval_id ?? "");
    expect(approved).toMatchObject({ code: 0 });
    expect(approved.out).toContain("Published as policy version 2. No gateway is running: it takes effect when one starts.");
    await start("three", "gateway");
    expect(await versionAt("three")).toBe("2");
    expect(await service("three").end("SIGTERM")).toBe(0);
  }, 90_000);
});
