import { Random } from "../random.ts";

/** Rows to train on and rows to test on, each in the order of the file. */
export interface Partition {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

const TEST_SHARE = 0.2;

/**
 * Chooses a fifth of each stratum for testing, rounded, but at least one row; the rest is to train on. It depends on
 * nothing but the number of rows of each stratum: not on the seed of a trial, so that all trials of a study are
 * measured on the same rows.
 *
 * @param strata the rows of each class; for a table without classes, all rows. At least two rows each.
 */
export function partition(strata: readonly (readonly number[])[]): Partition {
  const random = new Random(0, "split");
  const train: number[] = [];
  const test: number[] = [];
  for (const rows of strata) {
    const testRows = Math.max(1, Math.round(TEST_SHARE * rows.length));
    random.shuffled(rows.length).forEach((i, rank) => (rank < testRows ? test : train).push(rows[i]));
  }
  return { train: Int32Array.from(train).sort(), test: Int32Array.from(test).sort() };
}
