import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import type { Approval } from "../../src/core/approval.ts";
import type { Role } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";
import type { Id } from "../../src/core/ids.ts";
import type { Job } from "../../src/core/job.ts";
import type { PriceChange } from "../../src/core/price-change.ts";
import { viewOf } from "../../src/core/run.ts";
import type { RunEvent } from "../../src/core/run-event.ts";
import { notEstimated } from "../../src/core/savings.ts";
import { type CarryOutDeps, carryOutApproved, carryOutOperation } from "../../src/flows/carry-out-operation.ts";
import { createContractBooks } from "../../src/flows/contract-books.ts";
import { enterPrice } from "../../src/flows/enter-price.ts";
import { recommendationOf, reportOf } from "../contract/run-views.ts";
import { noOperations } from "../setup/no-operations.ts";
import { approvalsOf } from "../setup/stored-run.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const signal = new AbortController().signal;

/** A matcher with a type. */
const containing = (text: string): unknown => expect.stringContaining(text);

const now = new Date("2026-11-23T12:00:00Z");
const ada = { platform: "console" as const, workspace: "W1", userId: "ada", name: "Ada" };
const operation: PriceChange = {
  type: "price_change",
  provider: "openai",
  model: "gpt-5-mini",
  tier: "standard",
  aboveInputTokens: 0,
  perMillion: { input: "0.200000000000", output: "1.600000000000" },
  perUnit: {},
  was: { perMillion: { input: "0.250000000000", output: "2.000000000000" }, perUnit: {} },
  effectiveFrom: "2026-12-01",
  sources: [{ source: "litellm", address: "files", readAt: "2026-11-23T10:00:00.000Z", dataOf: "2026-11-22T00:00:00.000Z" }],
};

