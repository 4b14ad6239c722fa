import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createEmptyDatabase, testSecretKey } from "../setup/test-database.ts";
import { createWorkspace, type Service, type Workspace } from "./apex-process.ts";

const question = "how can we cut our spend?";
/** As many runs as are stopped at once; each holds a database connection of the service. */
const batchSize = 6;

/** Makes an insert of event n wait, while armed, in the run whose thread is named "pause-n". */
const pausing = `
  CREATE TABLE test_pause (armed boolean NOT NULL);
  INSERT INTO test_pause VALUES (true);
  CREATE FUNCTION test_pause() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF (SELECT armed FROM test_pause) AND EXISTS (
      SELECT FROM runs r JOIN threads t ON t.id = r.thread_id WHERE r.id = NEW.run_id AND t.thread = 'pause-' || NEW.seq
    ) THEN PERFORM pg_sleep(14); END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER test_pause BEFORE INSERT ON run_events FOR EACH ROW EXECUTE FUNCTION test_pause();`;

const Count = z.tuple([z.looseObject({ n: z.coerce.number() })]);

describe("a process that is killed in the middle of an analysis", () => {
  let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let client: Client;
  let workspace: Workspace;
  let service: Service;

  const count = async (sql: string, values: readonly unknown[] = []): Promise<number> =>
    Count.parse((await client.query(sql, [...values])).rows)[0].n;
  const until = async (what: string, done: () => Promise<boolean>, seconds: number): Promise<void> => {
    for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(100)) if (await done()) return;
    throw new Error(`Not within ${seconds} s: ${what}\n${service.output()}`);
  };
  const doneRuns = (): Promise<number> => count("SELECT count(*) AS n FROM runs WHERE status = 'done'");

  beforeAll(async () => {
    database = await createEmptyDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
    workspace = await createWorkspace({ DATABASE_URL: database.url, APEX_SECRET_KEY: testSecretKey.toString("base64") });
    const csv = join(workspace.dataDir, "usage.csv");
    const rows = Array.from(
      { length: 300 },
      (_, i) => `${new Date(Date.now() - i * 3_600_000).toISOString()},gpt-5,${1000 + i},50,checkout`,
    );
    await writeFile(csv, ["timestamp,model,prompt_tokens,completion_tokens,feature", ...rows].join("\n"));
    service = await workspace.up();
    expect(await workspace.apex("import", csv)).toMatchObject({ code: 0 });
  });

  afterAll(async () => {
    await service.end("SIGKILL");
    await client.end();
    await workspace.remove();
    await database.drop();
  });

  it("goes on after the last stored step, at every step, within 15 seconds, and ends once", async () => {
    expect(await workspace.apex("ask", question, "--json")).toMatchObject({ code: 0 });
    const events = await count("SELECT max(seq) AS n FROM run_events");
    expect(events).toBeGreaterThan(8);
    await client.query(pausing);

    const slowest: number[] = [];
    for (let first = 1; first <= events; first += batchSize) {
      const steps = Array.from({ length: Math.min(batchSize, events - first + 1) }, (_, i) => first + i);
      const before = await doneRuns();
      await client.query("UPDATE test_pause SET armed = true");
      const asked = steps.map((seq) => workspace.apex("ask", question, "--json", "--thread", `pause-${seq}`));
      await until(
        `${steps.length} runs stopped`,
        async () => (await count("SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event = 'PgSleep'")) === steps.length,
        14,
      );
      await service.end("SIGKILL");
      await client.query("UPDATE test_pause SET armed = false");
      await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
      await Promise.all(asked);

      const killedAt = Date.now();
      service = await workspace.up();
      await until(
        `the ${steps.length} runs killed at events ${steps.join(", ")} are done`,
        async () => (await doneRuns()) === before + steps.length,
        30,
      );
      slowest.push((Date.now() - killedAt) / 1000);
    }
    expect(Math.max(...slowest)).toBeLessThan(15);

    const perRun = await client.query(
      `SELECT r.id, max(e.seq) AS last, count(*) AS events,
              count(*) FILTER (WHERE e.type = 'report.ready') AS reports,
              count(*) FILTER (WHERE e.type = 'step.finished') AS finished,
              count(DISTINCT e.event->>'step') FILTER (WHERE e.type = 'step.finished') AS steps
         FROM runs r JOIN run_events e ON e.run_id = r.id GROUP BY r.id`,
    );
    const Row = z.looseObject({
      last: z.coerce.number(),
      events: z.coerce.number(),
      reports: z.coerce.number(),
      finished: z.coerce.number(),
      steps: z.coerce.number(),
    });
    expect(perRun.rows).toHaveLength(events + 1);
    for (const row of z.array(Row).parse(perRun.rows)) {
      expect(row).toMatchObject({ reports: 1, events: row.last, finished: row.steps });
    }
    expect(await count("SELECT count(*) AS n FROM approvals")).toBe(
      await count("SELECT count(DISTINCT (run_id, recommendation->>'workload', recommendation->>'kind')) AS n FROM approvals"),
    );
  }, 240_000);
});
