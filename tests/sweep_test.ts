import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import manifest from "../package.json" with { type: "json" };
import { resolve } from "../optim/coefficients.ts";
import { getOptimizer } from "../optim/registry.ts";
import { mean, standardDeviation } from "../results/statistics/descriptive.ts";
import { planStudy } from "../study/settings/plan.ts";
import { rosenbrock } from "../tasks/functions.ts";
import { inTemporaryFolder, type Row, sorted, sweep } from "./_sweeps.ts";
import { optbench } from "./cli.ts";

/** Columns that say how trials ran, not what came of them. */
const RUNNING = /seconds|step_ms|group_size/;

// Eight combinations, of which two are illegal, and three seeds.
const GRID = "--task digits_logreg --lr 0.5,2 --momentum 0,0.9 --nesterov false,true " +
  "--trust-coefficient 0.02 --weight-decay 1e-4 --seeds 3 --epochs 3";
const study = sweep(`${GRID} --jobs 2`);

// Of four learning rates, one or more lead to the target and one or more don't.
const valley = sweep(
  "--task rosenbrock --opt sgd --momentum 0.9 --nesterov false --weight-decay 0 --epochs 400 " +
    "--lr 0.0001,0.0003,0.001,0.0016",
);

const timeout = { timeout: 60_000 };

const byTrial = (rows: readonly Row[]) => Map.groupBy(rows, ({ trial }) => trial);
const byConfiguration = (rows: readonly Row[]) => Map.groupBy(rows, ({ configuration }) => configuration);

test("a sweep ends with exit code 0, its record and four files made from it", timeout, async () => {
  const { code, names } = await study;
  assert.equal(code, 0);
  assert.deepEqual(names, ["curves.csv", "study.json", "study.sqlite", "summary.csv", "trials.csv"]);
});

test("trials.csv has a column for each hyper-parameter and for what came of a trial", timeout, async () => {
  const { trials } = await study;
  assert.deepEqual(Object.keys(trials[0]), [
    "trial",
    "configuration",
    "task",
    "optimizer",
    "base",
    ...Object.keys(getOptimizer("lars").hyperparameters),
    "batch_size",
    "epochs",
    "seed",
    "stage",
    "status",
    "train_loss",
    "test_loss",
    "test_accuracy",
    "best_test_accuracy",
    "best_test_loss",
    "best_epoch",
    "epochs_to_target",
    "seconds_to_target",
    "steps",
    "group_size",
    "compile_seconds",
    "wall_seconds",
    "step_ms_median",
    "step_ms_p95",
    "reason",
  ]);
});

test("trials.csv has one row for each legal combination and seed", timeout, async () => {
  const { trials } = await study;
  const expected = ["0.5", "2"].flatMap((lr) =>
    [["0", "false"], ["0.9", "false"], ["0.9", "true"]].flatMap(([momentum, nesterov]) =>
      ["1", "2", "3"].map((seed) => [lr, momentum, nesterov, seed])
    )
  );
  const rows = sorted(trials, RUNNING);
  assert.deepEqual(rows.map(({ lr, momentum, nesterov, seed }) => [lr, momentum, nesterov, seed]), expected);
  assert.deepEqual(rows.map(({ trial }) => Number(trial)), expected.map((_, i) => i));
  for (const row of rows) {
    assert.equal(row.task, "digits_logreg");
    assert.equal(row.optimizer, "lars");
    assert.equal(row.base, "");
    assert.equal(row.trust_coefficient, "0.02");
    assert.equal(row.status, "completed");
    assert.equal(row.reason, "");
    assert.equal(Number(row.steps), 3 * Math.floor(1437 / 64));
  }
});

test(
  "every time of a completed trial is a positive number, and its parts do not exceed it",
  timeout,
  async () => {
    const { trials, curves } = await study;
    for (const row of trials) {
      const [compile, wall, median, p95] = [
        "compile_seconds",
        "wall_seconds",
        "step_ms_median",
        "step_ms_p95",
      ]
        .map((column) => Number(row[column]));
      assert.ok(compile >= 0 && compile < wall);
      assert.ok(median > 0 && median <= p95 && p95 < wall * 1000);
      const seconds = curves.filter(({ trial }) => trial === row.trial).map(({ seconds }) => Number(seconds));
      assert.ok(seconds[0] > compile && seconds[0] < seconds[1] && seconds[1] < seconds[2]);
      assert.ok(seconds[2] <= wall);
    }
  },
);

