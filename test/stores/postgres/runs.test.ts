import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../../src/core/errors.ts";
import { type Id, newId } from "../../../src/core/ids.ts";
import { type LoggedEvent, viewOf } from "../../../src/core/run.ts";
import type { RunEvent } from "../../../src/core/run-event.ts";
import { recommendationOf, reportOf } from "../../contract/run-views.ts";
import { approvalsOf } from "../../setup/stored-run.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

const at = "2026-11-01T10:00:00.000Z";
const started: RunEvent = { type: "run.started", at };
const step = (n: number): RunEvent => ({
  type: "step.finished",
  at,
  step: `s${n}`,
  summary: `step ${n}`,
  result: { z: 1, a: [n, null, "ü"] },
});
const failed = { type: "run.failed", at, reason: "No data." } as const;

let db: TestDatabase;
let runId: Id<"run">;
let asked = 0;
let clock = new Date("2026-11-01T12:00:00Z");

beforeAll(async () => {
  db = await createTestDatabase(() => clock);
});
afterAll(async () => {
  await db.drop();
});
beforeEach(async () => {
  asked += 1;
  const place = { platform: "console" as const, workspace: "w" };
  ({ runId } = await db.stores.inbound.receiveMessage(db.orgId, {
    type: "message",
    eventId: `e${asked}`,
    thread: { ...place, channel: "c", thread: `${asked}` },
    author: { ...place, userId: "u", name: "Ada" },
    receivedAt: at,
    text: "Why?",
  }));
});

describe("a run's log", () => {
  it("keeps events in order, each as it was written", async () => {
    await db.stores.runs.append(runId, 1, started);
    await db.stores.runs.append(runId, 2, step(1));
    expect(await db.stores.runs.events(runId, 0)).toEqual([
      { seq: 1, event: started },
      { seq: 2, event: step(1) },
    ]);
    expect(await db.stores.runs.events(runId, 1)).toHaveLength(1);
    const [, second] = await db.stores.runs.events(runId, 0);
    expect(JSON.stringify(second?.event)).toBe(JSON.stringify(step(1)));
    expect((await db.stores.runs.get(runId)).status).toBe("running");
  });

  it("lets one of several writers of the same number win and tells the others", async () => {
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map((n) => db.stores.runs.append(runId, 1, step(n))));
    const codes = outcomes.map((outcome) =>
      outcome.status === "rejected" && outcome.reason instanceof AppError ? outcome.reason.code : "won",
    );
    expect(codes.sort()).toEqual(["conflict", "conflict", "conflict", "won"]);
    expect(await db.stores.runs.events(runId, 0)).toHaveLength(1);
  });

  it("refuses a number that leaves a gap", async () => {
    await expect(db.stores.runs.append(runId, 3, started)).rejects.toMatchObject({ code: "conflict" });
  });

  it("says that there is no such run", async () => {
    await expect(db.stores.runs.get(newId("run"))).rejects.toMatchObject({ code: "not_found" });
    await expect(db.stores.runs.append(newId("run"), 1, started)).rejects.toMatchObject({ code: "not_found" });
    await expect(db.stores.runs.note(newId("run"), started)).rejects.toMatchObject({ code: "not_found" });
  });

  it("numbers notes that come at once without a gap", async () => {
    const numbers = await Promise.all([1, 2, 3, 4, 5].map((n) => db.stores.runs.note(runId, step(n))));
    expect(numbers.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
    expect((await db.stores.runs.events(runId, 0)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe("the end of a run", () => {
  const expiresAt = new Date("2026-11-02T12:00:00Z");
  const report = reportOf([recommendationOf()]);
  const ready = { type: "report.ready", at, report } as const;

  it("stores the report with its approvals and closes the run", async () => {
    const own = reportOf([recommendationOf()]);
    const approvals = approvalsOf(db.orgId, runId, own, expiresAt);
    await db.stores.runs.finish(runId, 1, { type: "report.ready", at, report: own }, approvals);
    expect(await db.stores.approvals.ofRun(runId)).toEqual(approvals);
    const run = await db.stores.runs.get(runId);
    expect(run.status).toBe("done");
    expect(viewOf(run, await db.stores.runs.events(runId, 0)).report).toEqual(own);
    await expect(db.stores.runs.append(runId, 2, started)).rejects.toMatchObject({ code: "conflict" });
    expect(await db.stores.runs.note(runId, step(1))).toBe(2);
  });

  it("ends once when two workers finish it at the same time", async () => {
    const outcomes = await Promise.allSettled([
      db.stores.runs.finish(runId, 1, ready, []),
      db.stores.runs.finish(runId, 1, ready, []),
      db.stores.runs.fail(runId, 1, failed),
    ]);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await db.stores.runs.events(runId, 0)).toHaveLength(1);
  });

  it("stores neither report nor approvals where one of the approvals cannot be stored", async () => {
    const [approval] = approvalsOf(db.orgId, runId, reportOf([recommendationOf()]), expiresAt);
    if (approval === undefined) throw new Error("no approval");
    await expect(db.stores.runs.finish(runId, 1, ready, [approval, approval])).rejects.toThrow(/Unique constraint/);
    expect(await db.stores.runs.events(runId, 0)).toEqual([]);
    expect(await db.stores.approvals.ofRun(runId)).toEqual([]);
    expect((await db.stores.runs.get(runId)).status).toBe("queued");
  });

  it("names the runs that show no sign of life", async () => {
    clock = new Date("2026-11-01T12:00:10Z");
    await db.stores.runs.append(runId, 1, started);
    expect(await db.stores.runs.unfinished(new Date("2026-11-01T12:00:05Z"))).not.toContain(runId);
    expect(await db.stores.runs.unfinished(new Date("2026-11-01T12:00:15Z"))).toContain(runId);
    await db.stores.runs.fail(runId, 2, failed);
    expect(await db.stores.runs.unfinished(new Date("2026-11-01T12:00:15Z"))).not.toContain(runId);
  });
});

describe("following a run", () => {
  it("gives what is there, then what comes, within a tenth of a second, and ends on abort", async () => {
    await db.stores.runs.append(runId, 1, started);
    const stop = new AbortController();
    const seen: { readonly logged: LoggedEvent; readonly at: number }[] = [];
    const following = (async () => {
      for await (const logged of db.stores.runs.follow(runId, 0, stop.signal)) seen.push({ logged, at: Date.now() });
    })();
    await sleep(300);
    expect(seen.map(({ logged }) => logged.seq)).toEqual([1]);
    for (let seq = 2; seq <= 5; seq += 1) {
      await db.stores.runs.append(runId, seq, step(seq));
      const written = Date.now();
      while (seen.length < seq && Date.now() - written < 2_000) await sleep(2);
      expect((seen.at(-1)?.at ?? Infinity) - written).toBeLessThan(100);
    }
    expect(seen.map(({ logged }) => logged.seq)).toEqual([1, 2, 3, 4, 5]);
    stop.abort();
    await following;
  });

  it("goes on when the connection that it hears on is cut", async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const { seq } of db.stores.runs.follow(runId, 0, stop.signal)) seen.push(seq);
    })();
    await sleep(200);
    const admin = new Client({ connectionString: db.url });
    await admin.connect();
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN apex_run_events'");
    await admin.end();
    for (let seq = 1; seq <= 3; seq += 1) {
      await db.stores.runs.append(runId, seq, step(seq));
      await sleep(300);
    }
    await sleep(300);
    expect(seen).toEqual([1, 2, 3]);
    stop.abort();
    await following;
  });
});
