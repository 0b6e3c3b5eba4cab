import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Split } from "../datasets/dataset.ts";
import spirals from "../docs/own-task.ts";
import { checkTask } from "../tasks/own/check.ts";
import { importTask } from "../tasks/own/import.ts";
import { provenanceOf } from "../tasks/own/provenance.ts";
import { optbench } from "./cli.ts";

const EXAMPLE = fileURLToPath(new URL("../docs/own-task.ts", import.meta.url));

test("the example of the documentation is a task, and its data are what it says", () => {
  const { data } = checkTask(spirals, "own-task.ts");
  const { train, test } = data.load();
  assert.deepEqual([train.rows, test.rows], [data.trainRows, data.testRows]);
  assert.equal(data.load().train, train);
});

test("the documentation shows the example as it is, but for the import of a package that is installed", () => {
  const page = readFileSync(new URL("../docs/own-task.md", import.meta.url), "utf8");
  const [, shown] = page.match(/```ts\n([^]*?)```/)!;
  assert.equal(shown, readFileSync(EXAMPLE, "utf8").replace('"../mod.ts"', '"optbench"'));
});

test("a run of the example reaches its target", { timeout: 60_000 }, () => {
  const options = "--opt lars --lr 3 --trust-coefficient 0.005 --weight-decay 1e-4 --quiet --json";
  const { code, stdout, stderr } = optbench(["run", "--task", EXAMPLE, ...options.split(" ")]);
  assert.equal(code, 0, stderr);
  const { task, epochs } = JSON.parse(stdout);
  assert.equal(task, "spirals");
  assert.equal(epochs.length, spirals.epochs);
  assert.ok(epochs.some(({ testAccuracy }: { testAccuracy: number }) => testAccuracy >= spirals.target));
});

