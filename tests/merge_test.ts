import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mergeShards } from "../results/store/merge.ts";
import { StudyStore } from "../results/store/store.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import { isInShard } from "../study/settings/shard.ts";
import { checkpointAfter, completed, configurationsOf, epoch, failed, study } from "./_results.ts";
import {
  claim,
  finish,
  inFolder,
  kill,
  options,
  reading,
  refuses,
  resume,
  settings,
  statesOf,
  withDatabase,
} from "./_stores.ts";

const commandLine = ["optbench", "merge"];

/** Begins the shard of a sweep, all of its trials planned, as far as it chose configurations. */
function begin(
  directory: string,
  number: number,
  { of = 2, asked = settings, configurations = 3, ...others }: {
    of?: number;
    asked?: StudySettings;
    configurations?: number;
  } & Partial<typeof options> = {},
): StudyStore {
  const shard = { number, of };
  const sharded = { ...asked, shard };
  const store = StudyStore.create({ ...options, ...others, settings: sharded, directory });
  const chosen = configurationsOf(asked).slice(0, configurations);
  const trials = chosen.filter(({ index }) => isInShard(index, shard)).flatMap((configuration) =>
    asked.seeds.map((seed, i) => {
      const index = configuration.index * asked.seeds.length + i;
      return { index, configuration, seed, stage: "search" } as const;
    })
  );
  store.exclusively(() => store.plan(chosen, trials));
  return store;
}

/** Ends all trials of a shard, each with an accuracy of its own, and the shard. */
function end(store: StudyStore): void {
  claim(store, ...store.trials.keys());
  for (const [place, { index }] of store.trials.entries()) {
    assert.ok(finish(store, place, completed([index / 100])));
  }
  store.complete();
  store.release();
  store.close();
}

/** Two folders for shards, and one for the whole. */
function inFolders(use: (first: string, second: string, out: string) => void): void {
  inFolder((folder) =>
    use(...["a", "b", "out"].map((name) => join(folder, name)) as [string, string, string])
  );
}

test("trials keep their numbers and all that is known of them", () =>
  inFolders((first, second, out) => {
    end(begin(first, 1));
    end(begin(second, 2));
    const shards = [first, second].map((folder) => reading(folder, (record) => record.trials()));
    assert.deepEqual(mergeShards(out, [second, first], { commandLine }), { of: 2, missing: [] });
    reading(out, (record) => {
      assert.deepEqual(record.trials(), shards.flat().sort((a, b) => a.index - b.index));
      assert.deepEqual(record.trials().map(({ figures }) => figures.testAccuracy), [
        ...[0, 0.01, 0.02, 0.03, 0.04, 0.05],
      ]);
      assert.deepEqual([...record.curves()].map(([, { testAccuracy }]) => [...testAccuracy!]), [
        ...[[0], [0.01], [0.02], [0.03], [0.04], [0.05]],
      ]);
      assert.equal(record.status, "completed");
    });
  }));

test("the whole began with the first shard, and has the settings that are not the shards'", () =>
  inFolders((first, second, out) => {
    const [early, late] = [new Date(2026, 0, 1), new Date(2026, 0, 2)];
    end(begin(first, 1, { startedAt: late }));
    end(begin(second, 2, { startedAt: early, asked: { ...settings, jobs: 7, threads: 3, hangMinutes: 1 } }));
    mergeShards(out, [first, second], { commandLine });
    const { settings: merged, startedAt, commandLine: typed } = reading(
      out,
      ({ description }) => description,
    );
    assert.deepEqual(merged, JSON.parse(JSON.stringify(settings)));
    assert.deepEqual([startedAt, typed], [early.toISOString(), commandLine]);
  }));

test("trials that a dead process was running go on where their checkpoints are", () =>
  inFolders((first, second, out) => {
    const store = begin(first, 1);
    claim(store, 0, 1);
    const checkpoint = checkpointAfter([epoch(1, 0.5)], 3);
    store.epoch(store.trials[0], epoch(1, 0.5), 0.5);
    store.exclusively(() => store.checkpoint(store.trials[0], checkpoint));
    store.beat();
    kill(first);
    end(begin(second, 2));
    mergeShards(out, [first, second], { commandLine });
    reading(out, (record) => {
      assert.deepEqual([record.status, record.processes], ["interrupted", []]);
      assert.deepEqual(record.trials().map(({ state, epochs }) => [state, epochs]), [
        ...[["planned", 1], ["planned", 0], ["completed", 1], ["completed", 1], ["planned", 0], [
          "planned",
          0,
        ]],
      ]);
      assert.deepEqual([...record.curve(0)!.testAccuracy!], [0.5]);
    });
    const merged = resume(out);
    assert.deepEqual(claim(merged, 0, 1), [checkpoint, undefined]);
    merged.close();
    store.close();
  }));

test("trials that no shard has are planned: a missing shard's, and those one was ahead by", () =>
  inFolders((first, second, out) => {
    end(begin(first, 1, { of: 3, configurations: 1 }));
    end(begin(second, 2, { of: 3, configurations: 3 }));
    assert.deepEqual(mergeShards(out, [first, second], { commandLine }), { of: 3, missing: [3] });
    assert.equal(reading(out, ({ status }) => status), "interrupted");
    const store = resume(out);
    assert.equal(statesOf(store), "completed completed completed completed planned planned");
    assert.deepEqual(store.configurations, configurationsOf(settings));
    assert.deepEqual(store.trials.map(({ index, seed }) => [index, seed]), [
      ...[[0, 1], [1, 2], [2, 1], [3, 2], [4, 1], [5, 2]],
    ]);
    store.close();
  }));

