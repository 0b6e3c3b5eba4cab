import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClassifiedSource } from "../datasets/dataset.ts";
import { Random } from "../datasets/random.ts";
import { compileFunction, compileLoop, type Specs } from "../engine/compile.ts";
import { runEagerly } from "./_eagerly.ts";
import { lossAndGradients } from "../engine/gradient.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";
import { resolve } from "../optim/coefficients.ts";
import { partition } from "../optim/groups.ts";
import { getOptimizer, type OptimizerName, type RuleName } from "../optim/registry.ts";
import { dataName } from "../study/training/names.ts";
import { initialState, type ProgramSettings, trainingStep } from "../study/training/steps.ts";
import { splitConfiguration } from "../study/training/structure.ts";
import { getTask } from "../tasks/registry.ts";
import { rolesOf } from "../tasks/task.ts";
import { constant } from "../tasks/initializers.ts";

interface Setup {
  readonly settings: ProgramSettings;
  /** Parameters and coefficients, by input name. */
  readonly data: Record<string, number[]>;
}

function setUp(
  taskName: string,
  name: OptimizerName,
  base: RuleName | undefined,
  given: Record<string, unknown>,
): Setup {
  const task = getTask(taskName);
  const optimizer = getOptimizer(name, base);
  const values = resolve(optimizer, given);
  const { groups, coefficients } = splitConfiguration(optimizer, partition(rolesOf(task), []), values);
  const random = new Random(7, "test");
  const data: Record<string, number[]> = {};
  for (const [name, { shape, init }] of Object.entries(task.parameters)) {
    data[name] = Array.from(init.fill(shape, random));
  }
  for (const [name, value] of Object.entries(coefficients)) data[name] = [value];
  return { settings: { task, optimizer, groups, batchSize: 16 }, data };
}

// Where a gradient cancels to nothing but rounding errors, Adam divides the errors by their own size; the larger eps keeps
// the comparison well conditioned.
const cases: [OptimizerName, RuleName | undefined, Record<string, unknown>][] = [
  ["sgd", undefined, { lr: 0.1, momentum: 0.9, nesterov: true, weight_decay: 1e-3 }],
  ["sgd", undefined, { lr: 0.1, momentum: 0.9, dampening: 0.5 }],
  ["lars", undefined, { lr: 1, momentum: 0.9, weight_decay: 1e-4, trust_coefficient: 0.02 }],
  ["adam", undefined, { lr: 0.003, weight_decay: 1e-3, eps: 1e-3 }],
  ["sam", "sgd", { lr: 0.1, rho: 0.1 }],
  ["sam", "adam", { lr: 0.003, adaptive: false, eps: 1e-3 }],
  ["sam", "lars", { lr: 1, weight_decay: 1e-4, trust_coefficient: 0.02, momentum: 0.9 }],
];

const STEPS = 20;

for (const task of ["digits_mlp", "digits_logreg"]) {
  for (const [name, base, given] of cases) {
    const title = [name, base, ...Object.keys(given)].filter(Boolean).join(" ");
    test(`twenty compiled steps agree with eager ones: ${task}, ${title}`, async () => {
      const { settings, data } = setUp(task, name, base, given);
      const { train } = settings.task.data.load();
      const rows = new Random(3, "rows").shuffled(train.rows).subarray(0, STEPS * settings.batchSize);
      const init = initialState(settings);
      const initModel = compileFunction(init.fn, init.specs, "float32");
      const state = Object.keys(initModel.outputs).length > 0 ? runEagerly(init.fn, init.specs, data) : {};
      const step = trainingStep(settings, initModel.outputs);

      const executable = await HostExecutable.load(compileLoop(step.fn, step.specs, "float32"));
      const columns = Object.fromEntries(
        Object.entries(train.columns).map(([name, values]) => [dataName(name), values]),
      );
      const feeds = { ...data, ...state, ...columns, rows };
      const compiled = await executable.run(
        Object.fromEntries(
          Object.entries(feeds).map(([name, values]) => [name, executable.value(name, values)]),
        ),
      );

      const { carried, fixed, scanned } = step.specs;
      const specs: Specs = { ...carried, ...fixed, ...scanned };
      let point: Record<string, number[]> = { ...data, ...state };
      const losses: number[] = [];
      for (let i = 0; i < STEPS; i++) {
        const batch = rows.subarray(i * settings.batchSize, (i + 1) * settings.batchSize);
        const { loss, ...next } = runEagerly(step.fn, specs, {
          ...point,
          ...columns,
          rows: batch,
        });
        losses.push(...loss);
        point = { ...point, ...next };
      }
      assertClose("loss", numbers(compiled.loss), losses);
      for (const parameter of Object.keys(settings.task.parameters)) {
        assertClose(parameter, numbers(compiled[parameter]), point[parameter]);
      }
      assert.ok(losses.at(-1)! < losses[0], `the loss went from ${losses[0]} to ${losses.at(-1)}`);
    });
  }
}

