import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scalar, Tensor } from "@tensorflow/tfjs";
import fc from "fast-check";
import { compileFunction, type Specs } from "../engine/compile.ts";
import { lossAndGradients } from "../engine/gradient.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";
import { clipped } from "../optim/clipping.ts";
import { splitCoefficients } from "../optim/coefficients.ts";
import type { Coefficients, Descent, Objective } from "../optim/optimizer.ts";
import { getOptimizer, optimizerNames } from "../optim/registry.ts";
import type { Task } from "../tasks/task.ts";
import { assertClose, runCompiled } from "./_compiled.ts";
import { slope, takeSteps } from "./_trials.ts";

/** Where the gradients (3, 4) of a step lead, with a rate of 1. */
async function moved(given: Record<string, unknown>, task: Task = slope): Promise<[number, number]> {
  const { params: { a, b } } = await takeSteps(task, { lr: 1, ...given }, 1);
  return [1 - a[0], 2 - b[0]];
}

function assertMoved(actual: readonly number[], expected: readonly number[]): void {
  assertClose(actual, expected, 1e-12);
}

test("the norm of all gradients together is clipped", async () => {
  const factor = 2 / (5 + 1e-6);
  assertMoved(await moved({ clip_norm: 2 }), [3 * factor, 4 * factor]);
});

test("each number of a gradient is clipped, on either side of zero", async () => {
  assertMoved(await moved({ clip_value: 3.5 }), [3, 3.5]);
  const downhill: Task = { ...slope, loss: ({ a, b }) => a.mul(3).sub(b.mul(4)).sum() as Scalar };
  assertMoved(await moved({ clip_value: 3.5 }, downhill), [3, -3.5]);
});

test("of both, the value is clipped first, and the norm is that of what is left", async () => {
  const factor = 2 / (Math.hypot(3, 3.5) + 1e-6);
  assertMoved(await moved({ clip_value: 3.5, clip_norm: 2 }), [3 * factor, 3.5 * factor]);
});

test("gradients below the limits are not touched, to the last bit", async () => {
  const free = await moved({});
  assert.deepEqual(free, [3, 4]);
  assert.deepEqual(await moved({ clip_norm: 5.5 }), free);
  assert.deepEqual(await moved({ clip_value: 4 }), free);
});

test("zero leaves clipping out of the step", () => {
  const optimizer = getOptimizer("sgd");
  const { literals } = splitCoefficients(optimizer, { clip_norm: 0, clip_value: 0 });
  assert.deepEqual([literals.clip_norm, literals.clip_value], [0, 0]);
});

test("the norm runs over all groups of parameters", async () => {
  const factor = 2 / (5 + 1e-6);
  const { params } = await takeSteps(slope, { lr: 1, clip_norm: 2 }, 1, {
    rules: [{ parameters: ["bias"], overrides: { lr: { times: 0.5 } } }],
  });
  assertMoved([1 - params.a[0], 2 - params.b[0]], [3 * factor, 0.5 * 4 * factor]);
});

test("what goes into the momentum buffer is clipped", async () => {
  // Steps of 0.4 g, then of 0.4 g + 0.9 0.4 g.
  const { params } = await takeSteps(slope, { lr: 1, momentum: 0.9, clip_norm: 2 }, 2);
  const factor = 2 / (5 + 1e-6);
  assertMoved([1 - params.a[0], 2 - params.b[0]], [3 * factor * 2.9, 4 * factor * 2.9]);
});

/** Loss (a^2 + b^2) / 2, whose gradient is the point itself: (1, 2) at first. */
const bowl: Task = {
  ...slope,
  loss: ({ a, b }) => a.square().add(b.square()).sum().mul(0.5) as Scalar,
};

test("SAM finds its perturbation with the gradients as they are, and descends along clipped ones", async () => {
  const rho = 0.5;
  const ascended = [1, 2].map((w) => w + rho * w / (Math.sqrt(5) + 1e-12));
  const factor = 0.25 / (Math.hypot(...ascended) + 1e-6);
  const { params: { a, b } } = await takeSteps(
    bowl,
    { lr: 1, rho, adaptive: false, clip_norm: 0.25 },
    1,
    { optimizer: "sam" },
  );
  assertMoved([1 - a[0], 2 - b[0]], ascended.map((g) => factor * g));
});

