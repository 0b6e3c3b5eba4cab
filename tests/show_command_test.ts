import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import fc from "fast-check";
import { standings } from "../cli/terminal/show/standings.ts";
import { configurationOrder, trialFilter } from "../results/filter.ts";
import type { StudyStore } from "../results/store/store.ts";
import { summarize } from "../results/summary.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import type { TrialOutcome } from "../study/trial.ts";
import { optbench } from "./cli.ts";
import { completed, configurationsOf, diverged, failed, open, recorded, study } from "./_results.ts";
import { claim, endAll, finish, withStudy } from "./_stores.ts";
import { inTemporaryFolder } from "./_sweeps.ts";

/** Six configurations, the last one the best: the accuracy rises with lr, and more with momentum. */
const settings = study({
  seeds: [1, 2],
  texts: { lr: "0.1,0.2,0.3", momentum: "0,0.9", nesterov: "false" },
});

const outcomesOf = (settings: StudySettings): TrialOutcome[] =>
  configurationsOf(settings).flatMap(({ values: { lr, momentum } }) =>
    settings.seeds.map((seed) => {
      const accuracy = 0.4 + Number(lr) / 2 + Number(momentum) / 4 + seed / 1000;
      return completed([accuracy - 0.2, accuracy]);
    })
  );

function end(store: StudyStore): void {
  store.complete();
  store.release();
}

/** Hands over the folder of a study that has ended. */
function withEnded(use: (folder: string) => void, asked = settings, outcomes = outcomesOf(asked)): void {
  withStudy((store, folder) => {
    endAll(store, outcomes);
    end(store);
    use(folder);
  }, asked);
}

/** What `optbench show` prints, which has to be no mistake. */
function show(folder: string, ...options: string[]): string {
  const { code, stdout, stderr } = optbench(["show", folder, ...options]);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return stdout;
}

function refuses(folder: string, options: readonly string[], message: RegExp): void {
  const { code, stdout, stderr } = optbench(["show", folder, ...options]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^optbench: [^\n]*[^.\n]\n$/);
  assert.match(stderr, message);
}

/** The configurations of the table, each as its lr and momentum. */
const rowsOf = (text: string) =>
  [...text.matchAll(/^ *\d+ +(0\.\d) +(0\.?\d*) +\d+\.\d+ ±/gm)].map(([, ...values]) => values.join(" "));

test("a study is shown by its state, a table, curves, a map, and what matters", () =>
  withEnded((folder) => {
    const text = show(folder);
    assert.match(
      text,
      /^sgd on digits_mlp\n {2}completed \d{4}-\d\d-\d\d \d\d:\d\d\n {2}12 of 12 trials: 12 comp/,
    );
    assert.deepEqual(rowsOf(text), ["0.3 0.9", "0.2 0.9", "0.1 0.9", "0.3 0", "0.2 0", "0.1 0"]);
    assert.match(text, /^1 {2}lr 0\.3, momentum 0\.9 {3}77\.65 %$/m);
    assert.match(text, /^\* best: 77\.65 % with lr 0\.3, momentum 0\.9$/m);
    assert.match(text, /^The best 3 of 6 configurations/m);
    assert.match(text, /^Importance: .*\n {2}momentum \d\d %, lr \d+ %\n {2}\(exact for this grid\)$/m);
    assert.match(text, /^Good region: 1 of 6 configurations within 0\.05 points of the best, 77\.65 %$/m);
    assert.doesNotMatch(text, /Failures|Events/);
  }));

test("only the parts that are named are shown, in their order", () =>
  withEnded((folder) => {
    const text = show(folder, "--only", "importance,table", "--only", "table");
    assert.match(text, /^sgd on digits_mlp: 6 configurations[^]*\n\nImportance:/);
    assert.doesNotMatch(text, /completed|best:|┤/);
  }));

test("a study of one hyper-parameter has no map and no importance", () =>
  withEnded(
    (folder) => {
      const text = show(folder);
      assert.match(text, /^Good region: /m);
      assert.doesNotMatch(text, /Importance|\* best/);
      assert.equal(show(folder, "--only", "map"), "Nothing to show yet of map\n");
    },
    study({ seeds: [1], texts: { lr: "0.1,0.2", momentum: "0", nesterov: "false" } }),
  ));

