import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { statementText } from "../../src/cli/statement.ts";
import type { Approval } from "../../src/core/approval.ts";
import { ownCalls } from "../../src/core/model-spend.ts";
import { fromUsd, toUsd } from "../../src/core/money.ts";
import type { SavingsPlan } from "../../src/core/savings.ts";
import { SavingsStatement } from "../../src/core/savings-statement.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { PricedUsageEvent } from "../../src/core/usage-event.ts";
import type { SpendQuery } from "../../src/core/usage-store.ts";
import { applyPolicy } from "../../src/flows/apply-policy.ts";
import { invoiceOf } from "../../src/flows/invoice.ts";
import { measureSavings } from "../../src/flows/measure-savings.ts";
import { savingsStatement } from "../../src/flows/savings-statement.ts";
import { verifySavings } from "../../src/flows/verify-savings.ts";
import { verifyStatement } from "../../src/flows/verify-savings-statement.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { type LoopRig, startLoop } from "./loop-rig.ts";
import { dayMs, hourMs, nextMidnight, statementDeps, type Traffic, trafficOf } from "./savings-rig.ts";

/** Adds one to a digit of a text. */
const nudgeAt = (text: string, index: number): string => `${text.slice(0, index)}${(Number(text[index]) + 1) % 10}${text.slice(index + 1)}`;

/** A text with its first or its last digit changed. */
const nudges = (text: string): readonly string[] => {
  const places = [...text.matchAll(/\d/g)].map(({ index }) => index);
  return [...new Set([places[0], places.at(-1)])].flatMap((place) => (place === undefined ? [] : [nudgeAt(text, place)]));
};

