/** Several processes that run one study. To the record each store is a process of its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Database } from "../results/store/database.ts";
import { secondsBefore } from "../results/store/processes.ts";
import { SCHEMA } from "../results/store/schema.ts";
import { StudyStore } from "../results/store/store.ts";
import type { TrialEntry } from "../study/ledger.ts";
import type { EpochMetrics, TrialOutcome } from "../study/trial.ts";
import { checkpointAfter, completed, epoch, failed, study, withEpochs } from "./_results.ts";
import {
  claim,
  finish,
  inFolder,
  kill,
  options,
  planAll,
  reading,
  resume,
  statesOf,
  withDatabase,
  withStudy,
} from "./_stores.ts";

/** A study that is run by two processes. */
function withTwo(use: (first: StudyStore, second: StudyStore, directory: string) => void): void {
  withStudy((first, directory) => {
    const second = resume(directory);
    try {
      use(first, second, directory);
    } finally {
      second.close();
    }
  });
}

/** Takes the first planned trials. */
function take(store: StudyStore, count: number): number[] {
  return store.exclusively(() => {
    const trials = store.trials.filter(({ state }) => state === "planned").slice(0, count);
    store.claim(trials);
    return trials.map(({ index }) => index);
  });
}

test("two processes take different trials, and see each other's", () =>
  withTwo((first, second, directory) => {
    assert.deepEqual([take(first, 2), take(second, 2), take(first, 2), take(second, 2)], [
      [0, 1],
      [2, 3],
      [4, 5],
      [],
    ]);
    assert.ok(finish(second, 2, completed([0.5, 0.75])));
    first.exclusively(() => {});
    assert.equal(first.trials[2].state, "completed");
    assert.deepEqual(first.trials[2].last, epoch(2, 0.75));
    assert.equal(reading(directory, ({ processes }) => processes.length), 2);
  }));

test("what one process plans the other can run", () =>
  withTwo((first, second) => {
    const values = { ...first.configurations[0].values, lr: 0.7 };
    const configuration = { index: 3, draw: 5, point: [0.25], values };
    first.exclusively(() =>
      first.plan([configuration], [{ index: 6, configuration, seed: 1, stage: "final", pauseAfter: 4 }])
    );
    second.exclusively(() => {});
    assert.deepEqual(second.configurations[3], configuration);
    const { configuration: seen, stage, pauseAfter } = second.trials[6];
    assert.deepEqual([seen, stage, pauseAfter], [configuration, "final", 4]);
    claim(second, 6);
    assert.ok(finish(second, 6, completed([0.5])));
  }));

test("a process that ends gives back what it has not ended", () =>
  withTwo((first, second) => {
    take(first, 3);
    assert.ok(finish(first, 1, completed([0.5])));
    first.release();
    second.exclusively(() => {});
    assert.equal(statesOf(second), "planned completed planned planned planned planned");
    assert.deepEqual(take(second, 2), [0, 2]);
  }));

test("the trials of a process that died are run again, from their checkpoints", () =>
  withStudy((first, directory) => {
    take(first, 2);
    first.exclusively(() => first.checkpoint(first.trials[1], checkpointAfter([epoch(1, 0.5)], 3)));
    kill(directory);
    const second = resume(directory);
    assert.equal(statesOf(second), "planned planned planned planned planned planned");
    assert.deepEqual(claim(second, 0, 1), [undefined, checkpointAfter([epoch(1, 0.5)], 3)]);
    const [resumed, gone] = second.record.events.map(({ text }) => text);
    assert.equal(resumed, "resumed");
    assert.match(gone, /^process \d+ on .+ is gone; 2 of its trials are to be run again$/);
    assert.equal(second.record.processes.length, 1);
    second.close();
  }));

for (
  const [what, seconds, gone] of [
    ["has just given a sign of life is left alone", 5, false],
    ["was silent for longer than a minute is taken for dead", 61, true],
  ] as const
) {
  test(`a process on another machine that ${what}`, () =>
    withStudy((first, directory) => {
      take(first, 1);
      kill(directory);
      withDatabase(directory, (database) =>
        database.run(
          "UPDATE processes SET host = 'elsewhere', beat_at = ?",
          Date.now() - 1000 * seconds,
        ));
      const second = resume(directory);
      assert.equal(second.trials[0].state, gone ? "planned" : "running");
      assert.equal(second.record.processes.length, gone ? 1 : 2);
      second.close();
    }));
}

