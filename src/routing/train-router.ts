import { AppError } from "../core/errors.ts";
import { fitDifficulty, type Rating, rate } from "./difficulty.ts";
import { type Features, featuresOf, figureNames } from "./features.ts";
import { fitLinear, fitLogistic } from "./logistic.ts";
import { offersOptions, powersOf, type RouterModel } from "./router-model.ts";
import type { Outcome } from "./routing-metrics.ts";
import { wordSetOf } from "./word-set.ts";

/** A prompt with what both models did with it. */
export interface Example extends Outcome {
  readonly prompt: string;
  /** Prompts of one kind: a subject, a workload. Kinds are held out whole, so that the model is judged on what it has not seen. */
  readonly group: string;
}

type Known = Example & { readonly features: Features };

const folds = 5;
const fewest = 50;
/** Of the held-out prompts, this share is taken to be out of the domain on either count. */
const outlying = 0.002;

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.round(share * (values.length - 1))] ?? 0;

/** The fold of each example: whole groups, or single examples where there are fewer groups than folds. */
function foldsOf(examples: readonly Example[]): readonly number[] {
  const groups = [...new Set(examples.map(({ group }) => group))].sort();
  const foldOf = new Map(groups.map((group, n) => [group, n % folds]));
  return examples.map(({ group }, n) => (groups.length < folds ? n % folds : (foldOf.get(group) ?? 0)));
}

const fit = (examples: readonly Known[]) =>
  fitDifficulty(
    examples.map(({ features }) => features.figures),
    examples.map(({ weakRight }) => weakRight),
  );

/** The rating of an example, and the share of its words that the prompts of other groups hold. */
type HeldOut = Rating & { readonly knownShare: number };

/** What each example looks like to a model that has not seen its group. */
function crossFit(examples: readonly Known[]): readonly HeldOut[] {
  const foldOf = foldsOf(examples);
  const held = examples.map((example, n) => ({ ...example, n, fold: foldOf[n] }));
  const rated = Array.from({ length: folds }, (_, turn) => {
    const others = held.filter(({ fold }) => fold !== turn);
    const [difficulty, known] = [fit(others), wordSetOf(others.map(({ features }) => features.buckets))];
    return held
      .filter(({ fold }) => fold === turn)
      .map(({ n, features }) => ({ n, ...rate(difficulty, features.figures), knownShare: known.knownShare(features.buckets) }));
  });
  return rated.flat().sort((a, b) => a.n - b.n);
}

const within = (p: number, { low, high }: RouterModel["range"]): number => Math.max(low, Math.min(high, p));

/** Where a router may have an opinion: words and figures at least as usual as those of all but a few held-out prompts, in a form that was seen. */
function domainOf(examples: readonly Known[], heldOut: readonly HeldOut[]): RouterModel["domain"] {
  const offering = examples.filter(({ features }) => offersOptions(features)).length / examples.length;
  const knownShares = heldOut.map(({ knownShare }) => knownShare);
  const distances = heldOut.map(({ distance }) => distance);
  return {
    knownWords: wordSetOf(examples.map(({ features }) => features.buckets)).toText(),
    leastKnownShare: quantile(knownShares, outlying),
    greatestDistance: quantile(distances, 1 - outlying),
    withOptions: offering >= 0.01,
    withoutOptions: offering <= 0.99,
  };
}

/**
 * Trains a router on outcomes. How hard a prompt is for the weak model is fitted to the form of prompts alone, by
 * logistic regression; the gain of the strong model is a cubic in that: small for easy prompts, which both get right,
 * and again for the hardest, which both get wrong. Gains are too rare to be fitted to the figures themselves: that ranked
 * unseen subjects no better than drawing lots. The chance that the weak answer is good enough is fitted to ratings of held-out groups.
 * Deterministic: the same examples in the same order give the same model on the same machine.
 * @throws AppError bad_input with fewer than 50 examples.
 */
export function trainRouter(given: readonly Example[]): RouterModel {
  if (given.length < fewest)
    throw new AppError("bad_input", `A router needs at least ${fewest} prompts to learn from; there are ${given.length}.`);
  const examples = given.map((example) => ({ ...example, features: featuresOf(example.prompt) }));
  const difficulty = fit(examples);
  const ratings = examples.map(({ features }) => rate(difficulty, features.figures).pWeakRight);
  const range = { low: quantile(ratings, 0.005), high: quantile(ratings, 0.995) };
  const heldOut = crossFit(examples);
  const gain = fitLinear(
    ratings.map((p) => powersOf(within(p, range))),
    examples.map(({ weakRight, strongRight }) => Number(strongRight) - Number(weakRight)),
    1e-3,
  );
  const goodEnough = fitLogistic(
    heldOut.map(({ pWeakRight }) => powersOf(within(pWeakRight, range))),
    examples.map(({ weakRight, strongRight }) => weakRight || !strongRight),
    0.1,
  );
  return {
    version: 1,
    figures: [...figureNames],
    difficulty: { means: [...difficulty.means], scales: [...difficulty.scales], weights: [...difficulty.weights] },
    range,
    gain: Array.from(gain),
    goodEnough: Array.from(goodEnough),
    domain: domainOf(examples, heldOut),
  };
}
