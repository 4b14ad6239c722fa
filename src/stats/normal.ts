/**
 * The normal distribution by +, −, ×, ÷ and square root alone. IEEE 754 fixes each of these to the last bit, whereas
 * Math.exp and Math.log may differ between machines; so an interval can be recomputed exactly anywhere.
 */

/** e to the power −x, for x ≥ 0: a Taylor series at x / 2^k, squared k times. */
const expMinus = (x: number): number => {
  let halvings = 0;
  let small = x;
  while (small > 0.5) {
    small /= 2;
    halvings += 1;
  }
  let term = 1;
  let sum = 1;
  for (let n = 1; n <= 20; n++) {
    term *= -small / n;
    sum += term;
  }
  for (; halvings > 0; halvings--) sum *= sum;
  return sum;
};

/** The share of a standard normal distribution below z, for any z; good to about 1e-14. */
export const normalBelow = (z: number): number => {
  if (z < -8) return 0;
  if (z > 8) return 1;
  const density = expMinus((z * z) / 2) / Math.sqrt(2 * Math.PI);
  let term = z;
  let sum = z;
  for (let n = 1; n <= 300; n++) {
    term *= (z * z) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + density * sum;
};

/** The z that has the share p of a standard normal distribution below it; p in (0, 1), the answer in [−8, 8]. */
export const normalQuantile = (p: number): number => {
  let low = -8;
  let high = 8;
  for (let n = 0; n < 60; n++) {
    const middle = (low + high) / 2;
    if (normalBelow(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
};
