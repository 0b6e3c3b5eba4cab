import assert from "node:assert/strict";
import { test } from "node:test";
import { resolve } from "../optim/coefficients.ts";
import { getOptimizer } from "../optim/registry.ts";
import { parseSchedule } from "../optim/schedules/parse.ts";
import { planStudy } from "../study/settings/plan.ts";
import type { StudyRequest } from "../study/settings/request.ts";
import { SpaceError } from "../study/space/values.ts";
import { getTask } from "../tasks/registry.ts";
import { getSchedule } from "../tasks/schedule.ts";
import { configurationsOf } from "./_results.ts";
import { epochsOf, groupsOf } from "./_studies.ts";
import { sweep } from "./_sweeps.ts";
import { ramp, trainAlone, trainTrials } from "./_trials.ts";
import { optbench } from "./cli.ts";

const timeout = { timeout: 60_000 };

const COURSE = { stepsPerEpoch: 4, epochs: 2 };
const SCHEDULES = [
  "constant",
  "cosine",
  "warmup:1ep>cosine:min=0.25",
  "linear",
  "step:every=3:by=0.5",
  "constant:50%>multistep:at=1:by=0.25",
];

/** Where ramp's first coordinate is before and after each step, at a rate of 1/4. */
function expected(text: string): number[] {
  const schedule = parseSchedule(text);
  const points = [1];
  for (let step = 0; step < 8; step++) points.push(points[step] - 0.25 * schedule(step, COURSE));
  return points;
}

function assertPath(trajectory: readonly (readonly [number, number])[] | undefined, text: string): void {
  expected(text).forEach((x, i) =>
    assert.ok(
      Math.abs(trajectory![i][0] - x) < 1e-6,
      `${text}: after ${i} steps at ${trajectory![i][0]}, not ${x}`,
    )
  );
}

test("after some steps, parameters have moved by the sum of the rates of those steps", async () => {
  for (const schedule of SCHEDULES) {
    const { trajectory, epochs } = await trainAlone(ramp, { lr: 0.25, schedule });
    assertPath(trajectory, schedule);
    assert.ok(Math.abs(epochs[1].testLoss - 2 * expected(schedule)[8]) < 2e-6);
  }
});

test("trials that are trained together have schedules of their own, each as if alone, to the last bit", async () => {
  const trials = SCHEDULES.map((schedule) => ({ given: { lr: 0.25, schedule } }));
  const together = await trainTrials(ramp, trials);
  for (const [i, trial] of trials.entries()) {
    assertPath(together[i].trajectory, SCHEDULES[i]);
    const [alone] = await trainTrials(ramp, [trial, trial]);
    assert.deepEqual(together[i].trajectory, alone.trajectory);
    assert.deepEqual(together[i].epochs, alone.epochs);
  }
});

test("a task's own schedule is one among others", async () => {
  const task = { ...ramp, learningRate: (step: number) => step % 2 };
  const trials = ["task", "constant"].map((schedule) => ({ given: { lr: 0.25, schedule } }));
  const [own, constant] = await trainTrials(task, trials);
  assert.deepEqual(own.trajectory!.map(([x]) => x), [1, 1, 0.75, 0.75, 0.5, 0.5, 0.25, 0.25, 0]);
  assert.deepEqual(constant.trajectory!.map(([x]) => x), [1, 0.75, 0.5, 0.25, 0, -0.25, -0.5, -0.75, -1]);
});

test("`task` names a task's own schedule, else the constant one", () => {
  const learningRate = (step: number) => 1 / (1 + step);
  assert.equal(getSchedule("task", { learningRate }), learningRate);
  assert.equal(getSchedule("task", {})(3, COURSE), 1);
  assert.equal(getSchedule("linear", { learningRate })(4, COURSE), 0.5);
});

