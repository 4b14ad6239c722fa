import { AppError } from "../core/errors.ts";
import { normalQuantile } from "./normal.ts";

/**
 * The t that has the share p of Student's distribution with `freedom` degrees of freedom (10 or more, not always whole) below
 * it: Cornish and Fisher's expansion about the normal quantile (Abramowitz and Stegun 26.7.5), good to 1e-4 from 10 degrees on.
 * It uses +, −, × and ÷ alone, so that it is the same to the last bit on every machine.
 */
export function studentQuantile(p: number, freedom: number): number {
  if (!(freedom >= 10)) throw new AppError("internal", `Student's quantile is not good enough with ${freedom} degrees of freedom.`);
  const z = normalQuantile(p);
  const s = z * z;
  const first = (z * (s + 1)) / 4;
  const second = (z * ((5 * s + 16) * s + 3)) / 96;
  const third = (z * (((3 * s + 19) * s + 17) * s - 15)) / 384;
  return z + first / freedom + second / (freedom * freedom) + third / (freedom * freedom * freedom);
}
