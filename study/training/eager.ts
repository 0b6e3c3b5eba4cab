/** The program of one trial as functions that run eagerly: what compileProgram makes models of, without a model. */
import type { LoopSpecs, Specs } from "../../engine/compile.ts";
import type { Device } from "../../engine/device.ts";
import { TensorflowDevice } from "../../engine/devices/tensorflow/device.ts";
import { eagerFunction, eagerLoop } from "../../engine/devices/tensorflow/eager.ts";
import { TENSORFLOW_BACKEND } from "../../engine/devices/tensorflow/package.ts";
import { getOptimizer } from "../../optim/registry.ts";
import type { Task } from "../../tasks/task.ts";
import { mapValues, programFunctions } from "./functions.ts";
import type { LoadedProgram } from "./loaded.ts";
import type { Recipe } from "./recipe.ts";
import type { ProgramSettings, Step } from "./steps.ts";

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
  const { outline, init, train, evaluated, evaluate } = programFunctions(settings);
  const once = ({ fn, specs }: Step<Specs>) => eagerFunction(fn, specs, backend);
  const loop = ({ fn, specs }: Step<LoopSpecs>) => eagerLoop(fn, specs, backend);
  return {
    device,
    program: outline,
    init: init && once(init),
    train: mapValues(train, loop),
    evaluated: evaluated && once(evaluated),
    evaluate: loop(evaluate),
  };
}