test(
  "curves.csv has a row for each epoch of each trial, and the last and best are those of trials.csv",
  timeout,
  async () => {
    const { trials, curves } = await study;
    const epochsOf = byTrial(curves);
    assert.equal(epochsOf.size, trials.length);
    for (const row of trials) {
      const epochs = epochsOf.get(row.trial)!;
      assert.deepEqual(epochs.map(({ epoch }) => epoch), ["1", "2", "3"]);
      for (const { seed, configuration } of epochs) {
        assert.deepEqual({ seed, configuration }, { seed: row.seed, configuration: row.configuration });
      }
      for (const column of ["train_loss", "test_loss", "test_accuracy"]) {
        assert.equal(epochs[2][column], row[column]);
      }
      const best = Math.max(...epochs.map(({ test_accuracy }) => Number(test_accuracy)));
      assert.equal(Number(row.best_test_accuracy), best);
      assert.equal(epochs.find(({ test_accuracy }) => Number(test_accuracy) === best)?.epoch, row.best_epoch);
      const lowest = Math.min(...epochs.map(({ test_loss }) => Number(test_loss)));
      assert.equal(Number(row.best_test_loss), lowest);
    }
  },
);

test(
  "the epochs and seconds to the target are those of the first epoch of curves.csv that reached it",
  timeout,
  async () => {
    const { trials, curves, summary, json, stdout } = await valley;
    const epochsOf = byTrial(curves);
    const reached = trials.filter(({ epochs_to_target }) => epochs_to_target !== "");
    assert.ok(reached.length > 0 && reached.length < trials.length);
    for (const row of trials) {
      const first = epochsOf.get(row.trial)!.find(({ test_loss }) =>
        Number(test_loss) <= Number(json.target)
      );
      assert.deepEqual([row.epochs_to_target, row.seconds_to_target], [
        first?.epoch ?? "",
        first?.seconds ?? "",
      ]);
    }
    for (const { configuration, reached_target, epochs_to_target_median } of summary) {
      const [row] = trials.filter((trial) => trial.configuration === configuration);
      assert.equal(reached_target, row.epochs_to_target === "" ? "0" : "1");
      assert.equal(epochs_to_target_median, row.epochs_to_target);
    }
    assert.match(stdout, /^to target: epochs to test loss 0\.01$/m);
  },
);

test("a sweep of a task without accuracies is judged by its loss", timeout, async () => {
  const { code, trials, curves, summary, json, stdout } = await valley;
  assert.equal(code, 0);
  assert.deepEqual([json.metric, json.target], ["loss", 0.01]);
  assert.ok([...trials, ...curves].every(({ test_accuracy }) => test_accuracy === ""));
  const losses = summary.map(({ test_loss_mean }) => Number(test_loss_mean));
  assert.deepEqual(losses, losses.toSorted((a, b) => a - b));
  for (const row of trials) {
    const epochs = curves.filter(({ trial }) => trial === row.trial);
    const lowest = Math.min(...epochs.map(({ test_loss }) => Number(test_loss)));
    assert.equal(Number(row.best_test_loss), lowest);
    assert.equal(epochs.find(({ test_loss }) => Number(test_loss) === lowest)?.epoch, row.best_epoch);
  }
  assert.match(stdout, /^test loss, logarithmic$/m);
  assert.doesNotMatch(stdout, /accuracy/);
});

test(
  "a sweep of a function of two variables keeps each trial's way, and draws the best",
  timeout,
  async () => {
    const { names, trials, trajectories, summary, stdout, json, curves, contours } = await valley;
    assert.deepEqual(names, [
      "contours.svg",
      "curves.csv",
      "study.json",
      "study.sqlite",
      "summary.csv",
      "trajectories.csv",
      "trials.csv",
    ]);
    for (const { trial, steps } of trials) {
      const points = trajectories.filter((row) => row.trial === trial);
      assert.deepEqual(points.map(({ step }) => Number(step)), [...Array(Number(steps) + 1).keys()]);
      assert.deepEqual([points[0].x, points[0].y], ["-0.5", "1.5"]);
      const { x, y } = points.at(-1)!;
      const loss = Number(curves.filter((row) => row.trial === trial).at(-1)!.test_loss);
      assert.ok(Math.abs(rosenbrock.landscape.f(Number(x), Number(y)) - loss) < 1e-3 * (loss + 0.01));
    }
    assert.match(contours, /sgd on rosenbrock/);
    assert.ok(contours.includes(`lr ${Number(summary[0].lr)}`));
    assert.ok(!contours.includes(`lr ${Number(summary[3].lr)}`));
    const folder = (json.commandLine as string[]).at(-1)!;
    for (const name of ["trajectories.csv", "contours.svg"]) {
      assert.ok(stdout.includes(`\n${join(folder, name)}\n`), name);
    }
  },
);

