import { type GuardReading, metricName, readingText } from "./guardrail.ts";
import { nextStage, type RolloutStanding, type RuleRollout } from "./rollout.ts";

/** What is known of a rollout at a moment. */
export interface RolloutFacts {
  readonly rollout: RuleRollout;
  readonly unit: RolloutStanding["unit"];
  readonly now: Date;
  /** What the guardrails say of the running window. */
  readonly readings: readonly GuardReading[];
  /** Units of each arm since the stage began. */
  readonly units: Readonly<Record<"control" | "treatment", number>>;
}

/** What is to be done about a rollout: take the change back, move on, or wait for something. */
export type RolloutStep =
  | { readonly do: "take_back"; readonly breach: GuardReading }
  | { readonly do: "move_on"; readonly next: RuleRollout; readonly why: string }
  | { readonly do: "wait"; readonly waitsFor: string };

const minutesSince = ({ rollout, now }: RolloutFacts): number =>
  Math.max(0, Math.floor((now.getTime() - Date.parse(rollout.since)) / 60_000));

/** What a stage still lacks, in words. */
function lacks(facts: RolloutFacts): readonly string[] {
  const { rollout, unit, units, readings } = facts;
  const stage = rollout.plan.stages[rollout.stage];
  if (stage === undefined) return [];
  const short = (["treatment", "control"] as const).filter((arm) => units[arm] < stage.unitsPerArm);
  const sides = { treatment: "new", control: "old" } as const;
  const passed = minutesSince(facts);
  return [
    ...short.map((arm) => `${units[arm]} of ${stage.unitsPerArm} ${unit}s on the ${sides[arm]} model so far`),
    ...(passed < stage.minutes ? [`${passed} of ${stage.minutes} minutes`] : []),
    ...readings
      .filter(({ state }) => state === "worse")
      .map((reading) => `${readingText(reading) ?? metricName(reading.guardrail.metric)} is beyond its margin, perhaps by chance`),
  ];
}

/**
 * Decides what is to be done. A breach takes the change back in every stage. A stage ends when both arms have had enough
 * units and time, and no guardrail's estimate lies beyond its margin, even where that may still be chance.
 */
export function rolloutStep(facts: RolloutFacts): RolloutStep {
  const breach = facts.readings.find(({ state }) => state === "breached");
  if (breach !== undefined) return { do: "take_back", breach };
  const next = nextStage(facts.rollout, facts.now);
  if (next === undefined) return { do: "wait", waitsFor: "nothing: it is in its last stage, and its guardrails go on" };
  const missing = lacks(facts);
  if (missing.length > 0) return { do: "wait", waitsFor: missing.join("; ") };
  const { units, unit } = facts;
  const seen = facts.readings.flatMap((reading) => readingText(reading) ?? []);
  const guards = seen.length === 0 ? "" : ` No guardrail spoke against it: ${seen.join(", ")}.`;
  return {
    do: "move_on",
    next,
    why: `${units.treatment} ${unit}s on the new model and ${units.control} on the old one in ${minutesSince(facts)} minutes.${guards}`,
  };
}
