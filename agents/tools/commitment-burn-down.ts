import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";
import { fromUsd, type PicoUsd, showUsd } from "../../src/core/money.ts";
import { readSpend } from "../../src/core/read-spend.ts";
import { type Analysed, defineAnalysis } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, queryText, Scope, scopeOf, showCount, showDay, usdFigure } from "../figures.ts";
import { numberIn, usdText } from "./asked-numbers.ts";
import { coveredMs, monthMs, perMonth } from "./opportunity.ts";

const dayMs = 86_400_000;

/** What a question says of a commitment. */
const Commitment = z.strictObject({
  /** What was committed, or what is left of it, in USD. */
  usd: z.string(),
  kind: z.enum(["total", "left"]),
  ends: z.iso.date(),
  /** The first day of a commitment that is named whole, in UTC. */
  begins: z.iso.date().nullable(),
});
type Commitment = z.infer<typeof Commitment>;

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const monthWord = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*";
const until = "(?:until|till|by|before|ends?(?: on)?|expir\\w*(?: on)?|through|runs? (?:to|out on)) (?:the )?";
const since = "(?:since|from|start(?:ed|ing|s)?(?: on)?|began(?: on)?) (?:the )?";

/** The day that a text names behind some words; undefined where it names none. Without a year it is the next one, or the last. */
function dayBehind(words: string, text: string, asOf: Date, which: "next" | "last"): string | undefined {
  const iso = new RegExp(`${words}(\\d{4}-\\d{2}-\\d{2})`).exec(text)?.[1];
  if (iso !== undefined) return iso;
  const year = asOf.getUTCFullYear();
  if (new RegExp(`${words}(?:the )?(?:end of (?:the |this )?year|year[- ]end)`).test(text)) return `${year}-12-31`;
  const dayFirst = new RegExp(`${words}(\\d{1,2})(?:st|nd|rd|th)?(?: of)? ${monthWord}(?:,? (\\d{4}))?`).exec(text);
  const monthFirst = new RegExp(`${words}${monthWord} (\\d{1,2})(?:st|nd|rd|th)?(?:,? (\\d{4}))?`).exec(text);
  const [day, name, given] =
    dayFirst === null ? [monthFirst?.[2], monthFirst?.[1], monthFirst?.[3]] : [dayFirst[1], dayFirst[2], dayFirst[3]];
  if (day === undefined || name === undefined) return undefined;
  const at = (of: number): Date => new Date(Date.UTC(of, months.indexOf(name), Number(day)));
  const [past, today] = [at(year) < asOf, asOf.toISOString().slice(0, 10) === at(year).toISOString().slice(0, 10)];
  const guessed = which === "next" ? (past && !today ? year + 1 : year) : past ? year : year - 1;
  return at(given === undefined ? guessed : Number(given))
    .toISOString()
    .slice(0, 10);
}

const money = "\\$ ?(\\d[\\d,]*(?:\\.\\d+)?) ?(k|thousand|mn|m|millions?|bn|billion)?(?!\\w)";

/** Reads a commitment from a question. An AppError "bad_input" that says what it lacks. */
function commitmentIn(question: string, asOf: Date): Commitment {
  const text = question.toLowerCase();
  const amount = numberIn(text, [new RegExp(money)]);
  const [begins, ends] = [dayBehind(since, text, asOf, "last"), dayBehind(until, text, asOf, "next")];
  if (amount === undefined || amount <= 0) {
    throw new AppError(
      "bad_input",
      "How much was committed is not in the usage: name it, for example `we have $40,000 of credits left until 31 December`.",
    );
  }
  if (ends === undefined || Number.isNaN(Date.parse(ends))) {
    throw new AppError("bad_input", "When the commitment ends is not in the usage: name the day (`until 31 December`).");
  }
  if (Date.parse(ends) + dayMs <= asOf.getTime())
    throw new AppError("bad_input", `The commitment ended on ${ends}: name one that still runs.`);
  const kind = /\b(?:left|remain\w*|unused|still have|balance)\b/.test(text) ? "left" : "total";
  if (kind === "total" && (begins === undefined || Number.isNaN(Date.parse(begins)))) {
    throw new AppError(
      "bad_input",
      "Since when the commitment runs is not in the usage: name the day (`since 1 July`), or say how much of it is left.",
    );
  }
  return { usd: usdText(amount), kind, ends, begins: kind === "total" ? (begins ?? null) : null };
}

/** The sellers that a question names, as the price book writes them. */
const sellersIn = (question: string, context: ToolContext): string[] =>
  context.prices
    .providers()
    .filter((provider) => new RegExp(`\\b${provider.replaceAll(/[^a-z0-9]+/g, "\\W?")}\\b`).test(question.toLowerCase()));

/** What was spent from a moment to now. */
async function spentSince(
  from: Date,
  scope: Scope,
  providers: readonly string[],
  context: ToolContext,
): Promise<{ readonly cost: PicoUsd; readonly query: string }> {
  const { filters } = scopeOf(context, scope);
  const { total, query } = await readSpend(context.usage, {
    orgId: context.orgId,
    period: { from, to: new Date(context.asOf.getTime() + 1) },
    filters: providers.length === 0 ? filters : { ...filters, provider: providers },
    by: [],
    grain: "total",
  });
  return { cost: total.cost, query: queryText(query) };
}

