/** What the files of a study's folder say. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import fc from "fast-check";
import Papa from "papaparse";
import { getOptimizer } from "../optim/registry.ts";
import { contourSvg } from "../results/charts/contour_svg.ts";
import { toCsv } from "../results/export/csv.ts";
import { exportStudy } from "../results/export/export.ts";
import type { StudyStore } from "../results/store/store.ts";
import { rosenbrock } from "../tasks/functions.ts";
import { completed, completedWithLosses, diverged, failed, study, withEpochs } from "./_results.ts";
import { endAll, refuses, settings, versions, withStudy } from "./_stores.ts";
import { readStudy } from "./_sweeps.ts";

/** The files of a study after some of its trials have ended. */
function exported(store: StudyStore, folder: string) {
  exportStudy(store.record, folder);
  return readStudy(folder);
}

/** The cells of the hyper-parameters that nothing is said of. */
const defaults = Object.fromEntries(
  Object.entries(settings.defaults).map(([name, value]) => [name, String(value)]),
);
const HYPERPARAMETERS = Object.keys(getOptimizer("sgd").hyperparameters).join(",");
const CONFIGURATION = `configuration,task,optimizer,base,${HYPERPARAMETERS},batch_size,epochs`;

test("the tables of a study of which nothing has ended are headers, and trials that wait", () =>
  withStudy((store, folder) => {
    const { names, trials, curves, summary } = exported(store, folder);
    assert.deepEqual(names.filter((name) => !name.startsWith("study.sqlite")), [
      ...["curves.csv", "study.json", "summary.csv", "trials.csv"],
    ]);
    const header = (name: string) => readFileSync(join(folder, name), "utf8").split("\n")[0];
    assert.equal(
      header("trials.csv"),
      `trial,${CONFIGURATION},seed,stage,status,train_loss,test_loss,test_accuracy,best_test_accuracy,` +
        "best_test_loss,best_epoch,epochs_to_target,seconds_to_target,steps,group_size,compile_seconds,wall_seconds," +
        "step_ms_median,step_ms_p95,reason",
    );
    assert.equal(
      header("curves.csv"),
      "trial,configuration,seed,epoch,train_loss,test_loss,test_accuracy,seconds",
    );
    assert.deepEqual(trials.map(({ trial, status, steps }) => [trial, status, steps]), [
      ...[0, 1, 2, 3, 4, 5].map((i) => [String(i), "planned", ""]),
    ]);
    assert.deepEqual([curves, summary], [[], []]);
  }));

test("study.json says all that it takes to run the study again, and what became of it", () =>
  withStudy((store, folder) => {
    endAll(store, [completed([0.5]), failed]);
    store.note("interrupted");
    store.release();
    const { cpu, code, events, endedAt, startedAt, ...json } = exported(store, folder).json;
    assert.deepEqual(json, {
      format: 4,
      name: "sgd-digits_mlp-20260131-142530",
      status: "interrupted",
      task: "digits_mlp",
      taskFile: null,
      table: null,
      text: null,
      metric: "accuracy",
      target: 0.92,
      optimizer: "sgd",
      base: null,
      space: { ...defaults, lr: "0.1,0.2,0.3", momentum: "0.9", nesterov: "false" },
      conditions: [],
      sampler: { name: "grid", seed: 0, ahead: 8 },
      pruners: [],
      stopAtTarget: false,
      budget: {},
      protocol: null,
      shard: null,
      configurations: 3,
      leftOut: [],
      trials: { completed: 1, failed: 1, planned: 4 },
      seeds: [1, 2],
      epochs: 30,
      batchSize: 64,
      accumulate: 1,
      device: "cpu",
      lrScaling: null,
      parameterGroups: [{ parameters: ["w1", "b1", "w2", "b2"], overrides: {} }],
      shuffle: "every-epoch",
      runningStatistics: "first",
      jobs: 2,
      threads: 1,
      grouping: { size: 16, reason: "2,410 parameters: up to 32,768 train together" },
      accelerator: null,
      versions,
      commandLine: ["optbench", "sweep", "digits_mlp"],
    });
    const { description } = store.record;
    assert.deepEqual([cpu, code, startedAt], [
      description.cpu,
      description.identity.code,
      description.startedAt,
    ]);
    assert.ok((endedAt as string) > (startedAt as string));
    assert.deepEqual((events as { text: string }[]).map(({ text }) => text), ["interrupted"]);
  }));

