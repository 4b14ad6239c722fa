import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import type { Id } from "../../src/core/ids.ts";
import { fromUsd } from "../../src/core/money.ts";
import type { RemoteSource } from "../../src/core/remote-source.ts";
import type { SourceConnection } from "../../src/core/source-connection.ts";
import { changeSource } from "../../src/flows/change-source.ts";
import {
  connectSource,
  periodsToRead,
  removeSource,
  type SyncDeps,
  type SyncProgress,
  syncSource,
  testSource,
} from "../../src/flows/sync-source.ts";
import { createApiClient } from "../../src/ingest/api-client.ts";
import { remoteSources } from "../../src/ingest/remote-sources.ts";
import { type FakeApi, startFakeApi } from "../setup/fake-api.ts";
import { answerAsOpenAi, emptyOpenAi, type OpenAiAdmin, openAiAdminKey } from "../setup/openai-admin.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

let clock = new Date("2026-11-20T10:30:00Z");
let database: TestDatabase;
let clickhouse: TestClickHouse;
beforeAll(async () => {
  [database, clickhouse] = await Promise.all([createTestDatabase(() => clock), createTestClickHouse()]);
});
afterAll(async () => {
  await Promise.all([database.drop(), clickhouse.drop()]);
});

const prices = createPriceBook();
const never = (): AbortSignal => new AbortController().signal;

/** gpt-5: 1,000 uncached, 200 cached, 50 out: 0.001775 USD. */
const request = { input_tokens: 1_200, input_cached_tokens: 200, output_tokens: 50, num_model_requests: 1 };
const groups = { project_id: "proj_shop", user_id: null, api_key_id: "key_1", model: "gpt-5", batch: false, service_tier: "default" };
const requestCost = fromUsd("0.001775");

interface Rig {
  readonly orgId: Id<"org">;
  readonly admin: OpenAiAdmin;
  readonly api: FakeApi;
  readonly deps: SyncDeps;
  readonly logged: string[];
  readonly given: Readonly<Record<string, string>>;
  connect(from?: string): Promise<SourceConnection>;
  sync(id: Id<"source">): Promise<readonly SyncProgress[]>;
  spend(): Promise<readonly [requests: number | undefined, cost: bigint | undefined]>;
  billed(): Promise<readonly string[]>;
  found(): Promise<SourceConnection | undefined>;
}

/** An org of its own with real stores, and a stand-in of OpenAI that it reads. */
async function rig(work: (rig: Rig) => Promise<void>): Promise<void> {
  clock = new Date("2026-11-20T10:30:00Z");
  const orgId = await database.stores.ensureOrg(randomUUID());
  const admin = emptyOpenAi();
  const api = await startFakeApi(answerAsOpenAi(admin));
  const logged: string[] = [];
  const write = (message: string, facts?: object): void => void logged.push(`${message} ${JSON.stringify(facts)}`);
  const deps: SyncDeps = {
    kinds: remoteSources(createApiClient({ attempts: 2, firstPauseMs: 1 })),
    sources: database.stores.sources,
    usage: clickhouse.usage,
    billing: clickhouse.billing,
    audit: database.stores.audit,
    prices: async () => prices,
    now: () => clock,
    log: { info: write, warn: write, error: write },
  };
  const given = { adminKey: openAiAdminKey, baseUrl: `${api.url}/v1` };
  const period = { from: new Date("2026-01-01T00:00:00Z"), to: new Date("2027-01-01T00:00:00Z") };
  try {
    await work({
      orgId,
      admin,
      api,
      deps,
      logged,
      given,
      async connect(from = "2026-11-01") {
        const backfillFrom = new Date(`${from}T00:00:00Z`);
        return (await connectSource(deps, { orgId, kind: "openai", given, backfillFrom, actor: "ann" }, never())).connection;
      },
      async sync(sourceId) {
        const told: SyncProgress[] = [];
        await syncSource(deps, { orgId, sourceId }, never(), (progress) => void told.push(progress));
        return told;
      },
      async spend() {
        const { rows } = await clickhouse.usage.spend({ orgId, period, filters: {}, by: [], grain: "total" });
        return [rows[0]?.requests, rows[0]?.cost];
      },
      async billed() {
        const { rows } = await clickhouse.billing.billed({ orgId, period });
        return rows.map(({ provider, day, kind, amount }) => `${provider} ${day} ${kind} ${amount}`);
      },
      found: async () => (await database.stores.sources.list(orgId))[0],
    });
  } finally {
    await api.close();
  }
}

