import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Scalar } from "@tensorflow/tfjs";
import { digits } from "../datasets/digits.ts";
import { sizeOf } from "../datasets/shape.ts";
import { planStudy } from "../study/settings/plan.ts";
import type { StudyRequest } from "../study/settings/request.ts";
import { constant, heNormal } from "../tasks/initializers.ts";
import {
  accuracy,
  convParameters,
  convReluPool,
  crossEntropy,
  dense,
  denseParameters,
  flatten,
} from "../tasks/layers/layers.ts";
import { getTask } from "../tasks/registry.ts";
import type { Task } from "../tasks/task.ts";
import { optbench } from "./cli.ts";
import counting from "./_counting.ts";
import { epochsOf } from "./_studies.ts";
import { type Left, slope, type StepsChoice, takeSteps } from "./_trials.ts";

const init = { weights: heNormal() };
const scoresOf: (...args: Parameters<Task["evaluate"]>) => ReturnType<typeof dense> = (
  params,
  { inputs },
) => {
  const images = inputs.toFloat().div(16).reshape([inputs.shape[0], 8, 8, 1]);
  return dense(params, "dense", flatten(convReluPool(params, "conv", images, "same", 2)));
};

/** A convolution, pooling and a dense layer on the digits. */
const convolution: Task = {
  ...getTask("digits_mlp"),
  name: "convolution",
  data: digits,
  parameters: {
    ...convParameters("conv", [3, 3, 1, 4], init),
    ...denseParameters("dense", sizeOf([4, 4, 4]), 10, init),
  },
  loss: (params, batch) => crossEntropy(scoresOf(params, batch, { noise: {}, buffers: {} }), batch.labels),
  evaluate(params, batch, extra) {
    const scores = scoresOf(params, batch, extra);
    return { loss: crossEntropy(scores, batch.labels), accuracy: accuracy(scores, batch.labels) };
  },
};

/** Within a tolerance of the largest magnitude of each tensor. */
function assertAgree(actual: Left, expected: Left, tolerance: number): void {
  const pairs = [
    ["loss", actual.losses, expected.losses] as const,
    ...Object.keys(expected.params).map((name) =>
      [name, actual.params[name], expected.params[name]] as const
    ),
  ];
  for (const [name, found, wanted] of pairs) {
    const largest = Math.max(...wanted.map(Math.abs));
    wanted.forEach((value, i) =>
      assert.ok(
        Math.abs(found[i] - value) <= tolerance * largest,
        `${name}[${i}] is ${found[i]}, expected ${value}`,
      )
    );
  }
}

const MOMENTUM = { lr: 0.1, momentum: 0.9, weight_decay: 1e-3 };

for (
  const [what, given, choice] of [
    ["momentum SGD", MOMENTUM, {}],
    ["SAM", { ...MOMENTUM, rho: 0.1 }, { optimizer: "sam" }],
    ["clipped Adam", { lr: 0.01, clip_norm: 0.5, eps: 1e-3 }, { optimizer: "adam" }],
  ] as const satisfies readonly (readonly [string, object, StepsChoice])[]
) {
  test(`parts of a batch, one after another, make the step of the whole: ${what} on a dense net`, async () => {
    const task = getTask("digits_mlp");
    const whole = await takeSteps(task, given, 3, choice);
    for (const accumulate of [2, 64]) {
      assertAgree(await takeSteps(task, given, 3, { ...choice, accumulate }), whole, 1e-12);
    }
  });

  test(`parts of a batch, one after another, make the step of the whole: ${what} on a convolution`, async () => {
    const precision = "float32";
    const whole = await takeSteps(convolution, given, 3, { ...choice, precision });
    const parts = await takeSteps(convolution, given, 3, { ...choice, precision, accumulate: 4 });
    assertAgree(parts, whole, 2e-5);
  });
}

test("each part has the noise of its own rows", async () => {
  const task: Task = {
    ...slope,
    batchSize: 8,
    noise: { z: { shape: [], kind: "normal" } },
    loss: ({ a, b }, { number }, { noise: { z } }) => {
      const scaled = z.mul(number);
      return a.mul(scaled).add(b.mul(z)).mean() as Scalar;
    },
  };
  const whole = await takeSteps(task, { lr: 0.5 }, 2);
  assertAgree(await takeSteps(task, { lr: 0.5 }, 2, { accumulate: 4 }), whole, 1e-13);
});

test("a parameter that the loss does not depend on keeps its values, part by part too", async () => {
  const task: Task = { ...slope, loss: ({ a }) => a.mul(3).sum() as Scalar };
  for (const accumulate of [1, 2]) {
    const { params } = await takeSteps(task, { lr: 1, weight_decay: 0.5 }, 1, { accumulate });
    assert.deepEqual(params, { a: [1 - 3.5], b: [2] });
  }
});

test("a batch that cannot be divided is refused", async () => {
  await assert.rejects(
    () => takeSteps(slope, { lr: 1 }, 1, { accumulate: 4 }),
    /^RangeError: Cannot divide the 2 rows of rows into 4 parts: use a number that divides them$/,
  );
});

/** Gathers half of the mean of the rows that it is asked about. */
const gathering: Task = {
  ...slope,
  batchSize: 4,
  buffers: { mean: { shape: [], init: constant(0) } },
  loss: ({ a, b }, { number }, { buffers }) => ({
    loss: a.mul(3).add(b.mul(4)).sum().mul(number.mean()) as Scalar,
    buffers: { mean: buffers.mean.mul(0.5).add(number.mean().mul(0.5)) },
  }),
};

