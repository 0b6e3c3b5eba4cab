import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import Papa from "papaparse";
import { getOptimizer } from "../optim/registry.ts";
import { contourSvg } from "../results/charts/contour_svg.ts";
import { toCsv } from "../results/export/csv.ts";
import { StoreError } from "../results/store/files.ts";
import { type StoreOptions, StudyStore } from "../results/store/store.ts";
import { summarize } from "../results/summary.ts";
import { rosenbrock } from "../tasks/functions.ts";
import { completed, completedWithLosses, diverged, result, study, withEpochs } from "./_results.ts";

const settings = study({ seeds: [1, 2] });
const HYPERPARAMETERS = Object.keys(getOptimizer("sgd").hyperparameters).join(",");
/** The cells of the hyper-parameters that nothing is said of. */
const defaults = Object.fromEntries(
  Object.entries(settings.defaults).map(([name, value]) => [name, String(value)]),
);
const options: StoreOptions = {
  settings,
  versions: {
    optbench: "0.1.0",
    runtime: "deno 2.9.6",
    onnxruntime: "1.30.0",
    tfjs: "4.22.0",
    platform: "linux/x64",
  },
  commandLine: ["optbench", "sweep", "digits_mlp"],
  startedAt: new Date(2026, 0, 31, 14, 25, 30),
};

function inTemporaryFolder(action: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "optbench-"));
  try {
    action(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The rows of a CSV file, by column. */
function read(store: StudyStore, file: string): Record<string, string>[] {
  const text = readFileSync(join(store.directory, file), "utf8");
  assert.ok(text.endsWith("\n"));
  const { data, errors } = Papa.parse<Record<string, string>>(text.slice(0, -1), { header: true });
  assert.deepEqual(errors, []);
  return data;
}

const readStudy = (store: StudyStore) =>
  JSON.parse(readFileSync(join(store.directory, "study.json"), "utf8"));

function refuses(action: () => unknown, message: RegExp): void {
  assert.throws(action, (error: Error) => {
    assert.ok(error instanceof StoreError);
    assert.match(error.message, message);
    assert.match(error.message, /^[^\n]*[^.\n]$/);
    return true;
  });
}

test("a new study has its settings and two files with headers alone", () =>
  inTemporaryFolder((folder) => {
    const store = StudyStore.create({ ...options, directory: join(folder, "a", "b") });
    assert.deepEqual(readdirSync(store.directory).sort(), ["curves.csv", "study.json", "trials.csv"]);
    assert.equal(
      readFileSync(join(store.directory, "trials.csv"), "utf8"),
      `trial,configuration,task,optimizer,base,${HYPERPARAMETERS},batch_size,epochs,seed,` +
        "status,train_loss,test_loss,test_accuracy,best_test_accuracy,best_test_loss,best_epoch,epochs_to_target," +
        "seconds_to_target,steps,group_size,compile_seconds,wall_seconds,step_ms_median,step_ms_p95,error\n",
    );
    assert.equal(
      readFileSync(join(store.directory, "curves.csv"), "utf8"),
      "trial,configuration,seed,epoch,train_loss,test_loss,test_accuracy,seconds\n",
    );
    assert.deepEqual(readStudy(store), {
      format: 2,
      name: "sgd-digits_mlp-20260131-142530",
      status: "running",
      task: "digits_mlp",
      taskFile: null,
      table: null,
      text: null,
      metric: "accuracy",
      target: 0.92,
      optimizer: "sgd",
      base: null,
      space: settings.space,
      configurations: 21,
      leftOut: [{ reason: "nesterov true needs momentum > 0, got momentum 0", count: 7 }],
      seeds: [1, 2],
      epochs: 30,
      batchSize: 64,
      accumulate: 1,
      lrScaling: null,
      parameterGroups: [{ parameters: ["w1", "b1", "w2", "b2"], overrides: {} }],
      shuffle: "every-epoch",
      runningStatistics: "first",
      jobs: 2,
      threads: 1,
      grouping: { size: 16, reason: "2,410 parameters: up to 32,768 train together" },
      versions: options.versions,
      cpu: { model: cpus()[0]?.model.trim() ?? null, cores: cpus().length },
      commandLine: ["optbench", "sweep", "digits_mlp"],
      startedAt: options.startedAt!.toISOString(),
      endedAt: null,
    });
  }));

test("without a folder a study gets a new one, named after what it is and when it began", () =>
  inTemporaryFolder((folder) => {
    const parent = join(folder, "optbench-results");
    const names = [1, 2, 3].map(() => StudyStore.create({ ...options, parent }).directory);
    const name = join(parent, "sgd-digits_mlp-20260131-142530");
    assert.deepEqual(names, [name, `${name}-2`, `${name}-3`]);
    const sam = StudyStore.create({ ...options, settings: study({ name: "sam", base: "adam" }), parent });
    assert.equal(sam.directory, join(parent, "sam_adam-digits_mlp-20260131-142530"));
    assert.equal(readStudy(sam).name, "sam_adam-digits_mlp-20260131-142530");
    assert.equal(readStudy(sam).base, "adam");
  }));

test("an empty folder may be used, one with anything in it may not", () =>
  inTemporaryFolder((folder) => {
    StudyStore.create({ ...options, directory: folder });
    const before = readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]);
    refuses(
      () => StudyStore.create({ ...options, directory: folder }),
      /^Cannot create the study folder ".*": it exists and is not empty; name another or empty it$/,
    );
    assert.deepEqual(
      readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]),
      before,
    );
  }));

