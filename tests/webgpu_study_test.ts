import assert from "node:assert/strict";
import { planStudy } from "../study/settings/plan.ts";
import type { StudyRequest } from "../study/settings/request.ts";
import { assertClose } from "./_compiled.ts";
import { epochsOf, groupsOf } from "./_studies.ts";
import { testOnWebGpu } from "./_webgpu.ts";

/** Four configurations of logistic regression, each with two seeds. */
const request: StudyRequest = {
  optimizer: { name: "lars" },
  task: "digits_logreg",
  values: { lr: [0.1, 0.3], momentum: [0, 0.9], nesterov: [false], trust_coefficient: [0.02] },
  seeds: [1, 2],
  epochs: 2,
  jobs: 1,
};

await testOnWebGpu(import.meta.url, {
  async "a sweep in groups on WebGPU measures what it measures on the CPU"() {
    const settings = await planStudy({ ...request, device: "webgpu" });
    assert.ok(groupsOf(settings).some(({ trials }) => trials.length > 1));
    const [onGpu, onCpu] = [await epochsOf(settings), await epochsOf(await planStudy(request))];
    assert.equal(onGpu.length, 8);
    const numbers = (all: typeof onGpu) =>
      all.flatMap((epochs) =>
        epochs.flatMap(({ trainLoss, testLoss, testAccuracy = NaN }) => [trainLoss, testLoss, testAccuracy])
      );
    assertClose(numbers(onGpu), numbers(onCpu), 2e-5);
  },
});
