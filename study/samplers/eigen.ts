/** Eigenvalues of a symmetric matrix with their unit eigenvectors, `vectors[k]` that of `values[k]`. */
export interface Eigen {
  readonly values: readonly number[];
  readonly vectors: readonly (readonly number[])[];
}

const MOST_SWEEPS = 50;

/**
 * Jacobi's cyclic method (Golub & Van Loan 2013, Matrix Computations, section 8.5): rotations, each of which makes
 * one element off the diagonal 0, until all are.
 */
export function eigen(symmetric: readonly (readonly number[])[]): Eigen {
  const d = symmetric.length;
  const a = symmetric.map((row) => [...row]);
  const vectors = a.map((_, i) => a.map((_, j) => i === j ? 1 : 0));
  for (let sweep = 0; sweep < MOST_SWEEPS && !isDiagonal(a); sweep++) {
    for (let p = 0; p < d; p++) {
      for (let q = p + 1; q < d; q++) rotate(a, vectors, p, q);
    }
  }
  return { values: a.map((row, i) => row[i]), vectors };
}

function isDiagonal(a: readonly number[][]): boolean {
  const size = (i: number) => Math.abs(a[i][i]);
  return a.every((row, i) => row.every((x, j) => i === j || Math.abs(x) <= 1e-17 * (size(i) + size(j))));
}

/** Rotates rows and columns p and q so that a[p][q] becomes 0, and the eigenvectors with them. */
function rotate(a: number[][], vectors: number[][], p: number, q: number): void {
  if (a[p][q] === 0) return;
  const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (const row of a) [row[p], row[q]] = [c * row[p] - s * row[q], s * row[p] + c * row[q]];
  for (const rows of [a, vectors]) {
    const [first, second] = [rows[p], rows[q]];
    rows[p] = first.map((x, k) => c * x - s * second[k]);
    rows[q] = first.map((x, k) => s * x + c * second[k]);
  }
}
