import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../datasets/random.ts";
import { StudyStore } from "../results/store/store.ts";
import { Search } from "../study/search.ts";
import { planStudy } from "../study/settings/plan.ts";
import type { StudyRequest } from "../study/settings/request.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import { inMemory, simulate, type Story } from "./_simulation.ts";
import { commandLine, inFolder, kill, resume, versions } from "./_stores.ts";

const ranges: StudyRequest["values"] = {
  lr: { distribution: "loguniform", from: 1e-4, to: 10 },
  momentum: { distribution: "uniform", from: 0, to: 0.99 },
  dampening: [0],
  nesterov: [false, true],
};
const lists: StudyRequest["values"] = {
  lr: [1e-3, 1e-2, 0.1, 1, 10],
  momentum: [0, 0.5, 0.9],
  dampening: [0],
  nesterov: [false, true],
};
/** Nine legal points, of twelve. */
const few: StudyRequest["values"] = { ...lists, lr: [0.1, 1, 10], momentum: [0, 0.5] };

/** SGD on the digits in nine epochs, unless something else is asked for. */
function plan(request: Partial<StudyRequest>): Promise<StudySettings> {
  const values = request.sampler === undefined ? lists : ranges;
  return planStudy({ optimizer: { name: "sgd" }, task: "digits_mlp", values, epochs: 9, ...request });
}

const searches: readonly [title: string, request: Partial<StudyRequest>][] = [
  ["a grid", {}],
  ["a grid within a budget", { seeds: [1, 2], budget: { trials: 13 } }],
  ["a grid with the median rule", { pruners: ["median:trials=3"] }],
  ["a grid with halving", { seeds: [3, 4], pruners: ["halving"] }],
  ["random search", { sampler: "random", samplerSeed: 5, budget: { trials: 20 } }],
  ["random search with ASHA", {
    sampler: "random",
    budget: { trials: 30 },
    pruners: ["asha:eta=2,brackets=2"],
  }],
  ["random search with halving", { sampler: "random", budget: { trials: 20 }, pruners: ["halving:eta=2"] }],
  ["TPE", { sampler: "tpe", seeds: [1, 2], ahead: 3, budget: { trials: 30 } }],
  ["TPE with the median rule", { sampler: "tpe", ahead: 4, budget: { trials: 30 }, pruners: ["median"] }],
  ["TPE with halving", { sampler: "tpe", ahead: 5, budget: { trials: 23 }, pruners: ["halving:eta=2"] }],
  ["TPE within epochs", {
    sampler: "tpe",
    ahead: 4,
    budget: { epochs: 150 },
    pruners: ["asha", "patience:epochs=2"],
  }],
  ["TPE on few points", { sampler: "tpe", values: few, budget: { trials: 50 } }],
  ["CMA-ES to the target", { sampler: "cma-es", budget: { trials: 25 }, stopAtTarget: true }],
  ["the deepobs protocol", {
    sampler: "tpe",
    budget: { trials: 15 },
    protocol: "deepobs",
    pruners: ["asha"],
  }],
  ["the nested protocol", { seeds: [1, 2], protocol: "nested", pruners: ["halving:eta=4"] }],
];

const anyChance = fc.integer().map((seed) => new Random(seed, "chance"));
const anyJobs = fc.integer({ min: 1, max: 12 });

for (const [title, request] of searches) {
  test(`${title} is the same for any number of jobs, in any order of endings, after any stop`, async () => {
    const settings = await plan(request);
    const story = simulate(settings);
    // As after Ctrl-C: what was running is to be run again.
    const interrupt = (store: StudyStore) => {
      store.release();
      return store;
    };
    const again = fc.property(anyChance, anyJobs, (chance, jobs) => {
      assert.deepEqual(simulate(settings, [inMemory(settings)], { chance, jobs }), story);
      assert.deepEqual(simulate(settings, [inMemory(settings)], { chance, jobs, interrupt }), story);
    });
    fc.assert(again, { numRuns: 5 });
  });
}

/** Does something with a study that is kept in a folder. */
function inStudy<T>(settings: StudySettings, use: (store: StudyStore, directory: string) => T): T {
  return inFolder((directory) =>
    use(StudyStore.create({ settings, versions, commandLine, directory }), directory)
  );
}

