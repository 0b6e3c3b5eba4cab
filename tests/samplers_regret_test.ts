import assert from "node:assert/strict";
import { test } from "node:test";
import { median } from "../results/statistics/descriptive.ts";
import { getSampler, type SamplerName } from "../study/samplers/registry.ts";
import { branin, hartmann6, mixed, type Problem, regret, search } from "./_minima.ts";

/** The median over seeds from 1 of the regret after 50 trials, of which 8 are under way at a time. */
function medianRegret(name: SamplerName, problem: Problem, seeds: number): number {
  const regrets = Array.from(
    { length: seeds },
    (_, i) => regret(search(getSampler(name), problem, { seed: i + 1 }), problem),
  );
  return median(regrets)!;
}

function assertBelow(actual: number, limit: number) {
  assert.ok(actual < limit, `${actual} is not below ${limit}`);
}

/** So many that samplers which differ little are not in the wrong order by chance. */
const MANY_SEEDS = 2001;
const random = {
  branin: medianRegret("random", branin, MANY_SEEDS),
  hartmann6: medianRegret("random", hartmann6, MANY_SEEDS),
};

test("the functions have their published minima", () => {
  for (const point of [[-Math.PI, 12.275], [Math.PI, 2.275], [9.42478, 2.475]]) {
    const cost = branin.cost([(point[0] + 5) / 15, point[1] / 15]);
    assert.ok(Math.abs(cost - branin.least) < 1e-6);
  }
  const best = [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573];
  assert.ok(Math.abs(hartmann6.cost(best) - hartmann6.least) < 1e-6);
});

test("quasi-random points come closer to the minimum than random ones where dimensions are few", () => {
  assertBelow(medianRegret("quasi-random", branin, MANY_SEEDS), random.branin);
});

test("CMA-ES comes closer to the minima than random search", () => {
  assertBelow(medianRegret("cma-es", branin, 301), random.branin);
  assertBelow(medianRegret("cma-es", hartmann6, 41), 0.85 * random.hartmann6);
});

test("TPE comes much closer to the minima than random search", () => {
  assertBelow(medianRegret("tpe", branin, 41), random.branin / 3);
  assertBelow(medianRegret("tpe", hartmann6, 41), 0.6 * random.hartmann6);
});

test("a Gaussian process all but finds the minima", () => {
  assertBelow(medianRegret("gp", branin, 20), random.branin / 30);
  assertBelow(medianRegret("gp", hartmann6, 20), random.hartmann6 / 4);
});

test("learning samplers choose the right category more often than chance", () => {
  for (const [name, seeds] of [["tpe", 20], ["gp", 5], ["cma-es", 40]] as const) {
    const searches = Array.from({ length: seeds }, (_, seed) => search(getSampler(name), mixed, { seed }))
      .flat();
    const right = searches.filter(({ point }) => point[2] === 2).length / searches.length;
    assert.ok(right > 0.35, `${name} chose it in ${right} of the trials, where chance does in 0.25`);
  }
});
