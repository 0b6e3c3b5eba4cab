import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { lossAndGradients } from "../engine/gradient.ts";
import type { HyperValues } from "../optim/hyperparameter.ts";
import {
  type Coefficients,
  type Group,
  type Optimizer,
  resolve,
  splitCoefficients,
  type Tensors,
} from "../optim/optimizer.ts";
import { getOptimizer, optimizerNames, ruleNames } from "../optim/registry.ts";
import { defaultSpace, parseValues } from "../study/space.ts";

/** Groups as an optimizer takes them, eagerly. */
function eagerGroups(
  optimizer: Optimizer,
  groups: { parameters: string[]; values: HyperValues }[],
): Group<Coefficients>[] {
  return groups.map(({ parameters, values }) => {
    const { literals, inputs } = splitCoefficients(optimizer, values);
    const scalars = Object.entries(inputs).map(([name, value]) => [name, tf.scalar(value)]);
    return { parameters, hyper: { ...literals, ...Object.fromEntries(scalars) } };
  });
}

const everyOptimizer: [string, Optimizer][] = optimizerNames.flatMap((name) =>
  name === "sam"
    ? ruleNames.map((base): [string, Optimizer] => [`sam over ${base}`, getOptimizer(name, base)])
    : [[name, getOptimizer(name)] as [string, Optimizer]]
);

for (const [title, optimizer] of everyOptimizer) {
  test(`${title} descends a parabola`, () => {
    tf.setBackend("cpu");
    tf.tidy(() => {
      const values = resolve(optimizer, { lr: 0.05 });
      const groups = eagerGroups(optimizer, [{ parameters: ["w"], values }]);
      const gradient = lossAndGradients(({ w }) => w.sub(tf.tensor1d([1, -2])).square().sum() as tf.Scalar);
      let params: Tensors = { w: tf.tensor1d([3, 4]) };
      let state = optimizer.init(params, groups);
      const losses: number[] = [];
      for (let i = 0; i < 40; i++) {
        const next = optimizer.step(gradient, { params, state }, groups);
        losses.push(next.loss.dataSync()[0]);
        ({ params, state } = next);
      }
      assert.equal(losses[0], 40);
      losses.slice(1).forEach((loss, i) =>
        assert.ok(loss < losses[i], `step ${i + 1}: ${losses[i]} to ${loss}`)
      );
    });
  });

  test(`${title} leaves a parameter without a gradient, and its state, alone`, () => {
    tf.tidy(() => {
      const values = resolve(optimizer, { lr: 0.1 });
      const groups = eagerGroups(optimizer, [{ parameters: ["used", "unused"], values }]);
      const params = { used: tf.tensor1d([1, 2]), unused: tf.tensor1d([3, 4]) };
      const state = optimizer.init(params, groups);
      const gradient = lossAndGradients(({ used }) => used.square().sum() as tf.Scalar);
      const next = optimizer.step(gradient, { params, state }, groups);
      assert.equal(next.params.unused, params.unused);
      assert.equal(next.state.unused, state.unused);
      assert.notDeepEqual(next.params.used.arraySync(), [1, 2]);
    });
  });

  test(`${title} survives zero parameters and zero gradients`, () => {
    tf.tidy(() => {
      const declared = optimizer.hyperparameters;
      const values = resolve(optimizer, {
        lr: 0.1,
        ...("weight_decay" in declared ? { weight_decay: 0.1 } : {}),
      });
      const groups = eagerGroups(optimizer, [{ parameters: ["w"], values }]);
      let point = { params: { w: tf.zeros([3]) } as Tensors, state: {} as ReturnType<Optimizer["init"]> };
      point.state = optimizer.init(point.params, groups);
      const gradient = lossAndGradients(({ w }) => w.square().sum() as tf.Scalar);
      for (let i = 0; i < 3; i++) point = optimizer.step(gradient, point, groups);
      assert.deepEqual(point.params.w.arraySync(), [0, 0, 0]);
    });
  });

  test(`${title} declares defaults and sweeps that are legal`, () => {
    for (const [name, text] of Object.entries(defaultSpace(optimizer))) {
      assert.ok(parseValues(name, text, optimizer.hyperparameters[name]).length > 0);
    }
  });
}

test("the defaults of LARS and SAM are those of the reference", () => {
  assert.deepEqual(resolve(getOptimizer("lars"), { lr: 1 }), {
    lr: 1,
    trust_coefficient: 0.001,
    momentum: 0,
    dampening: 0,
    nesterov: false,
    weight_decay: 0,
    eps: 1e-8,
  });
  const { rho, adaptive } = resolve(getOptimizer("sam"), { lr: 1 });
  assert.deepEqual({ rho, adaptive }, { rho: 0.05, adaptive: true });
});