/** Hands over the path of a new module, relative to the working directory. */
async function withModule(code: string, use: (file: string) => void | Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "optbench-"));
  try {
    const file = join(folder, "mytask.ts");
    writeFileSync(file, code);
    await use(relative(process.cwd(), file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a module is run once, by its path from the working directory", async () => {
  const task = await importTask(relative(process.cwd(), EXAMPLE));
  assert.equal(task.name, "spirals");
  assert.equal(await importTask(EXAMPLE), task);
  assert.equal(task.data.load(), task.data.load());
});

test("a file's provenance is its path and the SHA-256 of its content", () =>
  withModule("export default 1;\n", (file) => {
    const sha256 = "96909e1dce85ca534fd8881f6c8369a8a87e06df5a4bf81ef44a72db195b0704";
    assert.deepEqual(provenanceOf(file), { file, sha256 });
  }));

for (
  const [fault, code, message] of [
    [
      "exports nothing",
      "",
      (file: string) =>
        `Cannot use ${file} as a task: it has no default export; write export default { name, summary, data, loss, ... }`,
    ],
    [
      "exports a function",
      "export default () => {};",
      (file: string) =>
        `Cannot use ${file} as a task: its default export is a function; ` +
        "write export default { name, summary, data, loss, ... }",
    ],
    [
      "exports something else",
      "export default { model: 1 };",
      (file: string) =>
        `Cannot use ${file} as a task: model is not known; leave it out (known are name, summary, `,
    ],
    [
      "throws",
      "throw new Error('out of order');",
      (file: string) => `Cannot load ${file}: out of order`,
    ],
    [
      "cannot be parsed",
      "export default {",
      (file: string) => `Cannot load ${file}: `,
    ],
    [
      "imports what is not there",
      'import "./nowhere.ts"; export default {};',
      (file: string) => `Cannot load ${file}: `,
    ],
  ] as const
) {
  test(`a module that ${fault} is an error that names the file`, () =>
    withModule(code, (file) =>
      assert.rejects(importTask(file), (error: Error) => {
        assert.equal(error.name, "TaskError");
        assert.ok(error.message.startsWith(message(file)), error.message);
        return true;
      })));
}

test("a module that is not there, or is a folder, is an error that says what was expected", async () => {
  for (const file of ["./nowhere.ts", tmpdir()]) {
    await assert.rejects(importTask(file), {
      name: "TaskError",
      message: `Cannot find ${file}: expected a module whose default export is a task`,
    });
  }
});

/** The example with some of it changed. */
const changed = (fields: Record<string, unknown>) => ({ ...spirals, ...fields });
const changedData = (fields: Record<string, unknown>) => changed({ data: { ...spirals.data, ...fields } });
const [w1] = Object.values(spirals.parameters);

for (
  const [value, message] of [
    [changed({ name: undefined }), "name is missing; expected a line of text"],
    [
      changed({ name: "two spirals" }),
      'name is "two spirals"; expected letters, digits, "_", "-" and "." alone',
    ],
    [changed({ summary: "a\nb" }), 'summary is "a\\nb"; expected a line of text'],
    [changed({ batchsize: 32 }), "batchsize is not known; did you mean batchSize?"],
    [changed({ batchSize: "32" }), 'batchSize is "32"; expected a positive integer'],
    [changed({ testBatchSize: 0 }), "testBatchSize is 0; expected a positive integer"],
    [changed({ epochs: 1.5 }), "epochs is 1.5; expected a positive integer"],
    [changed({ metric: "f1" }), 'metric is "f1"; expected "accuracy" or "loss"'],
    [changed({ target: NaN }), "target is NaN; expected a finite number"],
    [changed({ loss: "mse" }), 'loss is "mse"; expected a function'],
    [changed({ evaluate: null }), "evaluate is null; expected a function"],
    [changed({ learningRate: 0.1 }), "learningRate is 0.1; expected a function"],
    [changed({ parameters: {} }), "parameters is empty; expected one or more"],
    [changed({ parameters: [] }), "parameters is []; expected an object"],
    [
      changed({ parameters: { w1: { ...w1, shape: [2, 0] } } }),
      "parameters.w1.shape is [2,0]; expected a list of positive integers, empty for a single number",
    ],
    [changed({ parameters: { w1: { shape: [2] } } }), "parameters.w1.init is missing; expected an object"],
    [
      changed({ parameters: { w1: { ...w1, init: { summary: "ones" } } } }),
      "parameters.w1.init.fill is missing; expected a function",
    ],
    [
      changed({ parameters: { "w/1": w1 } }),
      'parameters cannot have the name "w/1"; expected letters, digits and "_" alone',
    ],
    [
      changed({ parameters: { loss: w1 } }),
      'parameters cannot have the name "loss"; a compiled step has a result or an input of that name',
    ],
    [
      changed({ buffers: { mean: { shape: [1], initial: 0 } } }),
      "buffers.mean.initial is not known; did you mean init?",
    ],
    [
      changed({ noise: { mask: { shape: [8], kind: "dropout" } } }),
      'noise.mask.kind is "dropout"; expected "normal" or "uniform" or "bernoulli"',
    ],
    [
      changed({ noise: { mask: { shape: [8], kind: "bernoulli" } } }),
      "noise.mask.probability is undefined; expected a number from 0 to 1",
    ],
    [
      changed({ testNoise: { z: { shape: [8], kind: "normal", probability: 0.5 } } }),
      "testNoise.z.probability means nothing to normal noise; leave it out",
    ],
    [
      changed({ landscape: { f: () => 0, x: [0, 1], y: [0], minima: [] } }),
      "landscape.y is [0]; expected a list of two finite numbers",
    ],
    [
      changed({ landscape: { f: () => 0, x: [0, 1], y: [0, 1], minima: [] } }),
      "landscape is for one parameter of shape [2]; parameters have the shapes [2,32], [32], [32,2], [2]",
    ],
    [changed({ data: "mnist" }), 'data is "mnist"; expected an object'],
    [changedData({ trainRows: undefined }), "data.trainRows is missing; expected a positive integer"],
    [
      changedData({ columns: { inputs: { shape: [2], dtype: "float32" } } }),
      'data.columns.inputs.dtype is "float32"; expected "uint8" or "int32" or "float"',
    ],
  ] as const
) {
  test(`a task is refused because ${message}`, () => {
    assert.throws(() => checkTask(value, "mytask.ts"), {
      name: "TaskError",
      message: `Cannot use mytask.ts as a task: ${message}`,
    });
  });
}

test("a task may use every optional field, and data may know more of themselves", () => {
  const noise = {
    z: { shape: [4], kind: "normal" },
    mask: { shape: [4], kind: "bernoulli", probability: 0.8 },
  };
  const point = { start: { ...w1, shape: [2] } };
  const landscape = { f: () => 0, x: [0, 1], y: [0, 1], minima: [[0, 0]] };
  const all = { buffers: { mean: w1 }, noise, testNoise: noise, learningRate: () => 1, testBatchSize: 64 };
  checkTask(changed(all), "mytask.ts");
  checkTask(changed({ parameters: point, landscape }), "mytask.ts");
  checkTask(changedData({ classes: 2, divisor: 255 }), "mytask.ts");
});

const { train, test: tested } = spirals.data.load();
const withTrain = (split: Partial<Split>) => () => ({ train: { ...train, ...split }, test: tested });
const withColumns = (columns: Record<string, unknown>) =>
  withTrain({ columns: { ...train.columns, ...columns } as Split["columns"] });

for (
  const [load, message] of [
    [() => undefined, "data.load() is missing; expected an object"],
    [
      () => Promise.resolve(spirals.data.load()),
      "data.load() returns a promise; await what it needs at the top of the module, and return the rows",
    ],
    [() => ({ train }), "data.load().test is missing; expected an object"],
    [withTrain({ rows: 1000 }), "data.load().train.rows is 1000; expected 1024, as data.trainRows says"],
    [
      withColumns({ labels: undefined }),
      "data.load().train.columns.labels is no Uint8Array, which uint8 columns are",
    ],
    [
      withColumns({ inputs: new Float64Array(2048) }),
      "data.load().train.columns.inputs is no Float32Array, which float columns are",
    ],
    [
      withColumns({ inputs: new Float32Array(1024) }),
      "data.load().train.columns.inputs has 1024 values; expected 2048, 1024 rows of shape [2]",
    ],
    [
      withColumns({ inputs: new Float32Array(2048).fill(NaN, 7, 8) }),
      "data.load().train.columns.inputs holds NaN in row 3; expected finite numbers",
    ],
  ] as const
) {
  test(`data are refused because ${message}`, () => {
    const { data } = checkTask(changedData({ load }), "mytask.ts");
    assert.throws(() => data.load(), {
      name: "TaskError",
      message: `Cannot use mytask.ts as a task: ${message}`,
    });
  });
}
