import assert from "node:assert/strict";
import { test } from "node:test";
import { resolve } from "../optim/coefficients.ts";
import { getOptimizer } from "../optim/registry.ts";
import { conditionally, parseCondition } from "../study/space/condition.ts";

const sgd = getOptimizer("sgd");
const { lr: _, ...defaults } = resolve(sgd, { lr: 1, schedule: "constant" });
const values = { lr: 1, ...defaults };

test("a condition names a hyper-parameter, as declared or as its option, and an expression", () => {
  assert.deepEqual(parseCondition("nesterov: momentum>0"), { name: "nesterov", when: "momentum>0" });
  assert.deepEqual(parseCondition(" weight-decay :lr<1 and momentum=0 "), {
    name: "weight_decay",
    when: "lr<1 and momentum=0",
  });
});

for (const text of ["", "nesterov", "nesterov:", ":momentum>0", "nesterov momentum>0", "a b: lr>0"]) {
  test(`the condition "${text}" is refused`, () => {
    assert.throws(() => parseCondition(text), {
      name: "SpaceError",
      message: `Cannot parse condition "${text}": write it as "nesterov: momentum>0"`,
    });
  });
}

test("a hyper-parameter takes its default where its condition does not hold", () => {
  const settle = conditionally(sgd, [{ name: "nesterov", when: "momentum>0.5" }], defaults);
  assert.deepEqual(settle({ ...values, momentum: 0.9, nesterov: true }), {
    ...values,
    momentum: 0.9,
    nesterov: true,
  });
  assert.deepEqual(settle({ ...values, momentum: 0.5, nesterov: true }), {
    ...values,
    momentum: 0.5,
    nesterov: false,
  });
});

test("a condition goes by what earlier ones have settled", () => {
  const settle = conditionally(sgd, [
    { name: "momentum", when: "lr<1" },
    { name: "nesterov", when: "momentum>0" },
  ], defaults);
  assert.deepEqual(settle({ ...values, lr: 2, momentum: 0.9, nesterov: true }), { ...values, lr: 2 });
  assert.deepEqual(settle({ ...values, lr: 0.5, momentum: 0.9, nesterov: true }), {
    ...values,
    lr: 0.5,
    momentum: 0.9,
    nesterov: true,
  });
});

test("without conditions everything stays as it is", () => {
  assert.equal(conditionally(sgd, [], defaults)(values), values);
});

for (
  const [name, when, problem] of [
    [
      "rho",
      "lr>0",
      /Cannot use the condition "rho: lr>0": sgd has no hyper-parameter "rho"; expected one of lr, /,
    ],
    ["lr", "momentum>0", /lr has no default to take where it is not searched/],
    ["nesterov", "nesterov", /there is no "nesterov"/],
    ["nesterov", "mass>0", /there is no "mass"/],
    ["nesterov", "momentum>", /Cannot parse/],
  ] as const
) {
  test(`the condition "${name}: ${when}" is refused`, () => {
    assert.throws(() => conditionally(sgd, [{ name, when }], defaults), {
      name: "SpaceError",
      message: problem,
    });
  });
}
