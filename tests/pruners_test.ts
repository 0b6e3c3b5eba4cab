import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../datasets/random.ts";
import { boundsOf } from "../study/pruners/bounds.ts";
import type { CostCurve, Pruner } from "../study/pruners/pruner.ts";
import { parsePruner, prunerForm, prunerNames, pruners } from "../study/pruners/registry.ts";
import type { EpochMetrics } from "../study/trial.ts";

/** What a pruner that compares trials allows after each epoch but the last. */
function bounds(text: string, epochs: number, earlier: readonly CostCurve[], trial = earlier.length) {
  const [{ pruner, costs }] = boundsOf([parsePruner(text)], epochs, earlier, trial);
  assert.equal(pruner, text);
  return costs;
}

/** What a trial of these costs leaves of its curve. */
function pruned(costs: CostCurve, bounds: readonly (number | undefined)[]): CostCurve {
  const end = costs.findIndex((_, i) => Math.min(...costs.slice(0, i + 1)) > (bounds[i] ?? Infinity));
  return end < 0 ? costs : costs.slice(0, end + 1);
}

/** The epoch after which a pruner that goes by a trial's own costs ends it, and why. */
function ended(text: string, losses: readonly number[]): [number, string] | undefined {
  const { objection, satisfaction } = parsePruner(text);
  for (let epoch = 1; epoch <= losses.length; epoch++) {
    const costs = losses.slice(0, epoch);
    const metrics = costs.map((loss, i): EpochMetrics => ({ epoch: i + 1, trainLoss: loss, testLoss: loss }));
    const reason = (objection ?? satisfaction)!(metrics, costs);
    if (reason !== undefined) return [epoch, reason];
  }
}

const cost = fc.integer({ min: -20, max: 20 }).map((n) => n / 4);
const curves = fc.array(fc.array(cost, { maxLength: 12 }), { maxLength: 20 });
const EPOCHS = 13;

test("every pruner can be named alone, or with its defaults spelt out", () => {
  assert.deepEqual(prunerNames, ["median", "asha", "halving", "patience", "divergence"]);
  for (const name of prunerNames) {
    assert.equal(parsePruner(name).text, name);
    const form = prunerForm(pruners[name]);
    assert.equal(parsePruner(` ${form} `).text, form);
    assert.deepEqual(ways(parsePruner(form)), ways(parsePruner(name)));
  }
});

function ways({ text: _, ...ways }: Pruner): string[] {
  return Object.keys(ways);
}

test("options may be given in any order, with spaces and exponents", () => {
  const earlier = [[3, 3, 3], [2, 2, 2], [1, 1, 1]];
  assert.deepEqual(bounds("asha: min = 2, eta = 2e0", 4, earlier), [undefined, 2, undefined]);
});

for (
  const [text, problem] of [
    ["", 'there is no pruner ""; expected one of median, asha, halving, patience, divergence'],
    ["Asha", 'there is no pruner "Asha"; expected one of median, asha, halving, patience, divergence'],
    [
      "toString",
      'there is no pruner "toString"; expected one of median, asha, halving, patience, divergence',
    ],
    ["asha:", '"" is not an option; write options as in asha:eta=3,min=1,brackets=1'],
    ["asha:3", '"3" is not an option; write options as in asha:eta=3,min=1,brackets=1'],
    ["halving:eta=3,", '"" is not an option; write options as in halving:eta=3,min=1'],
    ["halving:eta=3=4", '"eta=3=4" is not an option; write options as in halving:eta=3,min=1'],
    ["asha:rate=3", 'asha has no option "rate"; use eta, min, brackets'],
    ["asha:eta=3,eta=4", "eta is given twice; drop one"],
    ["asha:eta=1", "eta is 1; use an integer >= 2"],
    ["asha:eta=2.5", "eta is 2.5; use an integer >= 2"],
    ["asha:min=0", "min is 0; use an integer >= 1"],
    ["median:trials=", "trials is empty; use an integer >= 1"],
    ["median:warmup=two", "warmup is two; use an integer >= 1"],
    ["patience:delta=-1", "delta is -1; use a finite number >= 0"],
    ["divergence:factor=Infinity", "factor is Infinity; use a finite number >= 1"],
  ]
) {
  test(`the pruner ${JSON.stringify(text)} is an error that names the fix`, () => {
    assert.throws(() => parsePruner(text), {
      name: "SpaceError",
      message: `Cannot parse pruner ${JSON.stringify(text)}: ${problem}`,
    });
  });
}

test("median allows up to the median of the earlier trials' mean costs up to the epoch", () => {
  // Means after two epochs: 3, 2, 5, 7.
  const earlier = [[4, 2], [3, 1], [5, 5], [8, 6]];
  assert.deepEqual(bounds("median:trials=4", 3, earlier), [4.5, 4]);
  assert.deepEqual(bounds("median:trials=3", 3, earlier.slice(0, 3)), [4, 3]);
});

