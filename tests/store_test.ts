import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { trialFigures } from "../results/figures.ts";
import { StudyStore } from "../results/store/store.ts";
import {
  checkpointAfter,
  completed,
  completedWithLosses,
  configurationsOf,
  diverged,
  epoch,
  failed,
  study,
  withEpochs,
} from "./_results.ts";
import {
  claim,
  endAll,
  finish,
  inFolder,
  options,
  planAll,
  reading,
  refuses,
  settings,
  statesOf,
  withDatabase,
  withStudy,
} from "./_stores.ts";

test("a new study is a database that says what was asked for, and on what it runs", () =>
  inFolder((folder) => {
    const directory = join(folder, "a", "b");
    const store = StudyStore.create({ ...options, directory });
    const { description, status, endedAt, counts, configurations, processes } = store.record;
    const { identity: { code, ...identity }, ...rest } = description;
    assert.deepEqual(rest, {
      name: "sgd-digits_mlp-20260131-142530",
      settings: JSON.parse(JSON.stringify(settings)),
      cpu: { model: cpus()[0]?.model.trim() ?? null, cores: cpus().length },
      commandLine: ["optbench", "sweep", "digits_mlp"],
      startedAt: options.startedAt.toISOString(),
    });
    assert.match(code, /^[0-9a-f]{64}$/);
    assert.deepEqual(identity, { versions: options.versions, taskFile: null, table: null, text: null });
    assert.deepEqual([status, endedAt, counts, configurations], ["running", null, {}, []]);
    assert.equal(processes.length, 1);
    store.close();
    assert.deepEqual(readdirSync(directory), ["study.sqlite"]);
  }));

test("without a folder a study gets a new one, named after what it is and when it began", () =>
  inFolder((folder) => {
    const parent = join(folder, "optbench-results");
    const create = (asked = settings) => {
      const store = StudyStore.create({ ...options, settings: asked, parent });
      const { directory, record: { description: { name } } } = store;
      store.close();
      return { directory, name };
    };
    const name = "sgd-digits_mlp-20260131-142530";
    assert.deepEqual(
      [create(), create(), create()],
      [name, `${name}-2`, `${name}-3`].map((name) => ({ directory: join(parent, name), name })),
    );
    assert.equal(create(study({ name: "sam", base: "adam" })).name, "sam_adam-digits_mlp-20260131-142530");
  }));

test("a study that is not kept leaves no files, and is a record all the same", () => {
  const store = StudyStore.inMemory(options);
  planAll(store);
  endAll(store, [completed([0.5])]);
  store.beat();
  store.release();
  assert.equal(store.directory, undefined);
  assert.deepEqual(store.record.counts, { completed: 1, planned: 5 });
  store.close();
});

test("a folder with anything in it is refused, and stays as it was", () =>
  inFolder((folder) => {
    writeFileSync(join(folder, "notes"), "mine");
    refuses(
      () => StudyStore.create({ ...options, directory: folder }),
      /^Cannot create the study folder ".*": it exists and is not empty; name another or empty it$/,
    );
    assert.deepEqual(readdirSync(folder), ["notes"]);
  }));

