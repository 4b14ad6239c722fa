import type { BilledLine } from "./billing.ts";
import { type PicoUsd, showUsd, toUsd } from "./money.ts";
import type { DayState, MeteredRow, ReconciledDay } from "./reconciled-day.ts";

/** A number in a cause's evidence, exactly. */
export interface CauseFact {
  readonly name: string;
  readonly value: string;
  readonly unit: "USD" | "requests" | "tokens" | "days" | "%";
}

export type CauseName =
  | "not_metered"
  | "unmetered_days"
  | "unpriced"
  | "lines_without_tokens"
  | "seen_twice"
  | "tier"
  | "price"
  | "commitment"
  | "credits_or_tax"
  | "time_zone"
  | "failed_calls"
  | "late_data"
  | "unknown";

/** What may explain a gap. It is likely, not proven: the evidence says why it is thought of, and its facts back each number. */
export interface LikelyCause {
  readonly cause: CauseName;
  readonly likely: string;
  readonly evidence: string;
  readonly facts: readonly CauseFact[];
}

/** A provider's compared days, with the rows and lines behind them. */
export interface GapInput {
  readonly days: readonly ReconciledDay[];
  readonly rows: readonly MeteredRow[];
  readonly lines: readonly BilledLine[];
  readonly unsettledDays: number;
  readonly off: DayState;
}

type Part = readonly [text: string, fact: CauseFact];

const size = (amount: PicoUsd): PicoUsd => (amount < 0n ? -amount : amount);
const usd = (name: string, amount: PicoUsd): Part => [showUsd(amount), { name, value: toUsd(amount), unit: "USD" }];
const count = (name: string, value: number, unit: "requests" | "tokens" | "days"): Part => [
  `${value.toLocaleString("en-US")} ${value === 1 ? unit.slice(0, -1) : unit}`,
  { name, value: String(value), unit },
];
const percent = (name: string, value: number): Part => [`${value.toFixed(1)} %`, { name, value: String(value), unit: "%" }];

/** Writes evidence with its numbers, and keeps each number as a fact. */
const cause =
  (name: CauseName, likely: string) =>
  (texts: readonly string[], ...parts: readonly Part[]): LikelyCause => ({
    cause: name,
    likely,
    evidence: texts.map((text, index) => `${text}${parts[index]?.[0] ?? ""}`).join(""),
    facts: parts.map(([, fact]) => fact),
  });

const costOf = (rows: readonly MeteredRow[]): PicoUsd => rows.reduce((sum, { cost }) => sum + cost, 0n);
const amountOf = (lines: readonly BilledLine[]): PicoUsd => lines.reduce((sum, { amount }) => sum + amount, 0n);
const requestsOf = (rows: readonly MeteredRow[]): number => rows.reduce((sum, { requests }) => sum + requests, 0);
const usageLines = ({ lines }: GapInput): readonly BilledLine[] => lines.filter(({ kind }) => kind === "usage");
const wording = ({ lineItem, model }: BilledLine): string => `${lineItem} ${model}`;

type Rule = (input: GapInput) => LikelyCause | undefined;

const notMetered: Rule = ({ days, rows, off }) => {
  if (off !== "dark" || requestsOf(rows) > 0) return undefined;
  const billed = days.reduce((sum, day) => sum + (day.billed ?? 0n), 0n);
  return cause(
    "not_metered",
    "No source and no gateway sees this provider at all: everything it billed is dark. Connect its usage report, or route its traffic through the gateway.",
  )(
    ["No request was metered on ", " that were billed with ", "."],
    count("billed days without a metered request", days.length, "days"),
    usd("billed without any metered request", billed),
  );
};

const unmeteredDays: Rule = ({ days, rows, off }) => {
  const silent = days.filter((day) => day.requests === 0 && (day.billed ?? 0n) > 0n);
  if (off !== "dark" || silent.length === 0 || requestsOf(rows) === 0) return undefined;
  const billed = silent.reduce((sum, day) => sum + (day.billed ?? 0n), 0n);
  return cause(
    "unmetered_days",
    "The source of usage was not read for some days, or its data comes late: read it again from the first of them.",
  )(
    ["", " have a bill of together ", " and no metered request."],
    count("billed days without a metered request", silent.length, "days"),
    usd("billed on days without a metered request", billed),
  );
};