test("the axes of the map are those that are asked for", () =>
  withEnded((folder) => {
    assert.match(show(folder, "--only", "map", "--x", "lr"), /^\n? *momentum +0\.1 +0\.2 +0\.3$/m);
    assert.match(show(folder, "--only", "map", "--y", "lr"), /^ *lr +0 +0\.9$/m);
    refuses(folder, ["--x", "lrr"], /--x: there is no "lrr"; did you mean lr\?/);
    refuses(folder, ["--y", "nesterov"], /--y: nesterov has one value here; expected one of lr, momentum/);
    refuses(folder, ["--x", "lr", "--y", "lr"], /--x and --y are both lr: name two hyper-parameters/);
  }));

test("a condition leaves trials out of everything but the status", () =>
  withEnded((folder) => {
    const text = show(folder, "--where", "lr<0.25 and seed=1 and test_accuracy>0.6");
    assert.match(text, /12 of 12 trials.*\n[^]*below: the 2 trials that meet the condition/);
    assert.match(text, /^1 {2}lr 0\.2, momentum 0\.9 {3}72\.60 %$/m);
    assert.equal(show(folder, "--only", "table,map", "--where", "lr>9"), "No trial meets the condition\n");
    refuses(
      folder,
      ["--where", "lrr<1"],
      /Cannot parse condition "lrr<1": there is no "lrr"; did you mean lr\?/,
    );
    refuses(folder, ["--where", "status=1"], /status is a text/);
  }));

test("the table is in the order and of the length that are asked for", () =>
  withEnded((folder) => {
    const text = show(folder, "--only", "table", "--sort=lr,-test_accuracy", "--top", "4");
    assert.deepEqual(rowsOf(text), ["0.1 0.9", "0.1 0", "0.2 0.9", "0.2 0"]);
    assert.match(text, /^and 2 configurations more: --top 6$/m);
    refuses(folder, ["--sort", "accuracy"], /Cannot parse sort "accuracy": there is no "accuracy"/);
  }));

test("the curves are those of the best configurations, however the table is sorted", () =>
  withEnded((folder) => {
    const text = show(folder, "--only", "curves", "--sort", "test_accuracy", "--top", "1");
    assert.match(
      text,
      /^1 {2}lr 0\.3, momentum 0\.9 .*\n2 {2}lr 0\.2, momentum 0\.9 .*\n3 {2}lr 0\.1, momentum 0\.9 /m,
    );
  }));

test("as JSON a study has its state, all configurations and the importance of hyper-parameters", () =>
  withEnded((folder) => {
    const json = JSON.parse(show(folder, "--json"));
    const { status, ended, planned, trials, configurations, sensitivity: { importance, region } } = json;
    assert.deepEqual({ status, ended, planned, trials }, {
      status: "completed",
      ended: 12,
      planned: 12,
      trials: { completed: 12 },
    });
    assert.equal(configurations.length, 6);
    assert.deepEqual([configurations[0].rank, configurations[0].values.lr], [1, 0.3]);
    assert.deepEqual(importance.single.map(({ names }: { names: string[] }) => names), [["momentum"], [
      "lr",
    ]]);
    assert.equal(region.good, 1);
    assert.equal(JSON.parse(show(folder, "--json", "--top", "2")).configurations.length, 2);
    refuses(folder, ["--json", "--live"], /--json prints all there is: drop --live/);
    refuses(folder, ["--json", "--only", "map"], /--json prints all there is: drop --only/);
  }));

test("failures that differ in numbers alone are told once, with the first of them", () =>
  withEnded(
    (folder) => {
      const text = show(folder, "--only", "failures");
      assert.equal(
        text,
        "Failures\n  3 diverged: the loss of step 3 is NaN (first in trial 1)\n" +
          "  1 failed: out of memory (trial 4)\n",
      );
    },
    settings,
    outcomesOf(settings).with(1, diverged([0.1])).with(4, failed)
      .with(7, { ...diverged([]), reason: "the loss of step 14 is NaN" }).with(8, diverged([])),
  ));