const used = (admin: OpenAiAdmin, ...times: readonly string[]): void => {
  admin.usage["completions"] = [...(admin.usage["completions"] ?? []), ...times.map((at) => ({ at, groups, sums: request }))];
};
const cost = (at: string, value: number) => ({
  at: `${at}T00:00:00Z`,
  groups: { project_id: "proj_shop", line_item: "gpt-5, input" },
  sums: { value },
});

describe("connecting a source", () => {
  it("stores nothing where the credential is refused, and says which key is needed", async () => {
    await rig(async ({ deps, orgId, given, logged }) => {
      const wrong = { ...given, adminKey: "sk-proj-wrong-0c44" };
      const work = connectSource(deps, { orgId, kind: "openai", given: wrong, actor: "ann" }, never());
      await expect(work).rejects.toMatchObject({ code: "forbidden" });
      await expect(work).rejects.toThrow(/admin key.*api\.usage\.read/);
      expect(await database.stores.sources.list(orgId)).toEqual([]);
      expect(await database.stores.audit.list(orgId, 10)).toEqual([]);
      expect(logged.join()).not.toContain("0c44");
    });
  });

  it("seals the secret, notes who did it without it, and begins 90 days back where nothing is said", async () => {
    await rig(async ({ deps, orgId, given, logged, api }) => {
      const { connection, account, notes } = await connectSource(deps, { orgId, kind: "openai", given, actor: "ann" }, never());
      expect(connection).toMatchObject({ kind: "openai", settings: { baseUrl: `${api.url}/v1` }, coveredTo: null, lastError: null });
      expect(connection.backfillFrom).toEqual(new Date("2026-08-22T00:00:00Z"));
      expect([account, notes.length > 0]).toEqual(["the OpenAI organisation with the project Shop", true]);
      const trail = await database.stores.audit.list(orgId, 10);
      expect(trail).toMatchObject([{ actor: "ann", action: "source.added", facts: { source: connection.id, kind: "openai", account } }]);
      expect(JSON.stringify([connection, trail, logged])).not.toContain(openAiAdminKey);
      expect((await database.stores.sources.open(orgId, connection.id)).secrets).toEqual({ adminKey: openAiAdminKey });
    });
  });

  it("refuses the same account twice", async () => {
    await rig(async ({ deps, orgId, given, connect }) => {
      const { id } = await connect();
      const again = connectSource(deps, { orgId, kind: "openai", given, actor: "ann" }, never());
      await expect(again).rejects.toThrow(`This is connected already, as ${id}`);
    });
  });
});

