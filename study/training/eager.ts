/** The program of one trial as functions that run eagerly: what compileProgram makes models of, without a model. */
import { type Specs, specsOf } from "../../engine/compile.ts";
import type { Device, Executable } from "../../engine/device.ts";
import { eagerFunction, eagerLoop } from "../../engine/devices/tensorflow/eager.ts";
import { TENSORFLOW_BACKEND } from "../../engine/devices/tensorflow/package.ts";
import { TensorflowDevice } from "../../engine/devices/tensorflow/device.ts";
import { trace } from "../../engine/trace.ts";
import { getOptimizer } from "../../optim/registry.ts";
import type { Task } from "../../tasks/task.ts";
import type { LoadedProgram } from "./loaded.ts";
import { bufferName } from "./names.ts";
import type { Recipe } from "./recipe.ts";
import {
  evaluationPoint,
  evaluationStep,
  initialState,
  type ProgramSettings,
  trainingStep,
} from "./steps.ts";

/** The turn of an optimizer whose steps are all alike. */
const EVERY_STEP = "step";

/**
 * Opens TensorFlow, and makes a trial's program for it.
 *
 * @throws {Error} where it is not installed, or cannot be loaded.
 */
export function loadRecipe(recipe: Recipe, task: Task): LoadedProgram {
  const { name, base } = recipe.optimizer;
  return eagerProgram({ ...recipe, task, optimizer: getOptimizer(name, base) }, new TensorflowDevice());
}

/** @param backend of TensorFlow.js, by its name there. */
export function eagerProgram(
  settings: ProgramSettings,
  device: Device,
  backend: string = TENSORFLOW_BACKEND,
): LoadedProgram {
  const { task, optimizer, groups, scheduled = false } = settings;
  const init = initialState(settings);
  const state = specsOf(trace(init.fn, init.specs).outputs);
  const turns = optimizer.turns?.(groups[0].literals) ?? [EVERY_STEP];
  const train = [...new Set(turns)].map((turn) => {
    const { fn, specs } = trainingStep(settings, state, turn);
    return [turn, eagerLoop(fn, specs, backend)];
  });
  const evaluate = evaluationStep(settings);
  return {
    device,
    program: {
      turns,
      scheduled,
      params: Object.keys(task.parameters),
      state: Object.keys(state),
      buffers: Object.keys(task.buffers ?? {}).map(bufferName),
    },
    init: Object.keys(state).length > 0 ? eagerFunction(init.fn, init.specs, backend) : undefined,
    train: Object.fromEntries(train),
    evaluated: eagerEvaluationPoint(settings, state, backend),
    evaluate: eagerLoop(evaluate.fn, evaluate.specs, backend),
  };
}

function eagerEvaluationPoint(
  settings: ProgramSettings,
  state: Specs,
  backend: string,
): Executable | undefined {
  const { fn, specs } = evaluationPoint(settings, state);
  const { inputs, outputs } = trace(fn, specs);
  const isItself = Object.entries(outputs).every(([name, node]) => node === inputs[name]);
  return isItself ? undefined : eagerFunction(fn, specs, backend);
}
