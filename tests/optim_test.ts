import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { none } from "../datasets/none.ts";
import { lossAndGradients } from "../engine/gradient.ts";
import { resolve, splitCoefficients } from "../optim/coefficients.ts";
import type { HyperValues } from "../optim/hyperparameter.ts";
import type { Group, Optimizer, Tensors } from "../optim/optimizer.ts";
import {
  getOptimizer,
  type OptimizerName,
  optimizerNames,
  ownHyperparameters,
  ruleNames,
  rules,
  sharedHyperparameters,
  wrapperNames,
} from "../optim/registry.ts";
import { defaultSpace, parseValues } from "../study/space/values.ts";
import { constant, given } from "../tasks/initializers.ts";
import { getTask } from "../tasks/registry.ts";
import type { Task } from "../tasks/task.ts";
import { StepwiseTraining } from "./_stepwise.ts";

/** 0.5 sum a (w - 1)^2 over a matrix, with a from 1 to 4, and over a vector. */
const parabola: Task = {
  name: "parabola",
  summary: "a parabola of a matrix and a vector",
  data: none,
  batchSize: 1,
  epochs: 1,
  metric: "loss",
  target: 0,
  parameters: {
    matrix: {
      shape: [4, 3],
      init: given("3 and -2", () => Array.from({ length: 12 }, (_, i) => i % 2 ? 3 : -2)),
    },
    vector: { shape: [3], init: constant(-1) },
  },
  loss: ({ matrix, vector }) => {
    const curvature = tf.range(1, 5).reshape([4, 1]);
    const squares = matrix.sub(1).square().mul(curvature).sum().add(vector.sub(1).square().sum());
    return squares.mul(0.5) as tf.Scalar;
  },
  evaluate: (params) => ({ loss: parabola.loss(params, {}, { noise: {}, buffers: {} }) as tf.Scalar }),
};

/** A loss that does not depend on where it is, but has gradients: all of them zero. */
const plain: Task = {
  ...parabola,
  name: "plain",
  parameters: { matrix: { shape: [4, 3], init: constant(0) }, vector: { shape: [3], init: constant(2) } },
  loss: ({ matrix, vector }) => matrix.sum().add(vector.sum()).mul(0) as tf.Scalar,
};

/** Where neither decay nor gradient has anything to act on. */
const allZeros: Pick<Task, "name" | "parameters" | "loss"> = {
  name: "zeros",
  parameters: { matrix: { shape: [4, 3], init: constant(0) }, vector: { shape: [3], init: constant(0) } },
  loss: ({ matrix, vector }) => matrix.square().sum().add(vector.square().sum()) as tf.Scalar,
};

type Given = Readonly<Record<string, unknown>>;

/** What makes progress on: the parabola and Rosenbrock's function in 60 steps, digits_logreg in 40. */
interface Rates {
  readonly parabola: Given;
  readonly rosenbrock: Given;
  readonly digits: Given;
}

/** A rate for each problem, and what else it needs. */
function rates(parabola: number, rosenbrock: number, digits: number, others: Given = {}): Rates {
  return {
    parabola: { lr: parabola, ...others },
    rosenbrock: { lr: rosenbrock, ...others },
    digits: { lr: digits, ...others },
  };
}

/**
 * Every registered optimizer has an entry, or this does not type-check. With these, the loss falls to less than 60 % on
 * each of the three.
 */
const table: Readonly<Record<OptimizerName, Rates>> = {
  lars: rates(0.1, 0.3, 3, { weight_decay: 1e-4, trust_coefficient: 0.1 }),
  sgd: rates(0.1, 1e-3, 1),
  adam: rates(0.3, 0.1, 0.1),
  adamw: rates(0.3, 0.1, 0.1),
  nadam: rates(0.3, 0.1, 0.1),
  radam: rates(0.3, 1e-3, 0.3),
  adagrad: rates(1, 0.3, 0.3),
  rmsprop: rates(0.1, 0.03, 0.03),
  adadelta: rates(10, 3, 10),
  asgd: rates(0.1, 1e-3, 1),
  larc: rates(0.1, 1e-3, 1, { trust_coefficient: 1 }),
  lamb: rates(0.1, 0.03, 0.1),
  novograd: rates(0.03, 0.01, 0.03),
  lion: rates(0.1, 0.03, 0.03),
  adafactor: rates(0.1, 0.03, 0.3),
  muon: rates(0.3, 0.1, 0.1, { adam_lr: 0.1 }),
  schedule_free_sgd: rates(0.1, 1e-3, 1),
  schedule_free_adamw: rates(0.3, 0.1, 0.1),
  sam: rates(0.1, 1e-3, 1),
  asam: rates(0.1, 1e-3, 1),
  gsam: rates(0.1, 1e-3, 1),
  looksam: rates(0.1, 1e-3, 1, { every: 3 }),
  msam: rates(0.1, 3e-4, 1),
  wsam: rates(0.1, 3e-4, 1),
  fisher_sam: rates(0.1, 1e-3, 1),
};

const problems = {
  parabola: { task: parabola, steps: 60 },
  rosenbrock: { task: getTask("rosenbrock"), steps: 60 },
  digits: { task: getTask("digits_logreg"), steps: 40 },
} as const;