test("a path that is a file, or leads through one, is refused", () =>
  inTemporaryFolder((folder) => {
    const file = join(folder, "results");
    writeFileSync(file, "mine");
    refuses(
      () => StudyStore.create({ ...options, directory: file }),
      /^Cannot create the study folder ".*results": a file of that name exists; choose another folder$/,
    );
    refuses(
      () => StudyStore.create({ ...options, directory: join(file, "x") }),
      /^Cannot create the study folder ".*": a part of the path is a file; choose another folder$/,
    );
    refuses(
      () => StudyStore.create({ ...options, parent: file }),
      /^Cannot create the folder ".*results": a file/,
    );
    assert.equal(readFileSync(file, "utf8"), "mine");
    assert.deepEqual(readdirSync(folder), ["results"]);
  }));

if (existsSync("/sys/kernel")) {
  test("a folder that cannot be written is refused", () => {
    refuses(
      () => StudyStore.create({ ...options, directory: "/sys/optbench" }),
      /^Cannot create the study folder "\/sys\/optbench": .*; choose (another folder|a folder that you may write to)$/,
    );
    refuses(
      () => StudyStore.create({ ...options, parent: "/sys" }),
      /^Cannot create the study folder "\/sys\/sgd-/,
    );
  });
}

test("a completed trial has a row with its figures, and a row an epoch", () =>
  inTemporaryFolder((directory) => {
    const store = StudyStore.create({ ...options, directory });
    store.append(result(settings, 2, 1, completed([0.5, 0.9375, 0.25])));
    assert.deepEqual(read(store, "trials.csv"), [{
      trial: "5",
      configuration: "2",
      task: "digits_mlp",
      optimizer: "sgd",
      base: "",
      ...defaults,
      lr: "0.003",
      momentum: "0.9",
      nesterov: "true",
      batch_size: "64",
      epochs: "30",
      seed: "2",
      status: "completed",
      train_loss: "0.75",
      test_loss: "1.25",
      test_accuracy: "0.25",
      best_test_accuracy: "0.9375",
      best_test_loss: "0.5625",
      best_epoch: "2",
      epochs_to_target: "2",
      seconds_to_target: "0.5",
      steps: "66",
      group_size: "4",
      compile_seconds: "0.25",
      wall_seconds: "2",
      step_ms_median: "0.2",
      step_ms_p95: "0.29",
      error: "",
    }]);
    assert.deepEqual(read(store, "curves.csv").map((row) => Object.values(row).join(" ")), [
      "5 2 2 1 0.5 1 0.5 0.25",
      "5 2 2 2 0.0625 0.5625 0.9375 0.5",
      "5 2 2 3 0.75 1.25 0.25 0.75",
    ]);
  }));