test(
  "summary.csv has the mean and the sample standard deviation over the seeds of trials.csv",
  timeout,
  async () => {
    const { trials, summary } = await study;
    const trialsOf = byConfiguration(trials);
    assert.equal(summary.length, trialsOf.size);
    for (const row of summary) {
      const seeds = trialsOf.get(row.configuration)!;
      assert.equal(seeds.length, 3);
      for (
        const column of ["test_accuracy", "test_loss", "train_loss", "best_test_accuracy", "best_test_loss"]
      ) {
        const values = seeds.toSorted((a, b) => Number(a.trial) - Number(b.trial)).map((trial) =>
          Number(trial[column])
        );
        assert.equal(Number(row[`${column}_mean`]), mean(values));
        assert.equal(Number(row[`${column}_sd`]), standardDeviation(values));
      }
      assert.deepEqual([row.completed, row.diverged, row.failed], ["3", "0", "0"]);
      for (const column of ["lr", "momentum", "nesterov", "weight_decay"]) {
        assert.equal(row[column], seeds[0][column]);
      }
    }
  },
);

test("summary.csv ranks by mean test accuracy, the best first", timeout, async () => {
  const { summary } = await study;
  const accuracies = summary.map(({ test_accuracy_mean }) => Number(test_accuracy_mean));
  assert.deepEqual(accuracies, accuracies.toSorted((a, b) => b - a));
  assert.deepEqual(summary.map(({ rank }) => rank), summary.map((_, i) => String(i + 1)));
});

test("study.json says what was run, on what, when and how", timeout, async () => {
  const { json } = await study;
  const { name, versions, cpu, commandLine, startedAt, endedAt, ...rest } = json;
  const { code, events, ...asked } = rest;
  const defaults = Object.entries(resolve(getOptimizer("lars"), { lr: 1, schedule: "constant" }))
    .map(([name, value]) => [name, String(value)]);
  assert.deepEqual(asked, {
    format: 4,
    status: "completed",
    task: "digits_logreg",
    taskFile: null,
    table: null,
    text: null,
    metric: "accuracy",
    target: 0.9,
    optimizer: "lars",
    base: null,
    space: {
      ...Object.fromEntries(defaults),
      lr: "0.5,2",
      trust_coefficient: "0.02",
      momentum: "0,0.9",
      nesterov: "false,true",
      weight_decay: "0.0001",
    },
    conditions: [],
    sampler: { name: "grid", seed: 0, ahead: 8 },
    pruners: [],
    stopAtTarget: false,
    budget: {},
    protocol: null,
    shard: null,
    configurations: 6,
    leftOut: [{ reason: "nesterov true needs momentum > 0, got momentum 0", count: 2 }],
    trials: { completed: 18 },
    seeds: [1, 2, 3],
    epochs: 3,
    batchSize: 64,
    accumulate: 1,
    device: "cpu",
    lrScaling: null,
    parameterGroups: [{ parameters: ["w1", "b1"], overrides: {} }],
    shuffle: "every-epoch",
    runningStatistics: "first",
    jobs: 2,
    threads: 1,
    grouping: { size: 16, reason: "650 parameters: up to 32,768 train together" },
    accelerator: null,
  });
  assert.match(String(code), /^[0-9a-f]{64}$/);
  assert.deepEqual(events, []);
  assert.match(String(name), /^lars-digits_logreg-\d{8}-\d{6}$/);
  const { bun, deno } = process.versions;
  assert.deepEqual(versions, {
    optbench: manifest.version,
    runtime: bun === undefined ? `deno ${deno}` : `bun ${bun}`,
    onnxruntime: manifest.dependencies["onnxruntime-node"],
    tfjs: manifest.dependencies["@tensorflow/tfjs"],
    platform: `${process.platform}/${process.arch}`,
  });
  assert.deepEqual(Object.keys(cpu as object), ["model", "cores"]);
  assert.deepEqual((commandLine as string[]).slice(0, 4), ["optbench", "sweep", "--task", "digits_logreg"]);
  assert.ok(Date.parse(String(startedAt)) <= Date.parse(String(endedAt)));
});