test("what another process has taken over is left to it, whatever the first still has to say", () =>
  withStudy((first, directory) => {
    take(first, 2);
    kill(directory);
    const second = resume(directory);
    claim(second, 0, 1);
    assert.ok(finish(second, 0, completed([0.75])));
    const [ended, running] = first.trials;
    assert.equal(finish(first, 0, completed([0.25, 0.25])), false);
    first.epoch(running, epoch(1, 0.25), 0.25);
    first.beat();
    first.exclusively(() => {
      first.checkpoint(running, checkpointAfter([epoch(1, 0.25)]));
      first.pause([{ trial: running, checkpoint: checkpointAfter([epoch(1, 0.25)]) }]);
    });
    first.release();
    assert.deepEqual(ended.last, epoch(1, 0.75));
    reading(directory, (record) => {
      const [ended, running] = record.trials();
      assert.deepEqual([ended.state, ended.epochs, ended.figures.testAccuracy], ["completed", 1, 0.75]);
      assert.deepEqual([running.state, running.epochs, record.curve(1)], ["running", 0, undefined]);
    });
    second.exclusively(() => {});
    assert.deepEqual([second.trials[1].state, second.trials[1].position], ["running", undefined]);
    second.close();
  }));

test("a trial that comes back to a process has the epochs of its checkpoint, not those of long ago", () =>
  withStudy((first, directory) => {
    take(first, 1);
    first.epoch(first.trials[0], epoch(1, 0.25), 0.25);
    first.beat();
    kill(directory);
    const second = resume(directory);
    claim(second, 0);
    const epochs = [1, 2, 3].map((number) => epoch(number, number / 8));
    epochs.forEach((metrics, i) => second.epoch(second.trials[0], metrics, i + 1));
    second.beat();
    second.exclusively(() => second.checkpoint(second.trials[0], checkpointAfter(epochs)));
    second.release();
    second.close();
    claim(first, 0);
    first.epoch(first.trials[0], epoch(4, 0.5), 4);
    first.beat();
    reading(directory, (record) => {
      assert.deepEqual([...record.curve(0)!.testAccuracy!], [1 / 8, 2 / 8, 3 / 8, 0.5]);
      assert.deepEqual([...record.curve(0)!.seconds], [1, 2, 3, 4]);
    });
  }));

test("a trial that died on the way repeats the epochs after its checkpoint", () =>
  withStudy((first, directory) => {
    take(first, 1);
    first.epoch(first.trials[0], epoch(1, 0.25), 1);
    first.exclusively(() => first.checkpoint(first.trials[0], checkpointAfter([epoch(1, 0.25)])));
    first.epoch(first.trials[0], epoch(2, 0.5), 2);
    first.epoch(first.trials[0], epoch(3, 0.6), 3);
    first.beat();
    kill(directory);
    const second = resume(directory);
    claim(second, 0);
    second.epoch(second.trials[0], epoch(2, 0.5), 12);
    second.beat();
    const { testAccuracy, seconds } = second.record.curve(0)!;
    assert.deepEqual([[...testAccuracy!], [...seconds]], [[0.25, 0.5], [1, 12]]);
    second.close();
  }));

test("what goes wrong in the middle of a change leaves nothing of it", () =>
  withTwo((first, second) => {
    assert.throws(
      () =>
        first.exclusively(() => {
          first.claim([first.trials[0]]);
          first.exclusively(() => first.note("half done"));
          throw new Error("out of luck");
        }),
      /^Error: out of luck$/,
    );
    second.exclusively(() => {});
    assert.equal(second.trials[0].state, "planned");
    assert.ok(!second.record.events.some(({ text }) => text === "half done"));
    assert.deepEqual(take(second, 1), [0]);
  }));