const request: StudyRequest = {
  optimizer: { name: "sgd" },
  task: "digits_logreg",
  values: { lr: [0.5], momentum: [0.5], nesterov: [false] },
  epochs: 2,
  jobs: 1,
};

test("on a task without a schedule of its own, `task` is the constant one, and not searched twice", async () => {
  const settings = await planStudy({
    ...request,
    values: { ...request.values, schedule: ["task", "cosine", "constant"] },
  });
  const { space, defaults } = settings;
  assert.equal(getTask(request.task).learningRate, undefined);
  assert.deepEqual(space.schedule, ["constant", "cosine"]);
  assert.equal(defaults.schedule, "constant");
  assert.deepEqual(configurationsOf(settings).map(({ values }) => values.schedule), ["constant", "cosine"]);
});

test("on a task with a schedule of its own, that is the default, and a constant one is another", async () => {
  const { space, defaults } = await planStudy({
    ...request,
    task: "cifar10_resnet20",
    values: { ...request.values, schedule: ["task", "constant"] },
  });
  assert.ok(getTask("cifar10_resnet20").learningRate !== undefined);
  assert.deepEqual(space.schedule, ["task", "constant"]);
  assert.equal(defaults.schedule, "task");
});

test("the defaults are those of the optimizer, without what has to be chosen", async () => {
  const { defaults } = await planStudy({ ...request, optimizer: { name: "sam", base: "lars" } });
  const { lr: _, ...values } = resolve(getOptimizer("sam", "lars"), { lr: 1, schedule: "constant" });
  assert.deepEqual(defaults, values);
});

test("trials with schedules share a program, those with a constant rate another that is fed no factors", async () => {
  const settings = await planStudy({
    ...request,
    values: { ...request.values, schedule: ["constant", "cosine", "linear"] },
    seeds: [1, 2],
  });
  const groups = groupsOf(settings);
  assert.deepEqual(groups.map(({ scheduled, trials }) => [scheduled, trials.length]), [[false, 2], [
    true,
    4,
  ]]);
  assert.notEqual(groups[0].programKey, groups[1].programKey);
});

test("a study measures the same of a schedule among others as of it alone", timeout, async () => {
  const measured = async (schedule: string[], groupSize?: number) => {
    const values = { ...request.values, schedule };
    return await epochsOf(await planStudy({ ...request, values, groupSize }));
  };
  const schedules = ["cosine", "warmup:1ep>linear", "step:every=20:by=0.5"];
  const together = await measured(schedules);
  assert.equal(new Set(together.map((epochs) => epochs[1].testLoss)).size, 3);
  for (const [i, schedule] of schedules.entries()) {
    assert.deepEqual(await measured([schedule]), [together[i]]);
  }
  const oneByOne = await measured(schedules, 1);
  together.forEach((epochs, i) =>
    epochs.forEach(({ testLoss }, epoch) =>
      assert.ok(Math.abs(testLoss / oneByOne[i][epoch].testLoss - 1) < 1e-4)
    )
  );
});

for (const count of [0, -1, 1.5, NaN]) {
  test(`a study refuses accumulate ${count}`, async () => {
    await assert.rejects(
      () => planStudy({ ...request, accumulate: count }),
      new RangeError(`Invalid accumulate ${count}: expected a positive integer`),
    );
  });
}

