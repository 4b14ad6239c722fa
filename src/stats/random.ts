import { createHash } from "node:crypto";
import { AppError } from "../core/errors.ts";

/** A stream of pseudo-random whole numbers, the same for the same seed on every machine. */
export interface Random {
  /** A whole number in [0, 2^32). */
  next(): number;
  /** A whole number in [0, bound), each equally likely. `bound` is a whole number in [1, 2^21]. */
  below(bound: number): number;
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
const two32 = 2 ** 32;

/** The xoshiro128** generator (Blackman and Vigna, 2018), its state the first 128 bits of the seed's SHA-256. It uses whole-number arithmetic alone. */
export function createRandom(seed: string): Random {
  const digest = createHash("sha256").update(seed).digest();
  let a = digest.readInt32BE(0);
  let b = digest.readInt32BE(4);
  let c = digest.readInt32BE(8);
  let d = digest.readInt32BE(12) | 1;
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result;
  };
  const below = (bound: number): number => {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 21) throw new AppError("internal", `Cannot draw a number below ${bound}.`);
    const refused = two32 % bound;
    // Lemire's method; the product is below 2^53 and so exact. What would make small numbers likelier is drawn again.
    for (;;) {
      const product = next() * bound;
      const high = Math.floor(product / two32);
      if (product - high * two32 >= refused) return high;
    }
  };
  return { next, below };
}
