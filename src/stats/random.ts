import { createHash } from "node:crypto";
import { AppError } from "../core/errors.ts";

/** A stream of pseudo-random whole numbers, the same for the same seed on every machine. */
export interface Random {
  /** A whole number in [0, 2^32). */
  next(): number;
  /** A whole number in [0, bound), each equally likely. `bound` is a whole number in [1, 2^21]. */
  below(bound: number): number;
  /** Fills an array with whole numbers in [0, bound), each equally likely; `bound` is a whole number in [1, 2^21]. Many times as fast as `below`. */
  fillBelow(target: Uint32Array, bound: number): void;
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
const two32 = 2 ** 32;

const refuseBound = (bound: number): void => {
  if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 21) throw new AppError("internal", `Cannot draw a number below ${bound}.`);
};

/** Two numbers from one draw, by Lemire's method on its halves; the products are below 2^28. */
function fillByHalves(target: Uint32Array, bound: number, next: () => number): void {
  const refused = 0x1_0000 % bound;
  for (let n = 0; n < target.length; ) {
    const drawn = next();
    const first = (drawn >>> 16) * bound;
    if ((first & 0xffff) >= refused) target[n++] = first >>> 16;
    const second = (drawn & 0xffff) * bound;
    if ((second & 0xffff) >= refused && n < target.length) target[n++] = second >>> 16;
  }
}

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
    refuseBound(bound);
    const refused = two32 % bound;
    // Lemire's method; the product is below 2^53 and so exact. What would make small numbers likelier is drawn again.
    for (;;) {
      const product = next() * bound;
      const high = Math.floor(product / two32);
      if (product - high * two32 >= refused) return high;
    }
  };
  const fillBelow = (target: Uint32Array, bound: number): void => {
    refuseBound(bound);
    if (bound > 2 ** 12) {
      for (let n = 0; n < target.length; n++) target[n] = below(bound);
      return;
    }
    fillByHalves(target, bound, next);
  };
  return { next, below, fillBelow };
}
