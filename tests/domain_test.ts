import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { count, type Declaration, flag, number } from "../optim/hyperparameter.ts";
import { dimensionsOf, valuesAt } from "../study/space/coordinates.ts";
import {
  checkDomain,
  type Domain,
  filledIn,
  formatDomain,
  parseDomain,
  type Range,
  type SearchSpace,
} from "../study/space/domain.ts";
import { SpaceError } from "../study/space/values.ts";

const lr = number({ meaning: "learning rate" });
const momentum = number({ below: 1, meaning: "momentum" });
const parts = count({ default: 1, meaning: "parts" });
const nesterov = flag({ meaning: "look ahead" });

const domain = (text: string, declaration: Declaration = lr) => parseDomain("lr", text, declaration);

test("a range has a distribution and two ends", () => {
  assert.deepEqual(domain("uniform:0..0.9"), { distribution: "uniform", from: 0, to: 0.9 });
  assert.deepEqual(domain(" loguniform:1e-4..1 "), { distribution: "loguniform", from: 1e-4, to: 1 });
  assert.deepEqual(domain("int:1..8", parts), { distribution: "int", from: 1, to: 8 });
  assert.deepEqual(domain("int:1..8"), { distribution: "int", from: 1, to: 8 });
});

test("anything else is a list", () => {
  assert.deepEqual(domain("0,log:0.01..1:3"), [0, 0.01, 0.1, 1]);
  assert.deepEqual(domain("true,false", nesterov), [true, false]);
});

for (
  const [text, declaration, problem] of [
    ["uniform:1", lr, "a range has two ends; write it as uniform:1..8"],
    ["uniform:", lr, "a range has two ends; write it as uniform:1..8"],
    ["uniform:1..1", lr, "the lower bound 1 has to be < the upper bound 1"],
    ["uniform:2..1", lr, "the lower bound 2 has to be < the upper bound 1"],
    ["uniform:-1..1", lr, "-1 is out of range; use a finite number >= 0"],
    ["uniform:0..1", momentum, "1 is out of range; use a finite number >= 0 and < 1"],
    ["uniform:0..x", lr, '"x" is not a number; write it as 0.1 or 1e-4'],
    ["uniform:0..1:5", lr, '"1:5" is not a range; write it as lin:0..1:5 or log:0.01..1:5'],
    ["loguniform:0..1", lr, "the lower bound of a loguniform range has to be > 0"],
    ["int:0.5..2", lr, "the ends of an int range are integers"],
    ["uniform:1..4", parts, "lr is an integer; use int:1..8 or a list"],
    ["int:0..1", nesterov, "lr is no number; use true or false"],
  ] as const
) {
  test(`the domain "${text}" is refused: ${problem}`, () => {
    assert.throws(() => domain(text, declaration), (error: Error) => {
      assert.ok(error instanceof SpaceError);
      assert.equal(error.message, `Cannot parse lr ${JSON.stringify(text)}: ${problem}`);
      return true;
    });
  });
}

const size = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
const ends = fc.tuple(size, size).filter(([a, b]) => a !== b).map((
  [a, b],
) => [Math.min(a, b), Math.max(a, b)]);
const integers = fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 2, maxLength: 2 })
  .map((pair) => pair.sort((a, b) => a - b));
const anyRange: fc.Arbitrary<Range> = fc.oneof(
  ends.map(([from, to]) => ({ distribution: "uniform", from, to } as const)),
  ends.map(([from, to]) => ({ distribution: "loguniform", from, to } as const)),
  integers.map(([from, to]) => ({ distribution: "int", from, to } as const)),
);
const anyList: fc.Arbitrary<Domain> = fc.oneof(
  fc.uniqueArray(size, { minLength: 1, maxLength: 6 }),
  fc.uniqueArray(fc.boolean(), { minLength: 1 }),
);
const anySpace: fc.Arbitrary<SearchSpace> = fc.array(fc.oneof(anyRange, anyList), {
  minLength: 1,
  maxLength: 5,
})
  .map((domains) => Object.fromEntries(domains.map((domain, i) => [`h${i}`, domain])));

test("a domain reads back from its text", () => {
  fc.assert(fc.property(fc.oneof(anyRange, fc.uniqueArray(size, { minLength: 1 })), (domain) => {
    assert.deepEqual(parseDomain("lr", formatDomain(domain), lr), domain);
  }));
});

/** A point of a space, from a number below 1 for each dimension. */
function pointOf(space: SearchSpace, unit: readonly number[]): number[] {
  return dimensionsOf(space).map((dimension, i) =>
    dimension.kind === "continuous" ? unit[i] : Math.floor(unit[i] * dimension.levels)
  );
}

const units = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
  minLength: 5,
  maxLength: 5,
});