test("a path that is a file, or leads through one, is refused", () =>
  inFolder((folder) => {
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

test("configurations are kept with the point that a sampler chose, and trials in their order", () =>
  withStudy((_, directory) =>
    reading(directory, (record) => {
      assert.deepEqual(record.configurations, configurationsOf(settings));
      const trials = record.trials();
      assert.deepEqual(trials.map(({ index }) => index), [0, 1, 2, 3, 4, 5]);
      assert.deepEqual(trials.map(({ configuration, seed }) => [configuration.index, seed]), [
        ...[[0, 1], [0, 2], [1, 1], [1, 2], [2, 1], [2, 2]],
      ]);
      for (const { state, stage, epochs, reason, figures } of trials) {
        assert.deepEqual([state, stage, epochs, reason, figures], ["planned", "search", 0, undefined, {}]);
      }
    })
  ));

test("a configuration's draw, point and values read back as they were", () => {
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
    fc.boolean(),
    fc.string(),
  );
  const drawn = fc.record({
    draw: fc.nat(),
    point: fc.array(fc.double({ min: 0, max: 1, noNaN: true }).map((x) => x + 0)),
    values: fc.dictionary(fc.string().filter((name) => name !== "__proto__"), value, {
      noNullPrototype: true,
    }),
  }, { requiredKeys: ["draw", "values"], noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(drawn, { maxLength: 4 }), (drawn) => {
      const store = StudyStore.inMemory(options);
      const configurations = drawn.map((rest, index) => ({ index, ...rest }));
      for (const configuration of configurations) {
        store.exclusively(() => store.plan([configuration], []));
      }
      assert.deepEqual(store.record.configurations, configurations);
      assert.deepEqual(store.configurations, configurations);
      store.close();
    }),
    { numRuns: 30 },
  );
});

test("a completed trial has its figures, and a curve", () =>
  withStudy((store, directory) => {
    const outcome = completed([0.5, 0.9375, 0.25]);
    endAll(store, [failed, outcome]);
    reading(directory, (record) => {
      const { figures, ...rest } = record.trials()[1];
      assert.deepEqual(rest, {
        index: 1,
        configuration: configurationsOf(settings)[0],
        seed: 2,
        stage: "search",
        state: "completed",
        reason: undefined,
        epochs: 3,
      });
      assert.deepEqual(figures, {
        trainLoss: 0.75,
        testLoss: 1.25,
        testAccuracy: 0.25,
        bestTestAccuracy: 0.9375,
        bestTestLoss: 0.5625,
        bestEpoch: 2,
        epochsToTarget: 2,
        secondsToTarget: 0.5,
        steps: 66,
        groupSize: 4,
        compileSeconds: 0.25,
        wallSeconds: 2,
        stepMsMedian: 0.2,
        stepMsP95: trialFigures(outcome, settings).stepMsP95,
      });
      const { trainLoss, testLoss, testAccuracy, seconds } = record.curve(1)!;
      assert.deepEqual({ trainLoss, testLoss, testAccuracy, seconds }, {
        trainLoss: Float64Array.of(0.5, 0.0625, 0.75),
        testLoss: Float64Array.of(1, 0.5625, 1.25),
        testAccuracy: Float64Array.of(0.5, 0.9375, 0.25),
        seconds: Float64Array.of(0.25, 0.5, 0.75),
      });
      assert.deepEqual([...record.curves()], [[1, record.curve(1)]]);
      assert.equal(record.curve(0), undefined);
    });
  }));

test("a diverged trial has no final figures, a failed one none, both a reason", () =>
  withStudy((store) => {
    const infinite = withEpochs([{ epoch: 1, trainLoss: Infinity, testLoss: NaN, testAccuracy: 0.1 }]);
    endAll(store, [{ ...infinite, status: "diverged", reason: "the loss is NaN" }, failed]);
    const [first, second] = store.record.trials();
    assert.deepEqual([first.state, first.reason, first.epochs], ["diverged", "the loss is NaN", 1]);
    const { testAccuracy, bestTestAccuracy, bestTestLoss, epochsToTarget, steps } = first.figures;
    assert.deepEqual(
      [testAccuracy, bestTestAccuracy, bestTestLoss, epochsToTarget, steps],
      [undefined, 0.1, undefined, undefined, 22],
    );
    assert.deepEqual([second.state, second.reason, second.epochs, second.figures], [
      ...["failed", "out of memory", 0, {}],
    ]);
  }));

test("a trial may complete before its last epoch, and says why", () =>
  withStudy((store) => {
    endAll(store, [{ ...completed([0.5, 0.95]), reason: "the target was reached" }]);
    const [{ state, reason, epochs }] = store.record.trials();
    assert.deepEqual([state, reason, epochs], ["completed", "the target was reached", 2]);
  }));

test("a trial without accuracies has none in its figures and its curve", () => {
  const byLoss = study({ metric: "loss", seeds: [1] });
  withStudy((store) => {
    endAll(store, [completedWithLosses([2, 0.005, 0.25])]);
    const [{ figures }] = store.record.trials();
    assert.deepEqual(
      [
        figures.testLoss,
        figures.testAccuracy,
        figures.bestTestAccuracy,
        figures.bestTestLoss,
        figures.bestEpoch,
      ],
      [0.25, undefined, undefined, 0.005, 2],
    );
    assert.deepEqual([figures.epochsToTarget, figures.secondsToTarget], [2, 0.5]);
    const { testAccuracy, testLoss } = store.record.curve(0)!;
    assert.deepEqual([testAccuracy, [...testLoss]], [undefined, [2, 0.005, 0.25]]);
  }, byLoss);
});

const identical = (actual: ArrayLike<number>, expected: readonly number[]) => {
  assert.equal(actual.length, expected.length);
  expected.forEach((x, i) => assert.ok(Object.is(actual[i], x), `${actual[i]} is not ${x}`));
};

test("curves and trajectories keep every bit, of NaN, infinities and -0 too", () => {
  const store = StudyStore.inMemory(options);
  planAll(store);
  const metrics = fc.record({ trainLoss: fc.double(), testLoss: fc.double(), testAccuracy: fc.double() });
  const trajectory = fc.array(fc.tuple(fc.double(), fc.double()), { minLength: 1 });
  fc.assert(fc.property(fc.array(metrics, { minLength: 1 }), trajectory, (metrics, trajectory) => {
    const epochs = metrics.map((values, i) => ({ epoch: i + 1, ...values }));
    claim(store, 0);
    assert.ok(finish(store, 0, { ...withEpochs(epochs), trajectory }));
    const curve = store.record.curve(0)!;
    identical(curve.trainLoss, metrics.map(({ trainLoss }) => trainLoss));
    identical(curve.testLoss, metrics.map(({ testLoss }) => testLoss));
    identical(curve.testAccuracy!, metrics.map(({ testAccuracy }) => testAccuracy));
    identical(store.record.trajectory(0)!.flat(), trajectory.flat());
  }));
  store.close();
});

test("trajectories are there where trials moved in a landscape", () =>
  withStudy((store) => {
    assert.ok(!store.record.hasTrajectories);
    endAll(store, [completed([0.5]), { ...completed([0.5]), trajectory: [[-0.5, 1.5], [1e30, NaN]] }]);
    assert.ok(store.record.hasTrajectories);
    assert.equal(store.record.trajectory(0), undefined);
    assert.deepEqual(store.record.trajectory(1), [[-0.5, 1.5], [1e30, NaN]]);
  }));

test("a paused trial goes on from its checkpoint when it is promoted, to the next rung or the end", () =>
  withStudy((store) => {
    claim(store, 0, 1, 2);
    const checkpoint = checkpointAfter([epoch(1, 0.5)]);
    store.exclusively(() => store.pause([0, 1].map((i) => ({ trial: store.trials[i], checkpoint }))));
    assert.equal(statesOf(store), "paused paused running planned planned planned");
    store.exclusively(() => {
      store.promote([store.trials[0]], 3);
      store.promote([store.trials[1]], undefined);
    });
    assert.deepEqual(
      store.trials.slice(0, 2).map(({ state, position, pauseAfter }) => [state, position, pauseAfter]),
      [["planned", "2.0", 3], ["planned", "2.0", undefined]],
    );
    assert.deepEqual(claim(store, 0, 3), [checkpoint, undefined]);
  }));

test("a paused trial that is pruned has what its checkpoint measured", () =>
  withStudy((store, directory) => {
    claim(store, 0);
    const epochs = [epoch(1, 0.5), epoch(2, 0.25)];
    store.exclusively(() => store.pause([{ trial: store.trials[0], checkpoint: checkpointAfter(epochs) }]));
    store.exclusively(() => store.prune([store.trials[0]], "among the worst half after 2 epochs"));
    assert.deepEqual([store.trials[0].epochs, store.trials[0].last], [2, epochs[1]]);
    const [{ state, reason, figures }] = store.record.trials();
    assert.deepEqual([state, reason], ["pruned", "among the worst half after 2 epochs"]);
    assert.deepEqual(
      [figures.testAccuracy, figures.bestTestAccuracy, figures.steps, figures.wallSeconds, figures.groupSize],
      [undefined, 0.5, 44, 1.5, 4],
    );
    assert.deepEqual([...store.record.curve(0)!.testAccuracy!], [0.5, 0.25]);
    assert.equal(
      withDatabase(directory, (database) => database.one("SELECT count(*) AS n FROM checkpoints")!.n),
      0,
    );
  }));

test("a checkpoint is where a trial goes on, until it has ended", () =>
  withStudy((store, directory) => {
    claim(store, 0);
    const [trial] = store.trials;
    store.exclusively(() => store.checkpoint(trial, checkpointAfter([], 5)));
    store.exclusively(() => store.checkpoint(trial, checkpointAfter([epoch(1, 0.5)], 7)));
    assert.deepEqual([trial.state, trial.position], ["running", "2.7"]);
    const kept = () => withDatabase(directory, (database) => database.all("SELECT trial FROM checkpoints"));
    assert.deepEqual(kept().map(({ trial }) => trial), [0]);
    assert.ok(finish(store, 0, completed([0.5, 0.75])));
    assert.deepEqual([trial.position, kept()], [undefined, []]);
  }));

test("the epochs of a running trial are there for readers by the next sign of life", () =>
  withStudy((store, directory) => {
    claim(store, 0);
    const seen = () =>
      reading(directory, (record) => [record.trials()[0].epochs, [...record.curve(0)?.testAccuracy ?? []]]);
    store.epoch(store.trials[0], epoch(1, 0.5), 0.25);
    store.epoch(store.trials[0], epoch(2, 0.75), 0.5);
    store.beat();
    assert.deepEqual(seen(), [2, [0.5, 0.75]]);
    store.epoch(store.trials[0], epoch(3, 0.8), 0.75);
    store.beat();
    assert.deepEqual(seen(), [3, [0.5, 0.75, 0.8]]);
  }));

test("a study has ended when it says so, and when its process ends; one more trial, and it goes on", () =>
  withStudy((store, directory) => {
    const status = () => reading(directory, (record) => record.status);
    const before = Date.now();
    endAll(store, Array(5).fill(completed([0.5])));
    assert.equal(status(), "running");
    store.release();
    assert.equal(status(), "interrupted");
    store.complete();
    const endedAt = reading(directory, (record) => record.endedAt)!;
    assert.match(endedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Date.parse(endedAt) >= before && Date.parse(endedAt) <= Date.now());
    assert.equal(status(), "completed");
    claim(store, 5);
    assert.equal(status(), "interrupted");
  }));

test("a study's history is lines with their times", () =>
  withStudy((store) => {
    const before = Date.now();
    store.note("interrupted");
    store.note('"so", it\nwas said');
    assert.deepEqual(store.record.events.map(({ text }) => text), ["interrupted", '"so", it\nwas said']);
    for (const { at } of store.record.events) {
      assert.equal(new Date(at).toISOString(), at);
      assert.ok(Date.parse(at) >= before);
    }
  }));

test("a diverged trial keeps the epochs before", () =>
  withStudy((store) => {
    endAll(store, [diverged([0.5, 0.25])]);
    assert.deepEqual([...store.record.curve(0)!.testAccuracy!], [0.5, 0.25]);
    assert.equal(store.trials[0].last, undefined);
  }));