test("the combinations that are left out are counted, and the reason is told", timeout, async () => {
  const { stderr } = await study;
  assert.match(
    stderr,
    /^ *left out 2 of 8 \w+: nesterov true needs momentum > 0, got momentum 0$/m,
  );
});

test("the report on stdout is a table, a chart and the paths of the files", timeout, async () => {
  const { stdout, json, summary } = await study;
  assert.match(stdout, /^lars on digits_logreg: 6 configurations/m);
  assert.match(stdout, /^1 .*\n2 .*\n3 .*\n4 .*\n5 .*\n6 /m);
  const best = (100 * Number(summary[0].test_accuracy_mean)).toFixed(2);
  assert.match(stdout, new RegExp(`^1 .* ${best} ± `, "m"));
  assert.match(stdout, /^epoch 1 .* 3$/m);
  const folder = (json.commandLine as string[]).at(-1)!;
  for (const name of ["summary.csv", "trials.csv", "curves.csv", "study.json"]) {
    assert.ok(stdout.includes(`\n${join(folder, name)}\n`), name);
  }
});

test("where stdout and stderr are no terminal they are plain text", timeout, async () => {
  const { stdout, stderr } = await study;
  // deno-lint-ignore no-control-regex
  const control = /[\x00-\x09\x0b-\x1f\x7f]/;
  assert.doesNotMatch(stdout, control);
  assert.doesNotMatch(stderr, control);
  assert.match(stderr, /^\d+\/18 trials/m);
});

test("metrics are bit-identical whatever the number of jobs", timeout, async () => {
  const { trials, curves } = await study;
  const alone = await sweep(`${GRID} --jobs 1`);
  assert.deepEqual(sorted(alone.trials, RUNNING), sorted(trials, RUNNING));
  assert.deepEqual(sorted(alone.curves, RUNNING), sorted(curves, RUNNING));
});

test("metrics of a network are bit-identical in two runs", timeout, async () => {
  const line = "--opt adam --lr 0.001,0.01 --weight-decay 0 --seeds 5,6 --epochs 2";
  const [first, second] = [await sweep(line), await sweep(line)];
  assert.ok(first.trials.length >= 4);
  assert.deepEqual(sorted(second.trials, RUNNING), sorted(first.trials, RUNNING));
  assert.deepEqual(sorted(second.curves, RUNNING), sorted(first.curves, RUNNING));
});

test("a seed's metrics are the same beside other seeds and other configurations", timeout, async () => {
  const { trials } = await study;
  const alone = await sweep(
    "--task digits_logreg --lr 2 --momentum 0.9 --nesterov true --trust-coefficient 0.02 " +
      "--weight-decay 1e-4 --seeds 2, --epochs 3",
  );
  const same = trials.find(({ lr, nesterov, seed }) => lr === "2" && nesterov === "true" && seed === "2")!;
  const ordinal = /^trial$|^configuration$/;
  const without = new RegExp(`${RUNNING.source}|${ordinal.source}`);
  assert.deepEqual(sorted(alone.trials, without), sorted([same], without));
});

test("different seeds give different metrics", timeout, async () => {
  const { trials } = await study;
  for (const seeds of byConfiguration(trials).values()) {
    assert.equal(new Set(seeds.map(({ train_loss }) => train_loss)).size, 3);
  }
});

