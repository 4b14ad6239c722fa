import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import type { Approval } from "../../src/core/approval.ts";
import { unitHash } from "../../src/core/assignment.ts";
import { fromUsd } from "../../src/core/money.ts";
import type { SavingsEntry, SavingsPlan } from "../../src/core/savings.ts";
import { holdoutOf } from "../../src/core/strategy.ts";
import { applyPolicy } from "../../src/flows/apply-policy.ts";
import { measureSavings } from "../../src/flows/measure-savings.ts";
import { savingsStatement } from "../../src/flows/savings-statement.ts";
import { indicativeSavings } from "../../src/flows/savings-statement-indicative.ts";
import { verifySavings } from "../../src/flows/verify-savings.ts";
import { type LoopRig, startLoop } from "./loop-rig.ts";
import { dayMs, hourMs, nextMidnight, statementDeps, type Traffic, trafficOf } from "./savings-rig.ts";

describe("savings of changes over time", () => {
  let rig: LoopRig;
  let spoolDir: string;
  let start: Date;
  let first: Approval;

  const day = (n: number): Date => new Date(start.getTime() + n * dayMs);
  const spread = (n: number) => (unit: number) => new Date(day(n).getTime() + (1 + (unit % 20)) * hourMs);
  const measure = async (n: number): Promise<readonly SavingsEntry[]> =>
    (await measureSavings(rig.measure, { orgId: rig.db.orgId, now: new Date(day(n).getTime() + hourMs) })).entries;
  const active = async (approval: Approval): Promise<{ plan: SavingsPlan; version: number }> => {
    const { version, policy } = await rig.db.stores.policies.active(rig.db.orgId);
    const rule = policy?.rules.find(({ approvalId }) => approvalId === approval.id);
    const plan = rule === undefined ? undefined : holdoutOf(rule.strategy)?.plan;
    if (plan === undefined) throw new Error("no plan");
    return { plan, version };
  };
  const write = async (approval: Approval, words: Pick<Traffic, "first" | "at" | "control" | "treatment">) =>
    rig.clickHouse.usage.write(trafficOf({ orgId: rig.db.orgId, approval, ...(await active(approval)), count: 300, ...words }));

  beforeAll(async () => {
    spoolDir = await mkdtemp(join(tmpdir(), "apex-changes-"));
    rig = await startLoop(spoolDir);
    start = nextMidnight(new Date());
    first = await rig.approved({ unit: "user" });
    const { orgId } = rig.db;
    // What users cost before the change: the same rows as any source gives, naming the user and no hash.
    const past = trafficOf({
      orgId,
      approval: first,
      version: 0,
      plan: { ...(await planOfUsers()), unit: "user" },
      first: 0,
      count: 300,
      at: (n) => new Date(Date.now() - (2 + (n % 20)) * dayMs),
      control: 900_000_000n,
      treatment: 900_000_000n,
      change: { policyRule: "", arm: null, unit: "", model: "gpt-5" },
    });
    await rig.clickHouse.usage.write(past);
    await applyPolicy(rig.apply, { orgId, approvalId: first.id });
  });
  afterAll(async () => {
    await rig.close();
    await rm(spoolDir, { recursive: true, force: true });
  });

  const planOfUsers = async (): Promise<SavingsPlan> => ({
    method: "randomised_holdout",
    workload: "support-chat",
    baselineModel: "gpt-5",
    treatmentModel: "gpt-5-mini",
    unit: "user",
    holdoutShare: 0.3,
    confidence: 0.95,
    resamples: 2_000,
    seed: "before",
    feeBasisPoints: 2_000,
  });

  it("users are adjusted by what they cost before, found under the plan's hash, and it verifies", async () => {
    const { plan } = await active(first);
    const { baseline } = plan.protocol ?? {};
    const period = { from: new Date(baseline?.from ?? 0), to: new Date(baseline?.to ?? 0) };
    const { rows } = await rig.clickHouse.usage.unitBaselines({ orgId: rig.db.orgId, period, plan });
    expect(rows).toHaveLength(300);
    expect(rows.map(({ unit }) => unit)).toContain(unitHash(plan, "user-7"));
    await write(first, { first: 0, at: spread(0), control: 900_000_000n, treatment: 200_000_000n });
    const [entry] = await measure(1);
    expect(entry?.measured.method).toContain("Adjusted by what 300 users cost before the change (CUPED");
    expect(entry?.baselineQuery?.sql).toContain("SHA256");
    expect(
      (await verifySavings({ ...rig.db.stores, usage: rig.clickHouse.usage }, rig.db.orgId)).flatMap((one) => one.differences),
    ).toEqual([]);
  });

  it("a price cut of the old model shrinks the saving by itself", async () => {
    await write(first, { first: 0, at: spread(1), control: 450_000_000n, treatment: 200_000_000n });
    await measure(2);
    const [before, after] = await rig.db.stores.ledger.list(rig.db.orgId);
    const rate = ({ measured }: SavingsEntry): number => Number(fromUsd(measured.point)) / measured.treatment.requests;
    if (before === undefined || after === undefined) throw new Error("not measured");
    // 700 millionths of a dollar less before the cut, 250 after it.
    expect(rate(before) / 1e6).toBeCloseTo(700, 0);
    expect(rate(after) / 1e6).toBeCloseTo(250, 0);
  });

  it("a change that takes another's place earns from then on, and no window counts a request twice", async () => {
    const { orgId } = rig.db;
    const second = await rig.approved({ toModel: "gpt-5-nano" });
    await applyPolicy(rig.apply, { orgId, approvalId: second.id });
    await write(second, { first: 5_000, at: spread(2), control: 900_000_000n, treatment: 100_000_000n });
    await measure(3);
    const entries = await rig.db.stores.ledger.list(orgId);
    expect(new Set(entries.map(({ policyRule }) => policyRule))).toEqual(new Set([`rule-${first.id}`, `rule-${second.id}`]));
    // Each row names one rule and version: the window of the second change holds its own requests alone.
    const replacing = entries.filter(({ policyRule }) => policyRule === `rule-${second.id}`);
    expect(replacing.map(({ measured }) => measured.control.requests + measured.treatment.requests)).toEqual([600]);
    const doubled = { list: async () => entries.flatMap((entry) => [entry, { ...entry, id: "sav_twice" as const, policyVersion: 9 }]) };
    const checks = await verifySavings({ ...rig.db.stores, ledger: doubled, usage: rig.clickHouse.usage }, orgId);
    expect(checks.every(({ differences }) => differences.some((one) => one.includes("overlaps")))).toBe(true);
    const statement = await savingsStatement(
      {
        ...statementDeps(rig),
        indicative: (request) =>
          indicativeSavings({ ...rig.db.stores, usage: rig.clickHouse.usage, pricesOf: async () => createPriceBook() }, request),
      },
      { orgId, org: "Acme", month: day(2).toISOString().slice(0, 7), asOf: day(4) },
    );
    const versions = statement.lines.map(({ policyVersion }) => policyVersion);
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    expect(statement.indicative).toEqual([]);
  });

  it("terms hold from their month on, the last of several, and cannot be changed", async () => {
    const { orgId, stores } = rig.db;
    expect(await stores.terms.of(orgId, "2026-11")).toBeUndefined();
    await stores.terms.add(orgId, { from: "2026-11", feeBasisPoints: 1_500, platformFee: null });
    await stores.terms.add(orgId, { from: "2026-11", feeBasisPoints: 1_200, platformFee: "500.000000000000" });
    await stores.terms.add(orgId, { from: "2027-02", feeBasisPoints: null, platformFee: null });
    expect(await stores.terms.of(orgId, "2026-10")).toBeUndefined();
    expect(await stores.terms.of(orgId, "2027-01")).toEqual({ from: "2026-11", feeBasisPoints: 1_200, platformFee: "500.000000000000" });
    expect(await stores.terms.of(orgId, "2027-03")).toMatchObject({ from: "2027-02", feeBasisPoints: null });
  });
});
