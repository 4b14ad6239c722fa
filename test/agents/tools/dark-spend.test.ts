import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ToolContext } from "../../../agents/define.ts";
import { billsSentences, billsTable } from "../../../agents/reporting/bills.ts";
import { foreignNumbers } from "../../../agents/reporting/check-prose.ts";
import { createSupervisor } from "../../../agents/supervisor.ts";
import { tools } from "../../../agents/tools/index.ts";
import type { BilledCharge } from "../../../src/core/billing.ts";
import { fromUsd, toUsd } from "../../../src/core/money.ts";
import type { Report } from "../../../src/core/report.ts";
import type { Run } from "../../../src/core/run.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { asOf, days, orgWith, usage } from "../org-usage.ts";

const million = 1_000_000;
const at = (day: number, time = "12:00:00") => new Date(`2026-11-${String(day).padStart(2, "0")}T${time}Z`);

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await createTestClickHouse();
});
afterAll(() => clickhouse.drop());

type Line = Partial<BilledCharge> & { readonly day: string; readonly usd: string };

/** An org with usage and bills, as a tool is given it. */
async function billedOrg(
  events: Parameters<typeof orgWith>[1],
  lines: readonly Line[],
  change: Partial<ToolContext> = {},
): Promise<ToolContext> {
  const context = await orgWith(clickhouse, events);
  const charges = lines.map(
    ({ usd, ...line }, index): BilledCharge => ({
      id: `line ${index}`,
      orgId: context.orgId,
      source: "focus",
      origin: "bill",
      provider: "openai",
      account: "",
      model: "",
      lineItem: "gpt-5, input",
      kind: "usage",
      amount: toUsd(fromUsd(usd)),
      ...line,
    }),
  );
  const span = { orgId: context.orgId, origin: "bill", fromDay: "2026-11-01", toDay: "2026-11-24" };
  if (charges.length > 0) await clickhouse.billing.replaceCharges(span, asOf, charges);
  return { ...context, billing: clickhouse.billing, settleDays: () => 1, ...change };
}

const reconcile = (context: ToolContext, question = "does this agree with the invoice?") =>
  tools.dark_spend_reconciliation.run({ scope: days(18, 22), question }, context);

