import type { Entities } from "../../src/core/triage.ts";
import { findNames, type KnownNames } from "./entities.ts";

type Target = Entities["targets"][number];

const number = "(\\d+(?:[.,]\\d+)?)";
const percent = `${number} ?(?:%|percent|per cent|pct)`;
const costWords = "costs?|spend(?:ing)?|bills?|budget|money|invoices?|expenses?";
const latencyWords = "latenc(?:y|ies)|response times?|slowness|time";
const usageWords = "usage|traffic|volume|requests?|load|calls?|demand|users?";

const value = (text: string | undefined): number => Number((text ?? "").replace(",", "."));
const change = (metric: string, amount: number): Target => ({ metric, relation: "change", value: amount, unit: "%", workload: null });

const timesWords: Readonly<Record<string, number>> = { twice: 2, double: 2, two: 2, three: 3, four: 4, five: 5, ten: 10, triple: 3 };
const times = (text: string | undefined): number => timesWords[text ?? ""] ?? value(text);

/** A share that is left after "n times lower", as a change in percent with two decimals. */
const dividedBy = (factor: number): number => -Math.round((1 - 1 / factor) * 10_000) / 100;

interface TargetRule {
  readonly pattern: RegExp;
  readonly read: (match: RegExpExecArray) => Target | undefined;
}

const rules: readonly TargetRule[] = [
  {
    pattern: new RegExp(
      `(?<!(?:latency|times?) )\\b(?:cut|reduce|lower|decrease|save|trim|shrink|drop|shave)(?:(?!${latencyWords}|${usageWords})[^.;,\\d]){0,50}?(?:by )?${percent}(?! (?:more|growth|lower latency|less latency))`,
    ),
    read: (m) => change("cost", -value(m[1])),
  },
  {
    pattern: new RegExp(
      `${percent} (?:cheaper|less (?:cost|spend|money)|lower (?:${costWords})|(?:off|reduction in|cut in) (?:the |our )?(?:${costWords})|savings?)`,
    ),
    read: (m) => change("cost", -value(m[1])),
  },
  { pattern: new RegExp(`${percent} (?:${costWords}) (?:cut|reduction|decrease|saving)`), read: (m) => change("cost", -value(m[1])) },
  {
    pattern: new RegExp(
      `\\b(?:${costWords})[^.;\\d]{0,12}?(?:(?:down|lower|less)(?: by)? ${percent}|${percent} (?:less|lower|down|cheaper))`,
    ),
    read: (m) => change("cost", -value(m[1] ?? m[2])),
  },
  { pattern: new RegExp(`(?:halves?|half) (?:the |our )?(?:${costWords})`), read: () => change("cost", -50) },
  { pattern: new RegExp(`(?:halves?|half) (?:the |our )?(?:${latencyWords})`), read: () => change("latency", -50) },
  { pattern: new RegExp(`(?:${latencyWords})[^.;\\d]{0,15}(?:by|down) (?:by )?${percent}`), read: (m) => change("latency", -value(m[1])) },
  {
    pattern:
      /\b(\d+(?:\.\d+)?|two|three|four|five|ten|twice) ?(?:x|times|fold)?[ -]?(?:as )?(?:lower latency|faster|fast|quicker|less latency)\b/,
    read: (m) => (times(m[1]) > 1 ? change("latency", dividedBy(times(m[1]))) : undefined),
  },
  {
    pattern: /\b(triple|double)s? the speed\b/,
    read: (m) => change("latency", dividedBy(times(m[1]))),
  },
  {
    pattern: new RegExp(
      `(?:improve|reduce|cut|lower|speed up)[^.;\\d]{0,25}?(?:${latencyWords}|tools?|calls?|answers?)[^.;\\d]{0,10}?(\\d+(?:\\.\\d+)?) ?(?:x|times|fold)\\b`,
    ),
    read: (m) => (times(m[1]) > 1 ? change("latency", dividedBy(times(m[1]))) : undefined),
  },
  {
    pattern: new RegExp(
      `(?:${usageWords})[^.;\\d]{0,20}?(?:falls?|drops?|decreases?|shrinks?|declines?|goes down)[^.;\\d]{0,10}?(?:by )?${percent}`,
    ),
    read: (m) => change("usage", -value(m[1])),
  },
  {
    pattern: new RegExp(
      `(?:${usageWords})[^.;\\d]{0,40}?(?:grows?|growth|growing|increases?|rises?|up|goes up|climbs?|expands?)[^.;\\d]{0,10}?(?:by )?${percent}`,
    ),
    read: (m) => change("usage", value(m[1])),
  },
  {
    pattern: new RegExp(`${percent} (?:more|higher|extra|additional|growth in|increase in) (?:${usageWords})`),
    read: (m) => change("usage", value(m[1])),
  },
  {
    pattern: new RegExp(`(?:grow|growth|increase)[^.;\\d]{0,20}?(?:of|by) ${percent}(?! (?:cheaper|less))`),
    read: (m) => change("usage", value(m[1])),
  },
  {
    pattern: new RegExp(`(?:${usageWords})[^.;]{0,20}?\\b(doubled?s?|tripled?s?)\\b`),
    read: (m) => change("usage", m[1]?.startsWith("d") === true ? 100 : 200),
  },
  {
    pattern: new RegExp(`\\b(double|triple)(?:s|d)? (?:the |our )?(?:${usageWords})`),
    read: (m) => change("usage", m[1] === "double" ? 100 : 200),
  },
  {
    pattern:
      /(?:under|below|at most|max(?:imum)?(?: of)?|within|budget (?:of|is)?|less than|cap (?:of|at)) ?\$ ?(\d[\d,]*(?:\.\d+)?)( ?k)?\b/,
    read: (m) => ({
      metric: "cost",
      relation: "at_most",
      value: Number((m[1] ?? "").replaceAll(",", "")) * (m[2] === undefined ? 1 : 1_000),
      unit: "USD",
      workload: null,
    }),
  },
  {
    pattern: /\b(\d+) ?(k|m)\b[- ]?(?:tokens? )?(?:of )?(?:context|window)|context[^.;\d]{0,20}?(\d+) ?(k|m)\b/,
    read: (m) => ({
      metric: "context_window",
      relation: "at_least",
      unit: "tokens",
      workload: null,
      value: Number(m[1] ?? m[3]) * ((m[2] ?? m[4]) === "k" ? 1e3 : 1e6),
    }),
  },
];

