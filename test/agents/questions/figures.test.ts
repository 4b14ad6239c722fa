import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { foreignNumbers } from "../../../agents/reporting/check-prose.ts";
import { createSupervisor } from "../../../agents/supervisor.ts";
import type { Id } from "../../../src/core/ids.ts";
import type { Report } from "../../../src/core/report.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { asOf, book, orgWith, usage } from "../org-usage.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const million = 1_000_000;

/**
 * Four weeks to 22 November: support-chat on gpt-5 costs $2.25 a day, and twice that in the last week; search on gpt-5-mini
 * costs $0.45 a day; a catalogue on a model without a price has two requests a day.
 */
const fourWeeks = Array.from({ length: 28 }, (_, index) => {
  const at = new Date(Date.UTC(2026, 9, 26 + index, 6));
  const times = index < 21 ? 1 : 2;
  return [
    usage({
      at,
      workload: "support-chat",
      team: "care",
      requests: 100 * times,
      tokens: { input: million * times, output: 100_000 * times },
    }),
    usage({ at, workload: "search", team: "growth", model: "gpt-5-mini", requests: 50, tokens: { input: million, output: 100_000 } }),
    usage({ at, workload: "catalogue", team: "care", model: "acme-9000", requests: 2, tokens: { input: 1_000 } }),
  ];
}).flat();

/** Each question, the figures that must come out with their values, and the tools that must have run. */
const expected: readonly (readonly [question: string, figures: Readonly<Record<string, string>>, tools: readonly string[]])[] = [
  ["What did we spend last week?", { spend: "34.650000000000", requests: "1764" }, ["cost_analyzer"]],
];

describe("the figures of the questions", () => {
  let clickhouse: TestClickHouse;
  let orgId: Id<"org">;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
    orgId = (await orgWith(clickhouse, fourWeeks)).orgId;
  });
  afterAll(() => clickhouse.drop());

  async function answer(question: string): Promise<{ report: Report; tools: readonly string[] }> {
    const policies = { active: async () => ({ version: 0, policy: undefined, since: undefined }) };
    const savings = { list: async () => [] };
    const supervisor = createSupervisor({ usage: clickhouse.usage, prices: book, policies, savings, log: quiet, now: () => asOf });
    const asker = { platform: "console" as const, workspace: "w", userId: "u", name: "u" };
    const thread = { platform: "console" as const, workspace: "w", channel: "c", thread: "" };
    const run = { id: "run_1" as const, orgId, threadId: "thr_1" as const, thread, question, asker, earlier: [], createdAt: asOf, asOf };
    const tools: string[] = [];
    for await (const event of supervisor.analyse({ ...run, status: "queued" }, [], new AbortController().signal)) {
      if (event.type === "tool.finished") tools.push(event.tool);
      if (event.type === "report.ready") return { report: event.report, tools };
    }
    throw new Error("no report");
  }

  it.each(expected)("“%s”", async (question, figures, tools) => {
    const { report, tools: ran } = await answer(question);
    const found = Object.fromEntries(report.figures.map(({ name, value }) => [name, value]));
    expect(found).toMatchObject(figures);
    expect(ran).toEqual(expect.arrayContaining([...tools]));
    expect(foreignNumbers(report.summary, report.figures, [])).toEqual([]);
  });
});