const unpriced: Rule = ({ days, off }) => {
  const [requests, tokens] = days.reduce(([r, t], day) => [r + day.unpricedRequests, t + day.unpricedTokens], [0, 0]);
  if (off !== "dark" || requests === 0) return undefined;
  return cause(
    "unpriced",
    "Models without a price explain it: their usage is metered, but in no total. Add their prices, or correct their names.",
  )(
    ["", " with ", " on these days have no price."],
    count("unpriced requests on the compared days", requests, "requests"),
    count("unpriced tokens on the compared days", tokens, "tokens"),
  );
};

const besidesTokens =
  /\b(?:code.?(?:execution|interpreter)|containers?|images?|dall|storage|vector|file.?search|web.?search|search|grounding|sessions?|audio|speech|tts|whisper|transcri\w+|videos?|sora|fine.?tun\w+|training|hosting|pages?|gb|hours?)\b/i;

const linesWithoutTokens: Rule = (input) => {
  const lines = usageLines(input).filter((line) => besidesTokens.test(wording(line)));
  const amount = amountOf(lines);
  if (input.off !== "dark" || amount <= 0n) return undefined;
  return cause(
    "lines_without_tokens",
    "The bill has lines that are not for tokens (code execution, images, audio, search, storage), which usage reports leave out.",
  )(["Lines of that kind make ", " of the bill."], usd("billed for lines that are not for tokens", amount));
};

const seenTwice: Rule = ({ rows, off }) => {
  const sources = [...new Set(rows.filter(({ cost }) => cost > 0n).map(({ source }) => source))].sort();
  if (off !== "over_metered" || sources.length < 2) return undefined;
  const parts = sources.slice(0, 4).map((source) => usd(`metered by ${source}`, costOf(rows.filter((row) => row.source === source))));
  return cause(
    "seen_twice",
    "More than one source meters this provider: the same requests may be counted twice. Keep one source for each part of the traffic.",
  )([...parts.map((_, index) => `${index === 0 ? "" : " and "}${sources[index] ?? ""}: `), ", each by itself."], ...parts);
};

const tierRows = (rows: readonly MeteredRow[], ...tiers: readonly string[]): readonly MeteredRow[] =>
  rows.filter(({ tier }) => tiers.includes(tier));

const tier: Rule = (input) => {
  const { rows, off } = input;
  const discounted = amountOf(usageLines(input).filter((line) => /\b(?:batch|flex)\b/i.test(wording(line))));
  if (off === "over_metered" && discounted > 0n && tierRows(rows, "batch", "flex").length === 0) {
    return cause("tier", "Work was billed on the batch or flex tier and metered as standard: map the tier in the source of usage.")(
      ["Lines of batch or flex make ", " of the bill; none of the metered usage is on these tiers."],
      usd("billed on batch or flex", discounted),
    );
  }
  const priority = costOf(tierRows(rows, "priority"));
  if (off === "over_metered" && priority > 0n) {
    return cause("tier", "Priority usage is metered and may not be in this bill: Anthropic's cost report leaves its Priority Tier out.")(
      ["", " was metered on the priority tier."],
      usd("metered on priority", priority),
    );
  }
  const dearer = amountOf(usageLines(input).filter((line) => /\b(?:priority|fast)\b/i.test(wording(line))));
  if (off === "dark" && dearer > 0n && priority === 0n) {
    return cause("tier", "Work was billed on the priority tier and metered as standard: map the tier in the source of usage.")(
      ["Lines of priority make ", " of the bill; none of the metered usage is on that tier."],
      usd("billed on priority", dearer),
    );
  }
  return undefined;
};

/** Billed ÷ metered of each day with both, in percent; steady where the days lie within 1 % of their mean. */
function steadyRatio(days: readonly ReconciledDay[]): number | undefined {
  const ratios = days.flatMap(({ metered, billed }) =>
    metered > 0n && billed !== null && billed > 0n ? [Number((billed * 1_000_000n) / metered) / 10_000] : [],
  );
  if (ratios.length < 3 || ratios.length < days.length) return undefined;
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  return Math.max(...ratios) - Math.min(...ratios) <= mean / 100 ? Math.round(mean * 10_000) / 10_000 : undefined;
}

