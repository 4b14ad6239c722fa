import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { toUsd } from "../../src/core/money.ts";
import type { RemoteKind } from "../../src/core/remote-source.ts";
import { connectSource, type SyncDeps, syncSource } from "../../src/flows/sync-source.ts";
import { createApiClient } from "../../src/ingest/api-client.ts";
import { remoteSources } from "../../src/ingest/remote-sources.ts";
import { type ClickHouseStores, connectClickHouse } from "../../src/stores/clickhouse/connect.ts";
import { type ApiAnswer, type ApiRequest, startFakeApi } from "../setup/fake-api.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";
import { apiKey, helicone, requestRow } from "./helicone/stand-in.ts";
import { keys, langfuse, observation } from "./langfuse/stand-in.ts";
import { litellmProxy, logRow, masterKey } from "./litellm/stand-in.ts";

let database: TestDatabase;
let clickhouse: TestClickHouse;
let stores: ClickHouseStores;
beforeAll(async () => {
  [database, clickhouse] = await Promise.all([createTestDatabase(), createTestClickHouse()]);
  stores = await connectClickHouse(clickhouse);
});
afterAll(async () => {
  await stores.close();
  await Promise.all([database.drop(), clickhouse.drop()]);
});

const book = createPriceBook();
const now = new Date("2026-11-04T06:00:00Z");
const period = { from: new Date("2026-11-01T00:00:00Z"), to: now };
const at = (index: number): string => new Date(Date.UTC(2026, 10, 1) + index * 80_000).toISOString();
const count = 3_000;
const rows = <Row>(row: (index: number) => Row): readonly Row[] => Array.from({ length: count }, (_, index) => row(index));

const cases: readonly [RemoteKind, Readonly<Record<string, string>>, (request: ApiRequest) => ApiAnswer][] = [
  ["litellm", { apiKey: masterKey }, litellmProxy(rows((index) => logRow({ request_id: `chatcmpl-${index}`, startTime: at(index) })))],
  ["langfuse", { ...keys }, langfuse(rows((index) => observation({ id: `obs-${index}`, startTime: at(index) })))],
  ["helicone", { apiKey }, helicone(rows((index) => requestRow({ request_id: `request-${index}`, request_created_at: at(index) })))],
];

describe("a connected observer", () => {
  it.each(cases)("%s is stored to the last request, and reading it again changes nothing", async (kind, given, answer) => {
    const orgId = await database.stores.ensureOrg(`sync-${kind}`);
    const api = await startFakeApi(answer);
    try {
      const deps: SyncDeps = {
        kinds: remoteSources(createApiClient({ firstPauseMs: 1 })),
        sources: database.stores.sources,
        usage: stores.usage,
        billing: stores.billing,
        audit: database.stores.audit,
        prices: () => Promise.resolve(book),
        now: () => now,
        log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      };
      const signal = new AbortController().signal;
      const request = { orgId, kind, given: { baseUrl: api.url, ...given }, backfillFrom: period.from, actor: "test" };
      const { connection } = await connectSource(deps, request, signal);
      for (const _ of ["first", "again"]) {
        await syncSource(deps, { orgId, sourceId: connection.id }, signal);
        const { rows: spent } = await stores.usage.spend({ orgId, period, filters: {}, by: ["source"], grain: "total" });
        // Each of 3,000 requests costs 100 × $0.15 + 20 × $0.60 per million.
        expect(spent.map(({ key, requests, cost, unpricedRequests }) => [key.source, requests, toUsd(cost), unpricedRequests])).toEqual([
          [kind, count, "0.081000000000", 0],
        ]);
      }
    } finally {
      await api.close();
    }
  });
});