test("a missing shard that has nothing to run leaves a whole study", () =>
  inFolders((first, second, out) => {
    const asked = study({ seeds: [1, 2], texts: { lr: "0.1,0.2", momentum: "0.9", nesterov: "false" } });
    end(begin(first, 1, { of: 3, asked }));
    end(begin(second, 2, { of: 3, asked }));
    assert.deepEqual(mergeShards(out, [first, second], { commandLine }), { of: 3, missing: [3] });
    assert.equal(reading(out, ({ status }) => status), "completed");
  }));

test("failed trials stay failed, and can be tried again", () =>
  inFolders((first, second, out) => {
    const store = begin(first, 1);
    claim(store, 0);
    finish(store, 0, failed);
    store.release();
    store.close();
    end(begin(second, 2));
    mergeShards(out, [first, second], { commandLine });
    const [trial] = reading(out, (record) => record.trials());
    assert.deepEqual([trial.state, trial.reason], ["failed", "out of memory"]);
    const merged = resume(out, { retryFailed: true });
    assert.equal(merged.trials[0].state, "planned");
    merged.close();
  }));

test("the history of the shards is told in order, each line with its shard", () =>
  inFolders((first, second, out) => {
    const [a, b] = [begin(first, 1), begin(second, 2)];
    const wait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3);
    for (const [store, text] of [[b, "one"], [a, "two"], [b, "three"]] as const) {
      store.note(text);
      wait();
    }
    for (const store of [a, b]) end(store);
    mergeShards(out, [first, second], { commandLine });
    assert.deepEqual(reading(out, ({ events }) => events.map(({ text }) => text)), [
      ...["shard 2/2: one", "shard 1/2: two", "shard 2/2: three", "merged shards 1, 2 of 2"],
    ]);
  }));

test("the whole ended when the last shard did", () =>
  inFolders((first, second, out) => {
    for (const [number, folder] of [first, second].entries()) end(begin(folder, number + 1));
    const ended = [first, second].map((folder) => reading(folder, ({ endedAt }) => endedAt!));
    mergeShards(out, [first, second], { commandLine });
    assert.equal(reading(out, ({ endedAt }) => endedAt), ended.sort().at(-1));
  }));

test("a shard that is damaged is an error that leaves nothing", () =>
  inFolders((first, second, out) => {
    end(begin(first, 1));
    end(begin(second, 2));
    withDatabase(second, (database) => database.execute("DROP TABLE events"));
    refuses(
      () => mergeShards(out, [first, second], { commandLine }),
      /^Cannot use the study's database ".*b/,
    );
    assert.deepEqual(readdirSync(out), []);
  }));

test("a shard that is running is refused", () =>
  inFolders((first, second, out) => {
    end(begin(first, 1));
    const store = begin(second, 2);
    refuses(
      () => mergeShards(out, [first, second], { commandLine }),
      /^Cannot merge ".*b": process \d+ on .+ is running it; wait for its end, or stop it$/,
    );
    assert.equal(existsSync(out), false);
    store.close();
  }));

test("a shard that is there twice is refused", () =>
  inFolders((first, second, out) => {
    end(begin(first, 2));
    end(begin(second, 2));
    refuses(
      () => mergeShards(out, [first, second], { commandLine }),
      /^Cannot merge ".*b": it is shard 2\/2, and so is ".*a"; name one of them$/,
    );
  }));

test("shards of different studies are refused, with what differs", () => {
  const differing: [Parameters<typeof begin>[2], RegExp][] = [
    [{ asked: { ...settings, epochs: 7 } }, /they differ in epochs \(30 and 7\)$/],
    [{ asked: { ...settings, seeds: [1, 3] } }, /they differ in seeds \(\[1,2\] and \[1,3\]\)$/],
    [{ asked: { ...settings, lrScaling: undefined, budget: { trials: 4 } } }, /they differ in budget \(/],
    [{ of: 4 }, /they differ in shards \(2 and 4\)$/],
    [
      { asked: study({ seeds: [1, 2], texts: { lr: "0.1,0.2,0.4", momentum: "0.9", nesterov: "false" } }) },
      /they differ in lr \(0\.1,0\.2,0\.3 and 0\.1,0\.2,0\.4\)$/,
    ],
  ];
  for (const [other, message] of differing) {
    inFolders((first, second, out) => {
      end(begin(first, 1));
      end(begin(second, 2, other));
      refuses(() => mergeShards(out, [first, second], { commandLine }), message);
      assert.equal(existsSync(out), false);
    });
  }
});

test("shards that ran with other versions are refused, unless that is asked for", () =>
  inFolders((first, second, out) => {
    end(begin(first, 1));
    end(begin(second, 2, { versions: { ...options.versions, tfjs: "4.23.0" } }));
    refuses(
      () => mergeShards(out, [first, second], { commandLine }),
      /^Cannot merge ".*b": since shard 1 in ".*a", tfjs 4\.22\.0 is 4\.23\.0 now; use --despite-changes /,
    );
    mergeShards(out, [first, second], { commandLine, despiteChanges: true });
    assert.deepEqual(reading(out, ({ events }) => events.map(({ text }) => text)), [
      "merged shards 1, 2 of 2 although tfjs 4.22.0 is 4.23.0 now",
    ]);
  }));
