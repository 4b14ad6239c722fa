import { z } from "zod";
import { numberWords } from "./check-prose.ts";
import { type Masked, mask, slotName, slotPattern, unmask } from "./slots.ts";

/** What a model may hand back: sentences, each with those that it was made of. */
export const Arrangement = z.strictObject({
  sentences: z
    .array(z.strictObject({ from: z.array(z.number().int().nonnegative()).min(1).max(3), text: z.string().min(1).max(800) }))
    .min(1)
    .max(10),
});
export type Arrangement = z.infer<typeof Arrangement>;

/** The sentences that a model is shown. */
export interface Shown {
  readonly sentences: readonly Masked[];
  /** What stands behind each slot. */
  readonly slots: ReadonlyMap<string, string>;
}

/** Sentences with all that is a figure, a name or a date hidden. */
export function show(sentences: readonly string[], names: readonly string[]): Shown {
  const slots = new Map<string, string>();
  const masked = sentences.map((sentence) => {
    const one = mask(sentence, names, slots.size);
    for (const text of one.slots) slots.set(slotName(slots.size), text);
    return one;
  });
  return { sentences: masked, slots };
}

/** Words that join and carry, and say nothing by themselves; a model may add these to the words that it was given. */
export const connectives: ReadonlySet<string> = new Set(
  `a an the this that these those it its they their there here which who what where when while whereas and also with of in on at to for from by as
is are was were be been has have had so then of into within across between during overall altogether in all together meanwhile
came comes come went goes go accounts account accounted makes make made took takes take being
amounting amounted amounts total totalling totals period time part parts share rest alone itself`
    .split(/\s+/)
    .filter((word) => word !== ""),
);

/**
 * Words that turn what a sentence claims: they stay where they stand among the slots, so that none is lost, added, or moved
 * from one figure to another.
 */
const turning: ReadonlySet<string> = new Set(
  `no not never none nothing nor neither without cannot can't isn't wasn't don't doesn't didn't only hardly barely except unless but however
more less fewer higher lower up down rise rises rose risen fall falls fell fallen grew grow grows increase increased increases decrease decreased decreases
drop dropped drops jump jumped larger smaller bigger above below over under exceed exceeds
most least largest smallest highest lowest cheapest dearest slowest fastest main best worst top first last largest
save saves saved saving savings lose loses lost loss waste wasted cost costs
measured estimated estimate about around roughly assumed may might could would should will can if would-be expected forecast likely
same equal unchanged because due cause caused instead against out before after already still yet once any every all each both half
unknown unpriced missing stored billed billable proposed moving keeps keep reads read repeat repeats`
    .split(/\s+/)
    .filter((word) => word !== ""),
);

const wordPattern = /⟦[A-Z]+⟧|[\p{L}][\p{L}'’-]*/gu;

/** The slots of a text and the words that turn its meaning, in order. */
const skeleton = (text: string): readonly string[] =>
  (text.match(wordPattern) ?? [])
    .map((word) => (word.startsWith("⟦") ? word : word.toLowerCase().replaceAll("’", "'")))
    .filter((word) => word.startsWith("⟦") || turning.has(word));

const plainWords = (text: string): readonly string[] =>
  (text.replace(slotPattern, " ").match(wordPattern) ?? []).map((word) => word.toLowerCase().replaceAll("’", "'"));

/** All that may stand in a sentence beside words and slots: no digits in any script, no marks of money, links, mentions or code. */
const allowedSigns = /^[\p{L}\p{M}⟦⟧ .,;:()'’–-]*$/u;

function faultOf({ from, text }: Arrangement["sentences"][number], { sentences }: Shown): string | undefined {
  const sources = from.flatMap((index) => sentences[index] ?? []);
  const quoted = `“${text.slice(0, 60)}”`;
  if (sources.length !== from.length) return `${quoted} names a sentence that there is not.`;
  if (!allowedSigns.test(text.replace(slotPattern, " ")) || /⟦(?![A-Z]+⟧)|(?<!⟦[A-Z]+)⟧/u.test(text))
    return `${quoted} holds digits or signs: write words and the given ⟦letters⟧ alone.`;
  if (numberWords(text).length > 0) return `${quoted} writes a number in words.`;
  const given = sources.map((source) => source.text).join(" ");
  const [wanted, got] = [skeleton(given), skeleton(text)];
  if (wanted.join(" ") !== got.join(" ")) return `${quoted} must hold, in this order: ${wanted.join(" ")}.`;
  const known = new Set(plainWords(given));
  const foreign = plainWords(text).filter((word) => !known.has(word) && !connectives.has(word));
  if (foreign.length > 0) return `${quoted} uses words that were not given: ${[...new Set(foreign)].slice(0, 5).join(", ")}.`;
  return /[.]$/.test(text) ? undefined : `${quoted} must end with a full stop.`;
}

/**
 * What is wrong with an arrangement; undefined where nothing is. Each sentence is used once, in its order: "most of it" then still
 * speaks of what it spoke of. A new sentence holds the slots, and the words that turn a meaning, of those that it is made of: all of
 * them, once each and in their order. Its other words are theirs too, or carry no meaning.
 */
export function faultIn({ sentences }: Arrangement, shown: Shown): string | undefined {
  const used = sentences.flatMap(({ from }) => from);
  if (used.length !== shown.sentences.length || used.some((one, index) => one !== index))
    return `Use each of the ${shown.sentences.length} sentences once, in their order.`;
  return sentences.map((one) => faultOf(one, shown)).find((fault) => fault !== undefined);
}

/** The prose that a faultless arrangement comes to: code puts every figure, name and date in. */
export const proseFrom = ({ sentences }: Arrangement, { slots }: Shown): string =>
  sentences.map(({ text }) => unmask(text.trim().replace(/\s+/g, " "), slots)).join(" ");
