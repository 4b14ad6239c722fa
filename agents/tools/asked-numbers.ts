const magnitudes: Readonly<Record<string, number>> = {
  k: 1e3,
  thousand: 1e3,
  m: 1e6,
  mn: 1e6,
  million: 1e6,
  millions: 1e6,
  b: 1e9,
  bn: 1e9,
  billion: 1e9,
};

/** A number as people write it ("10,000", "2k", "1.5 million"), to be set into a pattern: two groups, the digits and their magnitude. */
export const written = "(?<![\\w.-])(\\d[\\d,]*(?:\\.\\d+)?) ?(k|thousand|mn|m|millions?|bn|b|billion)?(?![\\w])";

/** The number that the two groups of `written` hold; undefined where they hold none. */
export const numberOf = (digits: string | undefined, magnitude: string | undefined): number | undefined =>
  digits === undefined ? undefined : Number(digits.replaceAll(",", "")) * (magnitude === undefined ? 1 : (magnitudes[magnitude] ?? 1));

/** The first number that one of some patterns finds in a text; a pattern's first two groups are those of `written`. */
export function numberIn(text: string, patterns: readonly RegExp[]): number | undefined {
  const lower = text.toLowerCase();
  for (const pattern of patterns) {
    const match = pattern.exec(lower);
    const number = numberOf(match?.[1], match?.[2]);
    if (number !== undefined) return number;
  }
  return undefined;
}

/** USD as a decimal text that money is read from, to a millionth of a dollar. */
export const usdText = (usd: number): string => usd.toFixed(6);

/** A share that a text names beside one of some words ("30 % escalate", "escalation rate of 30 %"), in percent. */
export const percentBeside = (text: string, words: string): number | undefined =>
  numberIn(text, [
    new RegExp(`(\\d+(?:\\.\\d+)?)() ?(?:%|percent|per cent|pct)[^.;\\d]{0,30}?\\b(?:${words})`),
    new RegExp(`\\b(?:${words})[^.;\\d]{0,30}?(\\d+(?:\\.\\d+)?)() ?(?:%|percent|per cent|pct)`),
  ]);
