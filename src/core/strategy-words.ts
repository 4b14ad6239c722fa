import { assertNever } from "./errors.ts";
import type { PolicyRule } from "./policy.ts";
import type { Condition, PlainStrategy, Side, Target } from "./strategy.ts";

/** A share as people write it. */
export const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

const named = ({ model, provider }: Target): string => `${model} at ${provider}`;

const ofSide = (side: Side): string => {
  if (!("mode" in side)) return named(side);
  return side.mode === "cascade"
    ? `${named(side.cheap)} and, where its answer fails a check (${side.checks.join(", ").replaceAll("_", " ")}), to ${named(side.strong)}`
    : side.targets.map(named).join(", then where that fails to ");
};

const conditionWords = (when: Condition): string =>
  [
    ...Object.entries(when.tags ?? {}).map(([name, value]) => `${name} is ${value}`),
    ...(when.tasks === undefined ? [] : [`the task is ${when.tasks.join(" or ")}`]),
    ...(when.inputTokensAtLeast === undefined ? [] : [`the input is about ${when.inputTokensAtLeast} tokens or more`]),
    ...(when.inputTokensBelow === undefined ? [] : [`the input is below about ${when.inputTokensBelow} tokens`]),
    ...(when.json === undefined ? [] : [when.json ? "JSON is asked for" : "no JSON is asked for"]),
    ...(when.tools === undefined ? [] : [when.tools ? "tools are offered" : "no tools are offered"]),
    ...(when.stream === undefined ? [] : [when.stream ? "the answer is streamed" : "the answer is not streamed"]),
  ].join(" and ");

/** Where requests go by a strategy, behind "Requests … go to". */
const destination = (strategy: PlainStrategy): string => {
  switch (strategy.mode) {
    case "single":
      return named(strategy.target);
    case "fallback":
    case "cascade":
      return ofSide(strategy);
    case "weighted": {
      const total = strategy.choices.reduce((sum, { weight }) => sum + weight, 0);
      const shares = strategy.choices.map(({ weight, to }) => `${percent(weight / total)} to ${ofSide(to)}`).join(", ");
      return `these targets by ${strategy.sticky ?? "request"}: ${shares}`;
    }
    case "canary":
      return `${ofSide(strategy.control)}, those of ${percent(strategy.share)} of ${strategy.sticky}s to ${ofSide(strategy.treatment)}`;
    case "holdout": {
      const { control, treatment, plan } = strategy;
      return `${ofSide(treatment)}; ${percent(plan.holdoutShare)} of ${plan.unit}s stay on ${named(control)}, to measure the saving`;
    }
    case "shadow":
      return `${ofSide(strategy.target)}; a copy of ${percent(strategy.share)} of them goes to ${named(strategy.shadow)}, whose answers are dropped`;
    default:
      return assertNever(strategy);
  }
};

/** What a rule does, in one sentence. */
export const ruleSentence = ({ workload, requestedModel, strategy, cacheSeconds }: PolicyRule): string => {
  const about = `Requests of ${workload} for ${requestedModel} go to`;
  const cached = cacheSeconds === undefined ? "" : ` An equal request within ${cacheSeconds} s gets the same answer from memory.`;
  if (strategy.mode !== "conditional") return `${about} ${destination(strategy)}.${cached}`;
  const cases = strategy.cases.map(({ when, use }) => `where ${conditionWords(when)}, to ${destination(use)}`).join("; ");
  return `${about.slice(0, -3)}, ${cases}; all others to ${destination(strategy.otherwise)}.${cached}`;
};
