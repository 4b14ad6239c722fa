import { sha256 } from "./canonical.ts";
import type { SavingsPlan } from "./savings.ts";
import type { Arm } from "./usage-event.ts";

const fractionBits = 53n;

/** The hash under which a conversation or user takes part in a holdout: SHA-256 of the plan's seed, the unit's kind and its id. */
export const unitHash = (plan: Pick<SavingsPlan, "seed" | "unit">, unitId: string): string =>
  sha256(`${plan.seed}\n${plan.unit}\n${unitId}`);

/**
 * The arm of a unit: control where the first 53 bits of its hash, as a fraction in [0, 1), are below the holdout share.
 * It follows from the stored hash alone, so that anyone can check later who was held out.
 */
export const armOf = (hash: string, holdoutShare: number): Arm => {
  const bits = BigInt(`0x${hash.slice(0, 14)}`) >> (56n - fractionBits);
  return Number(bits) / 2 ** Number(fractionBits) < holdoutShare ? "control" : "treatment";
};