/** Takes the gradients for the parameters: shows what is left of them. */
const shown: Descent = {
  name: "shown",
  summary: "none",
  source: "this test",
  hyperparameters: {},
  init: () => ({}),
  apply: (gradients, point) => ({
    ...point,
    params: Object.fromEntries(Object.entries(gradients).filter(([, g]) => g !== null)) as Record<
      string,
      Tensor
    >,
  }),
  evaluated: ({ params }) => params,
};

const specs: Specs = {
  a: { shape: [3], dtype: "float" },
  b: { shape: [2, 2], dtype: "float" },
  ...Object.fromEntries(
    ["clip_norm", "clip_value", "clip_offset"].map((name) => [name, { shape: [], dtype: "float" }]),
  ),
};

/** As torch.nn.utils.clip_grad_value_ and clip_grad_norm_ do it, one after the other. */
function likeTorch(gradients: readonly number[], maxNorm: number, clipValue: number): number[] {
  const values = gradients.map((g) => Math.max(-clipValue, Math.min(clipValue, g)));
  const totalNorm = Math.hypot(...values);
  const clipCoef = maxNorm / (totalNorm + 1e-6);
  const clamped = Math.min(clipCoef, 1);
  return values.map((g) => g * clamped);
}

test("clipped gradients are those of PyTorch's functions, and no norm is above the limit", async () => {
  const { apply, derive } = clipped(shown);
  const model = compileFunction(
    ({ a, b, ...hyper }) => ({
      ...apply({ a, b, missing: null }, { params: {}, state: {} }, [
        { parameters: ["a", "b", "missing"], hyper: hyper as Coefficients },
      ]).params,
    }),
    specs,
    "float64",
  );
  const executable = await HostExecutable.load(model);
  const { clip_offset } = derive!({});
  const gradient = fc.double({ min: -1e3, max: 1e3, noNaN: true });
  const limit = fc.double({ min: 1e-3, max: 1e4, noNaN: true });
  const seven = fc.array(gradient, { minLength: 7, maxLength: 7 });
  await fc.assert(fc.asyncProperty(seven, limit, limit, async (gradients, clip_norm, clip_value) => {
    const data: Record<string, number[]> = {
      a: gradients.slice(0, 3),
      b: gradients.slice(3),
      clip_norm: [clip_norm],
      clip_value: [clip_value],
      clip_offset: [clip_offset],
    };
    const feeds = Object.entries(data).map(([name, values]) => [name, executable.value(name, values)]);
    const { a, b } = await executable.run(Object.fromEntries(feeds));
    const actual = [...numbers(a), ...numbers(b)];
    const expected = likeTorch(gradients, clip_norm, clip_value);
    const largest = Math.max(...expected.map(Math.abs));
    actual.forEach((g, i) => assert.ok(Math.abs(g - expected[i]) <= 1e-13 * largest));
    assert.ok(Math.hypot(...actual) <= clip_norm * (1 + 1e-13));
  }));
});

test("gradients that are all zero, or all missing, stay so", async () => {
  const clip = (missing: boolean) =>
    runCompiled(
      ({ w, clip_norm, clip_offset }) => {
        const objective: Objective = lossAndGradients(({ w }) =>
          (missing ? clip_norm.mul(2) : w.mul(0).sum()) as Scalar
        );
        const { gradients } = objective({ w });
        const groups = [{
          parameters: ["w"],
          hyper: { clip_norm, clip_value: 0, clip_offset } as Coefficients,
        }];
        const { params } = clipped(shown).apply(gradients, { params: { w }, state: {} }, groups);
        return { count: clip_norm.mul(0).add(Object.keys(params).length), ...params };
      },
      {
        w: { shape: [2], dtype: "float" },
        clip_norm: { shape: [], dtype: "float" },
        clip_offset: { shape: [], dtype: "float" },
      },
      { w: [1, 2], clip_norm: [0.5], clip_offset: [1e-6] },
    );
  assert.deepEqual(await clip(false), { count: [1], w: [0, 0] });
  assert.deepEqual(await clip(true), { count: [0] });
});

test("every optimizer can clip", async () => {
  for (const name of optimizerNames) {
    const { losses, params } = await takeSteps(
      slope,
      { lr: 0.01, clip_norm: 0.5, clip_value: 0.25 },
      2,
      { optimizer: name },
    );
    const all = [...losses, ...params.a, ...params.b];
    assert.ok(all.every(Number.isFinite), `${name}: ${all}`);
  }
});