test("median leaves out trials that ended before the epoch", () => {
  assert.deepEqual(bounds("median:trials=2", 3, [[9], [1, 1], [3, 3], []]), [3, 2]);
});

test("median judges none before the warmup, nor against fewer trials than asked for", () => {
  const earlier = Array.from({ length: 5 }, () => [1, 1, 1]);
  assert.deepEqual(bounds("median:warmup=2", 4, earlier), [undefined, 1, 1]);
  assert.deepEqual(bounds("median", 4, earlier.slice(1)), [undefined, undefined, undefined]);
  assert.deepEqual(bounds("median", 4, [...earlier.slice(1), [1]]), [1, undefined, undefined]);
});

test("asha compares at the epochs min eta^k, the last excepted", () => {
  const earlier = [Array(30).fill(1)];
  const rungs = (text: string, epochs: number) =>
    bounds(text, epochs, earlier).flatMap((bound, i) => bound === undefined ? [] : [i + 1]);
  assert.deepEqual(rungs("asha", 28), [1, 3, 9, 27]);
  assert.deepEqual(rungs("asha", 27), [1, 3, 9]);
  assert.deepEqual(rungs("asha:eta=2,min=3", 24), [3, 6, 12]);
  assert.deepEqual(rungs("asha:min=30", 30), []);
});

test("asha lets the first trial go on, the next few where they are the best, then the best third", () => {
  const bound = (...costs: number[]) => bounds("asha", 2, costs.map((cost) => [cost]))[0];
  assert.equal(bound(), undefined);
  assert.equal(bound(5), 5);
  assert.equal(bound(5, 3, 4, 7), 3);
  // With the sixth trial, the best two of six.
  assert.equal(bound(5, 3, 4, 7, 1), 3);
  assert.equal(bound(5, 3, 4, 7, 1, 2, 6, 8), 3);
});

test("asha goes by the best cost up to the rung, of trials that have reached it", () => {
  assert.deepEqual(bounds("asha:eta=2", 3, [[4, 6], [5, 3], [1], []]), [4, 3]);
});

test("asha with brackets gives the trials by turns one rung less, and compares those of a bracket", () => {
  const earlier = [[1, 1, 1], [2, 2, 2], [3, 3, 3], [4, 4, 4]];
  const allowed = (trial: number) => bounds("asha:brackets=3", 4, earlier, trial);
  // Trials 0 and 3 are of bracket 0, trial 1 of bracket 1; bracket 2 has no rung within so few epochs.
  assert.deepEqual(allowed(6), [1, undefined, 1]);
  assert.deepEqual(allowed(7), [undefined, undefined, 2]);
  assert.deepEqual(allowed(8), [undefined, undefined, undefined]);
});

test("a trial goes on at a rung of asha if and only if it is among the best 1/eta", () => {
  fc.assert(
    fc.property(curves, cost, fc.integer({ min: 2, max: 5 }), (earlier, own, eta) => {
      const [bound = Infinity] = bounds(`asha:eta=${eta}`, 2, earlier);
      const rivals = earlier.filter(({ length }) => length > 0).map(([first]) => first);
      const better = rivals.filter((rival) => rival < own).length;
      assert.equal(own <= bound, better < Math.max(1, Math.floor((rivals.length + 1) / eta)));
    }),
  );
});

test("asha leaves about 1/eta of the trials at each rung", () => {
  const random = new Random(1, "curves");
  const left: CostCurve[] = [];
  for (let trial = 0; trial < 900; trial++) {
    const quality = random.normal();
    const costs = Array.from({ length: 28 }, (_, i) => quality + random.normal() / (i + 1));
    left.push(pruned(costs, bounds("asha", 28, left)));
  }
  const counts = [1, 2, 4, 10, 28].map((epoch) => left.filter(({ length }) => length >= epoch).length);
  assert.equal(counts[0], 900);
  for (const [i, count] of counts.slice(1).entries()) {
    const share = count / counts[i];
    assert.ok(share > 0.22 && share < 0.5, `${count} of ${counts[i]} went on`);
  }
});

for (const text of ["median:trials=2", "asha:eta=2", "asha:eta=3,min=2,brackets=2"]) {
  test(`${text} never ends a trial before another that costs at least as much all along`, () => {
    const pairs = fc.array(fc.tuple(cost, fc.nat(8)), { minLength: EPOCHS, maxLength: EPOCHS });
    fc.assert(
      fc.property(curves, fc.nat(5), pairs, (earlier, trial, pairs) => {
        const allowed = bounds(text, EPOCHS, earlier, trial);
        const better = pruned(pairs.map(([cost]) => cost), allowed);
        const worse = pruned(pairs.map(([cost, more]) => cost + more), allowed);
        assert.ok(better.length >= worse.length);
      }),
    );
  });

  test(`${text} never allows more where an earlier trial cost less`, () => {
    fc.assert(
      fc.property(curves, fc.nat(19), fc.nat(8), fc.nat(5), (earlier, which, less, trial) => {
        const improved = earlier.map((costs, i) => i === which ? costs.map((cost) => cost - less) : costs);
        const before = bounds(text, EPOCHS, earlier, trial);
        bounds(text, EPOCHS, improved, trial).forEach((bound, i) => {
          assert.equal(bound === undefined, before[i] === undefined);
          assert.ok(bound === undefined || bound <= before[i]!);
        });
      }),
    );
  });
}