test("the values at any point are of their domains, in the order of the space", () => {
  fc.assert(fc.property(anySpace, units, (space, unit) => {
    const values = valuesAt(space, pointOf(space, unit));
    assert.deepEqual(Object.keys(values), Object.keys(space));
    for (const [name, domain] of Object.entries(space)) {
      const value = values[name];
      if (!("distribution" in domain)) assert.ok(domain.includes(value));
      else {
        assert.ok(Number(value) >= domain.from && Number(value) <= domain.to, `${value}`);
        if (domain.distribution === "int") assert.ok(Number.isInteger(value));
      }
    }
  }));
});

test("the ends of a range are at the ends of its coordinate, and values rise along it", () => {
  fc.assert(fc.property(anyRange, units, (range, unit) => {
    const space = { h: range };
    const [dimension] = dimensionsOf(space);
    const last = dimension.kind === "continuous" ? 1 : dimension.levels - 1;
    const at = (coordinate: number) => Number(valuesAt(space, [coordinate]).h);
    // Drawn numbers have five digits.
    const near = (value: number, end: number) => Math.abs(value - end) <= 1e-4 * Math.abs(end);
    assert.ok(near(at(0), range.from), `${at(0)}`);
    assert.ok(near(at(last), range.to), `${at(last)}`);
    const places = unit.toSorted((a, b) => a - b).map((x) => pointOf(space, [x])[0]);
    places.slice(1).forEach((place, i) => assert.ok(at(place) >= at(places[i])));
  }));
});

test("every value of a list, and every integer of a short range, is at a level of its own", () => {
  const space: SearchSpace = {
    lr: [3, 1, 2],
    flag: [false, true],
    one: [7],
    parts: { distribution: "int", from: 2, to: 5 },
  };
  const dimensions = dimensionsOf(space);
  assert.deepEqual(dimensions, [
    { name: "lr", kind: "ordered", levels: 3 },
    { name: "flag", kind: "choice", levels: 2 },
    { name: "parts", kind: "ordered", levels: 4 },
  ]);
  assert.deepEqual(valuesAt(space, [0, 0, 0]), { lr: 1, flag: false, one: 7, parts: 2 });
  assert.deepEqual(valuesAt(space, [2, 1, 3]), { lr: 3, flag: true, one: 7, parts: 5 });
});

test("a long range of integers is a continuum, in which each has an equal share", () => {
  const space: SearchSpace = { h: { distribution: "int", from: 1, to: 100 } };
  assert.deepEqual(dimensionsOf(space), [{ name: "h", kind: "continuous" }]);
  const at = (coordinate: number) => valuesAt(space, [coordinate]).h;
  assert.deepEqual([0, 0.0099, 0.0101, 0.995, 1].map(at), [1, 1, 2, 100, 100]);
});

test("the middle of a loguniform range is the geometric mean of its ends, of a uniform one the mean", () => {
  const at = (distribution: Range["distribution"]) =>
    valuesAt({ h: { distribution, from: 1e-4, to: 1 } }, [0.5]).h;
  assert.equal(at("loguniform"), 0.01);
  assert.equal(at("uniform"), 0.50005);
});

test("a list of numbers is filled in, in the logarithm where it spans a decade", () => {
  assert.deepEqual(filledIn([1, 0.01, 0.1], lr), { distribution: "loguniform", from: 0.01, to: 1 });
  assert.deepEqual(filledIn([1, 10], lr), { distribution: "loguniform", from: 1, to: 10 });
  assert.deepEqual(filledIn([1, 9], lr), { distribution: "uniform", from: 1, to: 9 });
  assert.deepEqual(filledIn([0.9, 0], lr), { distribution: "uniform", from: 0, to: 0.9 });
});

test("what is no list of numbers stays as it is", () => {
  assert.deepEqual(filledIn([0.1], lr), [0.1]);
  assert.deepEqual(filledIn([2, 4, 8], parts), [2, 4, 8]);
  assert.deepEqual(filledIn([false, true], nesterov), [false, true]);
  const range = { distribution: "uniform", from: 0, to: 1 } as const;
  assert.equal(filledIn(range, lr), range);
});

test("a domain that is empty or holds an illegal value is refused", () => {
  const check = (domain: Domain, declaration: Declaration) => () =>
    checkDomain("sgd", "momentum", domain, declaration);
  assert.throws(check([], momentum), {
    message: "Cannot search sgd: momentum has no values; give at least one",
  });
  const illegal = {
    name: "SpaceError",
    message: "Cannot search sgd: momentum 1 is illegal; use a finite number >= 0 and < 1",
  };
  assert.throws(check([0.5, 1], momentum), illegal);
  assert.throws(check({ distribution: "uniform", from: 0, to: 1 }, momentum), illegal);
  check([0, 0.5], momentum)();
});