const price: Rule = ({ days, rows, lines }) => {
  if (rows.length === 0 || days.some((day) => day.unpricedRequests > 0)) return undefined;
  const name =
    "Tokens agree and money does not: your price differs from the list price, by a contract or a discount. Enter it with your own prices.";
  const ratio = steadyRatio(days);
  if (ratio !== undefined) {
    return cause("price", name)(
      ["Billed is steadily ", " of metered on each of ", "."],
      percent("billed of metered", ratio),
      count("days with a steady ratio", days.length, "days"),
    );
  }
  const billers = new Set<string>(lines.map(({ source }) => source));
  if (!rows.every(({ source }) => billers.has(source))) return undefined;
  return cause("price", name)(
    ["All ", " were metered from the same account's own usage report, so the tokens are the seller's."],
    count("requests metered from the seller's report", requestsOf(rows), "requests"),
  );
};

const commitment: Rule = ({ lines }) => {
  const amount = amountOf(
    lines.filter((line) => line.kind === "commitment" || /\b(?:provisioned|ptu|reserv\w+|commit\w*)\b/i.test(wording(line))),
  );
  if (amount === 0n) return undefined;
  return cause(
    "commitment",
    "A commitment (provisioned units, reserved capacity) is billed by the hour and not by the token: metered list prices do not apply to it.",
  )(["", " are billed for commitments."], usd("billed for commitments", amount));
};

const creditsOrTax: Rule = ({ days, lines }) => {
  const amount = amountOf(lines.filter(({ kind }) => kind === "credit" || kind === "tax" || kind === "fee" || kind === "adjustment"));
  const gap = size(days.reduce((sum, day) => sum + (day.gap ?? 0n), 0n));
  if (amount === 0n || size(amount) * 10n < gap) return undefined;
  return cause(
    "credits_or_tax",
    "Credits, tax, fees or adjustments are on the bill; they are kept apart here, and some bills fold them into usage.",
  )(["They come to ", "."], usd("credits, tax, fees and adjustments", amount));
};

/** Days that are off one way and the other, and cancel: work near midnight stands on different days on the two sides. */
function cancelsOut(days: readonly ReconciledDay[]): boolean {
  const gaps = days.map(({ gap }) => gap ?? 0n);
  return gaps.some((gap) => gap > 0n) && gaps.some((gap) => gap < 0n) && days.some(({ state }) => state !== "agrees");
}

const timeZone: Rule = ({ days, off }) => {
  if (off !== "agrees" || !cancelsOut(days)) return undefined;
  const apart = days.reduce((sum, { gap }) => sum + size(gap ?? 0n), 0n) / 2n;
  return cause(
    "time_zone",
    "The days of the bill or of a daily source are cut in another time zone than UTC: single days differ, together they agree.",
  )(["About ", " stands on other days on the two sides."], usd("moved between days", apart));
};

const failedCalls: Rule = ({ rows, off }) => {
  const failed = requestsOf(rows.filter(({ status }) => status !== "ok"));
  if (off !== "dark" || failed === 0) return undefined;
  return cause(
    "failed_calls",
    "Providers bill calls that failed, timed out or were given up, and their usage often never arrives: what is metered is a floor.",
  )(["", " ended in an error, a time-out or were given up."], count("requests that did not end well", failed, "requests"));
};

const lateData: Rule = ({ unsettledDays, off }) => {
  if (off === "agrees" || unsettledDays === 0) return undefined;
  return cause("late_data", "Bills and usage reports settle late: the newest days are still open, and days before them may be too.")(
    ["", " after these are not settled yet."],
    count("days not settled", unsettledDays, "days"),
  );
};

const rules: readonly Rule[] = [
  notMetered,
  unmeteredDays,
  unpriced,
  linesWithoutTokens,
  seenTwice,
  tier,
  commitment,
  price,
  failedCalls,
  creditsOrTax,
  timeZone,
  lateData,
];

/** What may explain a provider's gap, most telling first; nothing where metered and billed agree day by day. */
export function likelyCauses(input: GapInput): readonly LikelyCause[] {
  const off = input.off === "dark" || input.off === "over_metered";
  if (!off && !(input.off === "agrees" && cancelsOut(input.days))) return [];
  const found = off ? rules.flatMap((rule) => rule(input) ?? []) : [timeZone(input)].flatMap((one) => one ?? []);
  return found.length > 0
    ? found
    : [
        {
          cause: "unknown",
          likely: "Nothing that is stored explains the gap: compare the bill's lines with the usage of one day.",
          evidence: "",
          facts: [],
        },
      ];
}
