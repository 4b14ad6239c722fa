import { AppError } from "../core/errors.ts";

/** 1 / (1 + e^−x). */
export const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** Solves A x = b for a symmetric positive definite A, row by row in `a` (n × n), by Cholesky's method; both are overwritten and the answer is `b`. */
function solve(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a[i * n + j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (a[i * n + k] ?? 0) * (a[j * n + k] ?? 0);
      if (i === j && !(sum > 0)) throw new AppError("internal", "The training figures are not of full rank.");
      a[i * n + j] = i === j ? Math.sqrt(sum) : sum / (a[j * n + j] ?? 1);
    }
  }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) b[i] = (b[i] ?? 0) - (a[i * n + k] ?? 0) * (b[k] ?? 0);
    b[i] = (b[i] ?? 0) / (a[i * n + i] ?? 1);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) b[i] = (b[i] ?? 0) - (a[k * n + i] ?? 0) * (b[k] ?? 0);
    b[i] = (b[i] ?? 0) / (a[i * n + i] ?? 1);
  }
  return b;
}

/** Adds weight × x xᵀ to the lower half of `a`. */
function addOuter(a: Float64Array, x: Float64Array, weight: number): void {
  const n = x.length;
  for (let i = 0; i < n; i++) {
    const scaled = weight * (x[i] ?? 0);
    if (scaled !== 0) for (let j = 0; j <= i; j++) a[i * n + j] = (a[i * n + j] ?? 0) + scaled * (x[j] ?? 0);
  }
}

/** Σ weights[i] x[i]. */
export function dot(weights: ArrayLike<number>, x: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < x.length; n++) sum += (weights[n] ?? 0) * (x[n] ?? 0);
  return sum;
}

const ridgeOf = (size: number, penalty: number): Float64Array => Float64Array.from({ length: size }, (_, n) => (n === 0 ? 1e-6 : penalty));

/**
 * Logistic regression with an L2 penalty of ½ × penalty × Σ weights², by iteratively reweighted least squares (McCullagh and
 * Nelder 1989, section 2.5). The first figure of each row is the constant 1 and is not penalised. Returns a weight per figure.
 */
export function fitLogistic(rows: readonly Float64Array[], happened: readonly boolean[], penalty: number): Float64Array {
  const size = rows[0]?.length ?? 0;
  const ridge = ridgeOf(size, penalty);
  const weights = new Float64Array(size);
  for (let step = 0; step < 12; step++) {
    const a = new Float64Array(size * size);
    const b = ridge.map((one, n) => -one * (weights[n] ?? 0));
    for (let n = 0; n < size; n++) a[n * size + n] = ridge[n] ?? 0;
    for (const [n, x] of rows.entries()) {
      const p = logistic(dot(weights, x));
      addOuter(a, x, Math.max(1e-5, p * (1 - p)));
      const miss = Number(happened[n] === true) - p;
      for (let k = 0; k < size; k++) b[k] = (b[k] ?? 0) + miss * (x[k] ?? 0);
    }
    const change = solve(a, b);
    for (let n = 0; n < size; n++) weights[n] = (weights[n] ?? 0) + (change[n] ?? 0);
    if (change.every((one) => Math.abs(one) < 1e-6)) break;
  }
  return weights;
}

/** Least squares with an L2 penalty; the first figure of each row is the constant 1 and is not penalised. */
export function fitLinear(rows: readonly Float64Array[], targets: readonly number[], penalty: number): Float64Array {
  const size = rows[0]?.length ?? 0;
  const a = new Float64Array(size * size);
  const b = new Float64Array(size);
  for (const [n, one] of ridgeOf(size, penalty).entries()) a[n * size + n] = one;
  for (const [n, x] of rows.entries()) {
    addOuter(a, x, 1);
    for (let k = 0; k < size; k++) b[k] = (b[k] ?? 0) + (targets[n] ?? 0) * (x[k] ?? 0);
  }
  return solve(a, b);
}
