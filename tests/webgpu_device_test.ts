import assert from "node:assert/strict";
import { type CompiledModel, compileFunction, compileLoop } from "../engine/compile.ts";
import type { Executable } from "../engine/device.ts";
import { HostDevice } from "../engine/devices/host.ts";
import { testOnWebGpu } from "./_webgpu.ts";

const SCALAR = { shape: [], dtype: "float" } as const;
const VECTOR = { shape: [3], dtype: "float" } as const;

const double = (provider: "cpu" | "webgpu") =>
  compileFunction(({ x }) => ({ y: x.mul(2) }), { x: VECTOR }, "float32", undefined, { provider });

/** Two steps a call: w goes down by each number of g. */
const descent: CompiledModel = compileLoop(
  ({ w, g }) => ({ w: w.sub(g), loss: w.sum() }),
  { carried: { w: VECTOR }, fixed: {}, scanned: { g: SCALAR } },
  "float32",
  undefined,
  { provider: "webgpu", steps: 2 },
);

function take(executable: Executable, w = executable.value("w", [1, 2, 3])) {
  return executable.run({ w, g: executable.value("g", [0.5, 0.25]) });
}

await testOnWebGpu(import.meta.url, {
  async "values go from call to call on the device, and are read where they are asked for"(device) {
    const executable = await device.load(descent);
    const first = await take(executable);
    const second = await take(executable, first.w);
    assert.deepEqual([...await executable.read(second.w)], [-0.5, 0.5, 1.5]);
    assert.deepEqual([...await executable.read(first.loss)], [6, 4.5]);
    assert.deepEqual([...await executable.read(second.loss)], [3.75, 2.25]);
    assert.deepEqual(second.w.dims, [3]);
    await executable.release();
  },

  async "one program's results are another's operands"(device) {
    const [step, function_] = [await device.load(descent), await device.load(double("webgpu"))];
    const { w } = await take(step);
    const { y } = await function_.run({ x: w });
    assert.deepEqual([...await function_.read(y)], [0.5, 2.5, 4.5]);
    // A function does not use up what it is fed.
    assert.deepEqual([...await step.read(w)], [0.25, 1.25, 2.25]);
    await step.release();
    await function_.release();
  },

  async "what was fed is read back, before and after a call"(device) {
    const executable = await device.load(double("webgpu"));
    const x = executable.value("x", [1, 2, 3]);
    assert.deepEqual([...await executable.read(x)], [1, 2, 3]);
    await executable.run({ x });
    assert.deepEqual([...await executable.read(x)], [1, 2, 3]);
    await executable.release();
  },

  async "a value that a loop has carried on cannot be used again"(device) {
    const executable = await device.load(descent);
    const w = executable.value("w", [1, 2, 3]);
    await take(executable, w);
    const message = /^Cannot use a value that a loop has carried on, or that was freed$/;
    await assert.rejects(take(executable, w), { name: "TypeError", message });
    await assert.rejects(executable.read(w), { name: "TypeError", message });
    await executable.release();
  },

  async "a value that was freed cannot be used again"(device) {
    const executable = await device.load(descent);
    const { w, loss } = await take(executable);
    executable.free([w, loss]);
    await assert.rejects(take(executable, w), { name: "TypeError", message: /that was freed$/ });
    await assert.rejects(executable.read(loss), { name: "TypeError", message: /that was freed$/ });
    executable.free([w]);
    await executable.release();
  },

  async "a value of the GPU cannot be fed to the CPU, nor read by it, nor the other way round"(device) {
    const [onGpu, onCpu] = [await device.load(double("webgpu")), await new HostDevice().load(double("cpu"))];
    const values = [onGpu.value("x", [1, 2, 3]), onCpu.value("x", [1, 2, 3])];
    const { y } = await onGpu.run({ x: values[0] });
    const elsewhere = { name: "TypeError", message: /it is in the memory of another device$/ };
    await assert.rejects(onCpu.run({ x: values[0] }), elsewhere);
    await assert.rejects(onCpu.run({ x: y }), elsewhere);
    await assert.rejects(async () => await onCpu.read(y), elsewhere);
    await assert.rejects(onGpu.run({ x: values[1] }), elsewhere);
    await assert.rejects(async () => await onGpu.read(values[1]), elsewhere);
    assert.throws(() => onGpu.free([values[1]]), elsewhere);
    await onGpu.release();
    await onCpu.release();
  },

  async "no type says that a value has numbers"(device) {
    const executable = await device.load(double("webgpu"));
    const { y } = await executable.run({ x: executable.value("x", [1, 2, 3]) });
    // @ts-expect-error: they are had from `read` alone.
    assert.equal(y.data, undefined);
    // @ts-expect-error: a plain object is no value.
    await assert.rejects(executable.run({ x: { data: [1, 2, 3] } }), TypeError);
    await executable.release();
  },
});