test("the bounds of several pruners are those of each; pruners of other kinds have none", () => {
  const earlier = [[4, 1], [2, 2]];
  const texts = ["patience", "asha:eta=2", "halving", "median:trials=1", "divergence"];
  assert.deepEqual(boundsOf(texts.map((text) => parsePruner(text)), 3, earlier, 2), [
    { pruner: "asha:eta=2", costs: bounds("asha:eta=2", 3, earlier) },
    { pruner: "median:trials=1", costs: bounds("median:trials=1", 3, earlier) },
  ]);
  assert.deepEqual(boundsOf([parsePruner("asha")], 1, earlier, 2), [{ pruner: "asha", costs: [] }]);
});

test("halving with n = 9, r = 1, R = 9 and eta = 3 leaves 3 trials, then 1, as in Li et al. 2020", () => {
  const { epochs, survivors } = parsePruner("halving").rungs!;
  assert.deepEqual(epochs(9), [1, 3]);
  assert.deepEqual(survivors([5, 3, 9, 1, 8, 7, 2, 6, 4]), [1, 3, 6]);
  assert.deepEqual(survivors([3, 1, 2]), [1]);
});

test("halving keeps one trial at least, and of equals the first", () => {
  const { survivors } = parsePruner("halving:eta=4").rungs!;
  assert.deepEqual(survivors([2, 1]), [1]);
  assert.deepEqual(survivors([1, 1, 1, 1, 1, 1, 1, 1]), [0, 1]);
});

test("halving counts trials that ended before, and lets none of them go on", () => {
  const { survivors } = parsePruner("halving:eta=2").rungs!;
  assert.deepEqual(survivors([undefined, 7, undefined, 8, 9, undefined]), [1, 3, 4]);
  assert.deepEqual(survivors([undefined, undefined]), []);
});

test("halving keeps the best 1/eta of any trials", () => {
  const costs = fc.array(fc.option(cost, { nil: undefined }));
  fc.assert(
    fc.property(costs, fc.integer({ min: 2, max: 5 }), (costs, eta) => {
      const kept = parsePruner(`halving:eta=${eta}`).rungs!.survivors(costs);
      const known = costs.filter((cost) => cost !== undefined);
      assert.equal(kept.length, Math.min(known.length, Math.max(1, Math.floor(costs.length / eta))));
      assert.deepEqual(
        kept.map((place) => costs[place]).sort(ascending),
        known.sort(ascending).slice(0, kept.length),
      );
      assert.deepEqual(kept, [...new Set(kept)].sort(ascending));
    }),
  );
});

function ascending(a: number | undefined, b: number | undefined): number {
  return a! - b!;
}

test("patience ends a trial after so many epochs without a new best", () => {
  assert.deepEqual(ended("patience:epochs=2", [5, 4, 4, 4, 1]), [
    4,
    "no improvement in the 2 epochs up to epoch 4",
  ]);
  assert.equal(ended("patience:epochs=2", [5, 4, 6, 3, 6, 2, 6]), undefined);
  assert.equal(ended("patience", [1, 2, 2, 2, 2]), undefined);
  assert.equal(ended("patience", [1, 2, 2, 2, 2, 2])?.[0], 6);
});

test("patience counts only improvements of more than delta", () => {
  assert.deepEqual(ended("patience:epochs=2,delta=1", [9, 7, 6.5, 6, 5]), [
    4,
    "no improvement by more than 1 in the 2 epochs up to epoch 4",
  ]);
  assert.equal(ended("patience:epochs=2,delta=0.9", [9, 7, 6.5, 6, 5]), undefined);
});

test("patience takes negative costs, such as an accuracy's", () => {
  assert.equal(ended("patience:epochs=1", [-0.5, -0.6, -0.55])?.[0], 3);
});

test("divergence ends a trial whose training loss exceeds a multiple of the first epoch's", () => {
  assert.equal(ended("divergence", [2, 1, 6, 5]), undefined);
  assert.deepEqual(ended("divergence", [2, 1, 6.0125]), [
    3,
    "training loss 6.01 in epoch 3, more than 3 times the 2 of the first",
  ]);
  assert.equal(ended("divergence:factor=1.5", [2, 3.1])?.[0], 2);
});

test("divergence ends no trial whose first loss is not positive", () => {
  assert.equal(ended("divergence", [0, 100]), undefined);
  assert.equal(ended("divergence", [-2, 100]), undefined);
});