describe("dark_spend_reconciliation", () => {
  it("sets billed against metered per provider and day, and says the likely cause in words that its figures back", async () => {
    const context = await billedOrg(
      [
        usage({ at: at(18), tokens: { input: 8 * million } }), // $10
        usage({ at: at(19), tokens: { input: 8 * million } }),
        usage({ at: at(19), model: "acme-9000", requests: 3, tokens: { input: 700 } }),
      ],
      [
        { day: "2026-11-18", usd: "10.10" },
        { day: "2026-11-19", usd: "14" },
        { day: "2026-11-19", usd: "-2", kind: "credit", lineItem: "Credit" },
        { day: "2026-11-20", usd: "5", provider: "anthropic", lineItem: "Claude Sonnet" },
      ],
    );
    const found = await reconcile(context);
    expect(found.days.map((row) => [row.provider, row.day, row.metered, row.billed, row.state])).toEqual([
      ["anthropic", "2026-11-20", "0.000000000000", "5.000000000000", "dark"],
      ["openai", "2026-11-18", "10.000000000000", "10.100000000000", "agrees"],
      ["openai", "2026-11-19", "10.000000000000", "14.000000000000", "dark"],
    ]);
    const said = billsSentences(found);
    expect(said).toContain("openai billed $24.10 over 2 settled days and $20.00 was metered: $4.10 (17.0 %) is dark.");
    expect(said).toContain(
      "Likely, for openai: Models without a price explain it: their usage is metered, but in no total. Add their prices, or correct their names. 3 requests with 700 tokens on these days have no price.",
    );
    expect(said).toContain("openai billed beside usage, and not compared: credit −$2.00.");
    expect(said.find((text) => text.startsWith("Likely, for anthropic"))).toMatch(/No source and no gateway sees this provider/);
    for (const sentence of said) expect(foreignNumbers(sentence, found.figures, ["gpt-5", "openai", "anthropic"])).toEqual([]);
    expect(billsTable(found)).toHaveLength(1);
    expect(found.figures.find((one) => one.name === "billed by openai and not metered")).toMatchObject({ value: "4.100000000000" });
    expect(found.figures.find((one) => one.name.startsWith("billed by openai for usage"))?.query).toContain("billed_charges");
  });

  it("looks at the provider that the question names", async () => {
    const context = await billedOrg(
      [usage({ at: at(18), tokens: { input: 8 * million } })],
      [
        { day: "2026-11-18", usd: "10" },
        { day: "2026-11-18", usd: "9", provider: "anthropic" },
      ],
    );
    expect((await reconcile(context, "reconcile with the OpenAI bill")).providers.map(({ provider }) => provider)).toEqual(["openai"]);
    expect((await reconcile(context)).providers.map(({ provider }) => provider)).toEqual(["anthropic", "openai"]);
  });

  it("says that no bill is connected, and never that $0 was billed", async () => {
    const found = await reconcile(await billedOrg([usage({ at: at(18), tokens: { input: 8 * million } })], []));
    expect(found.missing[0]).toMatch(/none is connected/);
    expect(found.days[0]).toMatchObject({ billed: null, gap: null, state: "no_bill" });
    expect(billsSentences(found)).toEqual(["No bill is connected, so what was metered cannot be compared with what was invoiced."]);
  });

  it("does not judge a day that is not settled", async () => {
    const context = await billedOrg([usage({ at: at(21), tokens: { input: 8 * million } })], [{ day: "2026-11-21", usd: "2" }], {
      settleDays: () => 3,
    });
    expect(billsSentences(await reconcile(context))).toEqual([
      "The bill of openai for 1 day may still change: $2.00 so far, $10.00 metered.",
    ]);
  });

  it("unpriced_reconciliation says that bills are not connected only where none is", async () => {
    const connected = await billedOrg([usage({ at: at(18), tokens: { input: 1 } })], [{ day: "2026-11-18", usd: "1" }]);
    expect((await tools.unpriced_reconciliation.run({ scope: days(18, 22) }, connected)).missing).toEqual([]);
    const without = await billedOrg([usage({ at: at(18), tokens: { input: 1 } })], []);
    expect((await tools.unpriced_reconciliation.run({ scope: days(18, 22) }, without)).missing[0]).toMatch(/not connected/);
  });
});

describe("totals that say what touches them", () => {
  it.each(["cost_driver_identifier", "cost_simulation_for_increased_usage", "month_end_forecast", "bill_change_decomposition"] as const)(
    "%s names the usage without a price that its amounts leave out",
    async (name) => {
      const context = await orgWith(clickhouse, [
        usage({ at: at(18), tokens: { input: 8 * million } }),
        usage({ at: at(19), model: "acme-9000", requests: 3, tokens: { input: 700 } }),
      ]);
      const scope = days(18, 22);
      const result = {
        cost_driver_identifier: () => tools.cost_driver_identifier.run({ scope }, context),
        cost_simulation_for_increased_usage: () => tools.cost_simulation_for_increased_usage.run({ scope, growthPercent: 10 }, context),
        month_end_forecast: () => tools.month_end_forecast.run({ filters: {} }, context),
        bill_change_decomposition: () => tools.bill_change_decomposition.run({ scope, before: days(14, 18).period }, context),
      }[name];
      const { notes, figures } = await result();
      const note = notes.find((text) => /price/.test(text) && text.includes("3"));
      expect(note).toMatch(/3 requests|3 after/);
      expect(foreignNumbers(note ?? "", figures, ["those days"])).toEqual([]);
    },
  );

  it("cost_analyzer shows days of the zone, and names the source whose days cannot be cut in it", async () => {
    const daily = { source: "openrouter" as const, tokens: { input: 8 * million } };
    const context = await orgWith(clickhouse, [
      usage({ at: at(19, "04:30:00"), tokens: { input: 8 * million } }), // 18 November in New York
      usage({ at: at(19, "06:00:00"), tokens: { input: 16 * million } }),
      usage({ at: at(19, "00:00:00"), ...daily }),
      usage({ at: at(20, "00:00:00"), ...daily }),
    ]);
    const zoned: ToolContext = { ...context, zone: "America/New_York", dailySources: async () => ["openrouter"] };
    const period = { from: "2026-11-18T05:00:00.000Z", to: "2026-11-21T05:00:00.000Z", label: "those days" };
    const result = await tools.cost_analyzer.run({ scope: { period, filters: {} }, by: ["model"], daily: true }, zoned);
    expect(result.total.cost).toBe("50.000000000000");
    expect(result.daily).toEqual([
      { day: "2026-11-18", cost: "10.000000000000" },
      { day: "2026-11-19", cost: "20.000000000000" },
    ]);
    expect(result.notes).toEqual([
      "openrouter reports whole UTC days: $20.00 of the total is told by UTC day and cannot be cut at the midnights of America/New_York.",
    ]);
    expect(foreignNumbers(result.notes[0] ?? "", result.figures, [])).toEqual([]);
    // In UTC nothing is cut, and nothing is said.
    const plain = await tools.cost_analyzer.run({ scope: days(18, 22), by: ["model"], daily: true }, { ...zoned, zone: "UTC" });
    expect(plain.notes).toEqual([]);
  });
});