test("a diverged trial has no final figures, a failed one none, both an error", () =>
  inTemporaryFolder((directory) => {
    const store = StudyStore.create({ ...options, directory });
    const infinite = withEpochs([{ epoch: 1, trainLoss: Infinity, testLoss: NaN, testAccuracy: 0.1 }]);
    store.append(
      result(settings, 0, 0, { ...infinite, status: "diverged", error: "NaN" }),
    );
    store.append(result(settings, 0, 1, { status: "failed", error: "out of memory" }));
    const [first, second] = read(store, "trials.csv");
    assert.equal(first.status, "diverged");
    assert.equal(first.test_accuracy, "");
    assert.equal(first.best_test_accuracy, "0.1");
    assert.equal(first.best_test_loss, "");
    assert.equal(first.epochs_to_target, "");
    assert.equal(first.error, "NaN");
    assert.equal(second.status, "failed");
    assert.equal(second.steps, "");
    assert.equal(second.step_ms_median, "");
    assert.equal(second.error, "out of memory");
    assert.deepEqual(read(store, "curves.csv").map((row) => Object.values(row).join()), [
      "0,0,1,1,,,0.1,0.25",
    ]);
  }));

test("the end of a study writes its summary, best first, and its status", () =>
  inTemporaryFolder((directory) => {
    const store = StudyStore.create({ ...options, directory });
    const results = [
      result(settings, 0, 0, completed([0.25])),
      result(settings, 0, 1, completed([0.75])),
      result(settings, 1, 0, completed([0.875])),
      result(settings, 2, 0, diverged([])),
    ];
    store.finish("interrupted", summarize(results, settings));
    const rows = read(store, "summary.csv");
    assert.deepEqual(rows.map(({ rank, configuration }) => [rank, configuration]), [["1", "1"], ["2", "0"], [
      "3",
      "2",
    ]]);
    assert.equal(rows[0].test_accuracy_sd, "");
    assert.deepEqual({ ...rows[1] }, {
      rank: "2",
      configuration: "0",
      task: "digits_mlp",
      optimizer: "sgd",
      base: "",
      ...defaults,
      lr: "0.003",
      batch_size: "64",
      epochs: "30",
      completed: "2",
      diverged: "0",
      failed: "0",
      test_accuracy_mean: "0.5",
      test_accuracy_sd: String(Math.sqrt(0.125)),
      test_loss_mean: "1",
      test_loss_sd: String(Math.sqrt(0.125)),
      train_loss_mean: "0.5",
      train_loss_sd: String(Math.sqrt(0.125)),
      best_test_accuracy_mean: "0.5",
      best_test_accuracy_sd: String(Math.sqrt(0.125)),
      best_test_loss_mean: "1",
      best_test_loss_sd: String(Math.sqrt(0.125)),
      reached_target: "0",
      epochs_to_target_median: "",
      seconds_to_target_median: "",
      step_ms_median: "0.2",
      wall_seconds_median: "2",
    });
    const { status, startedAt, endedAt } = readStudy(store);
    assert.equal(status, "interrupted");
    assert.ok(endedAt > startedAt);
    assert.deepEqual(readdirSync(directory).sort(), [
      "curves.csv",
      "study.json",
      "summary.csv",
      "trials.csv",
    ]);
  }));

test("the summary says how many trials reached the target, and when", () =>
  inTemporaryFolder((directory) => {
    const store = StudyStore.create({ ...options, directory });
    const results = [
      result(settings, 0, 0, completed([0.95])),
      result(settings, 0, 1, completed([0.5, 0.93, 0.9])),
      result(settings, 1, 0, completed([0.5, 0.95])),
      result(settings, 1, 1, completed([0.91])),
    ];
    store.finish("completed", summarize(results, settings));
    assert.deepEqual(
      read(store, "summary.csv").map((
        row,
      ) => [
        row.configuration,
        row.reached_target,
        row.epochs_to_target_median,
        row.seconds_to_target_median,
      ]),
      [["1", "1", "2", "0.5"], ["0", "2", "1.5", "0.375"]],
    );
  }));

