/** Square matrices here are row after row in one array. */

/**
 * The lower triangle L with L L^T the symmetric positive definite matrix; undefined where rounding lets it be none.
 *
 * @param matrix n x n; only its lower triangle is read.
 */
export function cholesky(matrix: Float64Array, n: number): Float64Array | undefined {
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * n + j];
      for (let k = 0; k < j; k++) rest -= lower[i * n + k] * lower[j * n + k];
      if (i !== j) lower[i * n + j] = rest / lower[j * n + j];
      else if (rest > 0) lower[i * n + i] = Math.sqrt(rest);
      else return undefined;
    }
  }
  return lower;
}

/** x with L x = b. */
export function solveLower(lower: Float64Array, b: ArrayLike<number>): Float64Array {
  const n = b.length;
  const x = new Float64Array(b);
  for (let i = 0; i < n; i++) {
    let rest = x[i];
    for (let k = 0; k < i; k++) rest -= lower[i * n + k] * x[k];
    x[i] = rest / lower[i * n + i];
  }
  return x;
}

/** x with L^T x = b. */
export function solveUpper(lower: Float64Array, b: ArrayLike<number>): Float64Array {
  const n = b.length;
  const x = new Float64Array(b);
  for (let i = n - 1; i >= 0; i--) {
    x[i] /= lower[i * n + i];
    for (let k = 0; k < i; k++) x[k] -= lower[i * n + k] * x[i];
  }
  return x;
}

/** The lower triangle of (L L^T)^-1. */
export function inverseOf(lower: Float64Array, n: number): Float64Array {
  // Row j of the columns of L^-1, each from its diagonal on: they lie in memory as the sums below read them.
  const columns = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    columns[j * n + j] = 1 / lower[j * n + j];
    for (let i = j + 1; i < n; i++) {
      let rest = 0;
      for (let k = j; k < i; k++) rest -= lower[i * n + k] * columns[j * n + k];
      columns[j * n + i] = rest / lower[i * n + i];
    }
  }
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < n; k++) sum += columns[i * n + k] * columns[j * n + k];
      inverse[i * n + j] = sum;
    }
  }
  return inverse;
}
