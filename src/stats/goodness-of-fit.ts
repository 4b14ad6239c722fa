/** How far a sample lies from what it should be. */
export interface Fit {
  /** Kolmogorov and Smirnov's distance D, or the chi-square. */
  readonly statistic: number;
  /** The share of samples of the right kind that lie at least as far off. */
  readonly p: number;
}

/** The tail of Kolmogorov's distribution, with Stephens' correction for a finite sample (1970). */
function kolmogorovTail(distance: number, count: number): number {
  const root = Math.sqrt(count);
  const x = (root + 0.12 + 0.11 / root) * distance;
  if (x < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k += 1) sum += (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * x * x);
  return Math.min(1, Math.max(0, 2 * sum));
}

/**
 * The Kolmogorov–Smirnov test of values against the share that should lie below each. Values that were rounded to whole numbers
 * are compared at the edges between whole numbers: `rounded` says so.
 */
export function kolmogorovSmirnov(values: readonly number[], below: (x: number) => number, rounded = false): Fit {
  const sorted = Float64Array.from(values).sort();
  const [count, half] = [sorted.length, rounded ? 0.5 : 0];
  let distance = 0;
  for (let start = 0; start < count; ) {
    const value = sorted[start] ?? 0;
    let end = start + 1;
    while (end < count && sorted[end] === value) end += 1;
    distance = Math.max(distance, Math.abs(start / count - below(value - half)), Math.abs(end / count - below(value + half)));
    start = end;
  }
  return { statistic: distance, p: count === 0 ? 1 : kolmogorovTail(distance, count) };
}

/** The logarithm of Γ(x), x > 0: Lanczos' approximation with g = 7 and nine terms, good to about 1e-15. */
function logGamma(x: number): number {
  const terms = [
    0.999_999_999_999_809_9, 676.520_368_121_885_1, -1_259.139_216_722_402_8, 771.323_428_777_653_1, -176.615_029_162_140_6,
    12.507_343_278_686_905, -0.138_571_095_265_720_12, 9.984_369_578_019_572e-6, 1.505_632_735_149_311_6e-7,
  ];
  const sum = terms.reduce((total, term, index) => (index === 0 ? term : total + term / (x - 1 + index)), 0);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** The regularised upper incomplete gamma function Q(a, x): its series, or Lentz's continued fraction where that converges faster. */
function gammaTail(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let [term, sum] = [1 / a, 1 / a];
    for (let n = 1; n < 1_000 && term > sum * 1e-16; n += 1) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - scale * sum;
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < 1_000; n += 1) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    const step = c * d;
    fraction *= step;
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return scale * fraction;
}

/** Pearson's chi-square test of counts against the counts that should be; their sums agree, and each expected one is 5 or more. */
export function chiSquare(observed: readonly number[], expected: readonly number[]): Fit {
  const statistic = expected.reduce((sum, count, index) => sum + ((observed[index] ?? 0) - count) ** 2 / count, 0);
  return { statistic, p: gammaTail((expected.length - 1) / 2, statistic / 2) };
}
