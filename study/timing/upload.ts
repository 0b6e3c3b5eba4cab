/**
 * How long it takes to bring a program's data to the device's memory.
 *
 * A runtime moves what it is fed with as a part of a call. So a model that does nothing but look at the first number of each
 * of its inputs is called twice: with numbers of the host, and once more with what is on the device by then.
 */
import { sizeOf } from "../../datasets/shape.ts";
import { compileFunction, type Specs } from "../../engine/compile.ts";
import type { Provider } from "../../engine/lower.ts";
import type { Executable, Numbers } from "../../engine/device.ts";
import { openDevice } from "../../engine/devices/open.ts";
import { mapTensors } from "../../engine/gradient.ts";
import type { TensorSpec } from "../../engine/graph.ts";
import { least } from "./sampling.ts";

/**
 * Milliseconds of moving tensors of some shapes to a device.
 *
 * @param specs at least one.
 */
export async function uploadMs(specs: Specs, provider: Provider, threads: number): Promise<number> {
  const device = openDevice(provider, threads);
  const firsts = compileFunction(
    (inputs) => mapTensors(inputs, (tensor) => tensor.reshape([-1]).slice(0, 1)),
    specs,
    "float32",
    undefined,
    { provider },
  );
  const executable = await device.load(firsts);
  // The first time, the runtime also makes itself ready.
  await movingMs(executable);
  const ms = await least(() => movingMs(executable));
  await executable.release();
  await device.release();
  return ms;
}

/** What a call with new numbers takes longer than one more with the same values. */
async function movingMs(executable: Executable): Promise<number> {
  const inputs = Object.entries(executable.model.inputs).map(([name, spec]) => [name, ones(spec)] as const);
  const values = Object.fromEntries(
    inputs.map(([name, numbers]) => [name, executable.value(name, numbers)]),
  );
  const callMs = async () => {
    const start = performance.now();
    const results = Object.values(await executable.run(values));
    await executable.read(results[0]);
    const ms = performance.now() - start;
    executable.free(results);
    return ms;
  };
  const [moving, moved] = [await callMs(), await callMs()];
  executable.free(Object.values(values));
  return Math.max(0, moving - moved);
}

const arrayTypes = { float: Float32Array, int32: Int32Array, uint8: Uint8Array, bool: Uint8Array };

function ones({ shape, dtype }: TensorSpec): Numbers {
  return new arrayTypes[dtype](sizeOf(shape)).fill(1);
}