describe("reading a source", () => {
  it("reads everything once, week by week, and tells how far it is", async () => {
    await rig(async ({ admin, connect, sync, spend, billed, found }) => {
      used(admin, "2026-11-01T00:00:00Z", "2026-11-07T23:59:59Z", "2026-11-20T10:10:00Z", "2026-10-31T23:59:59Z");
      admin.costs.push(cost("2026-11-02", 0.5), cost("2026-11-20", 0.25));
      const { id } = await connect("2026-11-01");
      const told = await sync(id);
      expect(
        told.map(({ coveredTo, daysDone, days, events, charges }) => [coveredTo.toISOString(), daysDone, days, events, charges]),
      ).toEqual([
        ["2026-11-08T00:00:00.000Z", 7, 20, 2, 1],
        ["2026-11-15T00:00:00.000Z", 14, 20, 0, 0],
        ["2026-11-20T10:30:00.000Z", 20, 20, 1, 1],
      ]);
      expect(await spend()).toEqual([3, 3n * requestCost]);
      expect(await billed()).toEqual([`openai 2026-11-02 usage ${fromUsd("0.5")}`, `openai 2026-11-20 usage ${fromUsd("0.25")}`]);
      expect(await found()).toMatchObject({ coveredTo: clock, lastSyncAt: clock, lastError: null });
    });
  });

  it("changes nothing when it is read again", async () => {
    await rig(async ({ admin, connect, sync, spend, billed }) => {
      used(admin, "2026-11-19T05:00:00Z", "2026-11-20T01:00:00Z");
      admin.costs.push(cost("2026-11-19", 0.5));
      const { id } = await connect("2026-11-10");
      await sync(id);
      const before = [await spend(), await billed()];
      clock = new Date("2026-11-20T10:31:00Z");
      await sync(id);
      expect([await spend(), await billed()]).toEqual(before);
      expect(before[0]).toEqual([2, 2n * requestCost]);
    });
  });

  it("keeps how far it came when it breaks off, says why, and goes on from there", async () => {
    await rig(async ({ admin, api, connect, sync, spend, found, logged }) => {
      used(admin, "2026-11-02T00:00:00Z", "2026-11-09T00:00:00Z", "2026-11-19T00:00:00Z");
      const { id } = await connect("2026-11-01");
      admin.absent.add("costs");
      await expect(sync(id)).rejects.toMatchObject({ code: "not_found" });
      expect(await found()).toMatchObject({ coveredTo: null, lastSyncAt: clock });
      expect((await found())?.lastError).toMatch(/costs answered with status 404/);
      admin.absent.clear();
      // The second week's costs fail.
      api.change(/costs$/, (body) =>
        body.includes(`"start_time":${Date.UTC(2026, 10, 8) / 1_000}`) ? body.replaceAll('"results"', '"rows"') : body,
      );
      await expect(sync(id)).rejects.toMatchObject({ code: "bad_input" });
      expect(await found()).toMatchObject({ coveredTo: new Date("2026-11-08T00:00:00Z") });
      api.reset();
      const told = await sync(id);
      // From three trailing days before the 8th.
      expect(api.requests.map(({ url }) => url.searchParams.get("start_time")).find((start) => start !== null)).toBe(
        String(Date.UTC(2026, 10, 5) / 1_000),
      );
      expect(told.at(-1)?.coveredTo).toEqual(clock);
      expect(await spend()).toEqual([3, 3n * requestCost]);
      expect(await found()).toMatchObject({ coveredTo: clock, lastError: null });
      expect(logged.join()).not.toContain(openAiAdminKey);
    });
  });

  it("says what was left out, over all that it read", async () => {
    await rig(async ({ admin, connect, sync, found }) => {
      const odd = { ...groups, service_tier: "warp" };
      admin.usage["completions"] = ["2026-11-02T00:00:00Z", "2026-11-19T00:00:00Z"].map((at) => ({ at, groups: odd, sums: request }));
      const { id } = await connect("2026-11-01");
      await sync(id);
      expect((await found())?.refused.map(({ reason }) => reason)).toEqual(
        Array(2).fill('its service tier "warp" is none that Apex has prices for'),
      );
    });
  });

  it("stops when it is told to, and is not marked as failed", async () => {
    await rig(async ({ deps, orgId, connect, found }) => {
      const { id } = await connect("2026-11-01");
      const stop = new AbortController();
      const work = syncSource(deps, { orgId, sourceId: id }, stop.signal, () => stop.abort());
      await expect(work).rejects.toThrow(/abort/i);
      expect(await found()).toMatchObject({ coveredTo: new Date("2026-11-08T00:00:00Z"), lastSyncAt: null, lastError: null });
    });
  });

  it("leaves a bill as it is where a reading says nothing of bills", async () => {
    await rig(async ({ admin, deps, orgId, connect, sync, billed }) => {
      admin.costs.push(cost("2026-11-19", 0.5));
      const { id } = await connect("2026-11-10");
      await sync(id);
      const openai = deps.kinds.openai;
      const silent: RemoteSource = {
        ...openai,
        async *pull(...asked) {
          for await (const pulled of openai.pull(...asked)) if (pulled.type !== "charges") yield pulled;
        },
      };
      await syncSource({ ...deps, kinds: { ...deps.kinds, openai: silent } }, { orgId, sourceId: id }, never());
      expect(await billed()).toEqual([`openai 2026-11-19 usage ${fromUsd("0.5")}`]);
    });
  });
});

