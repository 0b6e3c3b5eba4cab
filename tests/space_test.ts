import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Range } from "../study/space/domain.ts";
import { type Declaration, flag, type HyperValues, number, numberOrOff } from "../optim/hyperparameter.ts";
import { resolve } from "../optim/coefficients.ts";
import { getOptimizer, optimizerNames } from "../optim/registry.ts";
import { grid } from "../study/samplers/grid.ts";
import { defaultSpace, parseSeeds, parseValues, SpaceError } from "../study/space/values.ts";

const lr = number({ meaning: "learning rate" });
const beta = number({ below: 1, meaning: "decay" });
const nesterov = flag({ meaning: "look ahead" });

const values = (text: string, declaration: Declaration = lr) => parseValues("lr", text, declaration);

function fails(action: () => unknown, message: string): void {
  assert.throws(action, (error: Error) => {
    assert.ok(error instanceof SpaceError);
    assert.equal(error.message, message);
    return true;
  });
}

test("single values and lists of them are read in the order given", () => {
  assert.deepEqual(values("0.5"), [0.5]);
  assert.deepEqual(values("1e-4"), [1e-4]);
  assert.deepEqual(values(" 3, .5,2.,+1E+2 "), [3, 0.5, 2, 100]);
  assert.deepEqual(parseValues("nesterov", "true,false", nesterov), [true, false]);
});

test("a linear range has both ends and even steps", () => {
  assert.deepEqual(values("lin:0..0.9:4"), [0, 0.3, 0.6, 0.9]);
  assert.deepEqual(values("lin:0.1..0.7:7"), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
});

test("a log range hits powers of ten", () => {
  assert.deepEqual(values("log:0.01..10:4"), [0.01, 0.1, 1, 10]);
  assert.deepEqual(values("log:1e-5..1e2:8"), [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100]);
  assert.deepEqual(values("log:0.003..3:3"), [0.003, 0.0948683298051, 3]);
});

test("lists may mix values and ranges", () => {
  assert.deepEqual(values("0,log:0.01..1:3,5"), [0, 0.01, 0.1, 1, 5]);
});

test("duplicates are removed and the order is kept", () => {
  assert.deepEqual(values("1,0.1,log:0.01..1:3"), [1, 0.1, 0.01]);
  assert.deepEqual(parseValues("nesterov", "true,false,true", nesterov), [true, false]);
});

test("minus zero is the zero that switches a term off", () => {
  assert.ok(Object.is(values("-0", numberOrOff({ meaning: "decay" }))[0], 0));
});

test("a range of one point needs equal ends", () => {
  assert.deepEqual(values("lin:0.5..0.5:1"), [0.5]);
  fails(
    () => values("lin:0..1:1"),
    'Cannot parse lr "lin:0..1:1": a range with two ends has at least 2 points',
  );
});

const errors: [text: string, problem: string][] = [
  ["", "expected values such as 0.1,1 or a range such as lin:0..1:5"],
  ["0.1,", "a value is missing beside a comma; add it or drop the comma"],
  ["0.1,,1", "a value is missing beside a comma; add it or drop the comma"],
  ["abc", '"abc" is not a number; write it as 0.1 or 1e-4'],
  ["0x10", '"0x10" is not a number; write it as 0.1 or 1e-4'],
  ["1_000", '"1_000" is not a number; write it as 0.1 or 1e-4'],
  ["true", '"true" is not a number; write it as 0.1 or 1e-4'],
  ["0..1", '"0..1" is not a range; write it as lin:0..1:5 or log:0.01..1:5'],
  ["log:0.01..1", '"log:0.01..1" is not a range; write it as lin:0..1:5 or log:0.01..1:5'],
  ["exp:0.01..1:3", '"exp:0.01..1:3" is not a range; write it as lin:0..1:5 or log:0.01..1:5'],
  ["lin:a..1:3", '"a" is not a number; write it as 0.1 or 1e-4'],
  ["NaN", "NaN is out of range; use a finite number >= 0"],
  ["Infinity", "Infinity is out of range; use a finite number >= 0"],
  ["lin:0..inf:3", "inf is out of range; use a finite number >= 0"],
  ["1e999", "1e999 is out of range; use a finite number >= 0"],
  ["-1", "-1 is out of range; use a finite number >= 0"],
  ["lin:-1..1:3", "-1 is out of range; use a finite number >= 0"],
  ["log:0..1:5", "the lower bound of a log range has to be > 0"],
  ["lin:1..0:3", "the lower bound 1 has to be < the upper bound 0"],
  ["lin:1..1:3", "the lower bound 1 has to be < the upper bound 1"],
  ["lin:0..1:2.5", '"2.5" is no number of points; use an integer >= 2'],
  ["lin:0..1:0", '"0" is no number of points; use an integer >= 2'],
  ["lin:0..1:-3", '"-3" is no number of points; use an integer >= 2'],
  ["lin:0..1:", '"" is no number of points; use an integer >= 2'],
  ["lin:0..1:10001", "more than 10000 values; use fewer points"],
  ["lin:0..1:6000,lin:2..3:6000", "more than 10000 values; use fewer points"],
  ["lin:1..1.0000000000001:9", "the range is too narrow for 9 points; use fewer"],
];
for (const [text, problem] of errors) {
  test(`the values "${text}" are refused`, () => {
    fails(() => values(text), `Cannot parse lr ${JSON.stringify(text)}: ${problem}`);
  });
}

test("values outside the declared range are refused", () => {
  fails(
    () => parseValues("beta1", "0.9,1", beta),
    'Cannot parse beta1 "0.9,1": 1 is out of range; use a finite number >= 0 and < 1',
  );
});

test("a flag takes true and false alone", () => {
  fails(
    () => parseValues("nesterov", "1", nesterov),
    'Cannot parse nesterov "1": expected true or false, got "1"',
  );
  fails(
    () => parseValues("nesterov", " ", nesterov),
    'Cannot parse nesterov " ": expected true, false or false,true',
  );
});

const size = fc.double({ min: 1e-12, max: 1e12, noNaN: true });
for (const kind of ["lin", "log"]) {
  test(`a ${kind} range has exact ends, rises, and has the points asked for`, () => {
    fc.assert(fc.property(size, size, fc.integer({ min: 2, max: 200 }), (a, b, count) => {
      const [lower, upper] = [Math.min(a, b), Math.max(a, b)];
      fc.pre(upper > lower * 1.001);
      const points = values(`${kind}:${lower}..${upper}:${count}`) as number[];
      assert.equal(points.length, count);
      assert.equal(points[0], lower);
      assert.equal(points[count - 1], upper);
      points.slice(1).forEach((point, i) => {
        assert.ok(point > points[i]);
        const even = kind === "lin"
          ? lower + (upper - lower) * (i + 1) / (count - 1)
          : lower * (upper / lower) ** ((i + 1) / (count - 1));
        assert.ok(Math.abs(point - even) <= 6e-12 * even);
      });
    }));
  });
}

test("any number reads back as itself", () => {
  fc.assert(fc.property(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), (x) => {
    assert.deepEqual(values(String(x)), [x + 0]);
  }));
});

