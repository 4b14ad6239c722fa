import { z } from "zod";
import { AppError } from "../core/errors.ts";
import { type Difficulty, rate } from "./difficulty.ts";
import { type Features, featuresOf, figureNames, wordBuckets } from "./features.ts";
import { dot, logistic } from "./logistic.ts";
import { wordSetFrom } from "./word-set.ts";

const figures = z.array(z.number()).length(figureNames.length);
const cubic = z.array(z.number()).length(4);

/** A trained router as plain data: it goes through JSON unchanged. It holds sums over prompts and a hashed set of words, no prompt. */
export const RouterModel = z.object({
  version: z.literal(1),
  /** The names of the figures that it was fitted to. */
  figures: z.array(z.string()).refine((names) => names.join() === figureNames.join(), "The model was trained on other figures."),
  /** How hard a prompt is for the weak model. */
  difficulty: z.object({
    means: figures,
    scales: z.array(z.number().positive()).length(figureNames.length),
    weights: z.array(z.number()).length(figureNames.length + 1),
  }),
  /** The range of pWeakRight seen in training; the cubics are read within it. */
  range: z.object({ low: z.number(), high: z.number() }),
  /** Coefficients of 1, p, p², p³: the expected gain of calling the strong model, p being the difficulty's pWeakRight. */
  gain: cubic,
  /** The same, in log-odds: the weak answer is no worse than the strong one. */
  goodEnough: cubic,
  /** What the router has seen; outside it, it abstains. */
  domain: z.object({
    knownWords: z.base64().length(Math.ceil(wordBuckets / 24) * 4),
    leastKnownShare: z.number(),
    greatestDistance: z.number(),
    withOptions: z.boolean(),
    withoutOptions: z.boolean(),
  }),
});
export type RouterModel = z.infer<typeof RouterModel>;

/** What a router thinks of one prompt. */
export interface RouterOpinion {
  /** The calibrated chance that the weak (cheap) model's answer is no worse than the strong one's: not wrong where that is right. In (0, 1). */
  readonly pCheapIsGoodEnough: number;
  /** P(strong right, weak wrong) − P(weak right, strong wrong): what the strong model is expected to add, in right answers a prompt. */
  readonly expectedGain: number;
  /** True for a prompt unlike those of the training: no opinion, so the strong model's. The other two are then a guess. */
  readonly abstains: boolean;
}

/** 1, p, p², p³. */
export const powersOf = (p: number): Float64Array => Float64Array.of(1, p, p * p, p * p * p);

/** True where the prompt offers answers to choose among. */
export const offersOptions = ({ figures }: Features): boolean => !Number.isNaN(figures.at(-1) ?? Number.NaN);

/**
 * A router from its model. A decision takes microseconds and depends on the prompt and the model alone.
 * @throws AppError bad_input for data that is no model of this version and these figures.
 */
export function createRouter(data: unknown): (prompt: string) => RouterOpinion {
  const parsed = RouterModel.safeParse(data);
  if (!parsed.success) throw new AppError("bad_input", `This is no router model: ${parsed.error.issues[0]?.message ?? "unreadable"}`);
  const { range, gain, goodEnough, domain, ...model } = parsed.data;
  const difficulty: Difficulty = model.difficulty;
  const known = wordSetFrom(domain.knownWords);
  return (prompt) => {
    const features = featuresOf(prompt);
    const { pWeakRight, distance } = rate(difficulty, features.figures);
    const powers = powersOf(Math.max(range.low, Math.min(range.high, pWeakRight)));
    const abstains =
      !(offersOptions(features) ? domain.withOptions : domain.withoutOptions) ||
      distance > domain.greatestDistance ||
      features.buckets.length === 0 ||
      known.knownShare(features.buckets) < domain.leastKnownShare;
    return { pCheapIsGoodEnough: logistic(dot(goodEnough, powers)), expectedGain: dot(gain, powers), abstains };
  };
}

/** The order in which prompts are given to the strong model: those without an opinion first, then by expected gain, highest first. */
export const strongScore = (opinion: RouterOpinion): number => opinion.expectedGain + (opinion.abstains ? 2 : 0);