describe("late data", () => {
  it("takes new lines and amounts of a bill in the place of the old ones, and withdraws lines that are gone", async () => {
    await rig(async ({ admin, connect, sync, billed }) => {
      admin.costs.push(cost("2026-11-16", 1), cost("2026-11-18", 0.5), cost("2026-11-19", 0.25));
      const { id } = await connect("2026-11-10");
      await sync(id);
      admin.costs.splice(0, 3, cost("2026-11-16", 7), cost("2026-11-18", 0.75));
      clock = new Date("2026-11-20T11:30:00Z");
      await sync(id);
      expect(await billed()).toEqual([
        // Older than the three days that are read again.
        `openai 2026-11-16 usage ${fromUsd("1")}`,
        `openai 2026-11-18 usage ${fromUsd("0.75")}`,
      ]);
    });
  });

  it("is read again from an older day where that is asked for, never from before the first", async () => {
    await rig(async ({ admin, deps, orgId, connect, sync, spend }) => {
      const { id } = await connect("2026-11-05");
      await sync(id);
      used(admin, "2026-11-06T05:00:00Z", "2026-11-04T05:00:00Z");
      await sync(id);
      expect(await spend()).toEqual([0, 0n]);
      await syncSource(deps, { orgId, sourceId: id, from: new Date("2026-11-01T00:00:00Z") }, never());
      expect(await spend()).toEqual([1, requestCost]);
    });
  });

  it("adds hours of the trailing days that came in late", async () => {
    await rig(async ({ admin, connect, sync, spend }) => {
      used(admin, "2026-11-18T05:00:00Z");
      const { id } = await connect("2026-11-10");
      await sync(id);
      used(admin, "2026-11-18T06:00:00Z", "2026-11-20T10:45:00Z", "2026-11-15T06:00:00Z");
      clock = new Date("2026-11-20T11:30:00Z");
      await sync(id);
      // The one of the 15th is older than the three days that are read again.
      expect(await spend()).toEqual([3, 3n * requestCost]);
    });
  });
});

describe("late data in the place of an earlier reading", () => {
  it("takes a bucket that grew as it is now", async () => {
    await rig(async ({ admin, connect, sync, spend }) => {
      used(admin, "2026-11-20T10:10:00Z");
      const { id } = await connect("2026-11-10");
      await sync(id);
      used(admin, "2026-11-20T10:50:00Z", "2026-11-20T10:55:00Z");
      clock = new Date("2026-11-20T11:30:00Z");
      await sync(id);
      expect(await spend()).toEqual([3, 3n * requestCost]);
    });
  });

  it("withdraws a bucket that is gone from the trailing days", async () => {
    await rig(async ({ admin, connect, sync, spend }) => {
      used(admin, "2026-11-19T05:00:00Z", "2026-11-19T06:00:00Z");
      const { id } = await connect("2026-11-10");
      await sync(id);
      admin.usage["completions"]?.pop();
      clock = new Date("2026-11-20T11:30:00Z");
      await sync(id);
      expect(await spend()).toEqual([1, requestCost]);
    });
  });
});

