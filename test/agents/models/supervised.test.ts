import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelRequest } from "../../../agents/models/client.ts";
import type { Models } from "../../../agents/models/models.ts";
import { foreignNumbers } from "../../../agents/reporting/check-prose.ts";
import { createSupervisor } from "../../../agents/supervisor.ts";
import type { Id } from "../../../src/core/ids.ts";
import { costOfSpend } from "../../../src/core/model-spend.ts";
import { Report } from "../../../src/core/report.ts";
import type { LoggedEvent, Run } from "../../../src/core/run.ts";
import { RunEvent } from "../../../src/core/run-event.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import type { Reply, Script } from "../../setup/scripted-model.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { asOf, book, orgWith, usage } from "../org-usage.ts";
import { prices, scriptedModels, small } from "./rig.ts";

const portuguese = "Quanto nos custou tudo, por modelo?";
const proposal = { about_spend: true, category: "cost", intents: ["report"], topics: ["spend"], dimensions: ["model"], span: "last week" };
const json = (value: unknown): Reply => ({ kind: "say", text: JSON.stringify(value) });

/** Joins the first two sentences, and hands the others back as they are. */
const faithful = ({ messages: [first] }: ModelRequest): Reply => {
  const [one = "", two = "", ...rest] = (first !== undefined && "text" in first ? first.text : "")
    .split("\n")
    .map((line) => line.replace(/^\d+: /, ""));
  const joined = `${one.slice(0, -1)}, and ${two.charAt(0).toLowerCase()}${two.slice(1)}`;
  return json({ sentences: [{ from: [0, 1], text: joined }, ...rest.map((text, index) => ({ from: [index + 2], text }))] });
};

const honest: Script = (request) => (request.system.startsWith("You sort") ? json(proposal) : faithful(request));