for (const name of optimizerNames) {
  const optimizer = getOptimizer(name);

  for (const [problem, { task, steps }] of Object.entries(problems)) {
    const given = table[name][problem as keyof Rates];

    test(`${name} descends ${task.name}, the same way twice, and from where it was saved`, async () => {
      const whole = await StepwiseTraining.start(task, optimizer, given);
      const losses = await whole.steps(steps);
      assert.ok(losses.at(-1)! < 0.6 * losses[0], `the loss went from ${losses[0]} to ${losses.at(-1)}`);

      const first = await StepwiseTraining.start(task, optimizer, given);
      // No multiple of LookSAM's turns.
      const half = steps / 2 + 1;
      const before = await first.steps(half);
      const second = await StepwiseTraining.start(task, optimizer, given);
      second.continueFrom(first);
      const after = await second.steps(steps - half);
      assert.deepEqual([...before, ...after], losses);
      assert.deepEqual(second.point, whole.point);
      for (const training of [whole, first, second]) await training.release();
    });
  }

  test(`${name} takes the same steps compiled and eagerly`, async () => {
    const { task } = problems.digits;
    const compiled = await StepwiseTraining.start(task, optimizer, table[name].digits);
    const eager = await StepwiseTraining.start(task, optimizer, table[name].digits);
    const losses = await compiled.steps(4);
    eager.eagerSteps(4).forEach((loss, i) =>
      assert.ok(Math.abs(loss - losses[i]) <= 1e-4 * Math.abs(loss), `step ${i + 1}: ${loss}, ${losses[i]}`)
    );
    await compiled.release();
  });

  test(`${name} survives zero gradients and zero parameters`, async () => {
    const decay = "weight_decay" in optimizer.hyperparameters ? { weight_decay: 0.1 } : {};
    for (const task of [plain, { ...parabola, ...allZeros }]) {
      const training = await StepwiseTraining.start(task, optimizer, { ...table[name].parabola, ...decay });
      await training.steps(4);
      for (const [part, values] of Object.entries(training.point)) {
        assert.ok(values.every(Number.isFinite), `${task.name}: ${part} is ${values}`);
      }
      await training.release();
    }
  });

  test(`${name} declares defaults and sweeps that are legal`, () => {
    for (const [hyperparameter, text] of Object.entries(defaultSpace(optimizer))) {
      const declaration = optimizer.hyperparameters[hyperparameter];
      assert.ok(parseValues(hyperparameter, text, declaration).length > 0);
    }
    assert.equal(optimizer.name, name);
  });
}

for (const wrapper of wrapperNames) {
  for (const base of ruleNames) {
    const optimizer = getOptimizer(wrapper, base);

    test(`${wrapper} over ${base} descends a parabola`, async () => {
      const { lr: _, ...own } = table[wrapper].parabola;
      // A sharpness that the base does not see takes steps of its learning rate, and some have one of 10.
      const seen = wrapper === "wsam" ? { decoupled_sharpness: false } : {};
      const given = { ...own, ...seen, ...table[base].parabola };
      const training = await StepwiseTraining.start(parabola, optimizer, given);
      const losses = await training.steps(60);
      assert.ok(losses.at(-1)! < 0.6 * losses[0], `the loss went from ${losses[0]} to ${losses.at(-1)}`);
      await training.release();
    });
  }
}

test("no wrapper has a hyper-parameter that a rule has, or that all have", () => {
  for (const wrapper of wrapperNames) {
    for (const own of Object.keys(ownHyperparameters(wrapper))) {
      assert.ok(!Object.hasOwn(sharedHyperparameters, own), `${wrapper}: ${own}`);
      for (const base of ruleNames) {
        assert.ok(!Object.hasOwn(rules[base].hyperparameters, own), `${wrapper} and ${base}: ${own}`);
      }
    }
  }
});

const everyOptimizer: [string, Optimizer][] = optimizerNames.map((name) => [name, getOptimizer(name)]);

/** Groups as an optimizer takes them, eagerly. */
function eagerGroups(
  optimizer: Optimizer,
  groups: { parameters: string[]; values: HyperValues }[],
): Group[] {
  return groups.map(({ parameters, values }) => {
    const { literals, inputs } = splitCoefficients(optimizer, values);
    const scalars = Object.entries(inputs).map(([name, value]) => [name, tf.scalar(value)]);
    return { parameters, hyper: { ...literals, ...Object.fromEntries(scalars) } };
  });
}

for (const [title, optimizer] of everyOptimizer) {
  test(`${title} leaves a parameter without a gradient, and its state, alone`, () => {
    tf.setBackend("cpu");
    tf.tidy(() => {
      const values = resolve(optimizer, { lr: 0.1 });
      const groups = eagerGroups(optimizer, [{ parameters: ["used", "unused"], values }]);
      const params: Tensors = { used: tf.tensor1d([1, 2]), unused: tf.tensor1d([3, 4]) };
      const state = optimizer.init(params, groups);
      const gradient = lossAndGradients(({ used }) => used.square().sum() as tf.Scalar);
      const [turn] = optimizer.turns?.(groups[0].hyper as Record<string, number>) ?? [];
      const next = optimizer.step(gradient, { params, state }, groups, turn);
      assert.equal(next.params.unused, params.unused);
      assert.deepEqual(next.state.unused, state.unused);
      assert.notDeepEqual(next.params.used.arraySync(), [1, 2]);
    });
  });
}

test("the defaults of LARS and SAM are those of the reference", () => {
  const reference = {
    lr: 1,
    trust_coefficient: 0.001,
    momentum: 0,
    dampening: 0,
    nesterov: false,
    weight_decay: 0,
    eps: 1e-8,
  };
  const values = resolve(getOptimizer("lars"), { lr: 1 });
  assert.deepEqual({ ...values, ...reference }, values);
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
  assert.deepEqual(
    [literals.dampening, literals.nesterov, literals.weight_decay, literals.clip_norm, literals.momentum],
    [0, false, 0, 0, undefined],
  );
  const { lr, trust_coefficient, momentum, undampened } = inputs;
  assert.deepEqual({ lr, trust_coefficient, momentum, undampened }, {
    lr: 0,
    trust_coefficient: 0.001,
    momentum: 0.9,
    undampened: 1,
  });
});
