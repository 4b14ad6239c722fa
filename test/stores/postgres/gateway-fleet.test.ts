import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

let db: TestDatabase;
let client: Client;
beforeAll(async () => {
  db = await createTestDatabase();
  client = new Client({ connectionString: db.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await db.drop();
});

const silentFor = (gateway: string, span: string) =>
  client.query("UPDATE gateway_instances SET seen_at = seen_at - $2::interval WHERE id = $1", [gateway, span]);

describe("the gateways that serve", () => {
  it("are read back each with what it said last; an org that it does not name is on version 0", async () => {
    const { fleet } = db.stores;
    expect(await fleet.served(db.orgId)).toEqual([]);
    const [one, two] = [newId("gateway"), newId("gateway")];
    await fleet.report(one, new Map([[db.orgId, 3]]));
    await fleet.report(two, new Map());
    expect(await fleet.served(db.orgId)).toEqual([0, 3]);
    await fleet.report(two, new Map([[db.orgId, 4]]));
    expect(await fleet.served(db.orgId)).toEqual([3, 4]);
    expect(await fleet.alive()).toBe(2);
    await fleet.withdraw(one);
    expect(await fleet.served(db.orgId)).toEqual([4]);
    await fleet.withdraw(two);
    expect(await fleet.served(db.orgId)).toEqual([]);
  });

  it("do not count any more after five silent seconds, count again when they speak, and are forgotten after an hour", async () => {
    const { fleet } = db.stores;
    const [killed, living] = [newId("gateway"), newId("gateway")];
    await fleet.report(killed, new Map([[db.orgId, 1]]));
    await fleet.report(living, new Map([[db.orgId, 2]]));
    await silentFor(killed, "5 seconds");
    expect(await fleet.served(db.orgId)).toEqual([2]);
    expect(await fleet.alive()).toBe(1);
    await fleet.report(killed, new Map([[db.orgId, 1]]));
    expect(await fleet.served(db.orgId)).toEqual([1, 2]);
    await silentFor(killed, "1 hour");
    await Promise.all([1, 2, 3, 4].map(() => fleet.report(living, new Map([[db.orgId, 2]]))));
    expect((await client.query("SELECT id FROM gateway_instances")).rows).toEqual([{ id: living }]);
  });
});
