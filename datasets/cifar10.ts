import {
  classifiedColumns,
  type ClassifiedSource,
  classifiedSplit,
  type Dataset,
  type Split,
} from "./dataset.ts";
import {
  type DataFile,
  type FileSet,
  type Located,
  readDataFile,
  requireFiles,
  type Sum,
} from "./files/files.ts";
import { sizeOf } from "./shape.ts";

const CLASSES = 10;
const SIDE = 32;
const COLORS = 3;
const SHAPE = [SIDE, SIDE, COLORS];
const ROWS_PER_FILE = 10_000;
const TRAIN_FILES = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
const TEST_FILES = ["test_batch.bin"];

const PLANE = SIDE * SIDE;
/** In a file a row is a byte for the class, then the planes of red, green and blue, row-major each. */
const RECORD_BYTES = 1 + COLORS * PLANE;

/** The author's sites, old and new, and that of Swift for TensorFlow. */
const MIRRORS = [
  "https://www.cs.toronto.edu/~kriz/",
  "https://cave.cs.toronto.edu/kriz/",
  "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
];

const FILES: FileSet = {
  folders: ["cifar10", "cifar-10-batches-bin"],
  downloads: [{
    name: "cifar-10-binary.tar.gz",
    mirrors: MIRRORS,
    // The author publishes the archive's MD5, c32a1d4ab5d03f1284b67883e8d87530, alone. Its SHA-256 is what other
    // libraries pin (MLDatasets.jl, GoMLX), and the MD5 of the files in it what rai-project/dldataset pins.
    archive: {
      bytes: 170_052_171,
      sum: "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
      folder: "cifar-10-batches-bin",
    },
    files: [
      batch(TRAIN_FILES[0], "md5:5dd7e06a14cb22eb9f671a540d1b7c25"),
      batch(TRAIN_FILES[1], "md5:5ea93a67294ea407fff1d09f752e9692"),
      batch(TRAIN_FILES[2], "md5:942cd6a4bcdd0dd3c604fbe906cb4421"),
      batch(TRAIN_FILES[3], "md5:ae636b3ba5c66a11e91e8cb52e771fcb"),
      batch(TRAIN_FILES[4], "md5:53f37980c15c3d472c316c40844f3f0d"),
      batch(TEST_FILES[0], "md5:803d5f7f4d78ea53de84dbe85f74fb6d"),
    ],
  }],
};

function batch(name: string, sum: Sum): DataFile {
  return { name, bytes: ROWS_PER_FILE * RECORD_BYTES, sum };
}

let loaded: Dataset | undefined;

/** CIFAR-10, of its binary version. */
export const cifar10: ClassifiedSource & { readonly files: FileSet } = {
  name: "cifar10",
  summary: "photographs of animals and vehicles, 32x32 pixels in colour, 10 classes",
  source: "Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images, " +
    "https://www.cs.toronto.edu/~kriz/cifar.html",
  shape: SHAPE,
  columns: classifiedColumns(SHAPE),
  classes: CLASSES,
  divisor: 255,
  trainRows: TRAIN_FILES.length * ROWS_PER_FILE,
  testRows: TEST_FILES.length * ROWS_PER_FILE,
  files: FILES,
  load: () => loaded ??= read(requireFiles("cifar10", FILES)),
};

function read(locate: (name: string) => Located): Dataset {
  const split = (names: readonly string[]): Split => {
    const rows = names.length * ROWS_PER_FILE;
    const inputs = new Uint8Array(rows * sizeOf(SHAPE));
    const labels = new Uint8Array(rows);
    // One file after the other, so that no more than one is in memory beside what is made of it.
    names.forEach((name, i) => {
      const located = locate(name);
      const from = i * ROWS_PER_FILE;
      readRecords(located.path, readDataFile(located), {
        inputs: inputs.subarray(from * sizeOf(SHAPE)),
        labels: labels.subarray(from),
      });
    });
    return classifiedSplit(inputs, labels);
  };
  return { train: split(TRAIN_FILES), test: split(TEST_FILES) };
}

/**
 * Reads the rows of a file of the binary version.
 *
 * @param to where they go, row-major: the colours of a pixel side by side, as convolutions take them.
 * @throws {Error} for a class that does not exist, naming the file and the row.
 */
export function readRecords(
  file: string,
  bytes: Uint8Array,
  { inputs, labels }: { readonly inputs: Uint8Array; readonly labels: Uint8Array },
): void {
  for (let row = 0; row * RECORD_BYTES < bytes.length; row++) {
    const record = bytes.subarray(row * RECORD_BYTES, (row + 1) * RECORD_BYTES);
    if (record[0] >= CLASSES) {
      throw new Error(
        `Invalid label ${record[0]} in row ${row + 1} of ${file}: expected 0 to ${CLASSES - 1}`,
      );
    }
    labels[row] = record[0];
    const start = row * COLORS * PLANE;
    for (let pixel = 0; pixel < PLANE; pixel++) {
      for (let color = 0; color < COLORS; color++) {
        inputs[start + pixel * COLORS + color] = record[1 + color * PLANE + pixel];
      }
    }
  }
}