describe("a savings statement", () => {
  let rig: LoopRig;
  let spoolDir: string;
  let approval: Approval;
  let plan: SavingsPlan;
  let start: Date;
  let version: number;

  const org = () => ({ id: rig.db.orgId, name: "Acme" });
  const day = (n: number): Date => new Date(start.getTime() + n * dayMs);
  const month = (): string => day(0).toISOString().slice(0, 7);
  const traffic = (words: Partial<Traffic> = {}) =>
    trafficOf({
      orgId: rig.db.orgId,
      approval,
      version,
      plan,
      first: 0,
      count: 200,
      at: () => new Date(start.getTime() + hourMs),
      control: 900_000_000n,
      treatment: 200_000_000n,
      ...words,
    });
  const statementAt = (asOf: Date) => savingsStatement(statementDeps(rig), { orgId: rig.db.orgId, org: "Acme", month: month(), asOf });

  beforeAll(async () => {
    spoolDir = await mkdtemp(join(tmpdir(), "apex-statement-"));
    rig = await startLoop(spoolDir);
    approval = await rig.approved();
    await applyPolicy(rig.apply, { orgId: rig.db.orgId, approvalId: approval.id });
    const active = await rig.db.stores.policies.active(rig.db.orgId);
    const rule = active.policy?.rules[0];
    if (rule?.strategy.mode !== "holdout") throw new Error("no holdout");
    plan = rule.strategy.plan;
    version = active.version;
    // Days that lie in one month, whenever the test runs.
    const midnight = nextMidnight(new Date());
    start = midnight.getUTCDate() > 20 ? new Date(Date.UTC(midnight.getUTCFullYear(), midnight.getUTCMonth() + 1, 1)) : midnight;
    await rig.clickHouse.usage.write([
      ...traffic({ at: (n) => new Date(day(0).getTime() + (1 + (n % 20)) * hourMs) }),
      ...traffic({ first: 1_000, at: (n) => new Date(day(1).getTime() + (1 + (n % 20)) * hourMs) }),
      // A day on which the new model was dearer.
      ...traffic({ first: 2_000, at: (n) => new Date(day(2).getTime() + (1 + (n % 20)) * hourMs), treatment: 1_500_000_000n }),
      ...traffic({
        first: 1_000,
        count: 4,
        at: () => new Date(day(1).getTime() + 22 * hourMs),
        change: { part: "judge", cost: 5_000_000n },
      }),
    ]);
    for (const n of [1, 2, 3]) await measureSavings(rig.measure, { orgId: rig.db.orgId, now: new Date(day(n).getTime() + hourMs) });
  });
  afterAll(async () => {
    await rig.close();
    await rm(spoolDir, { recursive: true, force: true });
  });

  it("the plan froze what the measurement goes by, with a baseline that ends when it was applied", () => {
    expect(plan.protocol).toMatchObject({ interval: "studentised", covariate: "none", priceBasis: "stamped", qualityMargin: 0.02 });
    expect(plan.protocol?.exclusions).toContain("unreconciled_days");
    const { from = "", to = "" } = plan.protocol?.baseline ?? {};
    expect(Date.parse(to) - Date.parse(from)).toBe(28 * dayMs);
    expect(Date.parse(to)).toBeLessThanOrEqual(Date.now());
  });

  it("measures all windows of a change as one, sets losses off, and bills the lower end", async () => {
    const entries = await rig.db.stores.ledger.list(rig.db.orgId);
    expect(entries).toHaveLength(3);
    expect(
      (await verifySavings({ ...rig.db.stores, usage: rig.clickHouse.usage }, rig.db.orgId)).flatMap((one) => one.differences),
    ).toEqual([]);
    const statement = await statementAt(day(4));
    expect(SavingsStatement.parse(JSON.parse(JSON.stringify(statement)))).toEqual(statement);
    const [line, ...more] = statement.lines;
    expect(more).toEqual([]);
    expect(line?.windows.map(({ state }) => state)).toEqual(["earns", "earns", "earns"]);
    const measured = line?.measured;
    if (measured === undefined || measured === null || line === undefined) throw new Error("not measured");
    expect(measured.control.requests + measured.treatment.requests).toBe(
      entries.reduce((sum, { measured: one }) => sum + one.control.requests + one.treatment.requests, 0),
    );
    expect(line.counted).toBe(measured.low);
    expect(statement.billed).toBe(fromUsd(measured.low) > 0n ? measured.low : toUsd(0n));
    // Netted: less than what the two good days alone would have come to.
    const goodDays = entries.slice(0, 2).reduce((sum, { billable }) => sum + fromUsd(billable), 0n);
    expect(fromUsd(statement.billed) < goodDays).toBe(true);
    expect(line.costs.filter(({ part }) => part === "judge").reduce((sum, { cost }) => sum + fromUsd(cost), 0n)).toBe(
      fromUsd(measured.control.overhead ?? "0") + fromUsd(measured.treatment.overhead ?? "0"),
    );
    expect(line.costs.every(({ priceVersion }) => priceVersion.startsWith("test/"))).toBe(true);
    expect(statement.tier).toBe("free");
    expect([line.feeBasisPoints, statement.fee]).toEqual([0, toUsd(0n)]);
  });

  it("is recomputed to the last digit, also after the file was written and read again", async () => {
    const statement = await statementAt(day(4));
    expect(await verifyStatement(statementDeps(rig), org(), JSON.stringify(statement, null, 2))).toEqual([]);
  });

  it("does not verify with any single digit of it changed", { timeout: 300_000 }, async () => {
    const statement = await statementAt(day(4));
    // What is read is kept, so that hundreds of changed copies need not read it again: the same request gives the same answer.
    const deps = statementDeps(rig);
    const once = <A extends object, R>(ask: (request: A) => Promise<R>) => {
      const answers = new Map<string, Promise<R>>();
      return (request: A): Promise<R> => {
        const key = JSON.stringify(request);
        const known = answers.get(key) ?? ask(request);
        answers.set(key, known);
        return known;
      };
    };
    const { usage } = deps;
    const quick = {
      ...deps,
      reconcile: once(deps.reconcile),
      usage: {
        unitOutcomes: once(usage.unitOutcomes),
        unitBaselines: once(usage.unitBaselines),
        routedCosts: once(usage.routedCosts),
        spend: once(usage.spend),
      },
    };
    const text = JSON.stringify(statement);
    const seen: string[] = [];
    const missed: string[] = [];
    const changed = async (path: string, copy: unknown): Promise<void> => {
      seen.push(path);
      const differences = await verifyStatement(quick, org(), JSON.stringify(copy)).catch((error: unknown) => [String(error)]);
      if (differences.length === 0) missed.push(path);
    };
    const walk = async (value: unknown, path: readonly (string | number)[]): Promise<void> => {
      if (Array.isArray(value)) for (const [n, item] of value.entries()) await walk(item, [...path, n]);
      else if (typeof value === "object" && value !== null)
        for (const [key, item] of Object.entries(value)) await walk(item, [...path, key]);
      else if (typeof value === "string" || typeof value === "number") {
        for (const other of nudges(String(value))) {
          const copy: unknown = JSON.parse(text, (key, item: unknown) => item);
          await changed(path.join("."), withAt(copy, path, typeof value === "number" ? Number(other) : other));
        }
      }
    };
    await walk(JSON.parse(text), []);
    expect(missed).toEqual([]);
    for (const part of [
      "lines.0.measured.low",
      "lines.0.costs.0.cost",
      "lines.0.plan.holdoutShare",
      "billed",
      "fee",
      "hash",
      "asOf",
      "month",
      "lines.0.query.sql",
    ])
      expect(seen).toContain(part);
  });

  it("says which line does not agree, and refuses what is no statement", async () => {
    const statement = await statementAt(day(4));
    const changed = { ...statement, billed: nudgeAt(statement.billed, statement.billed.length - 1) };
    expect(await verifyStatement(statementDeps(rig), org(), JSON.stringify(changed))).toEqual([
      `billed: the statement says "${changed.billed}", recomputed it is "${statement.billed}"`,
    ]);
    await expect(verifyStatement(statementDeps(rig), org(), "hello")).rejects.toThrow("is not JSON");
    await expect(verifyStatement(statementDeps(rig), org(), '{"kind":"invoice"}')).rejects.toThrow("no savings statement");
    const { lines: _lines, ...without } = statement;
    expect((await verifyStatement(statementDeps(rig), org(), JSON.stringify(without))).join()).toContain("lines");
    expect(await verifyStatement(statementDeps(rig), org(), JSON.stringify({ ...statement, more: 1 }))).not.toEqual([]);
  });

  it("a day on which metered and billed usage are over 2 % apart earns nothing, and its loss still counts", async () => {
    const { orgId } = rig.db;
    const metered = async (n: number): Promise<bigint> => {
      const { rows } = await rig.clickHouse.usage.spend({
        orgId,
        period: { from: day(n), to: day(n + 1) },
        filters: {},
        by: [],
        grain: "total",
      });
      return rows.reduce((sum, { cost }) => sum + cost, 0n);
    };
    const bill = async (shares: readonly (bigint | undefined)[]) => {
      const charges = [];
      for (const [n, share] of shares.entries())
        if (share !== undefined)
          charges.push({
            id: `line-${n}`,
            orgId,
            source: "focus" as const,
            origin: "bill",
            day: day(n).toISOString().slice(0, 10),
            provider: "openai",
            account: "",
            model: "",
            lineItem: "usage",
            kind: "usage" as const,
            amount: toUsd(((await metered(n)) * share) / 100n),
          });
      const span = { orgId, origin: "bill", fromDay: day(0).toISOString().slice(0, 10), toDay: day(9).toISOString().slice(0, 10) };
      await rig.clickHouse.billing.replaceCharges(span, new Date(), charges);
    };
    const statesOf = async () => (await statementAt(day(6))).lines[0]?.windows.map(({ state }) => state);
    await bill([100n, 102n, 100n]);
    expect(await statesOf()).toEqual(["earns", "earns", "earns"]);
    await bill([97n, 100n, 100n]);
    expect(await statesOf()).toEqual(["unreconciled", "earns", "earns"]);
    // The loss of the third day counts although the day does not earn.
    await bill([100n, 100n, 110n]);
    const statement = await statementAt(day(6));
    const [line] = statement.lines;
    expect(line?.windows.map(({ state }) => state)).toEqual(["earns", "earns", "unreconciled"]);
    expect(line?.windows[2]?.why).toContain("more than 2 %");
    expect(fromUsd(line?.windows[2]?.apart ?? "0") < 0n).toBe(true);
    expect(line?.counted).toBe(toUsd(fromUsd(line?.measured?.low ?? "0") + fromUsd(line?.windows[2]?.apart ?? "0")));
    // Bills of the provider are stored, but none for the second day: it waits for it.
    await bill([100n, undefined, 100n]);
    const waiting = (await statementAt(day(6))).lines[0]?.windows[1];
    expect(waiting?.state).toBe("unreconciled");
    expect(waiting?.why).toContain("has come yet");
    expect(await verifyStatement(statementDeps(rig), org(), JSON.stringify(statement))).not.toEqual([]);
    await bill([]);
    expect(await statesOf()).toEqual(["earns", "earns", "earns"]);
  });

  it("a window in which a guardrail was broken earns nothing", async () => {
    await rig.db.stores.runs.note(approval.runId, {
      type: "guardrail.breached",
      at: new Date(day(1).getTime() + 5 * hourMs).toISOString(),
      approvalId: approval.id,
      policyRule: `rule-${approval.id}`,
      policyVersion: version,
      from: new Date(day(1).getTime() + hourMs).toISOString(),
      to: new Date(day(1).getTime() + 5 * hourMs).toISOString(),
      metric: "errors",
      margin: 0.02,
      unit: "conversation",
      control: { units: 50, trials: 100, events: 0, rate: 0 },
      treatment: { units: 50, trials: 100, events: 20, rate: 0.2 },
    });
    const [line] = (await statementAt(day(4))).lines;
    expect(line?.windows.map(({ state }) => state)).toEqual(["earns", "in_breach", "earns"]);
    expect(line?.windows[1]?.why).toContain("errors");
    const requests = line?.windows.length === 3 ? (line.measured?.treatment.requests ?? 0) : 0;
    const [first, , third] = await rig.db.stores.ledger.list(rig.db.orgId);
    expect(requests).toBe((first?.measured.treatment.requests ?? 0) + (third?.measured.treatment.requests ?? 0));
  });

  it("an invoice has the statement's fees, at the lower of the plan's share and the agreed one", async () => {
    const terms = { from: "2026-01", feeBasisPoints: 1_000, platformFee: "500.000000000000" };
    const big = {
      ...rig.clickHouse.usage,
      // Of Apex's own calls, which it is asked for by filters, there are none.
      spend: async ({ filters }: SpendQuery) => ({
        rows: Object.keys(filters).length > 0 ? [] : [bigSpend],
        query: { sql: "", params: {} },
      }),
    };
    const deps = { ...statementDeps(rig, terms), usage: big };
    const statement = await savingsStatement(deps, { orgId: rig.db.orgId, org: "Acme", month: month(), asOf: day(2) });
    expect(statement.tier).toBe("enterprise");
    expect(fromUsd(statement.billed) > 0n).toBe(true);
    const invoice = invoiceOf(statement, terms);
    expect(invoice.lines.map(({ amount }) => amount)).toEqual([statement.lines[0]?.fee, "500.000000000000"]);
    expect(statement.lines[0]?.feeBasisPoints).toBe(1_000);
    expect(fromUsd(invoice.total)).toBe((fromUsd(statement.billed) * 1_000n + 5_000n) / 10_000n + fromUsd("500"));
    expect(() => invoiceOf(statement, undefined)).toThrow("no share of the savings is agreed");
  });

  it("deducts what Apex itself spent on models, in a line of its own, and nothing that others call apex", async () => {
    const before = await statementAt(day(2));
    expect(before.ownModels).toBeUndefined();
    const own = (id: string, change: Partial<PricedUsageEvent>): PricedUsageEvent => ({
      ...plainUsage,
      ...ownCalls,
      id,
      orgId: rig.db.orgId,
      source: "gateway",
      at: new Date(day(0).getTime() + hourMs),
      model: "gpt-5-mini",
      tokens: { ...noTokens, input: 1_000, output: 100 },
      cost: 300_000_001n,
      priceVersion: "test/own",
      unpricedReason: "",
      ...change,
    });
    await rig.clickHouse.usage.write([
      own("own-1", {}),
      own("own-2", { cost: null, priceVersion: "", unpricedReason: "no price" }),
      own("customer-1", { apiKey: "a customer's key" }),
      own("late-1", { at: new Date(day(3).getTime() + hourMs) }),
    ]);
    const after = await statementAt(day(2));
    expect(after.ownModels).toMatchObject({ requests: 2, unpricedRequests: 1, cost: toUsd(300_000_001n) });
    expect(after.counted).toBe(before.counted);
    expect(fromUsd(after.billed)).toBe(fromUsd(before.billed) - 300_000_001n);
    expect(after.rules.at(-1)).toContain("What Apex itself spent on models");
    expect(await verifyStatement(statementDeps(rig), org(), JSON.stringify(after))).toEqual([]);
    const forged = { ...after, ownModels: { ...after.ownModels, cost: toUsd(1n) } };
    expect(await verifyStatement(statementDeps(rig), org(), JSON.stringify(forged))).toContainEqual(
      expect.stringContaining("ownModels.cost"),
    );
    expect(statementText(after)).toContain("Apex's own models: 2 calls, $0.0003000, deducted; the cost of 1 of them is unknown");
    await rig.clickHouse.usage.write([own("own-3", { cost: fromUsd("1000000") })]);
    expect((await statementAt(day(2))).billed).toBe(toUsd(0n));
  });
});

const bigSpend = {
  key: {},
  at: null,
  requests: 1,
  tokens: noTokens,
  cost: fromUsd("200000"),
  unpricedRequests: 0,
  unpricedTokens: 0,
};

/** A copy of a document with one value put in the place of another. */
function withAt(document: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(document)) return document.map((item: unknown, n) => (n === step ? withAt(item, rest, value) : item));
  if (typeof document !== "object" || document === null) throw new Error(`nothing at ${path.join(".")}`);
  return Object.fromEntries(
    Object.entries(document).map(([key, item]: [string, unknown]) => [key, key === step ? withAt(item, rest, value) : item]),
  );
}
