/** Ways to evaluate a function of tensors, so that the same vectors go through each. */
import { compileFunction, type Specs } from "../../engine/compile.ts";
import { runEagerly } from "../../engine/eager.ts";
import type { Precision } from "../../engine/lower.ts";
import { HostExecutable, numbers } from "../../engine/devices/host.ts";
import type { TensorFunction } from "../../engine/trace.ts";

export type Data = Readonly<Record<string, readonly number[]>>;
export type Evaluation = (data: Data) => Promise<Record<string, number[]>>;

export interface Evaluator {
  readonly label: string;
  readonly precision: Precision;
  prepare(fn: TensorFunction, specs: Specs): Promise<Evaluation>;
}

function compiled(precision: Precision): Evaluator {
  return {
    label: `${precision} compiled`,
    precision,
    async prepare(fn, specs) {
      const executable = await HostExecutable.load(compileFunction(fn, specs, precision));
      return async (data) => {
        const feeds = Object.keys(specs).map((name) => [name, executable.value(name, data[name])]);
        const results = await executable.run(Object.fromEntries(feeds));
        return Object.fromEntries(
          Object.entries(results).map(([name, value]) => [name, Array.from(numbers(value))]),
        );
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
