import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import { type Price, Tier } from "../../src/core/price.ts";
import { noTokens } from "../../src/core/tokens.ts";
import { type Analysed, defineAnalysis } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, Scope, type Source, safeLabel, showCount, showPercent, usdFigure } from "../figures.ts";
import { numberIn, percentBeside, written } from "./asked-numbers.ts";
import { costIfPriced, findPrice, sellerOf } from "./book-prices.ts";

/** What is to be estimated: numbers of one request, and how many requests. */
const Estimate = z.strictObject({
  models: z.array(z.string()).min(1),
  requests: z.number().int().positive().max(1e12),
  inputTokens: z.number().int().nonnegative().max(1e9),
  outputTokens: z.number().int().nonnegative().max(1e9),
  /** Share of the input that is read from a cache, in thousandths. */
  cachedPermille: z.number().int().min(0).max(1_000),
});
type Estimate = z.infer<typeof Estimate>;

const patterns = {
  requests: [new RegExp(`${written} (?:requests?|calls?|prompts?|messages?|queries|completions|documents?|tickets?|users?)\\b`)],
  input: [
    new RegExp(`${written} ?(?:tokens? )?(?:in(?! total)|input|prompt)\\b`),
    new RegExp(`\\b(?:input|prompt)s?(?: tokens?)?(?: of| is| are|:|=)? ?${written}`),
  ],
  output: [
    new RegExp(`${written} ?(?:tokens? )?(?:out\\b|output|completion|answer)`),
    new RegExp(`\\b(?:output|completion|answer)s?(?: tokens?)?(?: of| is| are|:|=)? ?${written}`),
  ],
} as const;

/** Reads the numbers of an estimate from a question. An AppError "bad_input" that says which one it lacks. */
function estimateIn(question: string, models: readonly string[]): Estimate {
  const [input, output] = [numberIn(question, patterns.input), numberIn(question, patterns.output)];
  if (models.length === 0)
    throw new AppError("bad_input", "An estimate needs a model: name one as its provider writes it, for example gpt-5-mini.");
  if (input === undefined && output === undefined) {
    throw new AppError(
      "bad_input",
      "An estimate needs tokens: say how many go in and come out of a request (`2,000 tokens in and 500 out`).",
    );
  }
  const cached = percentBeside(question, "cached|from (?:a |the )?cache|cache hits?|hit rate") ?? 0;
  if (cached > 100)
    throw new AppError("bad_input", "More than all of the input cannot be cached: name a share of at most a hundred percent.");
  const asked = {
    models: [...models],
    requests: Math.round(numberIn(question, patterns.requests) ?? 1),
    inputTokens: Math.round(input ?? 0),
    outputTokens: Math.round(output ?? 0),
    cachedPermille: Math.round(cached * 10),
  };
  const { data, error } = Estimate.safeParse(asked);
  if (error !== undefined)
    throw new AppError(
      "bad_input",
      "The numbers of the estimate are out of range: there must be one request or more, and tokens of a size that a model takes.",
    );
  return data;
}

/** What the requests cost on one tier; undefined where the book lacks a price that they need. */
interface Line {
  readonly provider: string;
  readonly model: string;
  readonly tier: Tier;
  readonly price: Price;
  readonly cost: PicoUsd | undefined;
}

function linesOf(model: string, asked: Estimate, { prices, asOf }: ToolContext): readonly Line[] {
  const provider = sellerOf(prices, model);
  if (provider === undefined) return [];
  const { requests, inputTokens } = asked;
  const cached = Math.round((inputTokens * asked.cachedPermille) / 1_000);
  const tokens = {
    ...noTokens,
    input: (inputTokens - cached) * requests,
    cache_read: cached * requests,
    output: asked.outputTokens * requests,
  };
  return Tier.options.flatMap((tier) => {
    const price = findPrice(prices, { provider, model, tier, inputTokens, at: asOf });
    return price === undefined ? [] : [{ provider, model, tier, price, cost: costIfPriced(tokens, price, requests) }];
  });
}

