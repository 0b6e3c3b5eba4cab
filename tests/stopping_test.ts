import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scalar } from "@tensorflow/tfjs";
import type { Stopping } from "../study/pruners/pruner.ts";
import type { Task } from "../tasks/task.ts";
import { ramp, trainGroup, type Trial, type TrialsChoice } from "./_trials.ts";

const none: Stopping = { bounds: [], pruners: [], atTarget: false };

/** With lr 1/16, its loss after the epochs is 1.5, 1, 0.5, 0, -0.5 and so on. */
const falling: Task = { ...ramp, landscape: undefined, epochs: 6, target: 1 };
const given = { lr: 1 / 16 };

/** Trains one trial in company of itself. */
async function trainWith(stopping: Partial<Stopping>, task = falling, choice: TrialsChoice = {}) {
  const trial = { given, stopping: { ...none, ...stopping } };
  const [outcome] = await trainGroup(task, [trial, trial], choice);
  assert.ok(outcome.status !== "failed" && outcome.status !== "paused");
  const { status, reason, epochs, steps } = outcome;
  assert.equal(steps, 4 * epochs.length);
  return { status, reason, epochs: epochs.length };
}

/** A bound that holds after one epoch. */
function boundAfter(epoch: number, cost: number, pruner = "asha:eta=3"): Stopping["bounds"][number] {
  return { pruner, costs: [...Array(epoch - 1).fill(undefined), cost] };
}

test("a trial that is to stop at the target is completed by the epoch that reaches it", async () => {
  const reason = "reached the target of 1 after epoch 2";
  assert.deepEqual(await trainWith({ atTarget: true }), { status: "completed", reason, epochs: 2 });
  assert.deepEqual(await trainWith({}), { status: "completed", reason: undefined, epochs: 6 });
});

test("a trial whose cost exceeds a pruner's bound is pruned", async () => {
  assert.deepEqual(await trainWith({ bounds: [boundAfter(3, 0.4)] }), {
    status: "pruned",
    reason: "asha:eta=3: best loss 0.5 after epoch 3, at most 0.4 goes on",
    epochs: 3,
  });
});

test("a trial that costs as much as a bound goes on", async () => {
  const { epochs } = await trainWith({ bounds: [boundAfter(3, 0.5), boundAfter(4, 0)] });
  assert.equal(epochs, 6);
});

test("a bound is one of the best cost so far", async () => {
  const rising: Task = { ...falling, evaluate: ({ w }) => ({ loss: w.sum().sub(1.5).abs() as Scalar }) };
  const { status, reason } = await trainWith({ bounds: [boundAfter(3, 0), boundAfter(4, -0.25)] }, rising);
  assert.equal(status, "pruned");
  assert.equal(reason, "asha:eta=3: best loss 0 after epoch 4, at most -0.25 goes on");
});

/** Its accuracy after the epochs is 12.5 %, 25 %, 37.5 % and so on. */
const learning: Task = {
  ...falling,
  metric: "accuracy",
  target: 0.25,
  evaluate: ({ w }) => ({ loss: w.sum() as Scalar, accuracy: w.sum().sub(2).div(-4) as Scalar }),
};

test("accuracies are judged by how high they are", async () => {
  assert.equal(
    (await trainWith({ atTarget: true }, learning)).reason,
    "reached the target of 25 % after epoch 2",
  );
  assert.equal(
    (await trainWith({ bounds: [boundAfter(2, -0.25), boundAfter(3, -0.5)] }, learning)).reason,
    "asha:eta=3: best accuracy 37.5 % after epoch 3, at least 50 % goes on",
  );
});

/** Its test loss is 1 after every epoch. */
const level: Task = {
  ...falling,
  target: 0,
  evaluate: ({ w }) => ({ loss: w.sum().mul(0).add(1) as Scalar }),
};

test("a pruner that goes by the trial's own curve is asked after each epoch", async () => {
  const { status, reason, epochs } = await trainWith({ pruners: ["patience:epochs=3"] }, level);
  assert.deepEqual([status, epochs], ["completed", 4]);
  assert.match(reason!, /^patience:epochs=3: no improvement/);
});

test("the target comes before bounds, bounds before the trial's own curve, and the first of each", async () => {
  const bounds = [boundAfter(2, 0, "first"), boundAfter(2, 0, "second")];
  const pruners = ["patience:epochs=1", "patience:epochs=1,delta=1"];
  const reached = await trainWith({ atTarget: true, bounds, pruners }, { ...level, target: 1 });
  assert.deepEqual([reached.status, reached.epochs], ["completed", 1]);
  assert.match((await trainWith({ bounds, pruners }, level)).reason!, /^first: /);
  assert.match((await trainWith({ pruners }, level)).reason!, /^patience:epochs=1: /);
});

test("a trial is not judged after its last epoch, nor where it diverges", async () => {
  const everything: Stopping = { atTarget: true, bounds: [boundAfter(1, 0)], pruners: [] };
  const late = await trainWith(everything, { ...level, target: 1, epochs: 1 });
  assert.deepEqual(late, { status: "completed", reason: undefined, epochs: 1 });
  const broken: Task = { ...level, evaluate: ({ w }) => ({ loss: w.sum().mul(0).log() as Scalar }) };
  const [outcome] = await trainGroup(broken, [{ given, stopping: everything }]);
  assert.ok(outcome.status === "diverged");
  assert.equal(outcome.reason, "test loss is -Infinity after epoch 1");
});

test("trials that end early do not disturb their company, and a group ends with its last trial", async () => {
  const pruned: Trial = { given, stopping: { ...none, bounds: [boundAfter(1, 0)] } };
  const trials: Trial[] = [pruned, { given: { lr: 1 / 32 } }, { given: { lr: 1 / 4 } }];
  const [first, ...others] = await trainGroup(falling, trials);
  assert.ok(first.status === "pruned");
  const undisturbed = await trainGroup(falling, trials.slice(1));
  others.forEach((outcome, i) => {
    const expected = undisturbed[i];
    assert.ok(outcome.status === "completed" && expected.status === "completed");
    assert.deepEqual(outcome.epochs, expected.epochs);
  });
  let epochs = 0;
  await trainGroup(falling, [pruned, pruned], { listener: { onEpoch: () => epochs++ } });
  assert.equal(epochs, 2);
});

test("a trial that ended before the others pause has its outcome", async () => {
  const pruned: Trial = { given, stopping: { ...none, bounds: [boundAfter(1, 0)] } };
  const outcomes = await trainGroup(falling, [pruned, { given }], { pauseAfter: 2 });
  assert.deepEqual(outcomes.map(({ status }) => status), ["pruned", "paused"]);
});

test("a trial that goes on is judged by the epochs before its checkpoint too", async () => {
  const trial: Trial = { given, stopping: { ...none, pruners: ["patience:epochs=3"] } };
  const paused = await trainGroup(level, [trial, trial], { pauseAfter: 2 });
  const trials = paused.map((outcome) => {
    assert.ok(outcome.status === "paused");
    return { ...trial, checkpoint: outcome.checkpoint };
  });
  const [outcome] = await trainGroup(level, trials);
  assert.ok(outcome.status === "completed");
  assert.equal(outcome.epochs.length, 4);
});
