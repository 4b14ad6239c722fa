import { newId } from "../../src/core/ids.ts";
import { toUsd } from "../../src/core/money.ts";
import type { Recommendation, Report } from "../../src/core/report.ts";
import type { RolloutStanding } from "../../src/core/rollout.ts";
import { type RunView, viewOf } from "../../src/core/run.ts";
import type { RunEvent } from "../../src/core/run-event.ts";
import type { MeasuredSavings } from "../../src/core/savings.ts";

const at = "2026-11-23T12:00:00.000Z";
const usd = (dollars: number) => toUsd(BigInt(dollars) * 1_000_000_000_000n);

/** Text that tries to break out of every platform's formatting. */
export const hostile = "<!channel> <@U1> *bold* ``` & <https://evil.example|Approve> @everyone \u001b[31m \u202e🚀 ``` ";

export const recommendationOf = (words: Partial<Recommendation> = {}): Recommendation => ({
  id: newId("recommendation"),
  kind: "model_right_sizing",
  workload: "support-chat",
  title: "Move support-chat from gpt-5 to gpt-5-mini",
  evidence: ["93 % of its answers are under 200 tokens.", "It spends $4,210 a month."],
  caveats: ["Quality has not been compared."],
  estimate: {
    kind: "estimated",
    low: usd(1200),
    mid: usd(1500),
    high: usd(1700),
    unit: "USD/month",
    method: "repricing of the last 30 days",
  },
  change: {
    workload: "support-chat",
    fromProvider: "openai",
    fromModel: "gpt-5",
    toProvider: "openai",
    toModel: "gpt-5-mini",
    holdoutShare: 0.1,
    unit: "conversation",
  },
  steps: [{ action: "Route 90 % to gpt-5-mini.", check: "Read the policy back.", undo: "Roll back." }],
  risk: "low",
  approvalId: newId("approval"),
  ...words,
});

export const reportOf = (recommendations: readonly Recommendation[], words: Partial<Report> = {}): Report => ({
  title: "Where the money goes",
  summary: "You spent $12,345.67 in the last 30 days; a third of it can be saved.",
  blocks: [
    { type: "heading", text: "Spend by model" },
    {
      type: "chart",
      chart: {
        title: "Spend",
        unit: "USD",
        points: [
          { name: "gpt-5", value: 9000, label: "$9,000.00" },
          { name: "gpt-5-mini", value: 345.67, label: "$345.67" },
        ],
      },
    },
    {
      type: "table",
      columns: ["model", "requests", "cost"],
      rows: [
        ["gpt-5", "120,000", "$9,000.00"],
        ["gpt-5-mini", "500,000", "$345.67"],
      ],
    },
    { type: "text", text: "Most of it is support-chat." },
    ...recommendations.map((recommendation) => ({ type: "recommendation" as const, recommendationId: recommendation.id })),
    { type: "list", items: ["One", "Two"] },
    { type: "note", text: "Prices as of 2026-11-01." },
  ],
  figures: [],
  recommendations: [...recommendations],
  missing: ["Prompt hashes: switch them on in the gateway."],
  ...words,
});

export const measuredOf = (): MeasuredSavings => ({
  kind: "measured",
  point: usd(41),
  low: usd(35),
  high: usd(47),
  confidence: 0.95,
  unit: "USD",
  method: "randomised holdout, cluster bootstrap",
  control: { units: 100, requests: 1000, cost: usd(60) },
  treatment: { units: 900, requests: 9000, cost: usd(500) },
});

const steps = [
  { id: "s1", agent: "data_analysis" as const, title: "Spend by model" },
  { id: "s2", agent: "optimization" as const, title: "Model right-sizing" },
  { id: "s3", agent: "reporting" as const, title: "Report" },
];

/** The view of a run in which these events happened, in order. */
export const viewAfter = (events: readonly RunEvent[], question = "How can we cut our spend?"): RunView =>
  viewOf(
    { id: newId("run"), question },
    events.map((event, i) => ({ seq: i + 1, event })),
  );

const working: readonly RunEvent[] = [
  { type: "run.started", at },
  { type: "plan.made", at, steps },
  { type: "step.started", at, step: "s1" },
  { type: "step.finished", at, step: "s1", summary: "12 models", result: null },
  { type: "step.started", at, step: "s2" },
];

const long = hostile.repeat(200);

/** A report larger than any platform takes. */
export const hugeReport = (): Report => {
  const many = Array.from({ length: 25 }, () =>
    recommendationOf({ title: long, evidence: Array.from({ length: 50 }, () => long), caveats: [long] }),
  );
  return reportOf(many, {
    title: long,
    summary: long,
    missing: Array.from({ length: 30 }, () => long),
    blocks: [
      ...Array.from({ length: 40 }, () => ({ type: "text" as const, text: long })),
      {
        type: "table",
        columns: Array.from({ length: 60 }, (_, i) => `column ${i} ${hostile}`),
        rows: Array.from({ length: 300 }, () => Array.from({ length: 60 }, () => hostile)),
      },
      {
        type: "chart",
        chart: { title: long, unit: hostile, points: Array.from({ length: 40 }, (_, i) => ({ name: long, value: i - 5, label: long })) },
      },
      { type: "list", items: Array.from({ length: 300 }, () => long) },
      { type: "heading", text: long },
      { type: "note", text: long },
    ],
  });
};

