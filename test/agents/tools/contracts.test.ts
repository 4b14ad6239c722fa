import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Asked } from "../../../agents/analysis.ts";
import { tools } from "../../../agents/tools/index.ts";
import { cheapestUnits, utilisation } from "../../../agents/tools/provisioned-hours.ts";
import { Entities } from "../../../src/core/triage.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { at, days, orgWith, usage } from "../org-usage.ts";
import { said } from "./said.ts";

const million = 1_000_000;
const scope = days(22, 23);
const dollars = (count: number): bigint => BigInt(count) * 1_000_000_000_000n;

const asked = (question: string): Asked => ({
  scope,
  comparison: null,
  entities: Entities.parse({
    models: [],
    workloads: [],
    teams: [],
    metrics: [],
    dimensions: [],
    period: null,
    comparison: null,
    targets: [],
  }),
  question,
  wanted: [],
  holdoutPermille: 100,
  found: [],
});

describe("reserved units and commitments", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("reserves for the base and lets the peak spill over, with idle hours paid", () => {
    const unit = { tokensPerHour: 100, perHour: dollars(1), fewest: 1 };
    // Nine hours of a full unit at $2 on demand, one hour of ten at $20, ten idle.
    const demand = [...Array.from({ length: 9 }, () => ({ tokens: 100, cost: dollars(2) })), { tokens: 1_000, cost: dollars(20) }];
    expect(cheapestUnits(demand, unit, 10)).toMatchObject({ units: 1, reserved: dollars(10), spilled: dollars(18), total: dollars(28) });
    // With as many idle hours it costs as much as it saves, and ten more would cost more than paying by use.
    expect(cheapestUnits(demand, unit, 20).total).toBe(dollars(38));
    expect([utilisation(demand, 100, 20, 0.5), utilisation(demand, 100, 20, 0.95)]).toEqual([0, 100]);
    expect(cheapestUnits(demand, { ...unit, fewest: 5 }, 10)).toMatchObject({ units: 5, reserved: dollars(50) });
  });

  it("provisioned_break_even takes cached input for free on units, and asks for price and capacity", async () => {
    const context = await orgWith(
      clickhouse,
      Array.from(
        { length: 24 },
        (_, hour) =>
          usage({ at: at(22, `${String(hour).padStart(2, "0")}:30:00`), tokens: { input: 2 * million, cache_read: 8 * million } }), // 2.50 + 1.00
      ),
    );
    const input = tools.provisioned_break_even.inputFor(asked("would PTUs be cheaper? one costs $1 an hour and takes 40k tokens a minute"));
    expect(input.unit).toEqual({ usdPerHour: "1.000000", tokensPerMinute: 40_000, fewest: 1 });
    const result = said(await tools.provisioned_break_even.run(input, context));
    // 24 hours from the first event's: one unit carries 2.4 million uncached tokens an hour. Counted whole, ten million would need five.
    expect(result.sentences[0]).toMatch(/^1 reserved unit for gpt-5 would have cost \$24\.00 .*, \$60\.00 less than \$84\.00 paid by use/);
    expect(result.sentences[1]).toMatch(/used to 83\.3 %/);
    const unsaid = await tools.provisioned_break_even.run(tools.provisioned_break_even.inputFor(asked("are PTUs worth it")), context);
    expect(unsaid).toMatchObject({
      sentences: [expect.stringMatching(/cannot be told yet/)],
      missing: [expect.stringMatching(/^Reserved units: what an hour/)],
    });
    expect(tools.provisioned_break_even.inputFor(asked("a PTU at $720 per month, 2,500 tpm, at least 15 units")).unit).toEqual({
      usdPerHour: "1.000000",
      tokensPerMinute: 2_500,
      fewest: 15,
    });
  });

  it("provisioned_break_even says that fewer tokens save nothing on reserved units before a whole one is free", async () => {
    const hours = Array.from({ length: 24 }, (_, hour) => at(22, `${String(hour).padStart(2, "0")}:30:00`));
    const context = await orgWith(
      clickhouse,
      hours.flatMap((when) => [
        usage({ at: when, tokens: { input: 2 * million } }),
        usage({ at: when, tokens: {}, units: { provisioned_hour: 1 } }),
      ]),
    );
    const unit = { usdPerHour: "1", tokensPerMinute: 40_000, fewest: 1 };
    const result = said(await tools.provisioned_break_even.run({ scope, unit }, context));
    expect(result.sentences[2]).toMatch(/^Reserved units now: about 1, and none can go/);
  });

  it("commitment_burn_down finds a saving worth nothing where the commitment will not be used up", async () => {
    const perDay = Array.from(
      { length: 30 },
      (_, index) => usage({ at: new Date(Date.UTC(2026, 9, 25 + index, 6)), requests: 100, tokens: { input: 8 * million } }), // $10 a day
    );
    const context = await orgWith(clickhouse, perDay);
    // $300 in 697 hours: $402.87 in 39 days.
    const ask = async (question: string) =>
      said(await tools.commitment_burn_down.run(tools.commitment_burn_down.inputFor(asked(question)), context));
    const slow = await ask("we have $2,000 of OpenAI credits left until 31 December");
    expect(slow.sentences).toEqual([
      expect.stringMatching(
        /^\$2,000\.00 of the commitment is left; at the present rate \$402\.87 will be used in the 39 days to 31 Dec 2026/,
      ),
      expect.stringMatching(/^\$1,597\.13 of it would be lost/),
      expect.stringMatching(/a saving is worth \$0\.00/),
    ]);
    const fast = await ask("our commitment of $500 with openai since 1 November until 2026-12-31");
    expect(fast.sentences[0]).toMatch(/^\$270\.00 of the commitment is left, after \$230\.00 since 1 Nov 2026/);
    expect(fast.sentences[1]).toMatch(/\$132\.87 goes beyond it: savings until then are worth that much at most/);
    const other = await ask("we have $2,000 of Anthropic credits left until 31 December");
    expect(other.sentences[0]).toMatch(/at the present rate \$0\.00 will be used/);
  });

  it.each([
    ["how is our commitment burning down", /How much was committed/],
    ["we have $2,000 of credits left", /When the commitment ends/],
    ["we committed $2,000 until 31 December", /Since when the commitment runs/],
    ["we have $2,000 left until 2026-01-31", /ended on 2026-01-31/],
  ])("commitment_burn_down says what “%s” lacks", async (question, reason) => {
    const context = await orgWith(clickhouse, []);
    await expect(tools.commitment_burn_down.run({ scope, question }, context)).rejects.toThrow(reason);
  });
});