test("a completed trial has a row with its figures, and a row an epoch", () =>
  withStudy((store, folder) => {
    endAll(store, [failed, completed([0.5, 0.9375, 0.25])]);
    const { trials, curves } = exported(store, folder);
    assert.deepEqual({ ...trials[1] }, {
      trial: "1",
      configuration: "0",
      task: "digits_mlp",
      optimizer: "sgd",
      base: "",
      ...defaults,
      lr: "0.1",
      momentum: "0.9",
      nesterov: "false",
      batch_size: "64",
      epochs: "30",
      seed: "2",
      stage: "search",
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
      reason: "",
    });
    assert.deepEqual(curves.map((row) => Object.values(row).join(" ")), [
      "1 0 2 1 0.5 1 0.5 0.25",
      "1 0 2 2 0.0625 0.5625 0.9375 0.5",
      "1 0 2 3 0.75 1.25 0.25 0.75",
    ]);
  }));

test("what is not finite or was not measured is an empty cell", () =>
  withStudy((store, folder) => {
    const infinite = withEpochs([{ epoch: 1, trainLoss: Infinity, testLoss: NaN, testAccuracy: 0.1 }]);
    endAll(store, [{ ...infinite, status: "diverged", reason: "the loss is NaN" }, failed]);
    const { trials: [first, second], curves } = exported(store, folder);
    assert.deepEqual(
      [first.status, first.test_accuracy, first.best_test_accuracy, first.best_test_loss, first.reason],
      ["diverged", "", "0.1", "", "the loss is NaN"],
    );
    assert.deepEqual([second.status, second.steps, second.step_ms_median, second.reason], [
      ...["failed", "", "", "out of memory"],
    ]);
    assert.deepEqual(curves.map((row) => Object.values(row).join()), ["0,0,1,1,,,0.1,0.25"]);
  }));

test("a study of losses has empty cells for accuracies", () =>
  withStudy((store, folder) => {
    endAll(store, [completedWithLosses([2, 0.005])]);
    const { trials: [row], curves } = exported(store, folder);
    assert.deepEqual(
      [row.test_loss, row.test_accuracy, row.best_test_accuracy, row.best_test_loss, row.best_epoch],
      ["0.005", "", "", "0.005", "2"],
    );
    assert.deepEqual(curves.map((row) => Object.values(row).join()), [
      "0,0,1,1,4,2,,0.25",
      "0,0,1,2,0.01,0.005,,0.5",
    ]);
  }, study({ metric: "loss", seeds: [1] })));

test("the summary has a row a configuration, the best first", () =>
  withStudy((store, folder) => {
    endAll(store, [
      completed([0.25]),
      completed([0.75]),
      completed([0.5, 0.95]),
      completed([0.875]),
      diverged([]),
    ]);
    const rows = exported(store, folder).summary;
    assert.deepEqual(
      rows.map((row) => [row.rank, row.configuration, row.reached_target, row.epochs_to_target_median]),
      [["1", "1", "1", "2"], ["2", "0", "0", ""], ["3", "2", "0", ""]],
    );
    const { test_accuracy_ci95_low, test_accuracy_ci95_high, ...row } = rows[1];
    assert.ok(Number(test_accuracy_ci95_low) >= 0.25 && Number(test_accuracy_ci95_high) <= 0.75);
    const sd = String(Math.sqrt(0.125));
    assert.deepEqual(row, {
      rank: "2",
      configuration: "0",
      task: "digits_mlp",
      optimizer: "sgd",
      base: "",
      ...defaults,
      lr: "0.1",
      momentum: "0.9",
      nesterov: "false",
      batch_size: "64",
      epochs: "30",
      stage: "search",
      completed: "2",
      pruned: "0",
      diverged: "0",
      failed: "0",
      test_accuracy_median: "0.5",
      test_accuracy_q1: "0.375",
      test_accuracy_q3: "0.625",
      test_accuracy_mean: "0.5",
      test_accuracy_sd: sd,
      test_loss_mean: "1",
      test_loss_sd: sd,
      train_loss_mean: "0.5",
      train_loss_sd: sd,
      best_test_accuracy_mean: "0.5",
      best_test_accuracy_sd: sd,
      best_test_loss_mean: "1",
      best_test_loss_sd: sd,
      reached_target: "0",
      epochs_to_target_median: "",
      seconds_to_target_median: "",
      step_ms_median: "0.2",
      wall_seconds_median: "2",
    });
  }));