test("no text does anything but parse or throw a SpaceError", () => {
  const text = fc.stringMatching(/^(lin:|log:|[0-9.,:e-]|true|inf| ){0,12}$/);
  fc.assert(fc.property(text, (text) => {
    try {
      assert.ok(values(text).length > 0);
    } catch (error) {
      assert.ok(error instanceof SpaceError);
      assert.ok(error.message.startsWith("Cannot parse lr ") && !error.message.endsWith("."));
    }
  }));
});

test("one integer is how many seeds, a comma makes a list", () => {
  assert.deepEqual(parseSeeds("3"), [1, 2, 3]);
  assert.deepEqual(parseSeeds("1,2,42"), [1, 2, 42]);
  assert.deepEqual(parseSeeds("42,"), [42]);
  assert.deepEqual(parseSeeds(" 7 , 0 , 2147483647 "), [7, 0, 2147483647]);
  assert.equal(parseSeeds("10000").length, 10_000);
});

const seedErrors: [text: string, problem: string][] = [
  ["", "expected how many, as in 3, or a list of integers >= 0, as in 1,2,42"],
  [",", "expected how many, as in 3, or a list of integers >= 0, as in 1,2,42"],
  ["1.5", "expected how many, as in 3, or a list of integers >= 0, as in 1,2,42"],
  ["-1,", "expected how many, as in 3, or a list of integers >= 0, as in 1,2,42"],
  ["1,,2", "expected how many, as in 3, or a list of integers >= 0, as in 1,2,42"],
  ["0", "a study needs at least 1 seed; for the seed 0 itself write 0,"],
  ["10001", "more than 10000 seeds; for the seed 10001 itself write 10001,"],
  ["1,2,1", "the seed 1 is given twice; drop one"],
  ["2147483648,", "the seed 2147483648 is too large; use at most 2147483647"],
];
for (const [text, problem] of seedErrors) {
  test(`the seeds "${text}" are refused`, () => {
    fails(() => parseSeeds(text), `Cannot parse seeds ${JSON.stringify(text)}: ${problem}`);
  });
}