describe("the chat", () => {
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const answer = async (context: ToolContext, question: string): Promise<{ report: Report; tools: readonly string[] }> => {
    const supervisor = createSupervisor({
      usage: context.usage,
      prices: context.prices,
      billing: context.billing,
      settleDays: context.settleDays,
      policies: { active: async () => ({ version: 0, policy: undefined, since: undefined }) },
      log: quiet,
      now: () => asOf,
    });
    const run: Run = {
      id: "run_1",
      orgId: context.orgId,
      threadId: "thr_1",
      thread: { platform: "console", workspace: "w", channel: "c", thread: "" },
      question,
      asker: { platform: "console", workspace: "w", userId: "u", name: "u" },
      earlier: [],
      status: "queued",
      createdAt: asOf,
      asOf,
    };
    const used: string[] = [];
    for await (const event of supervisor.analyse(run, [], new AbortController().signal)) {
      if (event.type === "tool.finished") used.push(event.tool);
      if (event.type === "report.ready") return { report: event.report, tools: used };
    }
    throw new Error("no report");
  };

  it("answers whether it agrees with the invoice, and says beside other totals what was billed and not metered", async () => {
    const context = await billedOrg([usage({ at: at(18), tokens: { input: 8 * million } })], [{ day: "2026-11-18", usd: "12.50" }]);
    const asked = await answer(context, "does this agree with the invoice?");
    expect(asked.tools).toContain("dark_spend_reconciliation");
    expect(asked.report.title).toBe("Metered against billed");
    expect(asked.report.summary).toContain("openai billed $12.50 over 1 settled day and $10.00 was metered: $2.50 (20.0 %) is dark.");
    expect(JSON.stringify(asked.report.blocks)).toContain("Gap %");
    expect(JSON.stringify(asked.report)).not.toContain("A sentence was left out");
    const spent = await answer(context, "what did we spend by model in the last 7 days?");
    expect(JSON.stringify(spent.report.blocks)).toContain(
      "openai billed $2.50 (20.0 %) on settled days that was not metered: it is in no total.",
    );
    expect(spent.report.summary).toContain("$10.00");
  });

  it("says that no bill is connected where none is, and does not compare unasked", async () => {
    const context = await billedOrg([usage({ at: at(18), tokens: { input: 8 * million } })], []);
    const asked = await answer(context, "what is our dark spend?");
    expect(asked.report.summary).toContain("No bill is connected");
    expect(asked.report.missing.join(" ")).toContain("Bills: none is connected");
    expect((await answer(context, "what did we spend by model in the last 7 days?")).tools).not.toContain("dark_spend_reconciliation");
  });
});