/** A study of a function of two variables: four configurations, two trials each. */
const inThePlane = study({
  metric: "loss",
  seeds: [7, 8],
  texts: { lr: "0.1,0.2,0.3,0.4", momentum: "0", nesterov: "false" },
});

/** From the same start to a point of its own. */
const path = (trial: number): [number, number][] => [[-0.5, 1.5], [0, 1], [trial, trial / 2]];

/** A trial of the plane that ends with that loss. */
const moved = (trial: number, loss: number) => ({
  ...completedWithLosses([2, loss]),
  trajectory: path(trial),
});

test("where trials moved in a landscape, each has a row a point, from the start on", () =>
  withStudy((store, folder) => {
    const wild = { ...diverged([]), trajectory: [[-0.5, 1.5], [1e30, NaN]] as [number, number][] };
    endAll(store, [failed, moved(1, 0.5), wild]);
    assert.deepEqual(exported(store, folder).trajectories.map((row) => Object.values(row).join()), [
      "1,0,-0.5,1.5",
      "1,1,0,1",
      "1,2,1,0.5",
      "2,0,-0.5,1.5",
      "2,1,1e+30,",
    ]);
  }, inThePlane));

test("in a landscape the best three configurations are drawn, the first trial of each", () =>
  withStudy((store, folder) => {
    const losses = [0.4, 0.1, 0.2, 0.3];
    endAll(store, losses.flatMap((loss, i) => [moved(2 * i, loss), moved(2 * i + 1, loss)]));
    const files = exportStudy(store.record, folder, { landscape: rosenbrock.landscape });
    const best = [1, 2, 3].map((i) => ({ label: `lr 0.${i + 1}`, points: path(2 * i) }));
    assert.equal(
      readStudy(folder).contours,
      contourSvg(rosenbrock.landscape, best, { title: "sgd on rosenbrock" }),
    );
    assert.deepEqual(
      files,
      ["summary.csv", "trials.csv", "curves.csv", "trajectories.csv", "contours.svg", "study.json"]
        .map((name) => join(folder, name)),
    );
  }, inThePlane));

test("where no trial moved nothing is drawn", () =>
  withStudy((store, folder) => {
    endAll(store, [failed]);
    const files = exportStudy(store.record, folder, { landscape: rosenbrock.landscape });
    assert.deepEqual(files.map((path) => basename(path)), [
      "summary.csv",
      "trials.csv",
      "curves.csv",
      "study.json",
    ]);
  }, inThePlane));

if (existsSync("/dev/full")) {
  test("a file that the disk has no space for stays as it was", () =>
    withStudy((store, folder) => {
      writeFileSync(join(folder, "trials.csv"), "before");
      const unfinished = `trials.csv.${process.pid}.tmp`;
      symlinkSync("/dev/full", join(folder, unfinished));
      refuses(
        () => exportStudy(store.record, folder),
        /^Cannot write ".*trials\.csv": no space left on device$/,
      );
      assert.equal(readFileSync(join(folder, "trials.csv"), "utf8"), "before");
      assert.ok(!readdirSync(folder).includes(unfinished));
    }));
}

test("a folder that does not exist is an error, and is not made", () =>
  withStudy((store, folder) => {
    const gone = join(folder, "gone");
    refuses(() => exportStudy(store.record, gone), /summary\.csv": no such file or folder$/);
    assert.ok(!existsSync(gone));
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

test("a reason of several lines stays one row", () =>
  withStudy((store, folder) => {
    endAll(store, [
      { status: "failed", reason: '=A1, "quoted"\r\nsecond line,' },
      { status: "failed", reason: "-1" },
    ]);
    assert.deepEqual(exported(store, folder).trials.map(({ reason }) => reason), [
      '\'=A1, "quoted"\r\nsecond line,',
      "'-1",
      ...["", "", "", ""],
    ]);
  }));

test("any number reads back as the very same, a negative one too; no number is an empty cell", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
    assert.equal(Number(toCsv([[x]])), x + 0);
  }));
  assert.equal(toCsv([[-1.5, 1e-7, NaN, Infinity, undefined, false]]), "-1.5,1e-7,,,,false\n");
});
