import { dayText } from "../core/day.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import { divideRounded, type PicoUsd, toUsd } from "../core/money.ts";
import type { PolicyRule } from "../core/policy.ts";
import { type EstimatedSavings, notEstimated } from "../core/savings.ts";
import { holdsCascade } from "../core/strategy.ts";
import type { Period } from "../core/usage-store.ts";
import { type DryRunDeps, dryRunPolicy, type RuleDryRun } from "./dry-run-policy.ts";

const daysAMonth = 30n;

/** The three amounts of an estimate, for one day. */
interface Range {
  readonly low: PicoUsd;
  readonly mid: PicoUsd;
  readonly high: PicoUsd;
}

/** Why a dry run gives no amount; undefined where it does. */
function silence({ preview, seen, cost }: RuleDryRun, { strategy }: PolicyRule): string | undefined {
  if (preview.kind === "unknown") return "stored usage does not tell which requests fit the conditions";
  if (strategy.mode !== "cascade" && holdsCascade(strategy)) return "how many answers of its cascade would be paid for twice is not known";
  if (seen.requests === 0) return "no request of this workload asked for this model on that day";
  if (cost.unpriced > 0) return "some of what would move has no price on one side";
  return cost.requests === 0 ? "nothing of that day's traffic would have gone to another model" : undefined;
}

/** The saving of one day at the same tokens, and none of it at the other end. */
const upTo = ({ cost }: RuleDryRun): Range => {
  const mid = cost.before - cost.after;
  return mid < 0n ? { low: mid, mid, high: 0n } : { low: 0n, mid, high: mid };
};

/**
 * The saving of a cascade in one day: high where no answer fails its check, low where each does, so that the whole day is paid for
 * on both models. What the cheap model served already is paid for on it as before.
 */
function ofCascade(cheap: RuleDryRun, strong: RuleDryRun): Range {
  const high = cheap.cost.before - cheap.cost.after;
  const onStrong = strong.spent - strong.cost.before + strong.cost.after;
  const low = high - onStrong;
  return { low, mid: divideRounded(low + high, 2n), high };
}

/**
 * What a rule would have done to a day's traffic, and what it would save in thirty such days: an estimate at the same tokens, whose
 * range says how far it may be off. Where the day tells nothing, there is no amount but the reason.
 */
export async function estimateRule(
  deps: DryRunDeps,
  { orgId, rule, period }: { readonly orgId: Id<"org">; readonly rule: PolicyRule; readonly period: Period },
): Promise<{ readonly run: RuleDryRun; readonly estimate: EstimatedSavings }> {
  const { strategy } = rule;
  const strong: readonly PolicyRule[] =
    strategy.mode === "cascade" ? [{ ...rule, strategy: { mode: "single", target: strategy.strong } }] : [];
  const [run, escalated] = await dryRunPolicy(deps, { orgId, rules: [rule, ...strong], period });
  if (run === undefined) throw new AppError("internal", "A dry run of a rule gave nothing.");
  const why =
    silence(run, rule) ??
    (escalated !== undefined && escalated.cost.unpriced > 0 ? "its strong model has no price for this traffic" : undefined);
  if (why !== undefined) return { run, estimate: notEstimated(why) };
  const { low, mid, high } = escalated === undefined ? upTo(run) : ofCascade(run, escalated);
  const month = (amount: PicoUsd): string => toUsd(amount * daysAMonth);
  const ends =
    escalated === undefined
      ? "from nothing to the whole of it, as one day stands for a month"
      : "high where no answer fails its check, low where each does and is paid for twice, half of them in the middle";
  return {
    run,
    estimate: {
      kind: "estimated",
      low: month(low),
      mid: month(mid),
      high: month(high),
      unit: "USD/month",
      ...(run.moved.requests > 0 ? { requests: run.moved.requests * Number(daysAMonth) } : {}),
      method: `30 times the dry run on ${dayText(period.from)} (UTC), the same tokens at the new model's price: ${ends}`,
    },
  };
}
