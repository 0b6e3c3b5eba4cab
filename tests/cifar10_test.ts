import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "node:test";
import { cifar10, readRecords } from "../datasets/cifar10.ts";
import { filesOf } from "../datasets/files/files.ts";

const PLANE = 1024;
const ROW = 3 * PLANE;

/** Rows of the binary version, of which each value is known. */
function records(labels: readonly number[], value: (row: number, color: number, pixel: number) => number) {
  const bytes = new Uint8Array(labels.length * (1 + ROW));
  labels.forEach((label, row) => {
    const start = row * (1 + ROW);
    bytes[start] = label;
    for (let i = 0; i < ROW; i++) bytes[start + 1 + i] = value(row, Math.floor(i / PLANE), i % PLANE);
  });
  return bytes;
}

function read(bytes: Uint8Array, rows: number) {
  const to = { inputs: new Uint8Array(rows * ROW), labels: new Uint8Array(rows) };
  readRecords("file", bytes, to);
  return to;
}

test("the colours of a pixel come to lie side by side, in the order of the rows", () => {
  const { inputs, labels } = read(
    records([7, 0], (row, color, pixel) => 100 * row + 10 * color + pixel % 10),
    2,
  );
  assert.deepEqual([...labels], [7, 0]);
  assert.deepEqual([...inputs.subarray(0, 9)], [0, 10, 20, 1, 11, 21, 2, 12, 22]);
  assert.deepEqual([...inputs.subarray(ROW, ROW + 3)], [100, 110, 120]);
});

test("no value is lost: the planes can be made again", () => {
  const anyRecords = fc.array(fc.tuple(fc.nat(9), fc.uint8Array({ minLength: ROW, maxLength: ROW })), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(anyRecords, (rows) => {
      const bytes = records(
        rows.map(([label]) => label),
        (row, color, pixel) => rows[row][1][color * PLANE + pixel],
      );
      const { inputs, labels } = read(bytes, rows.length);
      const again = records([...labels], (row, color, pixel) => inputs[row * ROW + pixel * 3 + color]);
      assert.deepEqual(again, bytes);
    }),
    { numRuns: 20 },
  );
});

test("a class above 9 is an error that names the file and the row", () => {
  assert.throws(() => read(records([9, 10], () => 0), 2), {
    message: "Invalid label 10 in row 2 of file: expected 0 to 9",
  });
});

test("the files hold as many rows as the dataset declares", () => {
  const bytes = filesOf(cifar10.files).reduce((sum, file) => sum + file.bytes, 0);
  assert.equal(bytes, (cifar10.trainRows + cifar10.testRows) * (1 + ROW));
});