describe("an answer with models", () => {
  let clickhouse: TestClickHouse;
  let orgId: Id<"org">;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
    const events = ["gpt-5", "gpt-4o", "gpt-5-mini"].flatMap((model, index) => [
      usage({ model, at: new Date("2026-11-18T06:00:00Z"), requests: 10 * (index + 1), tokens: { input: 1_000_000, output: 50_000 } }),
      usage({ model, at: new Date("2026-11-11T06:00:00Z"), requests: 10, tokens: { input: 700_000, output: 50_000 } }),
    ]);
    orgId = (await orgWith(clickhouse, events)).orgId;
  });
  afterAll(() => clickhouse.drop());

  const analyse = async (question: string, models?: Models | Error, log: readonly LoggedEvent[] = []): Promise<RunEvent[]> => {
    const run: Run = {
      id: "run_1",
      orgId,
      threadId: "thr_1",
      thread: { platform: "console", workspace: "w", channel: "c", thread: "" },
      question,
      asker: { platform: "console", workspace: "w", userId: "u", name: "u" },
      earlier: [],
      status: "queued",
      createdAt: asOf,
      asOf,
    };
    const supervisor = createSupervisor({
      usage: clickhouse.usage,
      prices: book,
      policies: { active: async () => ({ version: 0, policy: undefined, since: undefined }) },
      openModels: async () => {
        if (models instanceof Error) throw models;
        return models;
      },
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      now: () => asOf,
    });
    const events: RunEvent[] = [];
    for await (const event of supervisor.analyse(run, log, new AbortController().signal)) events.push(event);
    return events;
  };
  const reportOf = (events: readonly RunEvent[]): Report => {
    const last = events.at(-1);
    if (last?.type !== "report.ready") throw new Error(JSON.stringify(last));
    return last.report;
  };
  const ofTools = ({ figures }: Report) => figures.filter(({ name }) => !/Apex/.test(name));
  const notesOf = ({ blocks }: Report) => blocks.flatMap((block) => (block.type === "note" ? [block.text] : []));

  it("understands a question in another language, and has the very figures of the same question in English", async () => {
    const alone = reportOf(await analyse(portuguese));
    expect(alone.summary).toContain("I could not tell");
    const { models } = scriptedModels(honest);
    const events = await analyse(portuguese, models);
    const english = reportOf(await analyse("What did we spend by model last week?"));
    expect(ofTools(reportOf(events))).toEqual(english.figures);
    expect(reportOf(events).title).toBe(english.title);
    expect(events.find((event) => event.type === "plan.made")).toMatchObject({ steps: [{ id: "data_analysis" }, { id: "reporting" }] });
    for (const event of events) expect(RunEvent.parse(JSON.parse(JSON.stringify(event)))).toEqual(event);
  });

  it("keeps every number in place where the model joins sentences", async () => {
    const question = "What did we spend by model last week?";
    const plain = reportOf(await analyse(question));
    const worded = reportOf(await analyse(question, scriptedModels(honest).models));
    expect(plain.summary).toContain("). Most of it went to gpt-4o");
    expect(worded.summary).toBe(plain.summary.replace("). Most of it", "), and most of it"));
    expect(foreignNumbers(worded.summary, plain.figures, ["gpt-5", "gpt-4o", "gpt-5-mini", "last week"])).toEqual([]);
  });

  it("shows what the models cost, with figures behind each number of the note", async () => {
    const { models, asked } = scriptedModels(honest);
    const report = reportOf(await analyse(portuguese, models));
    const each = prices.costOf(small, { ...noTokens, input: 100, output: 20 }) ?? 0n;
    expect(report.modelSpend).toMatchObject({ uses: [{ model: "gpt-5-mini", calls: asked.length, failed: 0 }], fallbacks: [] });
    expect(costOfSpend(report.modelSpend ?? { uses: [], fallbacks: [] })).toBe(each * BigInt(asked.length));
    const note = notesOf(report).find((text) => text.startsWith("Apex itself asked models")) ?? "";
    expect(note).toMatch(/gpt-5-mini \(2 calls; 200 tokens in, 40 out: \$0\.0001300\)/);
    expect(foreignNumbers(note, report.figures, ["gpt-5-mini"])).toEqual([]);
    expect(reportOf(await analyse("What did we spend by model last week?")).modelSpend).toBeUndefined();
  });

  it("counts what a dead process had spent before it", async () => {
    const first = scriptedModels(honest);
    const whole = await analyse(portuguese, first.models);
    const upTo = whole.findIndex((event) => event.type === "step.started" && event.step === "reporting");
    const log = whole.slice(0, upTo).map((event, index) => ({ seq: index + 1, event }));
    const second = scriptedModels(honest);
    const rest = await analyse(portuguese, second.models, log);
    expect(second.asked).toHaveLength(1);
    expect(rest.map(({ type }) => type)).toEqual(["step.started", "step.finished", "report.ready"]);
    expect(reportOf(rest).modelSpend).toEqual(reportOf(whole).modelSpend);
  });

  it("answers as without models where all of them fail, and says so", async () => {
    const { models } = scriptedModels(() => ({ kind: "fail", status: 503 }));
    const plain = reportOf(await analyse("What did we spend by model last week?"));
    const report = reportOf(await analyse("What did we spend by model last week?", models));
    expect(report.summary).toBe(plain.summary);
    expect(ofTools(report)).toEqual(plain.figures);
    expect(notesOf(report)).toContain("gpt-5-mini could not be reached, or broke off. Rules and templates answered instead.");
    expect(notesOf(report)).toContain("The summary is in the words of Apex's templates: no model gave a wording that could be used.");
  });

  it("answers where the models cannot even be opened", async () => {
    const question = "What did we spend by model last week?";
    const report = reportOf(await analyse(question, new Error("no database")));
    expect(report).toEqual(reportOf(await analyse(question)));
    expect(Report.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report.modelSpend).toBeUndefined();
  });

  it.each([
    ["is about something else", { ...proposal, about_spend: false }],
    ["names no topic", { ...proposal, topics: [], dimensions: [] }],
    ["has a topic that there is not", { ...proposal, topics: ["approvals"] }],
    ["has a workload of its own", { ...proposal, workloads: ["chat"] }],
    ["has dates of its own", { ...proposal, span: "2019-01-01 to 2026-11-23" }],
    ["asks for an agent that acts", { ...proposal, category: "synthetic_data" }],
    ["takes the refusal away", { ...proposal, refusal: null, askBack: null }],
  ])("asks back where what the model makes of a question %s", async (_, said) => {
    const report = reportOf(await analyse(portuguese, scriptedModels(() => json(said)).models));
    expect(report.summary).toContain("I could not tell");
    expect(ofTools(report)).toEqual([]);
  });

  it("takes names and dates from the text alone, whatever the model says", async () => {
    const { models } = scriptedModels(honest);
    const events = await analyse("Quanto custou gpt-4o 2026-11-11?", models);
    const triaged = events.find((event) => event.type === "triage.finished");
    expect(triaged?.triage.entities).toMatchObject({
      models: ["gpt-4o"],
      period: { from: "2026-11-11T00:00:00.000Z", to: "2026-11-12T00:00:00.000Z" },
    });
  });
});