/** Every state that a reader may see, by name. */
export function everyView(): Readonly<Record<string, RunView>> {
  const one = recommendationOf();
  const id = one.approvalId ?? newId("approval");
  const ready: readonly RunEvent[] = [
    ...working,
    { type: "report.ready", at, report: reportOf([one, recommendationOf({ approvalId: null, change: null })]) },
  ];
  const decided = (status: "approved" | "rejected" | "expired" | "stale", by: string | null): RunEvent => ({
    type: "approval.decided",
    at,
    approvalId: id,
    status,
    by,
  });
  const applied: readonly RunEvent[] = [
    ...ready,
    decided("approved", "Ada"),
    { type: "policy.applied", at, approvalId: id, version: 3, actuator: "gateway" },
  ];
  const inStage = (stage: number): RolloutStanding => ({
    stage,
    of: 4,
    share: stage === 1 ? 0.01 : 0.1,
    unit: "conversation",
    next: { share: stage === 1 ? 0.1 : 0.5, unitsPerArm: 50, minutes: 60 },
  });
  const movedOn: readonly RunEvent[] = [
    ...applied,
    {
      type: "policy.advanced",
      at,
      approvalId: id,
      version: 4,
      actuator: "gateway",
      rollout: inStage(2),
      why: "12 conversations on the new model.",
    },
  ];
  const breached: readonly RunEvent[] = [
    ...movedOn,
    {
      type: "guardrail.breached",
      at,
      approvalId: id,
      policyRule: "rule-1",
      policyVersion: 4,
      from: at,
      to: at,
      metric: "errors",
      margin: 0.02,
      unit: "conversation",
      control: { units: 900, events: 9, trials: 3_000, rate: 0.004 },
      treatment: { units: 40, events: 30, trials: 120, rate: 0.25 },
    },
  ];
  return {
    queued: viewAfter([]),
    started: viewAfter(working.slice(0, 1)),
    working: viewAfter(working),
    between: viewAfter(working.slice(0, 4)),
    failedStep: viewAfter([...working, { type: "step.failed", at, step: "s2", reason: "no prices" }]),
    failed: viewAfter([...working, { type: "run.failed", at, reason: "The usage store did not answer. Please ask again." }]),
    ready: viewAfter(ready),
    approved: viewAfter([...ready, decided("approved", "Ada")]),
    applied: viewAfter(applied),
    seen: viewAfter([...applied, { type: "policy.seen", at, approvalId: id, version: 3, place: "gateway", requests: 1_234, since: at }]),
    measured: viewAfter([...applied, { type: "savings.measured", at, approvalId: id, entryId: newId("savings"), measured: measuredOf() }]),
    rolledBack: viewAfter([...applied, { type: "policy.rolled_back", at, approvalId: id, toVersion: 2, by: "Ada" }]),
    staged: viewAfter([
      ...ready,
      decided("approved", "Ada"),
      { type: "policy.applied", at, approvalId: id, version: 3, actuator: "gateway", rollout: inStage(1) },
    ]),
    movedOn: viewAfter(movedOn),
    held: viewAfter([...movedOn, { type: "rollout.held", at, approvalId: id, rollout: inStage(2), reason: hostile }]),
    breached: viewAfter(breached),
    takenBack: viewAfter([...breached, { type: "policy.rolled_back", at, approvalId: id, toVersion: 2, by: "Apex, guardrail" }]),
    notApplied: viewAfter([
      ...ready,
      decided("approved", "Ada"),
      { type: "policy.failed", at, approvalId: id, reason: "the gateway is off." },
    ]),
    rejected: viewAfter([...ready, decided("rejected", "Ada")]),
    expired: viewAfter([...ready, decided("expired", null)]),
    stale: viewAfter([...ready, decided("stale", null)]),
    halfApproved: viewAfter([...ready, { type: "approval.first_given", at, approvalId: id, by: hostile }]),
    rejectedWithReason: viewAfter([
      ...ready,
      { type: "approval.decided", at, approvalId: id, status: "rejected", by: "Ada", reason: hostile.repeat(5).slice(0, 500) },
    ]),
    retried: viewAfter([
      ...ready,
      decided("approved", "Ada"),
      { type: "policy.failed", at, approvalId: id, reason: "the gateway is off." },
      { type: "policy.retried", at, approvalId: id, by: "Ada" },
    ]),
    empty: viewAfter([{ type: "report.ready", at, report: reportOf([], { title: "", summary: "", blocks: [], missing: [] }) }], ""),
    huge: viewAfter([{ type: "report.ready", at, report: hugeReport() }], long),
    hugeProgress: viewAfter(
      [
        {
          type: "plan.made",
          at,
          steps: Array.from({ length: 200 }, (_, i) => ({ id: `s${i}`, agent: "data_analysis" as const, title: long })),
        },
        { type: "step.started", at, step: "s7" },
      ],
      long,
    ),
    hugeFailure: viewAfter([{ type: "run.failed", at, reason: long }], long),
  };
}