const lineFigures = (lines: readonly Line[], scope: Scope): ReturnType<typeof figure>[] =>
  lines.flatMap(({ model, tier, price, cost }) => {
    const source: Source = { scope, query: `requests × tokens × price book row ${price.version}` };
    return cost === undefined ? [] : [usdFigure(`estimate for ${safeLabel(model)} on the ${tier} tier`, cost, source)];
  });

function sentencesOf(lines: readonly Line[], asked: Estimate): readonly string[] {
  const { requests, inputTokens, outputTokens, cachedPermille } = asked;
  const cached = cachedPermille === 0 ? "" : `, ${showPercent(cachedPermille / 10)} of the input read from a cache,`;
  const each = `${showCount(requests)} request${requests === 1 ? "" : "s"} of ${showCount(inputTokens)} tokens in and ${showCount(outputTokens)} out${cached}`;
  return asked.models.map((model) => {
    const own = lines.filter((line) => line.model === model);
    const standard = own.find(({ tier, cost }) => tier === "standard" && cost !== undefined);
    if (standard?.cost === undefined) return `The price book lacks a price that ${each} would need on ${safeLabel(model)}.`;
    const others = own
      .filter(({ tier, cost }) => tier !== "standard" && cost !== undefined)
      .map(({ tier, cost = 0n }) => `${showUsd(cost)} on ${tier}`);
    return `On ${safeLabel(model)}, ${each} cost ${showUsd(standard.cost)}${others.length === 0 ? "" : ` (${others.join(", ")})`}.`;
  });
}

/**
 * What so many requests of a size would cost on a model, on each tier. Formula: requests × Σ tokens of a bucket × its price in force now,
 * in the context band that one request lies in. Caveats: all tokens of a request count for the band; a tier or a cached token without a
 * price is not estimated; reasoning counts as output, and what writing to a cache costs is not in it.
 */
export const costEstimator = defineAnalysis({
  name: "cost_estimator",
  title: "Estimating what requests would cost",
  heading: "Estimate",
  agent: "data_analysis",
  category: "cost",
  wordings: [
    /\b(?:what|how much)\b[^?]{0,40}\b(?:would|will|do|does)\b[^?]{0,40}\d[\d,.]* ?(?:k|m|million|thousand)? (?:requests|calls|prompts|messages|queries|tokens)\b[^?]{0,100}\bcosts?\b/,
    /\bcosts?\b[^?]{0,30}\bof \d[\d,.]* ?(?:k|m|million|thousand)? (?:requests|calls|prompts|messages|queries)\b/,
    /\bestimate (?:the |a )?(?:costs?|price|bill)\b/,
    /\b(?:cost|price) (?:estimat(?:e|ion|or)|calculator)\b/,
    /\d[\d,.]* ?(?:k|m|million|thousand)? tokens? in\b[^?]{0,30}\d[\d,.]* ?k?(?: tokens?)? out\b/,
  ],
  topics: [],
  sweep: false,
  bookAlone: true,
  input: z.strictObject({ scope: Scope, asked: Estimate }),
  inputFor: ({ scope, entities, question }) => ({ scope, asked: estimateIn(question, entities.models) }),
  run: async ({ scope, asked }, context): Promise<Analysed> => {
    const lines = asked.models.flatMap((model) => linesOf(model, asked, context));
    const from = { scope, query: "the question" };
    return {
      sentences: [
        ...sentencesOf(lines, asked),
        "Prices are those of today; thinking counts as output, and writing to a cache is not in it.",
      ],
      tables: [
        {
          columns: ["Model", "Tier", "Cost"],
          rows: lines
            .slice(0, 20)
            .map(({ model, tier, cost }) => [safeLabel(model), tier, cost === undefined ? "not known" : showUsd(cost)]),
        },
      ],
      opportunities: [],
      names: asked.models.map(safeLabel),
      figures: [
        figure("requests asked about", asked.requests, "requests", from),
        figure("input tokens of a request asked about", asked.inputTokens, "tokens", from),
        figure("output tokens of a request asked about", asked.outputTokens, "tokens", from),
        figure("cached share of the input asked about", asked.cachedPermille / 10, "%", from),
        ...lineFigures(lines, scope),
      ],
      missing: [],
      notes: [],
    };
  },
});