/**
 * How a commitment or credits burn down, and what saving is worth under it (reference analysis 30). Formula: left now − spend of a day ×
 * days to its end. Caveat: what is committed is paid whether used or not; where it will not be used up, a saving is worth nothing before
 * its end, and where it will be, only what goes beyond it.
 */
export const commitmentBurnDown = defineAnalysis({
  name: "commitment_burn_down",
  title: "Burning down a commitment",
  heading: "Your commitment",
  agent: "data_analysis",
  category: "cost",
  wordings: [
    /\bcommit(?:ment|ments|ted)\b[^.;?]{0,80}(?:\$|\b(?:spend|use|burn|left|credits?|until|expir\w*)\b)/,
    /\b(?:burn[- ]?down|use[- ]it[- ]or[- ]lose[- ]it|prepaid|pre-?paid credits?)\b/,
    /\bcredits?\b[^.;?]{0,60}\b(?:left|expir\w*|until|used? up|run out|last)\b/,
    /\b(?:edp|macc|committed use)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope, question: z.string() }),
  inputFor: ({ scope, question }) => ({ scope, question }),
  run: async ({ scope, question }, context): Promise<Analysed> => {
    const commitment = commitmentIn(question, context.asOf);
    const providers = sellersIn(question, context);
    const used =
      commitment.begins === null
        ? { cost: 0n, query: "the question" }
        : await spentSince(new Date(commitment.begins), scope, providers, context);
    const left = fromUsd(commitment.usd) - used.cost;
    const from = new Date(context.asOf.getTime() - monthMs);
    const recent = await spentSince(from, scope, providers, context);
    const period = { from: from.toISOString(), to: context.asOf.toISOString(), label: "the last thirty days" };
    const monthly = perMonth(recent.cost, coveredMs(period, context.coverage));
    const end = Date.parse(commitment.ends) + dayMs;
    const remaining = Math.max(1, Math.ceil((end - context.asOf.getTime()) / dayMs));
    const projected = (monthly * BigInt(remaining)) / 30n;
    return told({ scope, commitment, left, used, recent, monthly, remaining, projected });
  },
});

interface Found {
  readonly scope: Scope;
  readonly commitment: Commitment;
  readonly left: PicoUsd;
  readonly used: { readonly cost: PicoUsd; readonly query: string };
  readonly recent: { readonly cost: PicoUsd; readonly query: string };
  readonly monthly: PicoUsd;
  readonly remaining: number;
  readonly projected: PicoUsd;
}

/** What a saving is worth until the commitment ends. */
function verdictOf(left: PicoUsd, lost: PicoUsd, beyond: PicoUsd): readonly string[] {
  if (left <= 0n) return ["The commitment is used up: what you save now is saved in full."];
  if (lost === 0n)
    return [`It will be used up before its end, and ${showUsd(beyond)} goes beyond it: savings until then are worth that much at most.`];
  return [
    `${showUsd(lost)} of it would be lost: what is committed is paid whether it is used or not.`,
    "Until then a saving is worth $0.00 in money: it only leaves more of the commitment unused.",
  ];
}

function told({ scope, commitment, left, used, recent, monthly, remaining, projected }: Found): Analysed {
  const day = showDay(new Date(`${commitment.ends}T00:00:00Z`));
  const [lost, beyond] = [left > projected ? left - projected : 0n, projected > left ? projected - left : 0n];
  const spent = commitment.begins === null ? "" : `, after ${showUsd(used.cost)} since ${showDay(new Date(commitment.begins))}`;
  const asked = { scope, query: "the question" };
  const rate = { scope, query: `spend of the last thirty days ÷ 30 × days to the end\n${recent.query}` };
  return {
    sentences: [
      `${showUsd(left < 0n ? 0n : left)} of the commitment is left${spent}; at the present rate ${showUsd(projected)} will be used in the ${showCount(remaining)} days to ${day}.`,
      ...verdictOf(left, lost, beyond),
    ],
    tables: [
      {
        columns: ["Left", "A month at the present rate", "Days to the end", "Used until then", "Lost", "Beyond it"],
        rows: [[showUsd(left), showUsd(monthly), showCount(remaining), showUsd(projected), showUsd(lost), showUsd(beyond)]],
      },
    ],
    opportunities: [],
    names: [],
    figures: [
      usdFigure("commitment asked about", fromUsd(commitment.usd), asked),
      usdFigure("used of the commitment", used.cost, { scope, query: used.query }),
      usdFigure("left of the commitment", left < 0n ? 0n : left, { scope, query: `commitment − used\n${used.query}` }),
      usdFigure("thirty days at the present rate", monthly, rate),
      figure("days to the end of the commitment", remaining, "days", asked),
      usdFigure("used until the end of the commitment", projected, rate),
      usdFigure("lost of the commitment", lost, rate),
      usdFigure("beyond the commitment", beyond, rate),
      usdFigure("what a saving is worth under an unused commitment", 0n, rate),
    ],
    missing: [],
    notes: [],
  };
}
