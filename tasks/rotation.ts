import type { RandomState } from "../datasets/random_state.ts";

/**
 * A random rotation, every one equally likely, by the subgroup algorithm (Diaconis & Shahshahani 1987, Probability in
 * the Engineering and Informational Sciences 1:15-32): a rotation of n dimensions is one of n - 1 dimensions followed
 * by a reflection that takes the first axis to a random direction.
 *
 * The numbers are drawn and used as DeepOBS does it, so that the same stream gives the same rotation.
 *
 * @param dimensions at least 2
 * @returns the rows of an orthogonal matrix with determinant 1.
 */
export function randomRotation(dimensions: number, random: RandomState): number[][] {
  const angle = 2 * Math.PI * random.uniform();
  let rotation = [[Math.cos(angle), Math.sin(angle)], [-Math.sin(angle), Math.cos(angle)]];
  for (let n = 3; n <= dimensions; n++) {
    const direction = unit(Array.from({ length: n }, () => random.normal()));
    // From the direction to the first axis: what the reflection turns around.
    const normal = unit(direction.map((value, i) => (i === 0 ? 1 : 0) - value));
    rotation = reflect(extend(rotation), normal);
  }
  return rotation.map((row) => row.map((value) => -value));
}

/** The same rotation after a new first axis, which stays where it is. */
function extend(rotation: readonly number[][]): number[][] {
  return [[1, ...rotation.map(() => 0)], ...rotation.map((row) => [0, ...row])];
}

/** (I - 2 n n^T) M, for a unit vector n (Householder 1958). */
function reflect(matrix: readonly number[][], normal: readonly number[]): number[][] {
  const projection = new Array<number>(normal.length).fill(0);
  matrix.forEach((row, i) => row.forEach((value, j) => projection[j] += normal[i] * value));
  return matrix.map((row, i) => row.map((value, j) => value - 2 * normal[i] * projection[j]));
}

function unit(vector: readonly number[]): number[] {
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / length);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