const illegal: [string, Record<string, unknown>, RegExp][] = [
  ["lars", { lr: -1 }, /^RangeError: Invalid lr -1 for lars: expected a finite number >= 0$/],
  ["lars", { lr: NaN }, /^RangeError: Invalid lr NaN for lars/],
  ["lars", { lr: Infinity }, /^RangeError: Invalid lr Infinity/],
  ["lars", { lr: "1" }, /^RangeError: Invalid lr "1" for lars/],
  ["lars", {}, /^TypeError: Missing lr for lars: expected a finite number >= 0$/],
  ["lars", { lr: 1, momentum: -0.1 }, /Invalid momentum -0.1/],
  ["lars", { lr: 1, weight_decay: -1e-4 }, /Invalid weight_decay -0.0001/],
  ["lars", { lr: 1, eps: -1 }, /Invalid eps -1/],
  ["lars", { lr: 1, trust_coefficient: -1 }, /Invalid trust_coefficient -1/],
  ["lars", { lr: 1, nesterov: true }, /nesterov true needs momentum > 0, got momentum 0/],
  [
    "lars",
    { lr: 1, nesterov: true, momentum: 0.9, dampening: 0.1 },
    /nesterov true needs dampening 0, got dampening 0.1/,
  ],
  ["lars", { lr: 1, nesterov: 1 }, /Invalid nesterov 1 for lars: expected true or false/],
  [
    "lars",
    { lr: 1, rho: 0.1 },
    /^TypeError: lars has no hyper-parameter "rho": expected one of lr, trust_coefficient/,
  ],
  ["sam", { lr: 1, rho: -0.1 }, /Invalid rho -0.1 for sam/],
  ["sam", { lr: 1, nesterov: true }, /nesterov true needs momentum > 0/],
  ["adam", { lr: 1, beta1: 1 }, /Invalid beta1 1 for adam: expected a finite number >= 0 and < 1/],
];

for (const [name, given, message] of illegal) {
  test(`${name} refuses ${JSON.stringify(given, (_, v) => typeof v === "number" ? String(v) : v)}`, () => {
    assert.throws(() => resolve(getOptimizer(name as "lars"), given), (error) => message.test(String(error)));
  });
}

test("SAM starts its base step from the very tensors it was given", () => {
  tf.tidy(() => {
    const optimizer = getOptimizer("sam");
    const groups = eagerGroups(optimizer, [{
      parameters: ["w"],
      values: resolve(optimizer, { lr: 0, rho: 0.37 }),
    }]);
    const params = { w: tf.tensor1d([0.1, 0.7, -1.3]) };
    const gradient = lossAndGradients(({ w }) => w.square().sum() as tf.Scalar);
    const next = optimizer.step(gradient, { params, state: optimizer.init(params, groups) }, groups);
    assert.deepEqual(next.params.w.dataSync(), params.w.dataSync());
  });
});

test("SAM's rho and adaptive hold for the group that sets them; the norm runs over all groups", () => {
  tf.tidy(() => {
    const optimizer = getOptimizer("sam");
    const groups = eagerGroups(optimizer, [
      { parameters: ["a"], values: resolve(optimizer, { lr: 1, rho: 0.5, adaptive: false }) },
      { parameters: ["b"], values: resolve(optimizer, { lr: 1, rho: 2, adaptive: true }) },
    ]);
    const visited: Record<string, number[]>[] = [];
    // L = 3 a + 2 b: gradients 3 and 2, whatever the point.
    const gradient = lossAndGradients(({ a, b }) => a.mul(3).add(b.mul(2)).sum() as tf.Scalar);
    const params = { a: tf.tensor1d([1]), b: tf.tensor1d([-2]) };
    optimizer.step(
      (at) => {
        visited.push({ a: Array.from(at.a.dataSync()), b: Array.from(at.b.dataSync()) });
        return gradient(at);
      },
      { params, state: optimizer.init(params, groups) },
      groups,
    );
    // N = sqrt(3^2 + (2 * 2)^2) = 5; a + 0.5 / 5 * 3; b + 2 / 5 * (2^2 * 2).
    assert.equal(visited.length, 2);
    assert.ok(Math.abs(visited[1].a[0] - 1.3) < 1e-6);
    assert.ok(Math.abs(visited[1].b[0] - 1.2) < 1e-6);
  });
});

test("LARS' trust_coefficient and eps hold for the group that sets them", () => {
  tf.tidy(() => {
    const optimizer = getOptimizer("lars");
    const groups = eagerGroups(optimizer, [
      {
        parameters: ["a"],
        values: resolve(optimizer, { lr: 1, trust_coefficient: 1, weight_decay: 1, eps: 0 }),
      },
      {
        parameters: ["b"],
        values: resolve(optimizer, { lr: 1, trust_coefficient: 2, weight_decay: 1, eps: 1 }),
      },
    ]);
    const params = { a: tf.tensor1d([3]), b: tf.tensor1d([3]) };
    const gradient = lossAndGradients(({ a, b }) => a.add(b).sum() as tf.Scalar);
    const next = optimizer.step(gradient, { params, state: optimizer.init(params, groups) }, groups);
    // q = 1 * 3 / (1 + 3 + 0), d = q * (1 + 3); then 2 * 3 / (1 + 3 + 1).
    assert.ok(Math.abs(next.params.a.dataSync()[0] - 0) < 1e-6);
    assert.ok(Math.abs(next.params.b.dataSync()[0] - (3 - 1.2 * 4)) < 1e-6);
  });
});

test("zero switches a term off, and the step's structure shows it", () => {
  const optimizer = getOptimizer("lars");
  const { literals, inputs } = splitCoefficients(optimizer, resolve(optimizer, { lr: 0, momentum: 0.9 }));
  assert.deepEqual(literals, { dampening: 0, nesterov: false, weight_decay: 0 });
  assert.deepEqual(inputs, { lr: 0, trust_coefficient: 0.001, momentum: 0.9, eps: 1e-8, undampened: 1 });
});
