import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Id, newId } from "../../../src/core/ids.ts";
import type { RoutingPolicy } from "../../../src/core/policy.ts";
import type { SavingsEntry, SavingsPlan } from "../../../src/core/savings.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

let db: TestDatabase;
let orgId: Id<"org">;
let orgs = 0;
let clock = new Date("2026-11-01T00:00:00Z");

beforeAll(async () => {
  db = await createTestDatabase(() => clock);
});
afterAll(async () => {
  await db.drop();
});
beforeEach(async () => {
  orgs += 1;
  orgId = await db.stores.ensureOrg(`org ${orgs}`);
});

const plan: SavingsPlan = {
  method: "randomised_holdout",
  workload: "chat",
  baselineModel: "big",
  treatmentModel: "small",
  unit: "conversation",
  holdoutShare: 0.2,
  confidence: 0.95,
  resamples: 2_000,
  seed: "seed",
  feeBasisPoints: 2_000,
};
const policyOf = (version: number, approvalId = newId("approval")): RoutingPolicy => ({
  id: newId("policy"),
  orgId,
  version,
  rules: [
    {
      id: "rule",
      workload: "chat",
      requestedModel: "big",
      strategy: { mode: "holdout", control: { provider: "p", model: "big" }, treatment: { provider: "p", model: "small" }, plan },
      approvalId,
    },
  ],
  createdAt: "2026-11-01T00:00:00.000Z",
});

async function sql(text: string): Promise<void> {
  const client = new Client({ connectionString: db.url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

describe("policies", () => {
  it("runs on none at first", async () => {
    expect(await db.stores.policies.active(orgId)).toEqual({ version: 0, policy: undefined, since: undefined });
    expect(await db.stores.policies.latestVersion(orgId)).toBe(0);
    expect(await db.stores.policies.activations(orgId)).toEqual([]);
  });

  it("publishes one of several that race for the same version", async () => {
    const approvals = [1, 2, 3, 4].map(() => newId("approval"));
    const outcomes = await Promise.all(approvals.map((id) => db.stores.policies.publish(policyOf(1, id), 0, id)));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    const winner = approvals[outcomes.indexOf(true)] ?? newId("approval");
    const active = await db.stores.policies.active(orgId);
    expect(active.version).toBe(1);
    expect(active.policy).toEqual(await db.stores.policies.publishedBy(winner));
    for (const loser of approvals.filter((id) => id !== winner)) expect(await db.stores.policies.publishedBy(loser)).toBeUndefined();
  });

  it("makes one version of an approval, however often it is applied", async () => {
    const approvalId = newId("approval");
    expect(await db.stores.policies.publish(policyOf(1, approvalId), 0, approvalId)).toBe(true);
    await expect(db.stores.policies.publish(policyOf(2, approvalId), 1, approvalId)).rejects.toMatchObject({ code: "conflict" });
    expect((await db.stores.policies.active(orgId)).version).toBe(1);
    expect(await db.stores.policies.latestVersion(orgId)).toBe(1);
  });

  it("moves the pointer back, keeps the versions, and tells when each was active", async () => {
    const [first, second] = [newId("approval"), newId("approval")];
    clock = new Date("2026-11-01T01:00:00Z");
    await db.stores.policies.publish(policyOf(1, first), 0, first);
    clock = new Date("2026-11-01T02:00:00Z");
    await db.stores.policies.publish(policyOf(2, second), 1, second);
    clock = new Date("2026-11-01T03:00:00Z");
    expect(await db.stores.policies.movePointer(orgId, 1, 1)).toBe(false);
    expect(await db.stores.policies.movePointer(orgId, 1, 2)).toBe(true);
    clock = new Date("2026-11-01T04:00:00Z");
    expect(await db.stores.policies.movePointer(orgId, 0, 1)).toBe(true);
    await expect(db.stores.policies.movePointer(orgId, 9, 0)).rejects.toMatchObject({ code: "not_found" });
    const hour = (n: number): Date => new Date(`2026-11-01T0${n}:00:00Z`);
    expect(await db.stores.policies.activations(orgId)).toEqual([
      { version: 1, from: hour(1), to: hour(2) },
      { version: 2, from: hour(2), to: hour(3) },
      { version: 1, from: hour(3), to: hour(4) },
      { version: 0, from: hour(4), to: null },
    ]);
    expect(await db.stores.policies.active(orgId)).toEqual({ version: 0, policy: undefined, since: hour(4) });
    expect((await db.stores.policies.version(orgId, 2))?.version).toBe(2);
    expect(await db.stores.policies.latestVersion(orgId)).toBe(2);
  });

  it("keeps a plan word for word, so that its hash stands", async () => {
    const approvalId = newId("approval");
    const policy = policyOf(1, approvalId);
    await db.stores.policies.publish(policy, 0, approvalId);
    expect(JSON.stringify(await db.stores.policies.version(orgId, 1))).toBe(JSON.stringify(policy));
  });

  it.each(["UPDATE policies SET version = 7", "DELETE FROM policies", "TRUNCATE policies"])("refuses to rewrite: %s", async (text) => {
    const approvalId = newId("approval");
    await db.stores.policies.publish(policyOf(1, approvalId), 0, approvalId);
    await expect(sql(text)).rejects.toThrow(/policies is append-only/);
  });
});

describe("the savings ledger", () => {
  const arm = { units: 10, requests: 100, cost: "1.000000000000" };
  const entryOf = (from: string, id = newId("savings")): SavingsEntry => ({
    id,
    orgId,
    approvalId: newId("approval"),
    policyVersion: 1,
    policyRule: "rule",
    from,
    to: "2026-11-02T00:00:00.000Z",
    plan,
    planHash: "p",
    measured: {
      kind: "measured",
      point: "99999999999999999999999999.000000000001",
      low: "-0.000000000001",
      high: "0.100000000000",
      confidence: 0.95,
      unit: "USD",
      method: "cluster bootstrap",
      control: arm,
      treatment: arm,
    },
    billable: "12345678901234567890123456.123456789012",
    fee: "0.000000000001",
    inputHash: "i",
    sql: "SELECT 1",
    sqlParams: { to: "x", from: "y", list: [1, "2", null] },
    createdAt: "2026-11-02T00:00:00.000Z",
  });
  const from = "2026-11-01T00:00:00.000Z";

  it("takes a window once: whoever comes later gets the entry that stands", async () => {
    const stood = await Promise.all([1, 2, 3, 4].map(() => db.stores.ledger.append(entryOf(from))));
    expect(new Set(stood.map(({ id }) => id)).size).toBe(1);
    await db.stores.ledger.append(entryOf("2026-11-01T12:00:00.000Z"));
    expect(await db.stores.ledger.list(orgId)).toHaveLength(2);
  });

  it("keeps every digit and every word", async () => {
    const entry = entryOf(from);
    expect(await db.stores.ledger.append(entry)).toEqual(entry);
    const [stored] = await db.stores.ledger.list(orgId);
    expect(JSON.stringify(stored)).toBe(JSON.stringify(entry));
    await sql(`DO $$ BEGIN ASSERT (SELECT billable::text FROM savings_entries WHERE id = '${entry.id}') = '${entry.billable}'; END $$`);
  });

  it.each(["UPDATE savings_entries SET fee = 0", "DELETE FROM savings_entries", "TRUNCATE savings_entries"])(
    "refuses to rewrite: %s",
    async (text) => {
      await db.stores.ledger.append(entryOf(from));
      await expect(sql(text)).rejects.toThrow(/savings_entries is append-only/);
    },
  );
});
