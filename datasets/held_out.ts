/**
 * A validation split: some training rows of a dataset, held out of the training, stand in for the test rows. So a
 * setting can be chosen without a look at the test rows.
 *
 * They are as many as the test rows, as in DeepOBS (Schneider, Balles & Hennig 2019), but at most a fifth of the
 * training rows. What a dataset derives from its training rows, such as the mean of a table's column, stays as it is.
 */
import type { Dataset, DatasetSource, Split, Values } from "./dataset.ts";
import { Random } from "./random.ts";
import { sizeOf } from "./shape.ts";

const LARGEST_SHARE = 0.2;

/**
 * The dataset with its held-out rows for test rows, and the rest to train on, each in their order. Which rows these are
 * depends on nothing but the numbers of rows: all trials of a study hold out the same.
 *
 * @param fewest rows to hold out at least; fewer than there are to train on.
 */
export function holdOut<S extends DatasetSource>(source: S, fewest: number): S {
  const { columns, trainRows } = source;
  const rows = Math.max(fewest, Math.min(source.testRows, Math.floor(LARGEST_SHARE * trainRows)));
  let dataset: Dataset | undefined;
  const load = (): Dataset => {
    const { train } = source.load();
    const order = new Random(0, "validation").shuffled(trainRows);
    return {
      train: select(columns, train, order.subarray(rows).sort()),
      test: select(columns, train, order.subarray(0, rows).sort()),
    };
  };
  return { ...source, trainRows: trainRows - rows, testRows: rows, load: () => dataset ??= load() };
}

/** Some rows of a split. */
function select(columns: DatasetSource["columns"], split: Split, rows: Int32Array): Split {
  const selected = Object.entries(split.columns).map(([name, values]) => {
    const size = sizeOf(columns[name].shape);
    const some: Values = values.slice(0, rows.length * size);
    rows.forEach((row, i) => some.set(values.subarray(row * size, (row + 1) * size), i * size));
    return [name, some];
  });
  return { rows: rows.length, columns: Object.fromEntries(selected) };
}
