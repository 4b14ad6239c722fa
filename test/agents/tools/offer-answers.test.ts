import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSupervisor } from "../../../agents/supervisor.ts";
import type { Id } from "../../../src/core/ids.ts";
import type { Report } from "../../../src/core/report.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { asOf, at, book, orgWith, usage } from "../org-usage.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const million = 1_000_000;

const events = Array.from({ length: 20 }, (_, day) => [
  usage({
    at: at(day + 2, "00:00:00"),
    workload: "support-chat",
    user: "u1",
    requests: 100,
    tokens: { input: 4 * million, output: 300_000 },
  }),
  usage({ at: at(day + 2, "03:00:00"), workload: "labelling", requests: 500, tokens: { input: 8 * million } }),
  usage({ at: at(day + 2, "04:00:00"), workload: "voice", tier: "priority", requests: 10, tokens: { input: million } }),
  usage({
    at: at(day + 2, "05:00:00"),
    workload: "agent",
    provider: "anthropic",
    model: "claude-opus-5",
    user: "u2",
    requests: 10,
    tokens: { input: million },
  }),
]).flat();

describe("answers about what prices, tiers and sellers offer", () => {
  let clickhouse: TestClickHouse;
  let orgId: Id<"org">;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
    ({ orgId } = await orgWith(clickhouse, events));
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  const answer = async (question: string): Promise<Report> => {
    const supervisor = createSupervisor({
      usage: clickhouse.usage,
      prices: book,
      policies: { active: async () => ({ version: 0, policy: undefined, since: undefined }) },
      log: quiet,
      now: () => asOf,
    });
    const run = {
      id: "run_1" as const,
      orgId,
      threadId: "thr_1" as const,
      thread: { platform: "console" as const, workspace: "w", channel: "c", thread: "" },
      question,
      asker: { platform: "console" as const, workspace: "w", userId: "u", name: "u" },
      earlier: [],
      status: "queued" as const,
      createdAt: asOf,
      asOf,
    };
    for await (const event of supervisor.analyse(run, [], new AbortController().signal)) {
      if (event.type === "report.ready") return event.report;
    }
    throw new Error("no report came");
  };

  it.each([
    [
      "What would the batch API save us?",
      /^In batches, labelling would have cost \$100\.00 instead of \$200\.00/,
      ["Send labelling through the batch tier of gpt-5"],
    ],
    [
      "what would flex save for labelling",
      /^On flex, labelling would have cost about \$90\.00 less/,
      ["Serve labelling on the flex tier of gpt-5"],
    ],
    ["do we need the priority tier?", /^Priority service of voice cost \$25\.00 more/, ["Serve voice on the standard tier of gpt-5"]],
    [
      "What would 10,000 requests of 2,000 tokens in and 500 out cost on gpt-5-mini?",
      /^On gpt-5-mini, 10,000 requests .* cost \$15\.00/,
      [],
    ],
    ["estimate the cost on gpt-5", /^An estimate needs tokens/, []],
    ["Would PTUs be cheaper?", /^Whether reserved units would be cheaper cannot be told yet/, []],
  ])("answers “%s”", async (question, expected, proposed) => {
    const report = await answer(question);
    expect(report.summary).toMatch(expected);
    expect(report.recommendations.map(({ title }) => title)).toEqual(proposed);
  });
});