for (const [title, request] of searches.filter((_, i) => [6, 9, 13].includes(i))) {
  test(`${title} is the same after any number of deaths`, async () => {
    const settings = await plan(request);
    const story = simulate(settings);
    const again = fc.property(anyChance, anyJobs, (chance, jobs) =>
      inStudy(settings, (store, directory) => {
        let last = store;
        const interrupt = (store: StudyStore) => {
          store.close();
          kill(directory);
          return last = resume(directory);
        };
        assert.deepEqual(simulate(settings, [store], { chance, jobs, interrupt }), story);
        last.close();
      }));
    fc.assert(again, { numRuns: 1 });
  });
}

for (const [title, request] of searches.filter((_, i) => [5, 7, 14].includes(i))) {
  test(`${title} is the same when two processes share it`, async () => {
    const settings = await plan(request);
    const story = simulate(settings);
    const again = fc.property(anyChance, anyJobs, (chance, jobs) =>
      inStudy(settings, (store, directory) => {
        const other = resume(directory);
        assert.deepEqual(simulate(settings, [store, other], { chance, jobs }), story);
        store.close();
        other.close();
      }));
    fc.assert(again, { numRuns: 1 });
  });
}

/** What was tried, in its order. */
function tried({ trials }: Story): unknown[] {
  return trials.map(({ configuration: { values }, seed }) => ({ ...values, seed }));
}

const samplers = ["random", "quasi-random", "tpe", "gp", "cma-es"] as const;

for (const sampler of samplers) {
  test(`${sampler} tries something else with another seed, and nothing twice`, async () => {
    const [story, same, other] = await Promise.all(
      [0, 0, 1].map(async (samplerSeed) =>
        tried(simulate(await plan({ sampler, samplerSeed, budget: { trials: 15 } })))
      ),
    );
    assert.deepEqual(same, story);
    assert.notDeepEqual(other, story);
    assert.equal(new Set(story.map((values) => JSON.stringify(values))).size, 15);
  });

  test(`${sampler} ends when it has tried every point`, async () => {
    const { trials } = simulate(await plan({ sampler, values: few, budget: { trials: 50 } }));
    assert.equal(trials.length, 9);
  });
}

test("a search learns from trials, but not from those that may run beside the one it chooses", async () => {
  let learned = 0;
  for (const samplerSeed of [1, 2, 3, 4, 5]) {
    const settings = await plan({ sampler: "tpe", samplerSeed, ahead: 4, budget: { trials: 30 } });
    const story = simulate(settings);
    const sound = tried(simulate(settings, undefined, { fails: false }));
    const failed = story.trials.findIndex(({ state }) => state === "failed");
    const other = tried(story).findIndex((values, i) => JSON.stringify(values) !== JSON.stringify(sound[i]));
    if (other < 0) continue;
    assert.ok(failed >= 0 && other >= failed + 4);
    learned++;
  }
  assert.ok(learned > 0);
});

test("a budget of trials is kept to, with all seeds of a configuration or none", async () => {
  for (const [trials, seeds, expected] of [[7, [1, 2], 6], [1, [1, 2], 2], [5, [1], 5]] as const) {
    const settings = await plan({ sampler: "random", budget: { trials }, seeds });
    assert.equal(simulate(settings).trials.length, expected);
  }
});

test("a budget of epochs is kept to, and what pruned trials leave of it is used", async () => {
  const [all, pruned] = await Promise.all([[], ["asha:eta=2"]].map(async (pruners) => {
    const budget = { epochs: 200 };
    return simulate(await plan({ sampler: "tpe", ahead: 2, budget, pruners }), undefined, { fails: false });
  }));
  for (const { trials } of [all, pruned]) {
    assert.ok(trials.reduce((sum, { epochs }) => sum + epochs, 0) <= 200);
  }
  assert.ok(all.trials.length >= 22);
  assert.ok(pruned.trials.length >= 1.5 * all.trials.length);
});