for (
  const [what, changes, problem] of [
    [
      "parts of a batch that are not equal",
      { accumulate: 3 },
      "Cannot divide a batch of 64 into 3 equal parts: use numbers whose product divides 64",
    ],
    [
      "more parts than rows",
      { batchSize: 8, accumulate: 16 },
      "Cannot divide a batch of 8 into 16 equal parts: use numbers whose product divides 8",
    ],
    [
      "micro-batches that are not equal",
      { optimizer: { name: "sam" }, values: { lr: [1], micro_batches: [1, 5] } },
      "Cannot divide a batch of 64 into 5 equal parts: use numbers whose product divides 64",
    ],
    [
      "a number of micro-batches that is none",
      { optimizer: { name: "sam" }, values: { lr: [1], micro_batches: [0] } },
      "Cannot search sam: micro_batches 0 is illegal; use an integer >= 1",
    ],
    [
      "parts of micro-batches that are not equal",
      { optimizer: { name: "sam" }, values: { lr: [1], micro_batches: [4] }, accumulate: 32 },
      "Cannot divide a batch of 64 into 4 x 32 equal parts: use numbers whose product divides 64",
    ],
    [
      "the last of several gradients where a step takes one",
      { task: "cifar10_resnet20", runningStatistics: "last" },
      "sgd takes one gradient a step, the first: the last can be asked for with an optimizer such as sam",
    ],
  ] as const satisfies readonly (readonly [string, Partial<StudyRequest>, string])[]
) {
  test(`a study refuses ${what}`, async () => {
    await assert.rejects(() => planStudy({ ...request, ...changes }), new SpaceError(problem));
  });
}

test("a batch may be divided into parts of equal size", async () => {
  const { accumulate, batchSize } = await planStudy({ ...request, accumulate: 64 });
  assert.deepEqual([accumulate, batchSize], [64, 64]);
  const optimizer = { name: "sam" } as const;
  const values = { lr: [1], micro_batches: [1, 2, 8] };
  const inMicroBatches = await planStudy({ ...request, optimizer, values, accumulate: 8 });
  assert.deepEqual([...new Set(configurationsOf(inMicroBatches).map(({ values }) => values.micro_batches))], [
    1,
    2,
    8,
  ]);
});

test("accumulating gradients changes no more than rounding", timeout, async () => {
  const losses = async (accumulate?: number) => {
    const [epochs] = await epochsOf(await planStudy({ ...request, accumulate }));
    return epochs.map(({ testLoss }) => testLoss);
  };
  const whole = await losses();
  const parts = await losses(4);
  parts.forEach((loss, i) => assert.ok(Math.abs(loss / whole[i] - 1) < 1e-4));
});

test("study.json, the announcement and the results have the training's options", timeout, async () => {
  const { code, json, stderr, trials } = await sweep(
    "--task digits_logreg --opt sgd --lr 0.25,0.5 --momentum 0 --nesterov false --epochs 1 --jobs 1 " +
      "--schedule cosine,constant --ema 0.5 --batch-size 128 --lr-scaling sqrt:32 --accumulate 4 " +
      "--exclude bias --for w1:lr=0.5x",
  );
  assert.equal(code, 0);
  assert.deepEqual([json.accumulate, json.lrScaling, json.parameterGroups], [
    4,
    { rule: "sqrt", batch: 32, factor: 2 },
    [
      { parameters: ["w1"], overrides: { lr: { times: 0.5 } } },
      { parameters: ["b1"], overrides: { weight_decay: { value: 0 } } },
    ],
  ]);
  for (
    const line of [
      "  lr scaled by the root of 128/32 = 2",
      "  each batch in 4 parts of 32 rows",
      "  w1: lr 0.5x",
      "  b1: weight_decay 0",
      "  schedule cosine, constant",
    ]
  ) assert.ok(stderr.includes(`\n${line}\n`), line);
  const byTrial = trials.toSorted((a, b) => Number(a.trial) - Number(b.trial));
  assert.deepEqual(byTrial.map(({ lr, schedule, ema }) => [lr, schedule, ema]), [
    ["0.25", "cosine", "0.5"],
    ["0.25", "constant", "0.5"],
    ["0.5", "cosine", "0.5"],
    ["0.5", "constant", "0.5"],
  ]);
});

test("a schedule that does not exist is named with what is meant", () => {
  const { code, stdout, stderr } = optbench("run --opt sgd --lr 1 --schedule cosin".split(" "));
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^optbench: Cannot parse schedule "cosin": .*did you mean cosine\?.*\n$/);
});
