import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Id } from "../../../src/core/ids.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

const clock = new Date("2026-11-20T10:00:00.123Z");
let db: TestDatabase;
let raw: Client;
beforeAll(async () => {
  db = await createTestDatabase(() => clock);
  raw = new Client({ connectionString: db.url });
  await raw.connect();
});
afterAll(async () => {
  await raw.end();
  await db.drop();
});

const newOrg = (): Promise<Id<"org">> => db.stores.ensureOrg(randomUUID());
const facts = { source: "src_1", rows: 3, whole: true, until: null };
const append = (orgId: Id<"org">, action: string) => db.stores.audit.append(orgId, { actor: "ann", action, facts });

/** Changes the table as someone would who holds the database and switches its guard off. */
async function tamper(sql: string, values: readonly unknown[]): Promise<void> {
  await raw.query("ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_are_immutable");
  try {
    await raw.query(sql, [...values]);
  } finally {
    await raw.query("ALTER TABLE audit_entries ENABLE TRIGGER audit_entries_are_immutable");
  }
}

describe("the audit trail", () => {
  it("keeps what was done, by whom and when, newest first", async () => {
    const orgId = await newOrg();
    await append(orgId, "source.added");
    await append(orgId, "source.removed");
    const trail = await db.stores.audit.list(orgId, 10);
    const hash = trail.map((entry) => entry.hash);
    expect(trail).toEqual([
      { seq: 2, at: clock, actor: "ann", action: "source.removed", facts, hash: hash[0] },
      { seq: 1, at: clock, actor: "ann", action: "source.added", facts, hash: hash[1] },
    ]);
    expect(await db.stores.audit.list(orgId, 1)).toEqual(trail.slice(0, 1));
    expect(hash[0]).not.toBe(hash[1]);
    expect(await db.stores.audit.firstBroken(orgId)).toBeNull();
  });

  it("numbers entries that come at once one after the other, each org for itself", async () => {
    const [orgId, other] = [await newOrg(), await newOrg()];
    await Promise.all([...Array.from({ length: 8 }, (_, index) => append(orgId, `act.${index}`)), append(other, "act.other")]);
    expect((await db.stores.audit.list(orgId, 20)).map(({ seq }) => seq)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    expect((await db.stores.audit.list(other, 20)).map(({ seq, action }) => [seq, action])).toEqual([[1, "act.other"]]);
    expect(await db.stores.audit.firstBroken(orgId)).toBeNull();
  });

  it("cannot be changed or emptied by plain statements", async () => {
    const orgId = await newOrg();
    await append(orgId, "source.added");
    for (const sql of ["UPDATE audit_entries SET actor = 'eve'", "DELETE FROM audit_entries", "TRUNCATE audit_entries"])
      await expect(raw.query(sql)).rejects.toThrow(/audit_entries/);
    expect(await db.stores.audit.list(orgId, 10)).toMatchObject([{ actor: "ann" }]);
  });

  it("shows where someone changed, took out or slipped in an entry", async () => {
    const changed = await newOrg();
    const cut = await newOrg();
    const moved = await newOrg();
    for (const orgId of [changed, cut, moved]) for (const action of ["one.done", "two.done", "three.done"]) await append(orgId, action);
    await tamper("UPDATE audit_entries SET actor = 'eve' WHERE org_id = $1 AND seq = 2", [changed]);
    await tamper("DELETE FROM audit_entries WHERE org_id = $1 AND seq = 2", [cut]);
    await tamper(
      "UPDATE audit_entries SET facts = (SELECT facts FROM audit_entries WHERE org_id = $1 AND seq = 1), hash = (SELECT hash FROM audit_entries WHERE org_id = $2 AND seq = 3) WHERE org_id = $1 AND seq = 3",
      [moved, changed],
    );
    expect(await db.stores.audit.firstBroken(changed)).toBe(2);
    expect(await db.stores.audit.firstBroken(cut)).toBe(2);
    expect(await db.stores.audit.firstBroken(moved)).toBe(3);
  });

  it("takes text that no database can hold, and its chain still fits", async () => {
    const orgId = await newOrg();
    await db.stores.audit.append(orgId, { actor: "a\u0000b\ud800", action: "source.added", facts: { note: "x\u0000\udfff" } });
    expect(await db.stores.audit.firstBroken(orgId)).toBeNull();
  });
});
