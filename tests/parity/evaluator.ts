/** Ways to evaluate a function of tensors, so that the same vectors go through each. */
import { compileFunction, type Specs } from "../../engine/compile.ts";
import { runEagerly } from "../_eagerly.ts";
import type { Precision } from "../../engine/lower.ts";
import type { ModelDevice } from "../../engine/device.ts";
import { HostDevice } from "../../engine/devices/host.ts";
import type { TensorFunction } from "../../engine/trace.ts";

export type Data = Readonly<Record<string, readonly number[]>>;
export type Evaluation = (data: Data) => Promise<Record<string, number[]>>;

export interface Evaluator {
  readonly label: string;
  readonly precision: Precision;
  prepare(fn: TensorFunction, specs: Specs): Promise<Evaluation>;
}

/** @param label beside the precision; default: `compiled`. */
export function compiled(
  precision: Precision,
  device: ModelDevice = new HostDevice(),
  label = "compiled",
): Evaluator {
  return {
    label: `${precision} ${label}`,
    precision,
    async prepare(fn, specs) {
      const target = { provider: device.name };
      const executable = await device.load(compileFunction(fn, specs, precision, undefined, target));
      return async (data) => {
        const feeds = Object.keys(specs).map((name) => [name, executable.value(name, data[name])]);
        const results = await executable.run(Object.fromEntries(feeds));
        const read: Record<string, number[]> = {};
        for (const [name, value] of Object.entries(results)) {
          read[name] = Array.from(await executable.read(value));
        }
        executable.free(Object.values(results));
        return read;
      };
    },
  };
}

const eager: Evaluator = {
  label: "float32 eager",
  precision: "float32",
  prepare: (fn, specs) => Promise.resolve((data) => Promise.resolve(runEagerly(fn, specs, data))),
};

export const evaluators: readonly Evaluator[] = [compiled("float32"), eager, compiled("float64")];
