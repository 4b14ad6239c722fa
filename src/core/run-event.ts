import { z } from "zod";
import { ApprovalStatus } from "./approval-status.ts";
import { GuardMetric, GuardSide } from "./guardrail.ts";
import { idSchema } from "./ids.ts";
import { ModelSpend } from "./model-spend.ts";
import { Report } from "./report.ts";
import { RolloutStanding } from "./rollout.ts";
import { MeasuredSavings } from "./savings.ts";
import { Triage } from "./triage.ts";

/** The sub-agents that can work on a question. */
export const AgentName = z.enum([
  "triage",
  "data_analysis",
  "optimization",
  "actions",
  "supply_researcher",
  "synthetic_data",
  "corpus_admin",
  "reporting",
]);
export type AgentName = z.infer<typeof AgentName>;

/** One step of a plan: which agent does what. */
export const PlanStep = z.strictObject({ id: z.string().min(1), agent: AgentName, title: z.string() });
export type PlanStep = z.infer<typeof PlanStep>;

const at = z.iso.datetime();
/** Which role on the platform made whoever did it an admin, where our own table does not. */
const through = z.string().optional();

/** What models cost in it; absent where none was asked. */
const spend = ModelSpend.optional();

const count = z.number().int().nonnegative();
const operation = { approvalId: idSchema("approval").nullable(), index: count };

/** What happens in a run, in order. The log of these is the run: state, progress and result are folds of it. */
export const RunEvent = z.discriminatedUnion("type", [
  /** `version`: of what the run keeps in its log; absent: the first. */
  z.strictObject({ type: z.literal("run.started"), at, version: z.number().int().positive().optional() }),
  z.strictObject({ type: z.literal("triage.finished"), at, triage: Triage, spend }),
  z.strictObject({ type: z.literal("plan.made"), at, steps: z.array(PlanStep) }),
  z.strictObject({ type: z.literal("step.started"), at, step: z.string() }),
  z.strictObject({ type: z.literal("tool.finished"), at, step: z.string(), tool: z.string(), ms: z.number().nonnegative() }),
  /** `result` is what a resumed run reads instead of doing the step again. */
  z.strictObject({ type: z.literal("step.finished"), at, step: z.string(), summary: z.string(), result: z.json(), spend }),
  z.strictObject({ type: z.literal("step.failed"), at, step: z.string(), reason: z.string(), spend }),
  z.strictObject({ type: z.literal("report.ready"), at, report: Report }),
  z.strictObject({ type: z.literal("run.failed"), at, reason: z.string() }),
  z.strictObject({
    type: z.literal("approval.decided"),
    at,
    approvalId: idSchema("approval"),
    status: ApprovalStatus,
    by: z.string().nullable(),
    through,
    reason: z.string().optional(),
  }),
  /** A proposal of an earlier run is shown in this one too; what becomes of it is told in both. */
  z.strictObject({ type: z.literal("approval.shown"), at, approvalId: idSchema("approval"), firstBy: z.string().optional() }),
  /** The first of two admins approved. */
  z.strictObject({ type: z.literal("approval.first_given"), at, approvalId: idSchema("approval"), by: z.string(), through }),
  z.strictObject({
    type: z.literal("policy.applied"),
    at,
    approvalId: idSchema("approval"),
    version: z.number().int(),
    actuator: z.string(),
    /** Those of the places where no process ran that could confirm it; absent where all were read back. */
    waiting: z.string().optional(),
    /** The stage that it begins with, where it is rolled out by a plan. */
    rollout: RolloutStanding.optional(),
  }),
  /** A change moved on to its next stage. */
  z.strictObject({
    type: z.literal("policy.advanced"),
    at,
    approvalId: idSchema("approval"),
    version: z.number().int(),
    actuator: z.string(),
    waiting: z.string().optional(),
    rollout: RolloutStanding,
    /** What the stage before had shown. */
    why: z.string(),
  }),
  /** A change could not move on, and stays in the stage that it was in. */
  z.strictObject({ type: z.literal("rollout.held"), at, approvalId: idSchema("approval"), rollout: RolloutStanding, reason: z.string() }),
  /** The changed side got worse by more than a guardrail's margin; the change is taken back, and the window earns nothing. */
  z.strictObject({
    type: z.literal("guardrail.breached"),
    at,
    approvalId: idSchema("approval"),
    policyRule: z.string(),
    /** The version that was active when it was seen; the window may have begun under an earlier one of the same stage. */
    policyVersion: z.number().int().positive(),
    /** The window that was looked at. */
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    metric: GuardMetric,
    /** A difference of shares. */
    margin: z.number(),
    unit: z.enum(["conversation", "user"]),
    control: GuardSide,
    treatment: GuardSide,
  }),
  /** Usage shows that requests go by the change at a place: said once for each. */
  z.strictObject({
    type: z.literal("policy.seen"),
    at,
    approvalId: idSchema("approval"),
    version: z.number().int(),
    place: z.string(),
    /** How many requests went by it when it was first looked, and when the first did. */
    requests: z.number().int().positive(),
    since: at,
  }),
  z.strictObject({ type: z.literal("policy.failed"), at, approvalId: idSchema("approval"), reason: z.string() }),
  /** An admin asked to apply again what could not be. */
  z.strictObject({ type: z.literal("policy.retried"), at, approvalId: idSchema("approval"), by: z.string(), through }),
  /** An operation is under way: so much of it is done. `index` is its place in the report, where no approval stands for it. */
  z.strictObject({ type: z.literal("operation.progressed"), at, ...operation, done: count, total: count }),
  z.strictObject({ type: z.literal("operation.done"), at, ...operation, sentence: z.string() }),
  z.strictObject({ type: z.literal("operation.failed"), at, ...operation, reason: z.string() }),
  z.strictObject({
    type: z.literal("savings.measured"),
    at,
    approvalId: idSchema("approval"),
    entryId: idSchema("savings"),
    measured: MeasuredSavings,
  }),
  z.strictObject({
    type: z.literal("policy.rolled_back"),
    at,
    approvalId: idSchema("approval"),
    toVersion: z.number().int(),
    by: z.string(),
    through,
  }),
]);
export type RunEvent = z.infer<typeof RunEvent>;
