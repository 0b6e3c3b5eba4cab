import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Cost, type PerformanceProfiles, performanceProfiles } from "../results/statistics/profiles.ts";

/** Costs by task, a column for each of the solvers a, b, c; undefined is a failure. */
function table(rows: (number | undefined)[][]): Cost[] {
  return rows.flatMap((row, t) => row.map((cost, s) => ({ task: `task ${t}`, solver: "abc"[s], cost })));
}

const cost = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined });
const anyTable = fc.array(fc.tuple(cost, cost, cost), { minLength: 1, maxLength: 8 }).map(table);

const profile = ({ profiles }: PerformanceProfiles, name: string) =>
  profiles.find(({ solver }) => solver === name)!;

test("a profile is the share of tasks within a factor of the best cost", () => {
  const result = performanceProfiles(table([[10, 20], [30, 10], [5, undefined], [8, 8]]));
  assert.deepEqual(result.taus, [1, 2, 3]);
  assert.deepEqual(profile(result, "a").rho, [0.75, 0.75, 1]);
  assert.deepEqual(profile(result, "b").rho, [0.5, 0.75, 0.75]);
});

test("factors can be given", () => {
  const result = performanceProfiles(table([[10, 20], [30, 10]]), { taus: [4, 1.5] });
  assert.deepEqual(result.taus, [1.5, 4]);
  assert.deepEqual(profile(result, "a").rho, [0.5, 1]);
});

test("the ranking has mean ranks, shares of tasks won and solved, and the area, and is by the area", () => {
  const result = performanceProfiles(table([[10, 20, undefined], [30, 10, undefined]]));
  assert.deepEqual(result.tasks, ["task 0", "task 1"]);
  // Within [1, 4] a's profile is 1/2 up to 3 and 1 from there, b's 1/2 up to 2.
  assert.deepEqual(result.profiles.map(({ solver }) => solver), ["b", "a", "c"]);
  [5 / 6, 2 / 3, 0].forEach((area, i) => assert.ok(Math.abs(result.profiles[i].area - area) < 1e-15));
  const { meanRank, best, solved } = profile(result, "a");
  assert.deepEqual({ meanRank, best, solved }, { meanRank: 1.5, best: 0.5, solved: 1 });
  assert.equal(profile(result, "c").solved, 0);
});

test("a task that nobody solves is solved by nobody, and all rank the same on it", () => {
  const result = performanceProfiles(table([[undefined, undefined], [1, 2]]));
  assert.deepEqual(profile(result, "a").rho, [0.5, 0.5]);
  assert.equal(profile(result, "a").meanRank, 1.25);
});

test("a cost of 0 is as good as another 0, and out of reach for anything else", () => {
  const result = performanceProfiles(table([[0, 0, 3]]));
  assert.deepEqual(["a", "b", "c"].map((name) => profile(result, name).rho), [[1], [1], [0]]);
});

test("a profile rises from the share of tasks won to that of tasks solved", () => {
  fc.assert(fc.property(anyTable, (costs) => {
    const { taus, profiles } = performanceProfiles(costs);
    assert.deepEqual(taus.toSorted((a, b) => a - b), taus);
    for (const { rho, best, solved, area } of profiles) {
      assert.equal(rho[0], best);
      assert.equal(rho.at(-1), solved);
      rho.slice(1).forEach((share, i) => assert.ok(share >= rho[i]));
      assert.ok(area <= solved + 1e-12 && area >= best - 1e-12);
    }
  }));
});

test("the unit of each task's costs changes nothing", () => {
  fc.assert(fc.property(anyTable, (costs) => {
    // A power of two keeps ratios to the last bit.
    const scaled = costs.map(({ cost, task, solver }) => ({
      task,
      solver,
      cost: cost === undefined ? undefined : cost * 2 ** task.charCodeAt(5),
    }));
    assert.deepEqual(performanceProfiles(scaled), performanceProfiles(costs));
  }));
});

test("mean ranks add up, and somebody is the best wherever anybody is", () => {
  fc.assert(fc.property(anyTable, (costs) => {
    const { tasks, profiles } = performanceProfiles(costs);
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum(profiles.map(({ meanRank }) => meanRank)) - 6) < 1e-9);
    const reached = new Set(costs.filter(({ cost }) => cost !== undefined).map(({ task }) => task));
    assert.ok(sum(profiles.map(({ best }) => best)) >= reached.size / tasks.length - 1e-12);
  }));
});

test("what cannot be ranked is refused", () => {
  const refused = (costs: Cost[], message: string) =>
    assert.throws(() => performanceProfiles(costs), new RangeError(`Cannot rank solvers: ${message}`));
  refused(
    [...table([[1, 2]]), { task: "task 1", solver: "a", cost: 1 }],
    "b has no cost on task 1; run it there, or leave the task out",
  );
  refused(
    [...table([[1, 2]]), { task: "task 0", solver: "a", cost: 1 }],
    "a has two costs on task 0; give one, such as their median",
  );
  refused(table([[1, -2]]), "b has the cost -2 on task 0; use a finite number >= 0");
  refused(table([[NaN, 2]]), "a has the cost NaN on task 0; use a finite number >= 0");
});

test("of nothing there are no profiles", () => {
  assert.deepEqual(performanceProfiles([]), { tasks: [], taus: [1], profiles: [] });
});
