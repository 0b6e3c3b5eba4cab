import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { DatasetSource, Split } from "../datasets/dataset.ts";
import { holdOut } from "../datasets/held_out.ts";
import { sizeOf } from "../datasets/shape.ts";
import { loadTask, type TaskChoice } from "../tasks/load.ts";
import { getTask } from "../tasks/registry.ts";
import type { Task } from "../tasks/task.ts";
import { validationTask } from "../tasks/validation.ts";
import { numberRows } from "./_numbers.ts";
import { slope, trainAlone } from "./_trials.ts";

/** Rows of which each holds its own number, in one column twice. Test rows hold -1. */
function numbered(trainRows: number, testRows: number): DatasetSource {
  const split = (rows: number, number: (row: number) => number): Split => ({
    rows,
    columns: {
      pair: Float32Array.from({ length: 2 * rows }, (_, i) => number(i >> 1)),
      single: Int32Array.from({ length: rows }, (_, row) => number(row)),
    },
  });
  return {
    ...numberRows,
    columns: { pair: { shape: [2], dtype: "float" }, single: { shape: [], dtype: "int32" } },
    trainRows,
    testRows,
    load: () => ({ train: split(trainRows, (row) => row), test: split(testRows, () => -1) }),
  };
}

test("held-out rows and the rest are all training rows, each once, in order, whole, and no test row", () => {
  const counts = fc.record({
    trainRows: fc.integer({ min: 2, max: 99 }),
    testRows: fc.integer({ min: 1, max: 99 }),
  });
  fc.assert(
    fc.property(counts, fc.nat(98), ({ trainRows, testRows }, some) => {
      const source = holdOut(numbered(trainRows, testRows), 1 + some % (trainRows - 1));
      const { train, test } = source.load();
      assert.deepEqual([source.trainRows, source.testRows], [train.rows, test.rows]);
      const rows = [train, test].map(({ rows, columns }) => {
        const numbers = Array.from(columns.single);
        assert.equal(numbers.length, rows);
        assert.deepEqual(Array.from(columns.pair), numbers.flatMap((number) => [number, number]));
        assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b));
        return numbers;
      });
      assert.deepEqual(rows.flat().sort((a, b) => a - b), Array.from({ length: trainRows }, (_, row) => row));
    }),
  );
});

for (
  const [what, trainRows, testRows, fewest, expected] of [
    ["as many as the test rows", 1000, 100, 10, 100],
    ["at most a fifth of the training rows", 1000, 300, 10, 200],
    ["at least a test batch", 100, 50, 32, 32],
  ] as const
) {
  test(`held out are ${what}`, () => {
    const source = holdOut(numbered(trainRows, testRows), fewest);
    assert.deepEqual([source.trainRows, source.testRows], [trainRows - expected, expected]);
  });
}

test("held-out rows come from all over the training rows, the same each time", () => {
  const held = () => Array.from(holdOut(numbered(1000, 100), 1).load().test.columns.single);
  assert.deepEqual(held(), held());
  for (const half of [held().filter((row) => row < 500), held().filter((row) => row >= 500)]) {
    assert.ok(half.length > 30, `${half.length} of 100 rows are of one half`);
  }
});

/** The rows of each column, sorted. */
function rowsOf({ data }: Task, ...splits: Split[]): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(data.columns).map(([name, { shape }]) => {
      const size = sizeOf(shape);
      const rows = splits.flatMap(({ rows, columns }) =>
        Array.from({ length: rows }, (_, row) => columns[name].slice(row * size, (row + 1) * size).join())
      );
      return [name, rows.sort()];
    }),
  );
}

async function withTable(use: (choice: TaskChoice) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "optbench-"));
  try {
    const file = join(folder, "my.csv");
    const rows = Array.from({ length: 200 }, (_, i) => `${i},${(i * 7) % 13},${i % 3 ? "yes" : "no"}`);
    writeFileSync(file, `a,b,member\n${rows.join("\n")}\n`);
    await use({ task: "logreg", table: { file, label: "member" } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function assertHoldsOut(choice: TaskChoice, trainRows: number, testRows: number) {
  const whole = await loadTask(choice);
  const task = await loadTask({ ...choice, heldOut: true });
  assert.deepEqual({ ...task, data: whole.data }, whole);
  assert.deepEqual([task.data.trainRows, task.data.testRows], [trainRows, testRows]);
  const { train, test } = task.data.load();
  assert.deepEqual([train.rows, test.rows], [trainRows, testRows]);
  const all = whole.data.load().train;
  for (const name of Object.keys(all.columns)) {
    assert.equal(train.columns[name].constructor, all.columns[name].constructor);
  }
  assert.deepEqual(rowsOf(task, train, test), rowsOf(whole, all));
}

test("digits_mlp holds out a fifth of its training rows", () =>
  assertHoldsOut({ task: "digits_mlp" }, 1150, 287));

test("a text holds out as many windows as there are to test on", () =>
  assertHoldsOut({ task: "char_transformer" }, 7297, 912));

test("a table holds out as many rows as a test batch of its takes", () =>
  withTable(async (choice) => {
    const { data } = await loadTask(choice);
    assert.deepEqual([data.trainRows, data.testRows], [160, 40]);
    await assertHoldsOut(choice, 120, 40);
  }));

test("mnist_mlp holds out 10,000 rows, as in DeepOBS", () => {
  const { data } = validationTask(getTask("mnist_mlp"));
  assert.deepEqual([data.trainRows, data.testRows], [50_000, 10_000]);
});

test("a task that holds out rows is made once, and so are its rows", async () => {
  const choice = { task: "digits_logreg", heldOut: true } as const;
  const task = await loadTask(choice);
  assert.equal(await loadTask(choice), task);
  assert.equal(task.data.load(), task.data.load());
  assert.equal(await loadTask({ task: "digits_logreg" }), getTask("digits_logreg"));
});

test("a task without data is an error that names it", async () => {
  for (const task of ["rosenbrock", "beale", "branin"]) {
    await assert.rejects(loadTask({ task, heldOut: true }), {
      name: "TaskError",
      message: `Cannot hold out rows of ${task}: it has no data to hold any out of`,
    });
  }
});

test("a task with no more training rows than a test batch takes is an error that says so", () => {
  assert.throws(() => validationTask({ ...slope, testBatchSize: 8 }), {
    name: "TaskError",
    message: "Cannot hold out a test batch of 8 rows of slope: it has 8 to train on; use more data",
  });
  assert.equal(validationTask({ ...slope, testBatchSize: 7 }).data.trainRows, 1);
});

test("a task with rows held out trains on the rest and is measured on those rows", async () => {
  const task = await loadTask({ task: "digits_mlp", heldOut: true });
  const { epochs, steps } = await trainAlone(task, { lr: 0.1 }, { epochs: 3 });
  assert.equal(steps, 3 * Math.floor(1150 / 64));
  // Of 287 rows, four batches of 64: what was right is a whole number of 256.
  for (const { testAccuracy } of epochs) assert.ok(Math.abs(testAccuracy! * 256 % 1) < 1e-4);
  assert.ok(epochs[2].trainLoss < epochs[0].trainLoss);
  assert.ok(epochs[2].testAccuracy! > 0.5);
});