test("a trial without accuracies leaves the cells for them empty, and is judged by its loss", () =>
  inTemporaryFolder((directory) => {
    const byLoss = study({ metric: "loss", seeds: [1] });
    const store = StudyStore.create({ ...options, settings: byLoss, directory });
    store.append(result(byLoss, 0, 0, completedWithLosses([2, 0.005, 0.25])));
    const [row] = read(store, "trials.csv");
    assert.deepEqual(
      [row.test_loss, row.test_accuracy, row.best_test_accuracy, row.best_test_loss, row.best_epoch],
      ["0.25", "", "", "0.005", "2"],
    );
    assert.deepEqual([row.epochs_to_target, row.seconds_to_target], ["2", "0.5"]);
    assert.deepEqual(read(store, "curves.csv").map((row) => Object.values(row).join()), [
      "0,0,1,1,4,2,,0.25",
      "0,0,1,2,0.01,0.005,,0.5",
      "0,0,1,3,0.5,0.25,,0.75",
    ]);
    assert.deepEqual([readStudy(store).metric, readStudy(store).target], ["loss", 0.01]);
  }));

/** A study of a function of two variables, two configurations by two seeds. */
const inThePlane = study({
  metric: "loss",
  seeds: [7, 8],
  texts: { lr: "0.1,0.2,0.3,0.4", momentum: "0", nesterov: "false" },
});
const planeOptions = { ...options, settings: inThePlane, landscape: rosenbrock.landscape };

/** From the same start to a point of its own. */
const path = (configuration: number, seed: number): [number, number][] => [
  [-0.5, 1.5],
  [0, 1],
  [configuration + 1, seed / 2],
];

/** A trial that ends with that loss. */
const moved = (configuration: number, seed: number, loss: number) =>
  result(inThePlane, configuration, seed, {
    ...completedWithLosses([2, loss]),
    trajectory: path(configuration, seed),
  });

test("where there is a landscape each trial's trajectory is kept, a row a point from the start on", () =>
  inTemporaryFolder((directory) => {
    const store = StudyStore.create({ ...planeOptions, directory });
    assert.equal(readFileSync(join(directory, "trajectories.csv"), "utf8"), "trial,step,x,y\n");
    store.append(moved(1, 1, 0.5), result(inThePlane, 0, 0, { status: "failed", error: "out of memory" }));
    const wild = { ...diverged([]), trajectory: [[-0.5, 1.5], [1e30, NaN]] as [number, number][] };
    store.append(result(inThePlane, 2, 0, wild));
    assert.deepEqual(read(store, "trajectories.csv").map((row) => Object.values(row).join()), [
      "3,0,-0.5,1.5",
      "3,1,0,1",
      "3,2,2,0.5",
      "4,0,-0.5,1.5",
      "4,1,1e+30,",
    ]);
  }));

test("the end of such a study draws the best three configurations, the first seed of each", () =>
  inTemporaryFolder((directory) => {
    const store = StudyStore.create({ ...planeOptions, directory });
    const results = [0.4, 0.1, 0.2, 0.3].flatMap((loss, i) => [moved(i, 1, loss), moved(i, 0, loss)]);
    store.append(...results);
    assert.deepEqual(readdirSync(directory).sort(), [
      "curves.csv",
      "study.json",
      "trajectories.csv",
      "trials.csv",
    ]);
    store.finish("completed", summarize(results, inThePlane));
    const drawing = readFileSync(join(directory, "contours.svg"), "utf8");
    const best = [1, 2, 3].map((i) => ({ label: `lr 0.${i + 1}`, points: path(i, 0) }));
    assert.equal(drawing, contourSvg(rosenbrock.landscape, best, { title: "sgd on rosenbrock" }));
    assert.deepEqual(
      store.files,
      ["summary.csv", "trials.csv", "curves.csv", "trajectories.csv", "contours.svg", "study.json"]
        .map((name) => join(directory, name)),
    );
  }));

test("a study without any trajectory is not drawn", () =>
  inTemporaryFolder((directory) => {
    const store = StudyStore.create({ ...planeOptions, directory });
    const results = [result(inThePlane, 0, 0, { status: "failed", error: "out of memory" })];
    store.append(...results);
    store.finish("completed", summarize(results, inThePlane));
    assert.ok(!existsSync(join(directory, "contours.svg")));
    assert.equal(readStudy(store).status, "completed");
  }));

test("a study without a landscape keeps no trajectories", () =>
  inTemporaryFolder((directory) => {
    const store = StudyStore.create({ ...options, settings: inThePlane, directory });
    store.append(moved(0, 0, 1));
    store.finish("completed", summarize([moved(0, 0, 1)], inThePlane));
    assert.deepEqual(store.files.map((path) => basename(path)), [
      "summary.csv",
      "trials.csv",
      "curves.csv",
      "study.json",
    ]);
  }));

