import assert from "node:assert/strict";
import { test } from "node:test";
import { planStudy, type StudyRequest } from "../study/plan.ts";

const request: StudyRequest = { optimizer: { name: "lars" }, task: "digits_mlp" };

test("what is not asked for takes the task's and the optimizer's defaults", () => {
  const { seeds, epochs, batchSize, groupSize, configurations, space } = planStudy(request);
  assert.deepEqual({ seeds, epochs, batchSize, groupSize }, {
    seeds: [1],
    epochs: 30,
    batchSize: 64,
    groupSize: 16,
  });
  assert.equal(configurations.length, 48);
  assert.deepEqual(space.weight_decay, [1e-4]);
});

for (const name of ["epochs", "batchSize", "jobs", "groupSize"] as const) {
  for (const count of [0, -1, 1.5, NaN, Infinity]) {
    test(`a study refuses ${name} ${count}`, () => {
      assert.throws(() => planStudy({ ...request, [name]: count }), {
        name: "RangeError",
        message: `Invalid ${name} ${count}: expected a positive integer`,
      });
    });
  }
}

test("a study refuses a task that does not exist, and batches that the data cannot fill", () => {
  assert.throws(
    () => planStudy({ ...request, task: "digit" }),
    /Unknown task "digit": expected one of digits_mlp/,
  );
  assert.throws(() => planStudy({ ...request, batchSize: 1438 }), /digits has 1437 training rows/);
});
