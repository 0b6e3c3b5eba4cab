/** Where a group starts from: first values drawn by seed, or what checkpoints hold; and the way back into checkpoints. */
import { sameShape } from "../../engine/graph.ts";
import type { Executable } from "../../engine/device.ts";
import type { Task } from "../../tasks/task.ts";
import type { SavedTensor, TrialCheckpoint } from "./checkpoint.ts";
import { initialValues, interleaved, type Values } from "./feeds.ts";
import { bufferName } from "./names.ts";
import type { Outline } from "./program.ts";

/**
 * Parameters, state and buffers before the first step.
 *
 * @param train the program's steps, of any kind
 * @param init absent where there is no state.
 * @param seeds one for each slot.
 */
export async function initialPoint(
  train: Executable,
  init: Executable | undefined,
  task: Task,
  seeds: readonly number[],
  coefficients: Values,
): Promise<Values> {
  const params = initialValues(train, task.parameters, seeds, "parameters", (name) => name);
  return {
    ...params,
    ...init && await init.run({ ...params, ...coefficients }),
    ...initialValues(train, task.buffers ?? {}, seeds, "buffers", bufferName),
  };
}

/** The names of what goes from step to step. */
export function pointNames({ params, state, buffers }: Outline): string[] {
  return [...params, ...state, ...buffers];
}

/**
 * Parameters, state and buffers as checkpoints hold them, one for each slot.
 *
 * @throws {Error} when they were not taken of this program, or of another company's.
 */
export function restoredPoint(
  train: Executable,
  program: Outline,
  checkpoints: readonly TrialCheckpoint[],
): Values {
  const alone = program.slots === undefined;
  for (const checkpoint of checkpoints) {
    if (checkpoint.alone !== alone) {
      const [now, before] = alone ? ["alone", "in company"] : ["in company", "alone"];
      throw new Error(
        `Cannot continue a trial ${now}: up to ${placeOf(checkpoint)}, it was trained ${before}, ` +
          `which rounds differently; continue it ${before}`,
      );
    }
  }
  return Object.fromEntries(
    pointNames(program).map((name) => {
      const { shape } = train.model.inputs[name];
      const own = alone ? shape : shape.slice(1);
      const parts = checkpoints.map(({ point }) => {
        const saved = point[name];
        if (!saved || !sameShape(saved.shape, own)) {
          throw new Error(
            `Cannot continue from checkpoint: it has no "${name}" of shape [${own}]; start the trial anew`,
          );
        }
        return saved.values;
      });
      return [name, train.value(name, interleaved(parts, 1))];
    }),
  );
}

/** The parts of some slots, copied, in their order. */
export async function savedPoints(
  train: Executable,
  program: Outline,
  point: Values,
  slots: readonly number[],
): Promise<Record<string, SavedTensor>[]> {
  const width = program.slots?.count ?? 1;
  const points = slots.map((): Record<string, SavedTensor> => ({}));
  for (const name of pointNames(program)) {
    const all = await train.read(point[name]);
    const size = all.length / width;
    const { dims } = point[name];
    const shape = program.slots ? dims.slice(1) : dims;
    slots.forEach((slot, i) => {
      points[i][name] = { shape, values: all.slice(slot * size, (slot + 1) * size) };
    });
  }
  return points;
}

/** Some of the values. */
export function pick(values: Values, names: readonly string[]): Values {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}

/** How a place in the training reads. */
export function placeOf({ epoch, step }: Pick<TrialCheckpoint, "epoch" | "step">): string {
  return `epoch ${epoch}, step ${step}`;
}
