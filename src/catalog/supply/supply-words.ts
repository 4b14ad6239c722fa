import { assertNever } from "../../core/errors.ts";
import type { PicoUsd } from "../../core/money.ts";
import { toUsd } from "../../core/money.ts";
import type { PriceChange } from "../../core/price-change.ts";
import type { PricePlace, StatedFacts } from "../../core/supply.ts";
import { tokenBuckets } from "../../core/tokens.ts";
import type { DataAge } from "./freshness.ts";
import type { ModelChange } from "./model-changes.ts";
import type { PriceMove } from "./price-moves.ts";

const isToken = (bucket: string): boolean => tokenBuckets.some((one) => one === bucket);

/** A price for people with every digit that it has: "$1.25". */
export const priceText = (usd: PicoUsd): string => {
  const [whole = "0", fraction = ""] = toUsd(usd).split(".");
  return `$${whole}.${fraction.replace(/0+$/, "").padEnd(2, "0")}`;
};

/** What a price is for: "for a million input tokens", "for one web search". */
export const unitText = (bucket: PricePlace["bucket"]): string =>
  isToken(bucket) ? `for a million ${bucket.replaceAll("_", " ")} tokens` : `for one ${bucket.replaceAll("_", " ")}`;

/** What a price is of: "gpt-5 of openai on batch, over 200000 input tokens". */
export const placeText = ({ provider, model, tier, aboveInputTokens: above, region }: Omit<PricePlace, "bucket">): string =>
  [
    `${model} of ${provider}`,
    ...(tier === "standard" ? [] : [`on ${tier}`]),
    ...(above === 0 ? [] : [`over ${above} input tokens`]),
    ...(region === "" ? [] : [`in ${region}`]),
  ].join(", ");

/** A UTC day. */
export const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/** A percentage with its sign, two decimals at most. */
export const signedPercent = (percent: number): string => `${percent > 0 ? "+" : percent < 0 ? "−" : ""}${Math.abs(percent)} %`;

/** How a price moved, by whom and when. */
export function moveText({ now, before, inDay, inMonth }: PriceMove): string {
  const flags = [
    ...(inDay === undefined ? [] : [`${signedPercent(inDay.percent)} in a day`]),
    ...(inMonth === undefined ? [] : [`${signedPercent(inMonth.percent)} in 30 days`]),
  ];
  const flagged = flags.length === 0 ? "" : ` (${flags.join(", ")})`;
  return `${placeText(now)}: ${priceText(before.usd)} → ${priceText(now.usd)} ${unitText(now.bucket)}${flagged}, by ${now.source}, read ${dayOf(now.retrievedAt)}.`;
}

const fieldNames: Readonly<Record<keyof StatedFacts, string>> = {
  name: "name",
  contextWindow: "context window",
  maxInput: "longest input",
  maxOutput: "longest output",
  takes: "what it takes besides text",
  tools: "tools",
  reasoning: "reasoning",
  deprecated: "deprecated",
  releasedOn: "released on",
  retiresOn: "retires on",
};

/** What happened to a model, without its name. */
export function factChangeText(change: ModelChange): string {
  switch (change.kind) {
    case "new":
      return `is new${change.facts?.releasedOn ? `, released on ${change.facts.releasedOn}` : ""}`;
    case "gone":
      return "is no longer listed";
    case "deprecated":
      return "is deprecated";
    case "changed":
      return change.changes
        .map(({ field, before, after }) => `${fieldNames[field]}: ${before === null ? "" : `${before} → `}${after ?? "unknown"}`)
        .join("; ");
    default:
      return assertNever(change);
  }
}

/** What happened to a model, by whom and when. */
export const modelChangeText = (change: ModelChange): string =>
  `${change.model} of ${change.provider} ${change.kind === "changed" ? "changed: " : ""}${factChangeText(change)} (${change.source}, read ${dayOf(change.seen)}).`;

/** How old what a source said is. */
export const ageText = ({ source, dataOf, days, stale }: DataAge): string =>
  dataOf === null
    ? `${source}: data of unknown age, which counts for nothing.`
    : `${source}: data of ${dayOf(dataOf)}, ${days} ${days === 1 ? "day" : "days"} old${stale ? ", older than 30 days" : ""}.`;

/** What a change would make of each price: "input $0.25 → $0.30 for a million tokens". */
export function changeLines({ perMillion, perUnit, was }: PriceChange): readonly string[] {
  const shown = (amount: string): string => `$${amount.replace(/(\.\d\d\d*?)0+$/, "$1")}`;
  const lines = (to: Readonly<Record<string, string | undefined>>, from: Readonly<Record<string, string | undefined>>, per: string) =>
    Object.entries(to).flatMap(([name, usd]) => {
      const old = from[name];
      return usd === undefined
        ? []
        : [`${name.replaceAll("_", " ")}: ${old === undefined ? "no price" : shown(old)} → ${shown(usd)} ${per}`];
    });
  return [...lines(perMillion, was.perMillion, "for a million tokens"), ...lines(perUnit, was.perUnit, "for one")];
}
