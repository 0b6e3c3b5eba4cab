/** Numbers brought to mean 0 and standard deviation 1, as some of them, those to train on, have it. */
export interface Standardized {
  /** All values. */
  readonly values: Float64Array;
  /** Mean and standard deviation (divided by n, not n - 1) of the rows to train on, before. */
  readonly mean: number;
  readonly sd: number;
}

/**
 * Standardises a column by the mean and the standard deviation of its training rows. Where these all hold the same
 * number, every value becomes 0, in the other rows too: a model cannot have learnt what else would mean.
 *
 * Values are centred and scaled before they are squared, and the mean is corrected by what was lost in rounding
 * (the corrected two-pass algorithm, Chan, Golub & LeVeque 1983, The American Statistician 37), so that neither numbers
 * of 1e38 nor large numbers that differ by little do harm.
 *
 * @param train which rows are for training, at least one
 */
export function standardize(numbers: Float64Array, train: Int32Array): Standardized {
  const center = average(train, (row) => numbers[row]);
  const scale = train.reduce((most, row) => Math.max(most, Math.abs(numbers[row] - center)), 0);
  if (train.every((row) => numbers[row] === numbers[train[0]])) {
    return { values: new Float64Array(numbers.length), mean: numbers[train[0]], sd: 0 };
  }
  const ratios = numbers.map((number) => (number - center) / scale);
  const shift = average(train, (row) => ratios[row]);
  const sd = Math.sqrt(average(train, (row) => (ratios[row] - shift) ** 2));
  return {
    values: ratios.map((ratio) => (ratio - shift) / sd),
    mean: center + shift * scale,
    sd: sd * scale,
  };
}

function average(rows: Int32Array, value: (row: number) => number): number {
  return rows.reduce((sum, row) => sum + value(row), 0) / rows.length;
}