const limitOf = (match: RegExpExecArray): number => value(match[1]) * (match[2]?.startsWith("m") === true ? 1 : 1_000);

/** Time limits with the workload that stands nearest before, or right after "for": "chat can take 500 ms, search 200 ms". */
function timeLimits(text: string, known: KnownNames, inUse: ReadonlySet<string>): readonly Target[] {
  let from = 0;
  // "429s" are answers of a server, not seconds.
  return [...text.matchAll(/(?<![\d.])(?![45]\d\ds\b)(\d+(?:[.,]\d+)?) ?(ms|milliseconds?|s|secs?|seconds?)\b/g)].map((match) => {
    const clause = text.slice(from, match.index);
    from = match.index + match[0].length;
    const told = /^ (?:for|on|in|at) (?:the )?([^,;.]{1,60})/.exec(text.slice(from));
    const after = findNames(told?.[1] ?? "", known, inUse).workloads;
    // What stands after a limit with "for" is its own, and nobody else's.
    if (told !== null && after.length > 0) from += told[0].length;
    const before = findNames(clause, known, inUse).workloads;
    return {
      metric: "latency",
      relation: "at_most",
      value: limitOf(match),
      unit: "ms",
      workload: (told !== null && /^ for\b/.test(told[0]) ? after[0] : undefined) ?? before.at(-1) ?? after[0] ?? null,
    };
  });
}

/** The limits and aims that a lower-case text names. */
export function findTargets(text: string, known: KnownNames, inUse: ReadonlySet<string>): Entities["targets"] {
  const found: Target[] = [];
  for (const { pattern, read } of rules) {
    const match = pattern.exec(text);
    const target = match === null ? undefined : read(match);
    if (target !== undefined && !found.some((one) => one.metric === target.metric && one.relation === target.relation)) found.push(target);
  }
  return [...found, ...timeLimits(text, known, inUse)];
}