test("running statistics gather part after part", async () => {
  const gathered = async (accumulate: number) =>
    (await takeSteps(gathering, { lr: 1 }, 2, { accumulate })).buffers.mean;
  const gather = (...means: number[]) => [means.reduce((gathered, mean) => gathered / 2 + mean / 2, 0)];
  assert.deepEqual(await gathered(1), gather(2.5, 6.5));
  assert.deepEqual(await gathered(2), gather(1.5, 3.5, 5.5, 7.5));
  assert.deepEqual(await gathered(4), gather(1, 2, 3, 4, 5, 6, 7, 8));
});

test("of several gradients of a step one alone gathers, by all its parts", async () => {
  for (const runningStatistics of ["first", "last"] as const) {
    for (const accumulate of [1, 2, 4]) {
      const choice = { optimizer: "sam", accumulate, runningStatistics } as const;
      const { buffers } = await takeSteps(counting, { lr: 0.1 }, 3, choice);
      assert.deepEqual(buffers.count, [3 * accumulate], `${runningStatistics}, ${accumulate} parts`);
    }
  }
});

test("the first gradient of a step is at the parameters, the last where SAM leads to", async () => {
  const given = { lr: 0, rho: 0.5, adaptive: false };
  for (const accumulate of [1, 2]) {
    const seen = async (runningStatistics: "first" | "last") =>
      (await takeSteps(counting, given, 1, { optimizer: "sam", accumulate, runningStatistics })).buffers.seen;
    assert.deepEqual(await seen("first"), [3, 4]);
    const last = await seen("last");
    [3.3, 4.4].forEach((expected, i) => assert.ok(Math.abs(last[i] - expected) < 1e-12));
  }
});

const MLP = { lr: 0.5, rho: 0.5, weight_decay: 0 };

test("with micro-batches, a step is the mean of SAM's steps on each of them", async () => {
  const task = getTask("digits_mlp");
  const optimizer = "sam";
  const together = await takeSteps(task, { ...MLP, micro_batches: 4 }, 1, { optimizer });
  const apart = await Promise.all([0, 1, 2, 3].map((part) =>
    takeSteps(task, MLP, 1, {
      optimizer,
      batchSize: 16,
      rows: Array.from({ length: 16 }, (_, i) => 16 * part + i),
    })
  ));
  const mean = (lists: readonly (readonly number[])[]) =>
    lists[0].map((_, i) => lists.reduce((sum, list) => sum + list[i], 0) / lists.length);
  const expected: Left = {
    ...apart[0],
    losses: mean(apart.map(({ losses }) => losses)),
    params: Object.fromEntries(
      Object.keys(task.parameters).map((name) => [name, mean(apart.map(({ params }) => params[name]))]),
    ),
  };
  assertAgree(together, expected, 1e-12);
  const plain = await takeSteps(task, MLP, 1, { optimizer });
  assert.throws(() => assertAgree(together, plain, 1e-4), "micro-batches make another step");
});

test("micro-batches can be gone through in parts themselves", async () => {
  const task = getTask("digits_mlp");
  const given = { ...MLP, micro_batches: 2 };
  const whole = await takeSteps(task, given, 2, { optimizer: "sam" });
  assertAgree(await takeSteps(task, given, 2, { optimizer: "sam", accumulate: 4 }), whole, 1e-12);
});

test("each micro-batch gathers running statistics, in all its parts, and the last one is seen last", async () => {
  const given = { lr: 0, rho: 0.5, adaptive: false, micro_batches: 2 };
  const left = async (runningStatistics: "first" | "last", accumulate: number) =>
    (await takeSteps(counting, given, 1, { optimizer: "sam", runningStatistics, accumulate })).buffers;
  assert.deepEqual(await left("first", 1), { count: [2], seen: [3, 4] });
  assert.deepEqual((await left("first", 2)).count, [4]);
  const { count, seen } = await left("last", 1);
  assert.deepEqual(count, [2]);
  assert.ok(Math.abs(seen[0] - 3.3) < 1e-12 && Math.abs(seen[1] - 4.4) < 1e-12);
});

const COUNTING = fileURLToPath(new URL("_counting.ts", import.meta.url));

test("a study divides batches and gathers statistics as it is asked to", { timeout: 60_000 }, async () => {
  const request: StudyRequest = {
    optimizer: { name: "sam" },
    task: COUNTING,
    values: {
      lr: [0],
      rho: [0.5],
      adaptive: [false],
      micro_batches: [1, 2],
      momentum: [0],
      nesterov: [false],
    },
    jobs: 1,
  };
  const measured = async (changes: Partial<StudyRequest>) => {
    const trials = await epochsOf(await planStudy({ ...request, ...changes }));
    return trials.map(([epoch]) => Number(epoch.testLoss.toFixed(3)));
  };
  // Two steps an epoch: each counts parts times micro-batches.
  assert.deepEqual(await measured({}), [2004, 4004]);
  assert.deepEqual(await measured({ accumulate: 2 }), [4004, 8004]);
  assert.deepEqual(await measured({ accumulate: 2, runningStatistics: "last" }), [4004.4, 8004.4]);
});

test("--opt sam --micro-batches 4 trains, and learns", { timeout: 60_000 }, () => {
  const line = "run --task digits_logreg --opt sam --micro-batches 4 --lr 0.1 --epochs 2 --quiet --json";
  const { code, stdout, stderr } = optbench(line.split(" "));
  assert.equal(code, 0, stderr);
  const { status, values, epochs } = JSON.parse(stdout);
  assert.equal(status, "completed");
  assert.equal(values.micro_batches, 4);
  assert.ok(epochs[1].trainLoss < epochs[0].trainLoss && epochs[1].testAccuracy > 0.7);
});
