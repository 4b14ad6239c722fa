import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSupervisor } from "../../../agents/supervisor.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import type { Dataset } from "../../../src/core/dataset.ts";
import type { GenerationSpec } from "../../../src/core/generation.ts";
import type { Id } from "../../../src/core/ids.ts";
import type { Report } from "../../../src/core/report.ts";
import type { Run } from "../../../src/core/run.ts";
import { generateEvents } from "../../../src/synthetic/generate-events.ts";
import { makeSpec } from "../../../src/synthetic/make-spec.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { asOf, book, orgWith, usage } from "../org-usage.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const million = 1_000_000;
const period = { from: "2026-11-01T00:00:00.000Z", to: "2026-11-22T00:00:00.000Z" };
const specNamed = (name: string, records: number): GenerationSpec => makeSpec({ preset: "e-commerce", records, seed: 3, period, name });
const [spring, autumn] = [specNamed("spring", 300), specNamed("autumn", 200)];

describe("a question in chat", () => {
  let clickhouse: TestClickHouse;
  let orgId: Id<"org">;
  let datasets: readonly Dataset[] = [];
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
    // Real usage: three requests of a workload that a dataset has too, at $1.25 a million input tokens.
    const real = [18, 19, 20].map((day) =>
      usage({ at: new Date(Date.UTC(2026, 10, day, 9)), workload: "product-search", tokens: { input: million } }),
    );
    orgId = (await orgWith(clickhouse, real)).orgId;
    for (const spec of [spring, autumn])
      await clickhouse.usage.write([...generateEvents(spec, orgId)].map((event) => priceEvent(book, event)));
  });
  afterAll(() => clickhouse.drop());

  async function ask(question: string, earlier: readonly string[] = []): Promise<Report> {
    const supervisor = createSupervisor({
      usage: clickhouse.usage,
      prices: book,
      policies: { active: async () => ({ version: 0, policy: undefined, since: undefined }) },
      datasets: { list: async () => datasets },
      log,
      now: () => asOf,
    });
    const asker: Run["asker"] = { platform: "console", workspace: "W1", userId: "U1", name: "Ada" };
    const thread = { platform: "console" as const, workspace: "W1", channel: "C1", thread: "t1" };
    const run: Run = { id: "run_1", orgId, question, earlier, asOf, status: "running", threadId: "thr_1", createdAt: asOf, thread, asker };
    for await (const event of supervisor.analyse(run, [], new AbortController().signal))
      if (event.type === "report.ready") return event.report;
    throw new Error(`"${question}" came to no report`);
  }
  const requests = ({ figures }: Report): string | undefined => figures.find(({ unit }) => unit === "requests")?.value;

  it("reads real usage alone, also of a workload that a dataset has too", async () => {
    const report = await ask("how many requests did product-search make this month?");
    expect(requests(report)).toBe("3");
    expect(report.figures.every(({ filters }) => filters["source"] === undefined)).toBe(true);
    expect(report.title).not.toContain("generated");
  });

  it("reads generated usage alone where it asks for that, and says so", async () => {
    const report = await ask("how many requests were there this month in the synthetic data?");
    expect(requests(report)).toBe("500");
    expect(report.title).toContain("(generated usage)");
    expect(report.figures.filter(({ unit }) => unit === "requests").every(({ filters }) => filters["source"]?.join() === "synthetic")).toBe(
      true,
    );
    expect(JSON.stringify(report.blocks)).toContain("nobody paid for it");
  });

  it("reads the dataset that it names", async () => {
    expect(requests(await ask("how many requests were there this month in the synthetic data spring?"))).toBe("300");
  });

  it("stays with generated usage in a follow-up, until real usage is asked for", async () => {
    const earlier = ["how many requests were there this month in the synthetic data?"];
    expect(requests(await ask("and by model?", earlier))).toBe("500");
    expect(requests(await ask("and in the real usage?", earlier))).toBe("3");
  });

  it("proposes nothing from generated usage that could be applied", async () => {
    const report = await ask("how can we reduce the cost of the synthetic data?");
    expect(report.recommendations.length).toBeGreaterThan(0);
    expect(report.recommendations.every(({ approvalId, change }) => approvalId === null && change === null)).toBe(true);
    expect(report.recommendations[0]?.caveats.join(" ")).toContain("nothing can be applied");
  });

  it("has usage generated at once where nobody has to approve it, and shows what it will be", async () => {
    const report = await ask("generate 10,000 e-commerce records for last month with a spike on Friday, seed 7");
    expect(report.operations).toMatchObject([{ type: "generate_usage", spec: { records: 10_000, seed: 7, preset: "e-commerce" } }]);
    expect(report.recommendations).toEqual([]);
    const [first] = report.blocks.filter((block) => block.type === "table");
    expect(first).toMatchObject({ rows: { length: 20 } });
    // What is shown is what will be stored.
    const [operation] = report.operations ?? [];
    const [made] = operation?.type === "generate_usage" ? generateEvents(operation.spec, orgId) : [];
    expect(JSON.stringify(first)).toContain(made?.at.toISOString().slice(0, 19).replace("T", " "));
  });

  it.each(["generate 50,001 gaming records", "generate 100 healthcare records", "generate 100 financial records"])(
    "proposes it where somebody has to approve: %s",
    async (question) => {
      const report = await ask(question);
      expect(report.operations).toBeUndefined();
      expect(report.recommendations).toMatchObject([{ kind: "operation", operation: { type: "generate_usage" } }]);
      expect(report.recommendations[0]?.approvalId).not.toBeNull();
      expect(report.summary).toContain("once an admin has approved it");
    },
  );

  it("previews without anything being brought about", async () => {
    const report = await ask("preview healthcare data");
    expect([report.operations, report.recommendations]).toEqual([undefined, []]);
    expect(report.summary).toContain("Nothing was written");
  });

  it("asks back for what is missing, and deletes and cancels by name", async () => {
    expect((await ask("generate synthetic data")).summary).toContain("How many records");
    const dataset = {
      spec: spring,
      id: "syn_1",
      made: 300,
      startedBy: "ann",
      startedAt: asOf,
      touchedAt: asOf,
      stopAskedBy: null,
    } as const;
    datasets = [{ ...dataset, status: "ready" }];
    expect((await ask("delete the synthetic data")).operations).toEqual([{ type: "delete_dataset", name: "spring" }]);
    datasets = [{ ...dataset, status: "generating" }];
    expect((await ask("cancel the generation")).operations).toEqual([{ type: "cancel_generation", name: "spring" }]);
  });
});