test("--json prints valid JSON on stdout, and nothing else", timeout, async () => {
  const { code, stdout, trials } = await sweep(
    "--task digits_logreg --opt sgd --lr 0.1,1 --epochs 2 --seeds 2 --json",
  );
  assert.equal(code, 0);
  const report = JSON.parse(stdout);
  assert.equal(report.task, "digits_logreg");
  assert.deepEqual([report.metric, report.target], ["accuracy", 0.9]);
  assert.equal(report.optimizer, "sgd");
  assert.deepEqual(report.seeds, [1, 2]);
  assert.equal(report.configurations.length, new Set(trials.map(({ configuration }) => configuration)).size);
  const [best] = report.configurations;
  assert.equal(best.rank, 1);
  const accuracies = trials.filter(({ configuration }) => Number(configuration) === best.configuration)
    .toSorted((a, b) => Number(a.seed) - Number(b.seed)).map(({ test_accuracy }) => Number(test_accuracy));
  assert.equal(best.testAccuracy.mean, mean(accuracies));
  assert.equal(best.testAccuracy.sd, standardDeviation(accuracies));
});

test("study.json says what was chosen, and why trials were trained one at a time", timeout, async () => {
  const line = "--task digits_logreg --opt sgd --lr 1 --momentum 0 --epochs 1";
  const chosen = (await sweep(`${line} --group 1 --shuffle once --threads 2 --jobs 1`)).json;
  assert.deepEqual(chosen.grouping, { size: 1, reason: "asked for" });
  assert.deepEqual([chosen.shuffle, chosen.threads, chosen.jobs], ["once", 2, 1]);
  const large = await planStudy({ optimizer: { name: "sgd" }, task: "mnist_mlp" });
  assert.equal(large.groupReason, "1,336,610 parameters: more than 32,768 train one at a time");
});

test("--quiet prints nothing on stderr", timeout, async () => {
  const { code, stdout, stderr } = await sweep("--task digits_logreg --opt sgd --lr 1 --epochs 1 --quiet");
  assert.equal(code, 0);
  assert.equal(stderr, "");
  assert.match(stdout, /^sgd on digits_logreg/m);
});

test("a trial measures the same beside one that diverges, to the last bit", timeout, async () => {
  const line =
    "--task digits_mlp --opt sgd --momentum 0 --weight-decay 0 --nesterov false --epochs 3 --jobs 1";
  const beside = await sweep(`${line} --lr 0.1,1e38,1e3`);
  const alone = await sweep(`${line} --lr 0.1`);
  assert.deepEqual(sorted(beside.trials.slice(0, 1), RUNNING), sorted(alone.trials, RUNNING));
  const curves = beside.curves.filter(({ trial }) => trial === "0");
  assert.deepEqual(sorted(curves, RUNNING), sorted(alone.curves, RUNNING));
});

test(
  "a trial whose loss is not finite is diverged, and the reason names the step and the epoch",
  timeout,
  async () => {
    const { code, trials, curves, summary } = await sweep(
      "--task digits_mlp --opt sgd --lr 0.1,1e38 --momentum 0 --weight-decay 0 --nesterov false --epochs 2",
    );
    assert.equal(code, 0);
    const [sound, wild] = sorted(trials, RUNNING);
    assert.equal(sound.status, "completed");
    assert.equal(wild.status, "diverged");
    const [, step, epoch] = wild.reason.match(/loss is -?(?:NaN|Infinity) at step (\d+) \(epoch (\d+)\)/)!;
    assert.equal(wild.steps, step);
    assert.equal(epoch, "1");
    for (const column of ["train_loss", "test_loss", "test_accuracy", "best_test_accuracy", "best_epoch"]) {
      assert.equal(wild[column], "");
    }
    assert.deepEqual(curves.map(({ trial }) => trial), ["0", "0"]);
    assert.deepEqual(summary.map(({ diverged }) => diverged), ["0", "1"]);
    assert.equal(summary[1].test_accuracy_mean, "");
  },
);

test("a study of which every trial diverges ends with its report and exit code 0", timeout, async () => {
  const { code, trials, stdout, json } = await sweep(
    "--task digits_mlp --opt sgd --lr 1e38 --momentum 0 --weight-decay 0 --nesterov false --epochs 1 --json",
  );
  assert.equal(code, 0);
  assert.equal(json.status, "completed");
  assert.deepEqual(trials.map(({ status }) => status), ["diverged"]);
  assert.equal(JSON.parse(stdout).configurations[0].diverged, 1);
});

