/** What a trial measures depends neither on the trials beside it nor on its slot, to the last bit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scalar, Tensor } from "@tensorflow/tfjs";
import type { Tensors } from "../optim/optimizer.ts";
import { normal } from "../tasks/initializers.ts";
import { getTask } from "../tasks/registry.ts";
import type { Task } from "../tasks/task.ts";
import { slope, trainTrials, type Trial, type TrialsChoice } from "./_trials.ts";

/** The learning rate and the seed of the trial that is observed, and of its company. */
const OBSERVED = { lr: 0.1, seed: 1 };
const OTHERS = [{ lr: 0.02, seed: 2 }, { lr: 0.05, seed: 1 }, { lr: 0.2, seed: 3 }, { lr: 0.03, seed: 1 }];

interface Training extends TrialsChoice {
  readonly task: Task;
  /** Hyper-parameters but the learning rate. */
  readonly given?: Trial["given"];
}

async function measure({ task, given, ...choice }: Training, count: number, slot: number, shareRows = false) {
  const trials = OTHERS.slice(0, count - 1).toSpliced(slot, 0, OBSERVED).map(({ lr, seed }) => ({
    given: { ...given, lr },
    seed: shareRows ? OBSERVED.seed : seed,
  }));
  const outcomes = await trainTrials(task, trials, { ...choice, slots: { count, shareRows } });
  return outcomes[slot].epochs;
}

/** At every slot of groups of 2, 3 and 5. */
async function assertAlike(training: Training) {
  const expected = await measure(training, 2, 0);
  for (const count of [2, 3, 5]) {
    for (let slot = 0; slot < count; slot++) {
      assert.deepEqual(await measure(training, count, slot), expected, `slot ${slot} of ${count}`);
    }
  }
  assert.deepEqual(await measure(training, 3, 1, true), expected, "with the rows that others visit");
}

/** Layers of odd sizes, with a single output: squares of numbers. */
const odd: Task = {
  ...slope,
  batchSize: 3,
  parameters: {
    w1: { shape: [1, 7], init: normal(0.5) },
    b1: { shape: [7], init: normal(0.5), role: "bias" },
    w2: { shape: [7, 1], init: normal(0.5) },
    b2: { shape: [1], init: normal(0.5), role: "bias" },
  },
  loss: ({ w1, b1, w2, b2 }, { number }) => squaredError({ w1, b1, w2, b2 }, number),
  evaluate: ({ w1, b1, w2, b2 }, { number }) => ({ loss: squaredError({ w1, b1, w2, b2 }, number) }),
};

function squaredError({ w1, b1, w2, b2 }: Tensors, number: Tensor): Scalar {
  const x = number.div(8).reshape([-1, 1]);
  const y = x.matMul(w1).add(b1).tanh().matMul(w2).add(b2);
  return y.sub(x.square()).square().mean().add(w1.abs().sum().mul(0.01)) as Scalar;
}

const mlp = getTask("digits_mlp");
const logreg = getTask("digits_logreg");

const trainings: Readonly<Record<string, Training>> = {
  "digits_mlp with batches of 25": { task: mlp, optimizer: "sgd", batchSize: 25, epochs: 1 },
  "digits_mlp with batches of 7": { task: mlp, optimizer: "sgd", batchSize: 7, epochs: 1 },
  "adam and batches of 25": { task: mlp, optimizer: "adam", batchSize: 25, epochs: 1 },
  "looksam": { task: logreg, optimizer: "looksam", base: "sgd", epochs: 2 },
  "asgd": { task: logreg, optimizer: "asgd", epochs: 2 },
  "adafactor": { task: logreg, optimizer: "adafactor", epochs: 2 },
  "a clipped norm": { task: logreg, optimizer: "sgd", given: { clip_norm: 0.1 }, batchSize: 25, epochs: 1 },
  "sgd in layers of odd sizes": { task: odd, optimizer: "sgd" },
  "lamb in layers of odd sizes": { task: odd, optimizer: "lamb" },
  "sam in layers of odd sizes": { task: odd, optimizer: "sam", base: "sgd" },
};

for (const [title, training] of Object.entries(trainings)) {
  test(`${title}: a trial measures the same in every company, and in every slot`, () =>
    assertAlike(training));
}
