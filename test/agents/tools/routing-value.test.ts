import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tools } from "../../../agents/tools/index.ts";
import { toUsd } from "../../../src/core/money.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { at, days, orgWith, usage } from "../org-usage.ts";
import { said } from "./said.ts";

const million = 1_000_000;
const scope = days(22, 23);
const monthly = (cents: bigint) => toUsd(cents * 30n * 10_000_000_000n);
const wholeDay = [usage({ workload: "edge", at: at(22, "00:00:00") }), usage({ workload: "edge", at: at(22, "23:59:59.999") })];
const ruled = { source: "gateway" as const, policyVersion: 1, policyRule: "chat-mini", requests: 10 };

describe("what routers and cascades come to", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("auto_router_value deducts attempts, comparisons and the classifier, and counts the warm cache that a switch gives up", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ ...ruled, requestedModel: "gpt-5", model: "gpt-5-mini", tokens: { input: 2 * million } }), // 0.50; cold on gpt-5: 2.50
      usage({
        ...ruled,
        requestedModel: "gpt-5",
        model: "gpt-5",
        arm: "control",
        unit: "c1",
        tokens: { input: million, cache_read: million },
      }), // reads half from its cache
      usage({ ...ruled, part: "shadow", requestedModel: "gpt-5", model: "gpt-5-mini", tokens: { input: million } }), // 0.25
      usage({ requestedModel: "gpt-5", model: "gpt-5-mini", tokens: { input: million } }), // no rule sent it there
      usage({ ...ruled, requestedModel: "gpt-5", model: "gpt-5-2025-08-07", tokens: { input: million } }), // a snapshot of what was asked for
    ]);
    const result = said(await tools.auto_router_value.run({ scope, classifierUsd: "0.010000" }, context));
    // The naive worth is 2.00. Shadows cost 0.25 and the classifier 0.10; a third of the input, cached as on the control, is 0.75 less.
    expect(result.tables[0]?.rows).toEqual([["chat", "gpt-5", "gpt-5-mini", "10", "$0.50", "$2.50", "$1.75"]]);
    expect(result.sentences[0]).toMatch(
      /worth between \$0\.90 and \$1\.65 .*: 10 routed requests cost \$0\.50, and routing itself \$0\.35/,
    );
    const none = said(await tools.auto_router_value.run({ scope, classifierUsd: "0" }, await orgWith(clickhouse, wholeDay)));
    expect(none.missing).toEqual([expect.stringMatching(/^Routed requests: none/)]);
  });

  it("cascade_value makes escalated requests pay both, and proposes nothing above the break-even share", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ workload: "chat", requests: 100, tokens: { input: 8 * million } }), // 10.00; on gpt-5-mini 2.00
    ]);
    const input = { scope, escalatedPercent: 30, wanted: [] };
    const result = said(await tools.cascade_value.run(input, context));
    // 2 + 30 % of 10 = 5. Were escalated requests to pay the large model alone, it would be 4.40.
    expect(result.sentences[0]).toMatch(/With 30\.0 % escalated chat on gpt-5 would cost \$5\.00 behind gpt-5-mini instead of \$10\.00/);
    expect(result.sentences[1]).toMatch(/fewer than 80\.0 % of the requests are escalated/);
    expect(result.opportunities[0]).toMatchObject({ low: monthly(350n), mid: monthly(500n), high: monthly(650n) });
    expect(said(await tools.cascade_value.run({ ...input, escalatedPercent: 85 }, context)).opportunities).toEqual([]);
    const open = said(await tools.cascade_value.run({ ...input, escalatedPercent: null }, context));
    expect(open).toMatchObject({ opportunities: [], missing: [expect.stringMatching(/^Share of requests that are escalated/)] });
  });

  it("cascade_value goes by the gateway's own escalations where enough are stored", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ ...ruled, requests: 200, workload: "chat", tokens: { input: 8 * million } }),
      usage({ ...ruled, requests: 50, workload: "chat", model: "gpt-5-mini", part: "attempt", tokens: { input: million } }),
      usage({ ...ruled, requests: 90, workload: "chat", model: "gpt-5-mini", part: "attempt", status: "error", tokens: {} }), // failed: not escalated
    ]);
    const result = said(await tools.cascade_value.run({ scope, escalatedPercent: null, wanted: [] }, context));
    expect(result.sentences[0]).toMatch(/^With 25\.0 % escalated, as the gateway has seen,/);
  });
});
