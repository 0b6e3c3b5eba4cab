import type { Dataset, DatasetSource, Split } from "./dataset.ts";
import { RandomState } from "./random_state.ts";

const DIMENSIONS = 100;
const ROWS = 1000;
const NOISE_SD = 0.6;
const TRAIN_SEED = 42;
const TEST_SEED = 43;

let drawn: Dataset | undefined;

/** The points around which DeepOBS' quadratic problems lie: every number is normal with mean 0. */
export const quadratic: DatasetSource = {
  name: "quadratic",
  summary: "normal points in 100 dimensions, from fixed seeds",
  source:
    "Schneider, Balles & Hennig 2019, DeepOBS: A Deep Learning Optimizer Benchmark Suite, ICLR; generated",
  columns: { inputs: { shape: [DIMENSIONS], dtype: "float" } },
  trainRows: ROWS,
  testRows: ROWS,
  load: () => drawn ??= { train: drawSplit(TRAIN_SEED), test: drawSplit(TEST_SEED) },
};

function drawSplit(seed: number): Split {
  const random = new RandomState(seed);
  const inputs = Float32Array.from({ length: ROWS * DIMENSIONS }, () => random.normal(0, NOISE_SD));
  return { rows: ROWS, columns: { inputs } };
}