test("more than 10000 listed seeds are refused", () => {
  const text = Array.from({ length: 10_001 }, (_, i) => i).join();
  assert.throws(() => parseSeeds(text), /: more than 10000 seeds; give fewer$/);
});

const sgd = getOptimizer("sgd");
/** A value each: the defaults. */
const plain = Object.fromEntries(
  Object.entries(resolve(sgd, { lr: 0.1 })).map(([name, value]) => [name, [value]]),
);

test("in a grid the first declared hyper-parameter varies slowest, whatever the order of the space", () => {
  const { points, leftOut } = grid(sgd, { ...plain, momentum: [0, 0.9], lr: [1, 0.1] });
  assert.deepEqual(points.map(({ lr, momentum }) => [lr, momentum]), [[1, 0], [1, 0.9], [0.1, 0], [
    0.1,
    0.9,
  ]]);
  assert.deepEqual(Object.keys(points[0]), Object.keys(sgd.hyperparameters));
  assert.deepEqual(leftOut, []);
});

test("combinations that the optimizer forbids are left out and counted by reason", () => {
  const { points, leftOut } = grid(sgd, {
    ...plain,
    lr: [0.1, 1],
    momentum: [0, 0.9],
    dampening: [0, 0.5],
    nesterov: [false, true],
  });
  assert.equal(points.length, 10);
  assert.deepEqual(leftOut, [
    { reason: "nesterov true needs momentum > 0, got momentum 0", count: 4 },
    { reason: "nesterov true needs dampening 0, got dampening 0.5", count: 2 },
  ]);
});

test("a grid without a legal point is refused with the reasons", () => {
  fails(
    () => grid(sgd, { ...plain, lr: [0.1, 1], nesterov: [true] }),
    "Cannot search sgd: no point of the space is legal: " +
      "nesterov true needs momentum > 0, got momentum 0 (2 of the points)",
  );
});

test("a grid of more than a million points is refused before it is built", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => i / 10_000);
  fails(
    () => grid(sgd, { ...plain, lr: many, momentum: many, weight_decay: many }),
    "Cannot search sgd: its space has 1000000000000 points; " +
      "use at most 1000000, with fewer values or points a range",
  );
});

test("a grid of a range is refused, with the list that would do", () => {
  const refuses = (distribution: Range["distribution"], advice: string) =>
    fails(
      () => grid(sgd, { ...plain, lr: { distribution, from: 1, to: 8 } }),
      `Cannot search sgd: a sweep tries every value, and lr ${distribution}:1..8 has no end of them; ` +
        `use points, as in ${advice}:1..8:5, or optbench tune`,
    );
  refuses("uniform", "lin");
  refuses("loguniform", "log");
});

test("combinations that stand for the same point are one", () => {
  const settle = (values: HyperValues) => values.momentum === 0 ? { ...values, nesterov: false } : values;
  const space = { ...plain, momentum: [0, 0.9], nesterov: [false, true] };
  const { points, leftOut } = grid(sgd, space, { settle });
  assert.deepEqual(points.map(({ momentum, nesterov }) => [momentum, nesterov]), [[0, false], [0.9, false], [
    0.9,
    true,
  ]]);
  assert.deepEqual(leftOut, []);
});

for (const name of optimizerNames) {
  test(`${name} has a default space that parses and has legal points`, () => {
    const optimizer = getOptimizer(name);
    const texts = defaultSpace(optimizer);
    assert.deepEqual(Object.keys(texts), Object.keys(optimizer.hyperparameters));
    const space = Object.fromEntries(
      Object.entries(texts)
        .map(([key, text]) => [key, parseValues(key, text, optimizer.hyperparameters[key])]),
    );
    assert.ok(grid(optimizer, space).points.length > 1);
  });
}
