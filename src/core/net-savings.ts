import { divideRounded, type PicoUsd } from "./money.ts";

/** What a line of a statement counts, and the share of it that we ask for. */
export interface CountedLine {
  /** Signed. */
  readonly counted: PicoUsd;
  readonly feeBasisPoints: number;
}

/** What of a line is billed, and the fee for it. */
export interface NetLine {
  readonly billed: PicoUsd;
  readonly fee: PicoUsd;
}

/**
 * Sets the losses of a month, and what Apex itself cost, off against its savings: what is billed is the sum of all lines less
 * `ownCost`, never below zero. Both come off the saving lines in proportion, rounded down, and what rounding leaves goes to the
 * largest line.
 */
export function netSavings(lines: readonly CountedLine[], ownCost: PicoUsd = 0n): readonly NetLine[] {
  const sum = lines.reduce((total, { counted }) => total + counted, 0n) - ownCost;
  const saved = lines.reduce((total, { counted }) => total + (counted > 0n ? counted : 0n), 0n);
  if (sum <= 0n) return lines.map(() => ({ billed: 0n, fee: 0n }));
  const shares = lines.map(({ counted }) => (counted > 0n ? (sum * counted) / saved : 0n));
  const left = sum - shares.reduce((total, share) => total + share, 0n);
  const largest = lines.reduce((best, { counted }, n) => (counted > (lines[best]?.counted ?? 0n) ? n : best), 0);
  return lines.map(({ feeBasisPoints }, n) => {
    const billed = (shares[n] ?? 0n) + (n === largest ? left : 0n);
    return { billed, fee: divideRounded(billed * BigInt(feeBasisPoints), 10_000n) };
  });
}