test("seconds are those in which some process ran the study, however many did", () => {
  const database = Database.open(":memory:");
  database.execute(SCHEMA);
  const time = fc.integer({ min: 0, max: 20 });
  fc.assert(fc.property(fc.array(fc.tuple(time, time, fc.boolean())), time, (spans, moment) => {
    database.run("DELETE FROM processes");
    for (const [start, length, hasEnded] of spans) {
      // A process that has not ended counts as far as its last sign of life.
      const [from, to] = [1000 * start, 1000 * (start + length)];
      database.run(
        "INSERT INTO processes (pid, host, command_line, started_at, beat_at, ended_at) VALUES (1, '', '[]', ?, ?, ?)",
        ...[from, hasEnded ? from : to, hasEnded ? to : null],
      );
    }
    const busy = Array.from(
      { length: moment },
      (_, second) => spans.some(([start, length]) => start <= second && second < start + length),
    );
    assert.equal(secondsBefore(database, 1000 * moment), busy.filter(Boolean).length);
  }));
  database.close();
});

test("a study's seconds go on where earlier processes left off", () =>
  withStudy((first, directory) => {
    first.release();
    withDatabase(directory, (database) =>
      database.run("UPDATE processes SET started_at = started_at - 90000, ended_at = started_at - 30000"));
    const second = resume(directory);
    assert.ok(second.seconds >= 60 && second.seconds < 90, String(second.seconds));
    second.close();
  }));

/** What happens to a trial, as far as its state allows; the last to the process that runs it. */
const happenings = [
  ...["claim", "epoch", "checkpoint", "pause", "promote", "prune", "complete", "diverge", "fail", "die"],
] as const;

/** What a trial has measured, and how many epochs of that its checkpoint has. */
interface Course {
  epochs: EpochMetrics[];
  kept: number;
}

function happen(store: StudyStore, what: string, trial: TrialEntry, course: Course): void {
  const { epochs } = course;
  const measured = { ...withEpochs([...epochs]), stepMs: [] };
  const end = (outcome: TrialOutcome) => assert.equal(store.finish([{ trial, outcome }]).length, 1);
  const keep = (step: number) => {
    course.kept = epochs.length;
    return checkpointAfter([...epochs], step);
  };
  if (trial.state === "planned") {
    if (what !== "claim") return;
    store.claim([trial]);
    epochs.length = course.kept;
  } else if (trial.state === "paused") {
    if (what === "promote") store.promote([trial], epochs.length + 2);
    if (what === "prune") store.prune([trial], "too little");
  } else if (trial.state === "running") {
    if (what === "epoch") {
      epochs.push(epoch(epochs.length + 1, 1 / (2 + epochs.length)));
      store.epoch(trial, epochs.at(-1)!, epochs.length);
    }
    if (what === "checkpoint") store.checkpoint(trial, keep(2));
    if (what === "pause") store.pause([{ trial, checkpoint: keep(0) }]);
    if (what === "complete" && epochs.length > 0) end(measured);
    if (what === "diverge") end({ ...measured, status: "diverged", reason: "NaN" });
    if (what === "fail") end(failed);
  }
}

test("whatever happened to its trials, a process that comes later sees what the one before has seen", () => {
  const asked = study({ seeds: [1, 2], texts: { lr: "0.1,0.2", momentum: "0.9", nesterov: "false" } });
  const steps = fc.array(fc.tuple(fc.constantFrom(...happenings), fc.nat(3)), { maxLength: 60 });
  // Without pruners nobody asks for the costs.
  const plain = ({ costs = [], ...entry }: TrialEntry) => ({ ...JSON.parse(JSON.stringify(entry)), costs });
  const run = (steps: readonly (readonly [string, number])[], pruners: readonly string[]) =>
    inFolder((directory) => {
      let store = StudyStore.create({ ...options, settings: { ...asked, pruners }, directory });
      planAll(store, asked);
      const courses: Course[] = store.trials.map(() => ({ epochs: [], kept: 0 }));
      for (const [what, i] of steps) {
        if (what === "die") {
          store.beat();
          store.close();
          kill(directory);
          store = resume(directory);
        } else store.exclusively(() => happen(store, what, store.trials[i], courses[i]));
      }
      store.beat();
      const later = resume(directory);
      assert.deepEqual(later.trials.map(plain), store.trials.map(plain));
      assert.deepEqual(later.configurations, store.configurations);
      for (const { index, state, epochs, last } of later.trials) {
        if (state !== "completed" && state !== "pruned") continue;
        assert.deepEqual([epochs, last], [courses[index].epochs.length, courses[index].epochs.at(-1)]);
      }
      later.close();
      store.close();
    });
  fc.assert(fc.property(steps, fc.constantFrom([], ["median"]), run), { numRuns: 30 });
});
