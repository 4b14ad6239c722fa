import { z } from "zod";
import { Guardrail } from "./guardrail.ts";

/** How an org has approved changes rolled out: in stages, or all at once. */
export const RolloutMode = z.enum(["staged", "at once"]);
export type RolloutMode = z.infer<typeof RolloutMode>;

/** A stage before the last. It ends when each arm has had so many units and so many minutes have passed, and no guardrail speaks against it. */
export const RolloutStage = z.strictObject({
  /** The share of units that the change is live for. */
  share: z.number().gt(0).lt(1),
  unitsPerArm: z.number().int().positive(),
  minutes: z.number().int().nonnegative(),
});
export type RolloutStage = z.infer<typeof RolloutStage>;

/** How a change is rolled out and what would take it back. It is part of what is approved, and frozen in each policy version. */
export const RolloutPlan = z.strictObject({
  /** The stages before the last, ascending; none where the change goes live at once. In the last stage only the plan's holdout stays on the old model. */
  stages: z.array(RolloutStage),
  /** How likely a change that makes nothing worse is taken back by mistake, at the most, over its whole life and all guardrails. */
  alpha: z.number().gt(0).lt(1),
  /** Each guardrail looks at one window at a time; a stage begins a new one. */
  windowHours: z.number().int().positive(),
  guardrails: z.array(Guardrail),
});
export type RolloutPlan = z.infer<typeof RolloutPlan>;

/** Where a rule stands in its rollout, frozen in the policy version. */
export const RuleRollout = z.strictObject({
  plan: RolloutPlan,
  /** The holdout share of the last stage, as it was approved. */
  holdoutShare: z.number().gt(0).lt(1),
  /** From 0; as many as the plan has stages is the last one. */
  stage: z.number().int().nonnegative(),
  /** When the stage began. */
  since: z.iso.datetime(),
  /** The number of the stage's first guardrail window, counted from 1 over the whole rollout. */
  firstWindow: z.number().int().positive(),
});
export type RuleRollout = z.infer<typeof RuleRollout>;

/** Where a rollout stands, as a run's log tells it. */
export const RolloutStanding = z.strictObject({
  /** From 1. */
  stage: z.number().int().positive(),
  of: z.number().int().positive(),
  share: z.number().gt(0).lt(1),
  unit: z.enum(["conversation", "user"]),
  /** What the next stage waits for; absent in the last one. */
  next: RolloutStage.optional(),
});
export type RolloutStanding = z.infer<typeof RolloutStanding>;

const guardrails: readonly Guardrail[] = [
  { metric: "errors", margin: 0.02 },
  { metric: "slow", margin: 0.1 },
  { metric: "cut_short", margin: 0.03 },
  { metric: "bad_format", margin: 0.03 },
  { metric: "asked_again", margin: 0.03 },
];

const stages: readonly RolloutStage[] = [
  { share: 0.01, unitsPerArm: 10, minutes: 30 },
  { share: 0.1, unitsPerArm: 50, minutes: 60 },
  { share: 0.5, unitsPerArm: 200, minutes: 120 },
];

/** The plan of a rollout that is proposed now: stages that treat fewer than the last one will, and a guardrail for every metric. */
export const rolloutPlan = (mode: RolloutMode, holdoutShare: number): RolloutPlan => ({
  stages: mode === "staged" ? stages.filter(({ share }) => share < 1 - holdoutShare) : [],
  alpha: 0.05,
  windowHours: 24,
  guardrails: [...guardrails],
});

/** The holdout share of a stage. A unit that an earlier stage treats stays treated, since who is held out follows from one hash. */
export const holdoutAt = ({ plan, holdoutShare, stage }: Pick<RuleRollout, "plan" | "holdoutShare" | "stage">): number => {
  const before = plan.stages[stage];
  return before === undefined ? holdoutShare : Number((1 - before.share).toFixed(12));
};

/** Where a rule's rollout stands, to be told. */
export function standingOf(rollout: RuleRollout, unit: RolloutStanding["unit"]): RolloutStanding {
  const { plan, stage } = rollout;
  const current = plan.stages[stage];
  const of = plan.stages.length + 1;
  const share = Number((1 - holdoutAt(rollout)).toFixed(12));
  if (current === undefined) return { stage: of, of, share, unit };
  const next = Number((1 - holdoutAt({ ...rollout, stage: stage + 1 })).toFixed(12));
  return { stage: stage + 1, of, share, unit, next: { ...current, share: next } };
}

const hourMs = 3_600_000;

/** The window that the guardrails of a stage look at now, and its number over the whole rollout, from 1. */
export function guardWindow(rollout: RuleRollout, now: Date): { readonly from: Date; readonly number: number } {
  const since = Date.parse(rollout.since);
  const length = rollout.plan.windowHours * hourMs;
  const index = Math.max(0, Math.floor((now.getTime() - since) / length));
  return { from: new Date(since + index * length), number: rollout.firstWindow + index };
}

/** The rollout in its next stage, from `now` on; undefined where it is in the last one. */
export const nextStage = (rollout: RuleRollout, now: Date): RuleRollout | undefined =>
  rollout.stage >= rollout.plan.stages.length
    ? undefined
    : { ...rollout, stage: rollout.stage + 1, since: now.toISOString(), firstWindow: guardWindow(rollout, now).number + 1 };

/** A share in per cent, as short as it is exact. */
export const shareText = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

const timeText = (minutes: number): string =>
  minutes % 60 === 0 && minutes > 0 ? `${minutes / 60} ${minutes === 60 ? "hour" : "hours"}` : `${minutes} minutes`;

/** Where a rollout stands and what it waits for, in words. */
export function standingText({ stage, of, share, unit, next }: RolloutStanding): string {
  if (next === undefined)
    return of === 1 ? "" : `Stage ${stage} of ${of}: live for ${shareText(share)} of ${unit}s; the rest are held out.`;
  return (
    `Stage ${stage} of ${of}: live for ${shareText(share)} of ${unit}s. It moves on to ${shareText(next.share)} when each side has had ` +
    `${next.unitsPerArm} ${unit}s and ${timeText(next.minutes)} have passed, and no guardrail speaks against it.`
  );
}

/** What an approval of a rule that a person wrote would set going; for the card. */
export const atOnceText =
  "Takes effect at once for all that it says. It holds nobody out, so there are no stages, no guardrail takes it back, and no saving of it is proven or billed.";

/** What an approval of a plan would set going, in a sentence; for the card. */
export function planText(plan: RolloutPlan, holdoutShare: number, unit: RolloutStanding["unit"]): string {
  const full = shareText(Number((1 - holdoutShare).toFixed(12)));
  const [first, ...later] = plan.stages.map(({ share }) => shareText(share));
  const guarded =
    plan.guardrails.length === 0
      ? ""
      : " Errors, speed, cut-off answers, broken JSON and repeated prompts are watched; where they get worse by more than their margin, it is taken back by itself.";
  return first === undefined
    ? `Goes live at once for ${full} of ${unit}s.${guarded}`
    : `Starts with ${first} of ${unit}s, then ${[...later, full].join(", then ")}.${guarded}`;
}

/** How changes go live in a mode, in a sentence. */
export const modeText = (mode: RolloutMode): string => {
  const [early, later] = [stages.map(({ share }) => shareText(share)).join(", "), "Guardrails watch them."];
  return mode === "staged"
    ? `Changes go live in stages: ${early}, then all but the holdout, each after enough evidence. ${later}`
    : `Changes go live at once, for all but the holdout. ${later}`;
};
