/** Models for CUDA's provider, which has the operators of the CPU's: there they can be run where there is no GPU. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileLoop, type LoopSpecs } from "../engine/compile.ts";
import type { ModelDevice } from "../engine/device.ts";
import { HostDevice, HostExecutable, numbers } from "../engine/devices/host.ts";
import type { TensorFunction } from "../engine/trace.ts";
import { getTask } from "../tasks/registry.ts";
import { trainGroup } from "./_trials.ts";

/** Says that it is CUDA, and computes on the CPU. */
const pretended: ModelDevice = {
  name: "cuda",
  pace: new HostDevice({ provider: "cuda" }).pace,
  load: (model) => HostExecutable.load(model),
  release: () => Promise.resolve(),
};

const given = { lr: 0.1, momentum: 0.9, weight_decay: 1e-4 };

for (const optimizer of ["lars", "sam", "looksam"] as const) {
  test(`trials of ${optimizer} in models for CUDA measure what those for the CPU do`, async () => {
    const task = { ...getTask("digits_mlp"), epochs: 2 };
    const values = optimizer === "lars" ? given : { lr: 0.1, momentum: 0.9 };
    const trials = [{ given: values }, { given: { ...values, lr: 0.2 } }];
    const [expected, found] = await Promise.all(
      [new HostDevice(), pretended].map((device) => trainGroup(task, trials, { optimizer, device })),
    );
    found.forEach((outcome, i) => {
      assert.ok(outcome.status === "completed" && expected[i].status === "completed");
      outcome.epochs.forEach(({ testLoss, trainLoss }, epoch) => {
        const { epochs } = expected[i] as typeof outcome;
        assert.ok(Math.abs(testLoss - epochs[epoch].testLoss) < 1e-5 * epochs[epoch].testLoss);
        assert.ok(Math.abs(trainLoss - epochs[epoch].trainLoss) < 1e-5 * epochs[epoch].trainLoss);
      });
    });
  });
}

test("a loop on CUDA takes all of its steps, whatever they come to: looking would have the host wait", async () => {
  const step: TensorFunction = ({ x, factor }) => ({ x: x.mul(factor), loss: x.sum() });
  const specs: LoopSpecs = {
    carried: { x: { shape: [2], dtype: "float" } },
    fixed: {},
    scanned: { factor: { shape: [], dtype: "float" } },
    stopUnlessFinite: "loss",
  };
  for (const [provider, steps] of [["cpu", 2], ["cuda", 5]] as const) {
    const model = compileLoop(step, specs, "float32", undefined, { provider });
    const executable = await HostExecutable.load(model);
    const { loss } = await executable.run({
      x: executable.value("x", [1, 1]),
      factor: executable.value("factor", [Infinity, 1, 1, 1, 1]),
    });
    assert.equal(numbers(loss).length, steps);
    await executable.release();
  }
});