test(
  "a folder with a study in it is refused with exit code 2, and stays as it was",
  timeout,
  () =>
    inTemporaryFolder((folder) => {
      const args = ["sweep", "--task", "digits_logreg", "--opt", "sgd", "--lr", "1", "--epochs", "1"];
      assert.equal(optbench([...args, "--out", folder]).code, 0);
      const read = () => readdirSync(folder).sort().map((name) => [name, readFileSync(join(folder, name))]);
      const before = read();
      const { code, stdout, stderr } = optbench([...args, "--out", folder]);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, /^optbench: [^\n]*\n$/);
      assert.ok(stderr.includes(folder));
      assert.deepEqual(read(), before);
    }),
);

test(
  "a grid with nothing legal is one line and exit code 2, and leaves no folder",
  timeout,
  () =>
    inTemporaryFolder((folder) => {
      const out = join(folder, "study");
      const { code, stdout, stderr } = optbench(
        ["sweep", "--lr", "1", "--momentum", "0", "--nesterov", "true", "--out", out],
      );
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, /^optbench: [^\n]*nesterov true needs momentum > 0[^\n]*\n$/);
      assert.deepEqual(readdirSync(folder), []);
    }),
);

test(
  "a batch larger than the data is one line that names it, and exit code 2",
  timeout,
  () =>
    inTemporaryFolder((folder) => {
      const out = join(folder, "study");
      const { code, stderr } = optbench(["sweep", "--batch-size", "1438", "--out", out]);
      assert.equal(code, 2);
      assert.match(stderr, /^optbench: [^\n]*1438[^\n]*1437[^\n]*\n$/);
      assert.deepEqual(readdirSync(folder), []);
    }),
);

test("a batch as large as the data is one step an epoch", timeout, async () => {
  const { trials } = await sweep(
    "--task digits_logreg --opt sgd --lr 1 --momentum 0 --weight-decay 0 --nesterov false " +
      "--batch-size 1437 --epochs 3",
  );
  assert.deepEqual(trials.map(({ steps, batch_size }) => [steps, batch_size]), [["3", "1437"]]);
});

test("sam over lars has a column for each option of both, and sets them", timeout, async () => {
  const { code, trials, json } = await sweep(
    "--task digits_mlp --opt sam --base lars --rho 0.02,0.1 --adaptive false --lr 1 --momentum 0.9 " +
      "--nesterov false --trust-coefficient 0.02 --weight-decay 1e-4 --epochs 2",
  );
  assert.equal(code, 0);
  const columns = ["optimizer", "base", "rho", "adaptive", "lr", "trust_coefficient", "weight_decay"];
  assert.deepEqual(sorted(trials, RUNNING).map((row) => columns.map((column) => row[column])), [
    ["sam", "lars", "0.02", "false", "1", "0.02", "0.0001"],
    ["sam", "lars", "0.1", "false", "1", "0.02", "0.0001"],
  ]);
  assert.equal(new Set(trials.map(({ train_loss }) => train_loss)).size, 2);
  assert.deepEqual([json.optimizer, json.base], ["sam", "lars"]);
});

for (const choice of ["sgd", "adam", "lars", "sam", "sam --base adam", "sam --base lars"]) {
  test(
    `the default sweep of ${choice} trains, and its best learns the digits in an epoch`,
    timeout,
    async () => {
      const { code, trials, summary } = await sweep(`--opt ${choice} --task digits_logreg --epochs 1`);
      assert.equal(code, 0);
      assert.ok(trials.length > 1);
      assert.ok(trials.every(({ status }) => status !== "failed"), trials[0].reason);
      assert.ok(Number(summary[0].test_accuracy_mean) > 0.5, summary[0].test_accuracy_mean);
    },
  );
}

test("MNIST is read from its package, and a linear model learns it", timeout, async () => {
  const { trials } = await sweep(
    "--task mnist_logreg --opt sgd --lr 0.1 --momentum 0.9 --nesterov false --weight-decay 0 --epochs 1",
  );
  assert.deepEqual(trials.map(({ status, steps }) => [status, steps]), [["completed", "468"]]);
  assert.ok(Number(trials[0].test_accuracy) > 0.88, trials[0].test_accuracy);
});

test("without --jobs there is one for each processor", timeout, async () => {
  const { json } = await sweep("--task digits_logreg --opt sgd --lr 1 --epochs 1");
  assert.equal(json.jobs, availableParallelism());
});