test("when the time is up no trial of the search begins, and the final trials do", async () => {
  const settings = await plan({ sampler: "random", budget: { seconds: 10 }, protocol: "deepobs" });
  const store = inMemory(settings);
  // Each trial takes a second.
  const seconds = () => store.trials.filter(({ state }) => state !== "planned").length;
  Object.defineProperty(store, "seconds", { get: seconds });
  const { trials } = simulate(settings, [store]);
  const ended = trials.filter(({ state }) => state !== "planned");
  assert.deepEqual(ended.map(({ stage }) => stage), [
    ...Array<string>(10).fill("search"),
    ...Array<string>(10).fill("final"),
  ]);
});

test("the final trials are the best configuration's, whole, with ten seeds", async () => {
  const settings = await plan({
    sampler: "random",
    budget: { trials: 20 },
    protocol: "deepobs",
    pruners: ["asha"],
    stopAtTarget: true,
  });
  const { trials, stoppings } = simulate(settings);
  const final = trials.filter(({ stage }) => stage === "final");
  assert.deepEqual(final.map(({ seed }) => seed), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const accuracies = trials.slice(0, 20).map(({ state, figures }) =>
    state === "completed" ? figures.testAccuracy! : -1
  );
  const best = accuracies.indexOf(Math.max(...accuracies));
  for (const { index, configuration, epochs, state } of final) {
    assert.equal(configuration.index, best);
    assert.deepEqual(stoppings[index], { bounds: [], pruners: [], atTarget: false });
    assert.ok(state === "completed" && epochs === 9 || state === "diverged");
  }
});

test("where no trial completes, there are no final trials", async () => {
  const settings = await plan({ values: { ...few, lr: [0.1] }, protocol: "nested" });
  const store = inMemory(settings);
  const search = new Search(settings, store);
  store.exclusively(() => search.plan());
  const { planned } = search;
  const outcome = { status: "failed", reason: "out of memory" } as const;
  store.exclusively(() => {
    store.claim(planned);
    store.finish(planned.map((trial) => ({ trial, outcome })));
    search.plan();
  });
  assert.ok(search.isOver);
  assert.deepEqual(store.trials.map(({ state }) => state), ["failed", "failed", "failed"]);
});

test("successive halving trains the best third of all on after each rung", async () => {
  const settings = await plan({ pruners: ["halving"] });
  const { trials } = simulate(settings, undefined, { fails: false });
  assert.equal(trials.length, 25);
  const longer = trials.filter(({ epochs }) => epochs > 1);
  assert.equal(longer.length, 8);
  assert.equal(trials.filter(({ state }) => state === "completed").length, 2);
  const best = (some: typeof trials) => some.map(({ figures }) => figures.bestTestLoss!);
  assert.ok(Math.max(...best(longer)) < Math.min(...best(trials.filter(({ epochs }) => epochs === 1))));
  for (const { state, epochs, reason } of trials.filter(({ state }) => state === "pruned")) {
    const [best, of] = epochs === 1 ? [8, 25] : [2, 8];
    assert.equal(reason, `halving: not among the best ${best} of ${of} after epoch ${epochs}`, state);
  }
});

test("a trial is compared with those alone that may not be running beside it", async () => {
  const settings = await plan({
    sampler: "random",
    ahead: 5,
    budget: { trials: 12 },
    pruners: ["median:trials=1"],
  });
  const { stoppings } = simulate(settings);
  const isJudged = stoppings.map(({ bounds: [{ costs }] }) => costs.some((cost) => cost !== undefined));
  assert.deepEqual(isJudged, [...Array(5).fill(false), ...Array(7).fill(true)]);
});

for (const sampler of [undefined, "random", "quasi-random"] as const) {
  test(`the shards of ${sampler ?? "a grid"} make up the whole`, async () => {
    const request = { sampler, budget: { trials: 20 }, pruners: ["patience:epochs=2"] };
    const { trials: whole } = simulate(await plan(request));
    const shards = await Promise.all(
      [1, 2, 3].map(async (number) => simulate(await plan({ ...request, shard: { number, of: 3 } })).trials),
    );
    assert.deepEqual(shards.flat().toSorted((a, b) => a.index - b.index), whole);
    assert.ok(shards.every(({ length }) => length === 6 || length === 7));
  });
}

for (
  const [title, request] of [
    ["a grid", {}],
    ["TPE with the median rule", { sampler: "tpe", pruners: ["median"] }],
    ["random search", { sampler: "random" }],
  ] as const
) {
  test(`${title} with a larger budget goes on as if it had had it from the start`, async () => {
    const [short, long] = await Promise.all(
      [11, 24].map((trials) => plan({ ...request, budget: { trials } })),
    );
    const store = inMemory(short);
    assert.equal(simulate(short, [store]).trials.length, 11);
    assert.deepEqual(simulate(long, [store]).trials, simulate(long).trials);
  });
}

for (const sampler of ["random", "tpe"] as const) {
  test(`${sampler} with halving ends, whenever its budget changes and failed trials are tried again`, async () => {
    const settings = await plan({ sampler, budget: { trials: 12 }, pruners: ["halving:eta=2"], ahead: 4 });
    const ending = fc.property(
      anyChance,
      anyJobs,
      fc.integer({ min: 1, max: 40 }),
      (chance, jobs, trials) =>
        inStudy(settings, (store, directory) => {
          const stop = new Error("stopped");
          const interrupt = () => {
            throw stop;
          };
          assert.throws(
            () => simulate({ ...settings, budget: {} }, [store], { chance, jobs, interrupt }),
            stop,
          );
          store.release();
          store.close();
          const later = resume(directory, { retryFailed: true });
          const story = simulate({ ...settings, budget: { trials } }, [later], {
            chance,
            jobs,
            fails: false,
          });
          later.close();
          const ended = story.trials.filter(({ state }) =>
            ["completed", "pruned", "diverged"].includes(state)
          );
          assert.equal(ended.length, story.trials.length);
          assert.ok(ended.length >= trials);
        }),
    );
    fc.assert(ending, { numRuns: 3 });
  });
}

test("a larger budget adds nothing to a search whose final trials have begun", async () => {
  const [short, long] = await Promise.all(
    [8, 20].map((trials) => plan({ sampler: "random", budget: { trials }, protocol: "deepobs" })),
  );
  const store = inMemory(short);
  const story = simulate(short, [store]);
  assert.equal(story.trials.length, 18);
  assert.deepEqual(simulate(long, [store]).trials, story.trials);
});

test("failed trials of a cohort that is long over are tried again, and judged", async () => {
  const settings = await plan({
    sampler: "tpe",
    budget: { trials: 24 },
    pruners: ["halving:eta=2"],
    ahead: 4,
  });
  inStudy(settings, (store, directory) => {
    const before = simulate(settings, [store]).trials;
    assert.ok(before.slice(0, 20).some(({ state }) => state === "failed"));
    store.release();
    store.close();
    const later = resume(directory, { retryFailed: true });
    const { trials } = simulate(settings, [later], { fails: false });
    later.close();
    assert.equal(trials.length, 24);
    assert.ok(trials.every(({ state }) => ["completed", "pruned", "diverged"].includes(state)));
  });
});

test("configurations that join a cohort later are compared with all that have been at their rung", async () => {
  const settings = await plan({
    sampler: "tpe",
    budget: { trials: 4 },
    pruners: ["halving:eta=2"],
    ahead: 8,
  });
  const store = inMemory(settings);
  // An epoch takes a second, and the time is up when the best two have come to the second rung.
  const seconds = () => store.trials.reduce((sum, { epochs }) => sum + epochs, 0);
  Object.defineProperty(store, "seconds", { get: seconds });
  simulate({ ...settings, budget: { trials: 4, seconds: 6 } }, [store], { fails: false });
  assert.deepEqual(store.trials.map(({ pauseAfter }) => pauseAfter).sort(), [1, 1, 2, 4]);
  const { trials } = simulate({ ...settings, budget: { trials: 8 } }, [store], { fails: false });
  const ahead = trials.slice(0, 4).find(({ epochs }) => epochs > 2)!;
  assert.equal(ahead.epochs, 9, "the one that was ahead is judged at rungs of its own");
  const reasons = trials.map(({ reason = "" }) => reason.match(/of \d after epoch \d$/)?.[0] ?? "");
  assert.deepEqual(reasons.slice(4).filter((reason) => reason.endsWith("1")), ["of 6 after epoch 1"]);
  assert.ok(trials.every(({ state }) => ["completed", "pruned", "diverged"].includes(state)));
});
