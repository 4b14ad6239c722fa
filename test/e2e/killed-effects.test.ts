import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type StandIn, startStandIn } from "../../demo/stand-in-provider.ts";
import { createEmptyDatabase, testSecretKey } from "../setup/test-database.ts";
import { writeUsage } from "../setup/usage-file.ts";
import { createWorkspace, type Service, type Workspace } from "./apex-process.ts";

const Count = z.tuple([z.looseObject({ n: z.coerce.number() })]);
const Asked = z.looseObject({ run_id: z.string(), recommendations: z.array(z.looseObject({ approval_id: z.string().nullable() })) });

/** Makes each insert into a table, and each announcement of one kind in a run, wait while the table is armed. */
const pausing = `
  CREATE TABLE test_pause (at text PRIMARY KEY);
  CREATE FUNCTION test_pause() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT FROM test_pause WHERE at = TG_TABLE_NAME OR at = to_jsonb(NEW)->>'type') THEN PERFORM pg_sleep(14); END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER test_pause BEFORE INSERT ON policies FOR EACH ROW EXECUTE FUNCTION test_pause();
  CREATE TRIGGER test_pause BEFORE INSERT ON savings_entries FOR EACH ROW EXECUTE FUNCTION test_pause();
  CREATE TRIGGER test_pause BEFORE INSERT ON run_events FOR EACH ROW EXECUTE FUNCTION test_pause();`;

describe("a process that is killed while a change is applied or measured", () => {
  let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let client: Client;
  let workspace: Workspace;
  let service: Service;
  let standIn: StandIn;
  let key: string;
  let shiftMs = 0;

  /** Starts the service, its clock shifted. */
  const start = async (): Promise<void> => {
    service = await workspace.up({}, "--as-of", new Date(Date.now() + shiftMs).toISOString());
  };
  const count = async (sql: string): Promise<number> => Count.parse((await client.query(sql)).rows)[0].n;
  const until = async (what: string, done: () => Promise<boolean>, seconds: number): Promise<void> => {
    for (const deadline = Date.now() + seconds * 1_000; Date.now() < deadline; await sleep(100)) if (await done()) return;
    throw new Error(`Not within ${seconds} s: ${what}\n${service.output()}`);
  };
  /** Kills the service once something waits at the armed place, and starts it again. */
  const killAt = async (place: string, work: () => Promise<unknown>): Promise<void> => {
    await client.query("INSERT INTO test_pause VALUES ($1)", [place]);
    const working = work().catch(() => undefined);
    await until(
      `something waits at ${place}`,
      async () => (await count("SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event = 'PgSleep'")) > 0,
      30,
    );
    await service.end("SIGKILL");
    await client.query("DELETE FROM test_pause");
    await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    await working;
    await start();
  };
  const propose = async (): Promise<{ readonly runId: string; readonly approvalId: string }> => {
    const { out } = await workspace.apex("ask", "how can we cut our spend?", "--json");
    const asked = Asked.parse(JSON.parse(out));
    const approvalId = asked.recommendations.find(({ approval_id }) => approval_id !== null)?.approval_id;
    return { runId: asked.run_id, approvalId: z.string().parse(approvalId) };
  };
  const said = (runId: string, type: string): Promise<number> =>
    count(`SELECT count(*) AS n FROM run_events WHERE run_id = '${runId}' AND type = '${type}'`);
  const request = async (): Promise<void> => {
    const response = await fetch(`${service.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "x-apex-conversation": randomUUID() },
      body: JSON.stringify({
        model: "gpt-5",
        messages: [{ role: "user", content: "Hello?" }],
        metadata: { trace_prompt_tokens: "2000", trace_completion_tokens: "80" },
      }),
    });
    expect(response.status).toBe(200);
    await response.text();
  };

  beforeAll(async () => {
    standIn = await startStandIn();
    database = await createEmptyDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(pausing);
    workspace = await createWorkspace({
      DATABASE_URL: database.url,
      APEX_SECRET_KEY: testSecretKey.toString("base64"),
      OPENAI_API_KEY: "sk-stand-in",
      OPENAI_BASE_URL: standIn.baseUrl,
    });
    await start();
    expect(await workspace.apex("import", await writeUsage(workspace.dataDir))).toMatchObject({ code: 0 });
    // A first stage would need thousands of conversations before it could be measured.
    expect(await workspace.apex("policy", "rollout", "at-once")).toMatchObject({ code: 0 });
    key = (await workspace.apex("key", "checkout", "--workload", "checkout")).out.trim();
  });
  afterAll(async () => {
    await service.end("SIGKILL");
    await client.end();
    await Promise.all([workspace.remove(), standIn.close()]);
    await database.drop();
  });

  it.each(["policies", "policy.applied"])(
    "at %s: makes one policy version, which the card announces once",
    async (place) => {
      const before = await count("SELECT count(*) AS n FROM policies");
      const { runId, approvalId } = await propose();
      await killAt(place, () => workspace.apex("approve", approvalId));
      await until("the card says that it is in effect", async () => (await said(runId, "policy.applied")) === 1, 40);
      expect(await count("SELECT count(*) AS n FROM policies")).toBe(before + 1);
      expect(await count(`SELECT count(*) AS n FROM policies WHERE approval_id = '${approvalId}'`)).toBe(1);
      expect([await said(runId, "policy.applied"), await said(runId, "policy.failed")]).toEqual([1, 0]);
      const again = await workspace.apex("approve", approvalId);
      expect(again.out).toContain("was already approved");
      expect(await count("SELECT count(*) AS n FROM policies")).toBe(before + 1);
      expect(await workspace.apex("rollback", approvalId)).toMatchObject({ code: 0 });
    },
    120_000,
  );

  it.each(["savings_entries", "savings.measured"])(
    "at %s: one ledger row per window, told once, every digit recomputed",
    async (place) => {
      const { runId, approvalId } = await propose();
      expect(await workspace.apex("approve", approvalId)).toMatchObject({ code: 0 });
      for (let sent = 0; sent < 480; sent += 16) await Promise.all(Array.from({ length: 16 }, request));
      expect(await workspace.apex("rollback", approvalId)).toMatchObject({ code: 0 });
      expect(await service.end("SIGTERM")).toBe(0);
      // A window that has ended is measured when its last requests have settled, a quarter of an hour later.
      shiftMs += 20 * 60_000;
      await killAt(place, async () => {
        await start();
        await workspace.apex("savings");
      });
      const rows = () => count(`SELECT count(*) AS n FROM savings_entries WHERE approval_id = '${approvalId}'`);
      expect(await workspace.apex("savings")).toMatchObject({ code: 0 });
      await until("the run says what was measured", async () => (await said(runId, "savings.measured")) === 1, 40);
      expect(await workspace.apex("savings")).toMatchObject({ code: 0 });
      expect([await rows(), await said(runId, "savings.measured")]).toEqual([1, 1]);
      const verified = await workspace.apex("verify");
      expect(verified).toMatchObject({ code: 0 });
    },
    120_000,
  );
});