test("a study that a process runs says which, and one whose process is gone how to go on", () =>
  withStudy((store, folder) => {
    claim(store, 0, 1);
    finish(store, 0, completed([0.5, 0.6]));
    assert.match(
      show(folder, "--only", "status"),
      new RegExp(`\\n {2}running: process ${process.pid}\\n {2}1 of 12 trials: 1 completed, 1 running, `),
    );
    store.release();
    const text = show(folder, "--only", "status,events");
    assert.match(
      text,
      new RegExp(`\\n {2}interrupted; go on with: optbench resume ${folder}\n  1 of 12 trials: 1`),
    );
  }, settings));

test("a study without any result yet is shown", () =>
  withStudy((_, folder) => {
    const text = show(folder);
    assert.match(text, /0 of 12 trials: no trial yet/);
    assert.match(text, /No trial has ended/);
  }, settings));

test("what is no study is refused in a line", () =>
  inTemporaryFolder((folder) => {
    refuses(
      folder,
      [],
      /Cannot find a study in .*: there is no study\.sqlite in it; optbench ls lists studies/,
    );
    refuses(`${folder}/x`, [], /there is no such folder/);
    refuses(folder, ["--only", "tabel"], /unknown part "tabel": did you mean table\?/);
  }));

test("live, a study that nobody runs is shown once", () =>
  withStudy((store, folder) => {
    endAll(store, outcomesOf(settings));
    end(store);
    const { code, stdout } = optbench(["show", folder, "--live"]);
    assert.equal(code, 0);
    assert.equal(stdout, "12 of 12 trials: 12 completed; best 77.65 %: lr 0.3, momentum 0.9\ncompleted\n");
  }, settings));

const anyOutcome = fc.oneof(
  fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 3 }).map((all) =>
    completed(all)
  ),
  fc.constantFrom<TrialOutcome>(diverged([0.5]), failed, {
    ...completed([0.4]),
    status: "pruned",
    reason: "low",
  }),
);

test("configurations stand in the order of the summary, whatever became of their trials", () => {
  const outcomes = fc.array(fc.option(anyOutcome), { minLength: 12, maxLength: 12 });
  fc.assert(fc.property(outcomes, (outcomes) => {
    const trials = outcomes.map((outcome, i) => {
      const [configuration, seed] = [Math.floor(i / 2), i % 2];
      return outcome === null
        ? open(settings, configuration, seed)
        : recorded(settings, configuration, seed, outcome);
    });
    const indices = (all: readonly { readonly configuration: { readonly index: number } }[]) =>
      all.map(({ configuration }) => configuration.index);
    assert.deepEqual(indices(standings(trials, settings)), indices(summarize(trials, settings)));
  }));
});

test("of a configuration that diverged no value is told, of a pruned trial the best that was measured", () => {
  const values = (...outcomes: TrialOutcome[]) =>
    standings(outcomes.map((outcome, i) => recorded(settings, 0, i, outcome)), settings).map(({ value }) =>
      value
    );
  assert.deepEqual(
    values(completed([0.5, 0.75]), { ...completed([0.5, 0.25]), status: "pruned", reason: "" }),
    [0.625],
  );
  assert.deepEqual(values(completed([0.5]), diverged([0.5])), [undefined]);
});

test("a condition may name hyper-parameters, figures, and what became of a trial", () => {
  const trial = recorded(settings, 5, 1, completed([0.5, 0.75]));
  const holds = (text: string) => trialFilter(text, settings)(trial);
  assert.ok(holds("momentum=0.9 and not nesterov and schedule=constant"));
  assert.ok(holds("status=completed and stage=search and seed=2 and configuration=5 and test_accuracy=0.75"));
  assert.ok(!holds("epochs_to_target>0"));
});

test("an order of configurations takes the short names of means and medians", () => {
  const trials = outcomesOf(settings).map((outcome, i) =>
    recorded(settings, Math.floor(i / 2), i % 2, outcome)
  );
  const summaries = summarize(trials, settings);
  const sorted = (text: string) =>
    configurationOrder(text, settings)(summaries).map(({ configuration }) => configuration.index);
  assert.deepEqual(sorted("test_accuracy"), sorted("-rank"));
  assert.deepEqual(sorted("-test_accuracy_mean"), sorted("rank"));
  assert.deepEqual(sorted("wall_seconds,configuration"), [0, 1, 2, 3, 4, 5]);
});