describe("a connection", () => {
  it("belongs to its org: another one cannot see, try, read or remove it", async () => {
    await rig(async (mine) => {
      await rig(async (theirs) => {
        const { id } = await mine.connect();
        expect(await database.stores.sources.list(theirs.orgId)).toEqual([]);
        const { orgId, deps } = theirs;
        for (const work of [
          testSource(deps, orgId, id, never()),
          syncSource(deps, { orgId, sourceId: id }, never()),
          removeSource(deps, { orgId, id, actor: "eve" }),
        ]) {
          await expect(work).rejects.toMatchObject({ code: "not_found" });
        }
        expect(await database.stores.audit.list(orgId, 10)).toEqual([]);
        expect(await mine.found()).toMatchObject({ id, lastSyncAt: null });
      });
    });
  });

  it("is forgotten with its secrets when it is removed; what was read stays", async () => {
    await rig(async ({ admin, deps, orgId, connect, sync, spend, found }) => {
      used(admin, "2026-11-19T05:00:00Z");
      const { id } = await connect("2026-11-10");
      await sync(id);
      await removeSource(deps, { orgId, id, actor: "bob" });
      expect(await found()).toBeUndefined();
      await expect(database.stores.sources.open(orgId, id)).rejects.toMatchObject({ code: "not_found" });
      await expect(sync(id)).rejects.toMatchObject({ code: "not_found" });
      expect(await spend()).toEqual([1, requestCost]);
      const trail = await database.stores.audit.list(orgId, 10);
      expect(trail.map(({ actor, action }) => `${actor} ${action}`)).toEqual(["bob source.removed", "ann source.added"]);
      expect(await database.stores.audit.firstBroken(orgId)).toBeNull();
    });
  });

  it("takes a rotated key once it has been tried, and stays the same connection", async () => {
    await rig(async ({ admin, deps, orgId, connect, sync, spend, found }) => {
      used(admin, "2026-11-19T05:00:00Z");
      const { id } = await connect("2026-11-10");
      await sync(id);
      const change = (given: Readonly<Record<string, string>>) => changeSource(deps, { orgId, id, given, actor: "bob" }, never());
      await expect(change({ adminKey: "sk-proj-wrong-0c44" })).rejects.toMatchObject({ code: "forbidden" });
      await expect(change({})).rejects.toThrow(/Say what changes/);
      await expect(change({ colour: "red" })).rejects.toThrow(/no setting "colour"/);
      expect((await database.stores.sources.open(orgId, id)).secrets).toEqual({ adminKey: openAiAdminKey });
      const before = await found();
      const moved = `${before?.settings["baseUrl"] ?? ""}/`;
      expect((await change({ adminKey: openAiAdminKey, baseUrl: moved })).account).toContain("Shop");
      expect(await found()).toEqual({ ...before, settings: { baseUrl: moved } });
      await sync(id);
      expect(await spend()).toEqual([1, requestCost]);
      const [last] = await database.stores.audit.list(orgId, 1);
      expect(last).toMatchObject({ actor: "bob", action: "source.changed", facts: { source: id, settings: "adminKey baseUrl" } });
      expect(JSON.stringify(last)).not.toContain(openAiAdminKey);
      const other = await database.stores.ensureOrg(randomUUID());
      const theirs = changeSource(deps, { orgId: other, id, given: { baseUrl: moved }, actor: "eve" }, never());
      await expect(theirs).rejects.toMatchObject({ code: "not_found" });
    });
  });

  it("can be tried again", async () => {
    await rig(async ({ deps, orgId, admin, connect }) => {
      const { id } = await connect();
      expect((await testSource(deps, orgId, id, never())).account).toContain("Shop");
      admin.forbidden.add("completions");
      await expect(testSource(deps, orgId, id, never())).rejects.toMatchObject({ code: "forbidden" });
    });
  });
});

describe("what is read next", () => {
  const source = remoteSources(createApiClient()).openai;
  const now = new Date("2026-11-20T10:30:00Z");
  const days = (coveredTo: string | null, backfillFrom = "2026-11-01T00:00:00Z") => {
    if (source === undefined) throw new Error("unreachable");
    const connection: SourceConnection = {
      id: "src_x",
      orgId: "org_x",
      kind: "openai",
      settings: {},
      createdAt: now,
      backfillFrom: new Date(backfillFrom),
      coveredTo: coveredTo === null ? null : new Date(coveredTo),
      lastSyncAt: null,
      lastError: null,
      refused: [],
    };
    return periodsToRead(connection, source, now).map(
      ({ from, to }) => `${from.toISOString().slice(0, 16)} ${to.toISOString().slice(0, 16)}`,
    );
  };

  it("is everything from the first day, in weeks, up to now", () => {
    expect(days(null)).toEqual([
      "2026-11-01T00:00 2026-11-08T00:00",
      "2026-11-08T00:00 2026-11-15T00:00",
      "2026-11-15T00:00 2026-11-20T10:30",
    ]);
  });

  it("is the trailing days from midnight on, never before the first day or what the other side still has", () => {
    expect(days("2026-11-20T09:30:00Z")).toEqual(["2026-11-17T00:00 2026-11-20T10:30"]);
    expect(days("2026-11-20T09:30:00Z", "2026-11-19T00:00:00Z")).toEqual(["2026-11-19T00:00 2026-11-20T10:30"]);
    expect(days(null, "2020-01-01T00:00:00Z")[0]).toBe("2025-11-20T00:00 2025-11-27T00:00");
    expect(days(null, "2026-12-01T00:00:00Z")).toEqual([]);
  });
});
