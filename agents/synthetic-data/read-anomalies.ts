import { AppError } from "../../src/core/errors.ts";
import type { GeneratedAnomaly, GenerationSpec } from "../../src/core/generation.ts";
import { anomalyWords } from "./instructions.ts";

const dayMs = 86_400_000;
const what = anomalyWords.map(({ pattern }) => pattern.source).join("|");
const month =
  "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";
const when = `\\d{4}-\\d{2}-\\d{2}|(?:the )?(?:last )?(?:sun|mon|tues|wednes|thurs|fri|satur)day|(?:the )?\\d{1,2}(?:st|nd|rd|th)?(?: (?:of )?(?:${month}))?|(?:${month}) \\d{1,2}(?:st|nd|rd|th)?`;
const size = "(\\d+(?:\\.\\d+)?) ?(x|×|times|-?fold|%)";
const clause = new RegExp(
  `(?:,|\\band\\b|\\bwith\\b|\\bplus\\b)? ?(?:\\ban? |\\bthe )?(?:${size} )?(${what})(?: of ${size})?(?: (?:in|for) ([a-z][\\w-]*))? on (${when})\\b`,
  "g",
);

/** The last UTC day of a period that words mean; undefined where there is none in it. */
function dayMeant(words: string, { from, to }: GenerationSpec["period"]): number | undefined {
  const text = words.replace(/^the /, "").replace(/^last /, "");
  const number = /\b(\d{1,2})(?:st|nd|rd|th)?\b/.exec(text.replace(/\d{4}-\d{2}-\d{2}/, ""))?.[1];
  const named = new RegExp(month).exec(text)?.[0]?.slice(0, 3);
  const fits = (at: number): boolean => {
    const date = new Date(at);
    if (/^\d{4}/.test(text)) return date.toISOString().startsWith(text);
    if (text.endsWith("day")) return date.toLocaleDateString("en-US", { weekday: "long", timeZone: "UTC" }).toLowerCase() === text;
    const inMonth = named === undefined || date.toLocaleDateString("en-US", { month: "short", timeZone: "UTC" }).toLowerCase() === named;
    return inMonth && date.getUTCDate() === Number(number);
  };
  const first = Math.floor(Date.parse(from) / dayMs) * dayMs;
  for (let at = Math.floor((Date.parse(to) - 1) / dayMs) * dayMs; at >= first; at -= dayMs) if (fits(at)) return at;
  return undefined;
}

const sizeOf = (kind: GeneratedAnomaly["kind"], value: string | undefined, unit: string | undefined, usual: number): number => {
  if (value === undefined) return usual;
  if (kind === "errors") return unit === "%" ? Number(value) / 100 : usual;
  return unit === "%" ? 1 + Number(value) / 100 : Number(value);
};

/** A text without its anomalies, which name days of their own. */
export const withoutAnomalies = (text: string): string => text.replace(clause, " ");

/**
 * The anomalies that a lower-case text names, each a whole UTC day of the period: "with a 5x spike on Friday", "a token spike in
 * product-search on the 14th". An AppError where the period has no such day.
 */
export function readAnomalies(text: string, period: GenerationSpec["period"], workloads: readonly string[]): GeneratedAnomaly[] {
  return [...text.matchAll(clause)].map((match) => {
    const [, before, beforeUnit, named = "", after, afterUnit, workload, day = ""] = match;
    const found = anomalyWords.find(({ pattern }) => new RegExp(`^(?:${pattern.source})$`).test(named));
    const at = dayMeant(day, period);
    if (found === undefined || at === undefined)
      throw new AppError("bad_input", `There is no ${day.replace(/^the /, "")} in the period that is to be generated.`);
    const anomaly = { kind: found.kind, size: sizeOf(found.kind, before ?? after, beforeUnit ?? afterUnit, found.size) };
    const where = workload !== undefined && workloads.includes(workload) ? { workload } : {};
    return { ...anomaly, from: new Date(at).toISOString(), to: new Date(at + dayMs).toISOString(), ...where };
  });
}