/** Within 1e-5 of the largest magnitude. */
function assertClose(name: string, actual: ArrayLike<number>, expected: readonly number[]) {
  const magnitude = Math.max(...expected.map(Math.abs));
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) =>
    assert.ok(Math.abs(actual[i] - value) <= 1e-5 * magnitude, `${name}[${i}] is ${actual[i]}, not ${value}`)
  );
}

for (const taskName of ["digits_mlp", "digits_logreg", "mnist_mlp", "mnist_logreg"]) {
  test(`gradients of ${taskName} are the float64 differences of its loss`, async () => {
    const task = getTask(taskName);
    const { shape, classes } = task.data as ClassifiedSource;
    const size = shape.reduce((product, dimension) => product * dimension);
    const random = new Random(11, "gradient check");
    const batch = 4;
    const specs: Specs = {
      ...Object.fromEntries(
        Object.entries(task.parameters).map(([name, { shape }]) => [name, { shape, dtype: "float" }]),
      ),
      inputs: { shape: [batch, ...shape], dtype: "uint8" },
      labels: { shape: [batch], dtype: "uint8" },
    };
    const executable = await HostExecutable.load(compileFunction(
      ({ inputs, labels, ...params }) => {
        const { loss, gradients } = lossAndGradients((params) =>
          task.loss(params, { inputs, labels }, { noise: {}, buffers: {} })
        )(
          params,
        );
        const present = Object.entries(gradients).map(([name, gradient]) => [name, gradient!]);
        return { loss, ...Object.fromEntries(present) };
      },
      specs,
      "float64",
    ));

    // Away from zero, where the logistic regressions start and relu has its kink.
    const values: Record<string, Float64Array> = {};
    for (const [name, { shape }] of Object.entries(task.parameters)) {
      const scale = shape.length === 2 ? 1 / Math.sqrt(shape[0]) : 0.1;
      values[name] = Float64Array.from(constant(0).fill(shape, random), () => scale * random.normal());
    }
    const data = {
      inputs: Uint8Array.from({ length: batch * size }, () => Math.floor(random.uniform() * 17)),
      labels: Uint8Array.from({ length: batch }, (_, i) => i % classes),
    };
    const evaluate = async () => {
      const feeds = Object.entries({ ...values, ...data }).map((
        [name, v],
      ) => [name, executable.value(name, v)]);
      return await executable.run(Object.fromEntries(feeds));
    };
    const { loss: _, ...gradients } = await evaluate();
    for (const [name, gradient] of Object.entries(gradients)) {
      const analytic = numbers(gradient);
      for (let check = 0; check < 4; check++) {
        const i = Math.floor(random.uniform() * analytic.length);
        const h = 1e-6;
        const original = values[name][i];
        values[name][i] = original + h;
        const above = numbers((await evaluate()).loss)[0];
        values[name][i] = original - h;
        const below = numbers((await evaluate()).loss)[0];
        values[name][i] = original;
        const difference = (above - below) / (2 * h);
        assert.ok(
          Math.abs(difference - analytic[i]) <= 1e-8 + 1e-6 * Math.abs(analytic[i]),
          `${name}[${i}]: ${analytic[i]} analytically, ${difference} by differences`,
        );
      }
    }
    await executable.release();
  });
}
