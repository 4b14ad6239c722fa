import { describe, expect, it } from "vitest";
import { type Order, readOrder } from "../../../agents/synthetic-data/read-order.ts";
import { managesSynthetic, sourcesNamed, teamsOfDatasets } from "../../../agents/triage/synthetic.ts";
import type { Dataset } from "../../../src/core/dataset.ts";
import type { GenerationSpec } from "../../../src/core/generation.ts";
import { calendarOf } from "../../../src/core/zone.ts";
import { plainSpec } from "../../setup/generation-spec.ts";

/** Noon on Monday, 30 November 2026. */
const asOf = new Date("2026-11-30T12:00:00Z");
const dataset = (name: string, status: Dataset["status"] = "ready"): Dataset => ({
  id: "syn_1",
  spec: plainSpec({ name }),
  status,
  made: 10,
  startedBy: "ann",
  startedAt: asOf,
  touchedAt: asOf,
  stopAskedBy: null,
});
const order = (question: string, datasets: readonly Dataset[] = []): Order =>
  readOrder({ question, asOf, calendar: calendarOf("UTC"), datasets });

function specOf(question: string): GenerationSpec {
  const read = order(question);
  if (!("spec" in read)) throw new Error(JSON.stringify(read));
  return read.spec;
}

describe("an order to generate", () => {
  it("is read with its records, preset, period, anomaly and seed", () => {
    const spec = specOf("generate 10,000 e-commerce records for last month with a spike on Friday, seed 7");
    expect(spec).toMatchObject({
      preset: "e-commerce",
      records: 10_000,
      seed: 7,
      period: { from: "2026-10-01T00:00:00.000Z", to: "2026-11-01T00:00:00.000Z" },
      // The last Friday of October 2026.
      anomalies: [{ kind: "requests", size: 3, from: "2026-10-30T00:00:00.000Z", to: "2026-10-31T00:00:00.000Z" }],
    });
    expect(spec.name).toMatch(/^e-commerce-[0-9a-f]{6}$/);
  });

  it.each([
    ["generate 250k gaming records", 250_000, "gaming"],
    ["create one dataset of 1 million requests for a bank", 1_000_000, "financial"],
    ["please simulate 5,000 healthcare requests in October 2026", 5_000, "healthcare"],
    ["make up 1.5k rows of research usage", 1_500, "research"],
    ["Generate 800 retail events", 800, "e-commerce"],
  ])("%s", (question, records, preset) => {
    expect(specOf(question)).toMatchObject({ records, preset });
  });

  it("is read with its shape, growth, errors, correlation and name", () => {
    const spec = specOf(
      "generate 2,000 gaming records with bimodal tokens, growing 20% a month, an error rate of 5%, correlation 0.8, called spring-1",
    );
    expect(spec.workloads.map(({ inputTokens, outputTokens }) => [inputTokens.kind, outputTokens.kind])).toEqual(
      spec.workloads.map(() => ["bimodal", "bimodal"]),
    );
    expect(spec).toMatchObject({ growth: 0.2, errors: { rate: 0.05 }, name: "spring-1" });
    expect(spec.workloads.every(({ correlations }) => correlations.inputOutput === 0.8)).toBe(true);
  });

  it("is read with anomalies of each kind, of their size, in their workload", () => {
    const spec = specOf(
      "generate 900 e-commerce records for last month with a 5x spike on 2026-10-14 and a token spike in product-search on the 20th, an outage on Sunday and 40% errors on October 3",
    );
    expect(spec.anomalies.map(({ kind, size, from, workload }) => [kind, size, from.slice(0, 10), workload])).toEqual([
      ["requests", 5, "2026-10-14", undefined],
      ["tokens", 3, "2026-10-20", "product-search"],
      ["requests", 0, "2026-10-25", undefined],
      ["errors", 0.4, "2026-10-03", undefined],
    ]);
    expect(spec.errors.rate).toBe(0.01);
  });

  it("asks back for what is missing or cannot be", () => {
    const asked = (question: string): string => {
      const read = order(question);
      return read.kind === "ask" ? read.text : JSON.stringify(read);
    };
    expect(asked("generate synthetic data")).toMatch(/Which kind of company.*How many records/);
    expect(asked("generate gaming data")).toMatch(/^How many records/);
    expect(asked("generate 500 records of synthetic data")).toMatch(/^Which kind of company/);
    expect(asked("generate 2 million gaming records")).toMatch(/At most 1,000,000/);
    expect(asked("generate 500 gaming records for 2026-10-14 with a spike on 2026-11-20")).toMatch(/no 2026-11-20 in the period/);
    expect(asked("generate 0 gaming records")).toMatch(/cannot be generated/);
  });

  it("says what it assumed", () => {
    const read = order("generate 500 gaming records");
    expect(read).toMatchObject({
      kind: "generate",
      spec: { seed: 1, period: { from: "2026-10-31T00:00:00.000Z", to: "2026-11-30T00:00:00.000Z" } },
    });
    expect("assumed" in read ? read.assumed : []).toHaveLength(2);
    expect(order("preview healthcare data")).toMatchObject({ kind: "preview", spec: { preset: "healthcare", records: 10_000 } });
  });
});

describe("an order about datasets", () => {
  it("means the dataset that it names, or the only one", () => {
    expect(order("delete the synthetic data", [dataset("spring-1")])).toEqual({ kind: "delete", name: "spring-1" });
    expect(order("delete the dataset autumn", [dataset("spring-1"), dataset("autumn")])).toEqual({ kind: "delete", name: "autumn" });
    expect(order("cancel the generation", [dataset("spring-1"), dataset("autumn", "generating")])).toEqual({
      kind: "cancel",
      name: "autumn",
    });
    expect(order("which synthetic datasets are there?")).toEqual({ kind: "list" });
  });

  it("asks back where several, or none, can be meant", () => {
    expect(order("delete the synthetic data", [dataset("a"), dataset("b")])).toEqual({
      kind: "ask",
      text: "Which dataset is to be deleted: a, b?",
    });
    expect(order("cancel the generation", [dataset("a")])).toEqual({ kind: "ask", text: "Nothing is being generated." });
    expect(order("delete the synthetic data")).toMatchObject({ kind: "ask" });
  });
});

describe("a text about generated usage", () => {
  it.each([
    "generate 10,000 e-commerce records for last month with a spike on friday, seed 7",
    "preview healthcare data",
    "cancel the generation",
    "delete the synthetic data",
    "generate synthetic data",
    "which synthetic datasets are there?",
  ])("is an order: %s", (text) => {
    expect(managesSynthetic.test(text)).toBe(true);
  });

  it.each([
    "what did we spend on the synthetic data?",
    "generate a report of last week's requests",
    "what would 50% more requests cost?",
    "simulate 20% more traffic next month",
    "cancel the rollout",
    "delete the budget of search",
    "how much does our research team spend on requests?",
    "create a budget for the gaming team",
  ])("is no order: %s", (text) => {
    expect(managesSynthetic.test(text)).toBe(false);
  });

  it("says which usage it asks about", () => {
    expect(sourcesNamed("what did we spend on the synthetic data?")).toEqual(["synthetic"]);
    expect(sourcesNamed("and in the real usage?")).toEqual(["real"]);
    expect(sourcesNamed("what did we spend last week?")).toEqual([]);
    expect(teamsOfDatasets("why did spring-1 cost more?", ["spring-1/web", "spring-1/app", "autumn/web", "platform"])).toEqual([
      "spring-1/web",
      "spring-1/app",
    ]);
  });
});
