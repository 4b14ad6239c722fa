import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { edgesFor } from "../../../agents/tools/reprice.ts";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import type { Id } from "../../../src/core/ids.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import type { PricedUsageEvent } from "../../../src/core/usage-event.ts";
import { summedEdges } from "../../../src/stores/clickhouse/context-bands.ts";
import { plainUsage } from "../../setup/plain-usage.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";

let clickhouse: TestClickHouse;
let orgs = 0;

beforeAll(async () => {
  clickhouse = await createTestClickHouse();
});
afterAll(() => clickhouse.drop());

const start = Date.parse("2026-10-30T00:00:00Z");
const hourMs = 3_600_000;
/** Four days across the end of a month; the period cuts the first and the last. */
const period = { from: new Date(start + 5.5 * hourMs), to: new Date(start + 90.25 * hourMs) };

const anyRequest = fc.record({
  // Few times and few prompts, so that repeats fall into a time to live, onto its edge and onto each other.
  minute: fc.integer({ min: 0, max: 4 * 24 * 12 - 1 }).map((step) => step * 5),
  input: fc.constantFrom(10, 128_000, 128_001, 200_001, 272_000, 1_050_001),
  promptHash: fc.constantFrom("", "p", "q"),
  prefixHashes: fc.constantFrom([], ["a"], ["a", "b"], ["a", "c", "d"], ["x"]),
  status: fc.constantFrom("ok" as const, "error" as const),
  workload: fc.constantFrom("chat", "search"),
  user: fc.constantFrom("ann", "bob"),
  unit: fc.constantFrom("u1", "u2"),
  part: fc.constantFrom("answer" as const, "attempt" as const, "shadow" as const),
  arm: fc.constantFrom("treatment" as const, "control" as const, null),
  cost: fc.option(fc.bigInt({ min: 0n, max: 10n ** 15n }), { nil: null }),
});

const eventOf = (
  orgId: Id<"org">,
  id: string,
  { minute, input, ...said }: typeof anyRequest extends fc.Arbitrary<infer T> ? T : never,
): PricedUsageEvent => ({
  ...plainUsage,
  ...said,
  id,
  orgId,
  at: new Date(start + minute * 60_000),
  requestedModel: "gpt-5",
  prefixHashes: [...said.prefixHashes],
  prefixBlockTokens: 512,
  tokens: { ...noTokens, input, output: 10 },
  policyVersion: said.arm === null ? 0 : 3,
  policyRule: said.arm === null ? "" : "chat",
  priceVersion: "v1",
  unpricedReason: said.cost === null ? "no price" : "",
});

/** The answers that days and hours are summed up for. */
async function answers(orgId: Id<"org">) {
  const scope = { orgId, period, filters: {} };
  const day = 24 * 3_600;
  return {
    prompts: await clickhouse.usage.duplicates({ ...scope, ttlSeconds: day }),
    ofChat: await clickhouse.usage.duplicates({ ...scope, filters: { workload: ["chat"] }, ttlSeconds: day }),
    prefixes: await clickhouse.usage.prefixReuse({ ...scope, ttlSeconds: 300 }),
    hourOfPrefixes: await clickhouse.usage.prefixReuse({ ...scope, ttlSeconds: 3_600 }),
    units: await clickhouse.usage.unitOutcomes({ orgId, period, policyVersion: 3, policyRule: "chat" }),
    users: await clickhouse.usage.spend({ ...scope, by: ["user"], grain: "total" }),
  };
}
const rowsOf = (found: Awaited<ReturnType<typeof answers>>) => Object.entries(found).map(([name, { rows }]) => [name, rows]);

describe("queries that are read from sums", () => {
  it("give what the events give, for any events, before and after late ones (property)", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRequest, { minLength: 1, maxLength: 60 }),
        fc.array(anyRequest, { maxLength: 5 }),
        async (first, late) => {
          const orgId: Id<"org"> = `org_${(orgs += 1)}`;
          await clickhouse.usage.write(first.map((request, index) => eventOf(orgId, `first${index}`, request)));
          const ofEvents = rowsOf(await answers(orgId));
          await clickhouse.usage.catchUp();
          expect(rowsOf(await answers(orgId))).toEqual(ofEvents);
          await clickhouse.usage.write(late.map((request, index) => eventOf(orgId, `late${index}`, request)));
          const whileBehind = rowsOf(await answers(orgId));
          await clickhouse.usage.catchUp();
          expect(rowsOf(await answers(orgId))).toEqual(whileBehind);
          const anew: Id<"org"> = `org_${(orgs += 1)}`;
          const all = [
            ...first.map((one, index) => [`first${index}`, one] as const),
            ...late.map((one, index) => [`late${index}`, one] as const),
          ];
          await clickhouse.usage.write(all.map(([id, one]) => eventOf(anew, id, one)));
          expect(rowsOf(await answers(anew))).toEqual(whileBehind);
        },
      ),
      { numRuns: 3 },
    );
  }, 90_000);

  it("are read from the sums of whole days, and from the events where something else is asked", async () => {
    const orgId: Id<"org"> = `org_${(orgs += 1)}`;
    const one = {
      minute: 2_000,
      input: 10,
      promptHash: "p",
      prefixHashes: ["a"],
      status: "ok",
      workload: "chat",
      user: "ann",
      unit: "u1",
      part: "answer",
      arm: "control",
      cost: 1n,
    } as const;
    await clickhouse.usage.write([eventOf(orgId, "1", { ...one, prefixHashes: ["a"] })]);
    await clickhouse.usage.catchUp();
    const found = await answers(orgId);
    expect(found.prompts.query.sql).toContain("usage_prompt_repeats");
    expect(found.prefixes.query.sql).toContain("usage_prefix_reuse");
    // What is billed is read from the events, so that its query stays the same whichever sums are up to date.
    expect(found.units.query.sql).not.toContain("usage_days");
    const scope = { orgId, period, filters: {} };
    const otherTtl = await clickhouse.usage.duplicates({ ...scope, ttlSeconds: 60 });
    const ofUser = await clickhouse.usage.duplicates({ ...scope, filters: { user: ["ann"] }, ttlSeconds: 86_400 });
    for (const { query, rows } of [otherTtl, ofUser]) {
      expect(query.sql).not.toContain("usage_prompt_repeats");
      expect(rows).toEqual(found.prompts.rows);
    }
  });
});

describe("context bands", () => {
  it("are the same from the sums and, where an edge is none of theirs, from the events (property)", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRequest, { minLength: 1, maxLength: 60 }), async (requests) => {
        const orgId: Id<"org"> = `org_${(orgs += 1)}`;
        await clickhouse.usage.write(requests.map((request, index) => eventOf(orgId, `${index}`, request)));
        const ask = { orgId, period, filters: {}, by: ["workload"] as const };
        const summed = await clickhouse.usage.contextBands({ ...ask, edges: [0, 128_000, 272_000] });
        const single = await clickhouse.usage.contextBands({ ...ask, edges: [0, 128_000, 272_000, 9_000_000] });
        expect(summed.query.sql).toContain("usage_sums");
        expect(single.query.sql).not.toContain("usage_sums");
        expect(summed.rows).toEqual(single.rows);
      }),
      { numRuns: 12 },
    );
  });

  it("have every edge in the sums that a step down a family of models asks for", () => {
    const [prices, asOf] = [createPriceBook(), new Date("2026-11-24T00:00:00Z")];
    const models = prices.models(asOf).map(({ model }) => model);
    expect(edgesFor(models, [], { prices, asOf }).filter((edge) => !summedEdges.includes(edge))).toEqual([]);
  });
});
