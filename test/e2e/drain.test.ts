import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ServiceAddress } from "../../src/cli/remote.ts";
import { createEmptyDatabase, testSecretKey } from "../setup/test-database.ts";
import { writeUsage } from "../setup/usage-file.ts";
import { createWorkspace, type Service, type Workspace } from "./apex-process.ts";

/** More than are worked on at a time, so that some have not begun when the service is told to stop. */
const questions = 16;
const Count = z.tuple([z.looseObject({ n: z.coerce.number() })]);

describe("a service that is told to stop while it is being asked", () => {
  let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let client: Client;
  let workspace: Workspace;
  let service: Service;
  const count = async (sql: string): Promise<number> => Count.parse((await client.query(sql)).rows)[0].n;
  const until = async (what: string, done: () => Promise<boolean>, seconds: number): Promise<void> => {
    for (const deadline = Date.now() + seconds * 1_000; Date.now() < deadline; await sleep(50)) if (await done()) return;
    throw new Error(`Not within ${seconds} s: ${what}\n${service.output()}`);
  };

  /** Asks through the service as the command line does, all at once and without a process for each. */
  const ask = async (): Promise<string> => {
    const { url, token } = ServiceAddress.parse(JSON.parse(await readFile(join(workspace.dataDir, "service.json"), "utf8")));
    const response = await fetch(`${url}/local/command`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ argv: ["ask", "how can we cut our spend?", "--json"], cwd: "/" }),
    });
    return response.text();
  };

  beforeAll(async () => {
    database = await createEmptyDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
    workspace = await createWorkspace({ DATABASE_URL: database.url, APEX_SECRET_KEY: testSecretKey.toString("base64") });
    service = await workspace.up();
    expect(await workspace.apex("import", await writeUsage(workspace.dataDir))).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await service.end("SIGKILL");
    await client.end();
    await workspace.remove();
    await database.drop();
  });

  it("ends with 0 within its drain time, loses none of the questions, and answers each exactly once", async () => {
    const asking = Array.from({ length: questions }, ask);
    await until("every question is stored", async () => (await count("SELECT count(*) AS n FROM runs")) === questions, 40);
    const toldAt = Date.now();
    expect(await service.end("SIGTERM")).toBe(0);
    expect(Date.now() - toldAt).toBeLessThan(25_000);
    const answers = await Promise.all(asking);
    const kept = answers.filter((answer) => answer.includes('"exit":1'));
    expect(kept.length).toBeGreaterThan(0);
    for (const answer of kept) expect(answer).toContain("The question is kept: it will be answered as soon as a worker runs");
    expect(answers.filter((answer) => answer.includes('"exit":0'))).toHaveLength(questions - kept.length);
    expect(await count("SELECT count(*) AS n FROM runs WHERE status = 'done'")).toBeGreaterThanOrEqual(questions - kept.length);

    service = await workspace.up();
    await until("every run is done", async () => (await count("SELECT count(*) AS n FROM runs WHERE status = 'done'")) === questions, 40);
    expect(await count("SELECT count(*) AS n FROM run_events WHERE type = 'report.ready'")).toBe(questions);
    expect(await count("SELECT count(*) AS n FROM runs")).toBe(questions);
    expect(
      await count(`SELECT count(*) AS n FROM (SELECT run_id, event->>'step' FROM run_events WHERE type = 'step.finished'
                   GROUP BY 1, 2 HAVING count(*) > 1) AS twice`),
    ).toBe(0);
  }, 120_000);

  it("ends with 0 at once where it has nothing to do", async () => {
    const toldAt = Date.now();
    expect(await service.end("SIGTERM")).toBe(0);
    expect(Date.now() - toldAt).toBeLessThan(5_000);
  });
});