describe("carrying out an operation", () => {
  let db: TestDatabase;
  let deps: CarryOutDeps;
  const jobs: Job[] = [];
  const list = createPriceBook();

  beforeAll(async () => {
    db = await createTestDatabase(() => now);
    await db.stores.members.install(db.orgId, "console", "W1");
    const { runs, members, approvedPrices } = db.stores;
    const entering = { approvedPrices, books: createContractBooks(list, db.stores), list };
    const enqueue = async (job: Job) => void jobs.push(job);
    deps = {
      runs,
      reports: runs,
      members,
      jobs: { enqueue },
      now: () => now,
      log: quiet,
      handlers: { ...noOperations, price_change: (request) => enterPrice(entering, request) },
    };
  });
  afterAll(() => db.drop());

  /** A finished run whose report holds the operation by itself, or as a recommendation that an admin approved. */
  async function stored(how: "report" | "approval", role: Role = "admin", words: PriceChange = operation) {
    const at = now.toISOString();
    const author = { ...ada, userId: `${role}-${randomUUID()}` };
    const { userId } = await db.stores.members.grant(db.orgId, author, role);
    const thread = { platform: "console" as const, workspace: "W1", channel: "C1", thread: randomUUID() };
    const event = { type: "message" as const, eventId: randomUUID(), thread, author, receivedAt: at, text: "Watch prices" };
    const { runId } = await db.stores.inbound.receiveMessage(db.orgId, event);
    const proposed = recommendationOf({ kind: "operation", change: null, operation: words, estimate: notEstimated("it changes a price") });
    const report = how === "report" ? { ...reportOf([]), operations: [words] } : reportOf([proposed]);
    const [pending] = approvalsOf(db.orgId, runId, report, new Date(now.getTime() + 3_600_000), 0);
    await db.stores.runs.append(runId, 1, { type: "run.started", at });
    await db.stores.runs.finish(runId, 2, { type: "report.ready", at, report }, pending === undefined ? [] : [pending]);
    const approved: Approval | undefined =
      pending === undefined ? undefined : { ...pending, status: "approved", version: 2, decidedBy: { userId, name: "Ada" }, decidedAt: at };
    return { runId, approved };
  }

  const after = async (runId: Id<"run">): Promise<readonly RunEvent[]> => (await db.stores.runs.events(runId, 2)).map(({ event }) => event);
  const rows = async (model: string) => (await db.stores.approvedPrices.list(db.orgId)).filter(({ change }) => change.model === model);

  it("enters an approved price once, however often its job runs, and says so on the card", async () => {
    const { runId, approved } = await stored("approval");
    if (approved === undefined) throw new Error("nothing was proposed");
    await carryOutApproved(deps, approved, signal);
    await carryOutApproved(deps, approved, signal);
    expect(await rows("gpt-5-mini")).toHaveLength(1);
    expect((await after(runId)).map(({ type }) => type)).toEqual(["operation.done"]);
    const view = viewOf({ id: runId, question: "" }, await db.stores.runs.events(runId, 0));
    expect(view.decisions[0]?.outcome).toMatch(/^From 2026-12-01 on, gpt-5-mini of openai is priced as approved \(prc_/);
    expect(jobs.at(-1)).toEqual({ name: "deliver", runId, seq: 3 });
  });

  it("enters it once also where a try died before it could say so", async () => {
    const { runId, approved } = await stored("approval", "admin", { ...operation, model: "gpt-5-nano" });
    if (approved === undefined) throw new Error("nothing was proposed");
    const dies = { ...deps, runs: { ...deps.runs, note: () => Promise.reject(new AppError("internal", "the process died")) } };
    await expect(carryOutApproved(dies, approved, signal)).rejects.toThrow("the process died");
    await carryOutApproved(deps, approved, signal);
    expect(await rows("gpt-5-nano")).toHaveLength(1);
    expect((await after(runId)).map(({ type }) => type)).toEqual(["operation.done"]);
  });

  it("does nothing for an approval that nobody gave", async () => {
    const { runId, approved } = await stored("approval", "admin", { ...operation, model: "gpt-5" });
    if (approved === undefined) throw new Error("nothing was proposed");
    await carryOutApproved(deps, { ...approved, status: "pending", decidedBy: null }, signal);
    expect(await after(runId)).toEqual([]);
    expect(await rows("gpt-5")).toEqual([]);
  });

  it("looks at the role of whoever asked at the moment of doing it", async () => {
    const { runId } = await stored("report", "member", { ...operation, model: "gpt-4o" });
    await carryOutOperation(deps, { runId, index: 0 }, signal);
    expect(await after(runId)).toEqual([expect.objectContaining({ type: "operation.failed", reason: containing("needs the role admin") })]);
    expect(await rows("gpt-4o")).toEqual([]);
  });

  it("is owed until it has come to an end, and not after", async () => {
    const { runId } = await stored("report", "admin", { ...operation, model: "gpt-4o-mini" });
    const owed = async () =>
      (await db.stores.runs.unfinishedOperations(new Date(now.getTime() + 60_000))).filter((one) => one.runId === runId);
    expect(await owed()).toEqual([{ orgId: db.orgId, runId, index: 0 }]);
    await carryOutOperation(
      { ...deps, handlers: { ...noOperations, price_change: async () => "It is done." } },
      { runId, index: 0 },
      signal,
    );
    expect(await owed()).toEqual([]);
    expect(viewOf({ id: runId, question: "" }, await db.stores.runs.events(runId, 0)).operations).toEqual([
      { index: 0, state: "done", note: "It is done." },
    ]);
  });

  it("tells a refusal by its reason and is tried again where the failure may pass", async () => {
    const { runId } = await stored("report", "admin", { ...operation, model: "gpt-4.1" });
    const busy = { ...deps, handlers: { ...noOperations, price_change: () => Promise.reject(new AppError("busy", "Later.")) } };
    await expect(carryOutOperation(busy, { runId, index: 0 }, signal)).rejects.toThrow("Later.");
    expect(await after(runId)).toEqual([]);
    await carryOutOperation(deps, { runId, index: 0 }, signal);
    expect(await after(runId)).toEqual([expect.objectContaining({ reason: containing("by an approval alone") })]);
    expect(await rows("gpt-4.1")).toEqual([]);
  });

  it("refuses a price of a seller that the book does not have", async () => {
    const { runId, approved } = await stored("approval", "admin", { ...operation, provider: "nobody" });
    if (approved === undefined) throw new Error("nothing was proposed");
    await carryOutApproved(deps, approved, signal);
    expect(await after(runId)).toEqual([expect.objectContaining({ reason: containing('no provider "nobody"') })]);
  });
});
