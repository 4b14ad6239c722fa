import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tools } from "../../../agents/tools/index.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { days, orgWith, usage } from "../org-usage.ts";

const million = 1_000_000;

describe("retry waste", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("adds up attempts alone: answers, shadows and failed calls without a cost are no waste", async () => {
    const gateway = { source: "gateway" as const };
    const context = await orgWith(clickhouse, [
      usage({ ...gateway, tokens: { input: 4 * million } }), // $5, answered
      usage({ ...gateway, tokens: { input: 2 * million }, part: "attempt" }), // $2.50, not used
      usage({ ...gateway, tokens: {}, part: "attempt", status: "error" }), // billed nothing
      usage({ ...gateway, tokens: { input: 2 * million }, part: "shadow" }), // $2.50, our own comparison
      usage({ ...gateway, workload: "search", tokens: { input: million } }), // never tried again
    ]);
    const result = await tools.retry_waste.run({ scope: days(20, 23) }, context);
    expect(result.sentences).toEqual(["2 attempts whose answer was not used cost $2.50, 22.2 % of the spend (those days)."]);
    expect(result.tables[0]?.rows).toEqual([["chat", "gpt-5", "2", "$2.50", "25.0 %"]]);
    expect(result.opportunities.map(({ workload, routable }) => [workload, routable])).toEqual([["chat", false]]);
  });

  it("says what is missing where no source tells attempts apart", async () => {
    const context = await orgWith(clickhouse, [usage({ tokens: { input: million } })]);
    const result = await tools.retry_waste.run({ scope: days(20, 23) }, context);
    expect(result.sentences).toEqual([]);
    expect(result.missing).toEqual([expect.stringMatching(/^Attempts: none .* gateway/)]);
  });
});