if (existsSync("/dev/full")) {
  const fill = (directory: string, file: string) => {
    rmSync(join(directory, file), { force: true });
    symlinkSync("/dev/full", join(directory, file));
  };

  test("a full disk is an error that names the file", () =>
    inTemporaryFolder((directory) => {
      const store = StudyStore.create({ ...options, directory });
      fill(directory, "trials.csv");
      refuses(
        () => store.append(result(settings, 0, 0, completed([0.5]))),
        /^Cannot append to ".*trials\.csv": no space left on device$/,
      );
    }));

  test("a trial has its row only after its curves", () =>
    inTemporaryFolder((directory) => {
      const store = StudyStore.create({ ...options, directory });
      fill(directory, "curves.csv");
      refuses(
        () => store.append(result(settings, 0, 0, completed([0.5]))),
        /curves\.csv": no space left on device$/,
      );
      assert.deepEqual(read(store, "trials.csv"), []);
    }));

  test("a trial has its row only after its trajectory", () =>
    inTemporaryFolder((directory) => {
      const store = StudyStore.create({ ...planeOptions, directory });
      fill(directory, "trajectories.csv");
      refuses(() => store.append(moved(0, 0, 1)), /trajectories\.csv": no space left on device$/);
      assert.deepEqual(read(store, "trials.csv"), []);
    }));

  test("a study.json that cannot be replaced stays as it was", () =>
    inTemporaryFolder((directory) => {
      const store = StudyStore.create({ ...options, directory });
      fill(directory, "study.json.tmp");
      refuses(() => store.finish("completed", []), /^Cannot write ".*study\.json": no space left on device$/);
      assert.equal(readStudy(store).status, "running");
      assert.ok(!existsSync(join(directory, "study.json.tmp")));
    }));
}

test("results whose folder is gone are an error, not a new folder", () =>
  inTemporaryFolder((folder) => {
    const directory = join(folder, "study");
    const store = StudyStore.create({ ...options, directory });
    rmSync(directory, { recursive: true });
    refuses(
      () => store.append(result(settings, 0, 0, completed([0.5]))),
      /curves\.csv": no such file or folder$/,
    );
    refuses(() => store.finish("failed", []), /summary\.csv": no such file or folder$/);
    mkdirSync(directory);
    refuses(
      () => store.append(result(settings, 0, 0, completed([0.5]))),
      /curves\.csv": no such file or folder$/,
    );
  }));

const formula = /^[=+\-@\t\r\n]/;
const text = fc.string({
  unit: fc.oneof(fc.constantFrom(..."\",'\n\r\t=+-@; "), fc.string({ minLength: 1 })),
});

test("any text reads back as it was, with an apostrophe before what a spreadsheet would run", () => {
  const rows = fc.integer({ min: 2, max: 4 }).chain((width) =>
    fc.array(fc.array(text, { minLength: width, maxLength: width }), { minLength: 1 })
  );
  fc.assert(fc.property(rows, (rows) => {
    const { data, errors } = Papa.parse(toCsv(rows).slice(0, -1), { delimiter: ",", newline: "\n" });
    assert.deepEqual(errors, []);
    assert.deepEqual(data, rows.map((row) => row.map((cell) => formula.test(cell) ? `'${cell}` : cell)));
  }));
});

test("an error text of several lines stays one row", () =>
  inTemporaryFolder((directory) => {
    const store = StudyStore.create({ ...options, directory });
    store.append(result(settings, 0, 0, { status: "failed", error: '=A1, "quoted"\r\nsecond line,' }));
    store.append(result(settings, 0, 1, { status: "failed", error: "-1" }));
    assert.deepEqual(read(store, "trials.csv").map(({ error }) => error), [
      '\'=A1, "quoted"\r\nsecond line,',
      "'-1",
    ]);
  }));

test("any number reads back as the very same, a negative one too; no number is an empty cell", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
    assert.equal(Number(toCsv([[x]])), x + 0);
  }));
  assert.equal(toCsv([[-1.5, 1e-7, NaN, Infinity, undefined, false]]), "-1.5,1e-7,,,,false\n");
});
