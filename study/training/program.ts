/**
 * The programs of a trial: an optimizer's initial state, training, and evaluation. They hold for every configuration of
 * the same structure.
 */
import {
  type CompiledModel,
  compileFunction,
  compileLoop,
  type LoopSpecs,
  type Specs,
} from "../../engine/compile.ts";
import type { Precision, Provider } from "../../engine/lower.ts";
import { testBatchSize } from "../../tasks/task.ts";
import { mapValues, programFunctions } from "./functions.ts";
import { LEARNING_RATE_FACTOR, noiseName, ROWS } from "./names.ts";
import type { ProgramSettings, Step } from "./steps.ts";
import { coefficientSpecs } from "./structure.ts";

/** Trials that a program trains together: everything that differs between them has one more axis in front, of slots. */
export interface Slots {
  readonly count: number;
  /** Whether all of them visit the rows in the same order, and draw the same noise. */
  readonly shareRows: boolean;
}

/** What a program is, however it runs. */
export interface Outline {
  /** Absent in a program for one trial, without the axis of slots. */
  readonly slots?: Slots;
  /** The kinds of steps that take turns, over and over; of most optimizers, one. */
  readonly turns: readonly string[];
  /** Whether `train` takes the factor of each step's learning rate. */
  readonly scheduled: boolean;
  /** Names of the parameters, of the state's slots (`w1/momentum_buffer`), and of the buffers. */
  readonly params: readonly string[];
  readonly state: readonly string[];
  readonly buffers: readonly string[];
}

/** Compiled. Plain data: a program can be sent to the process that runs it. */
export interface Program extends Outline {
  /** Parameters and coefficients to the optimizer's state; absent where it keeps none. */
  readonly init?: CompiledModel;
  /**
   * For each kind of step, a loop over batches: parameters, state, buffers, coefficients, data, row numbers and noise to
   * parameters, state, buffers and `loss`; where the task has a landscape, also to `trajectory`, the parameters after
   * each step.
   */
  readonly train: Readonly<Record<string, CompiledModel>>;
  /** Parameters, state and coefficients to the parameters to evaluate with; absent where those are the same. */
  readonly evaluated?: CompiledModel;
  /** A loop over batches: parameters, buffers, data, row numbers and noise to `loss` and, of a classifier, `accuracy`. */
  readonly evaluate: CompiledModel;
}

/** As many as make a call's own cost small; every one has nodes of its own in the model. */
const MOST_WRITTEN_OUT = 16;

/** How many steps a call takes where they are written out: so many that the calls of an epoch are alike. */
function stepsOfCall(stepsOfEpoch: number): number {
  let steps = Math.min(MOST_WRITTEN_OUT, Math.max(1, stepsOfEpoch));
  while (stepsOfEpoch % steps !== 0) steps--;
  return steps;
}

/**
 * @param slots for how many trials at once; without it, for one alone.
 * @param provider what the models are for.
 */
export function compileProgram(
  settings: ProgramSettings,
  precision: Precision,
  slots?: Slots,
  provider: Provider = "cpu",
): Program {
  const { task, groups, batchSize } = settings;
  const { outline, init, train, evaluated, evaluate } = programFunctions(settings);
  const { turns, scheduled, params, state, buffers } = outline;
  const coefficients = Object.keys(coefficientSpecs(groups));
  const perSeed = (...inputs: string[]) => slots?.shareRows ? [] : inputs;
  const noise = Object.keys(task.noise ?? {}).map(noiseName);
  const testNoise = Object.keys(task.testNoise ?? {}).map(noiseName);
  const rate = scheduled ? [LEARNING_RATE_FACTOR] : [];
  const together = (...inputs: string[]) => slots && { size: slots.count, inputs };
  const once = ({ fn, specs }: Step<Specs>, ...apart: string[]) =>
    compileFunction(fn, specs, precision, together(...apart), { provider });
  const loop = ({ fn, specs }: Step<LoopSpecs>, steps: number, ...apart: string[]) =>
    compileLoop(fn, specs, precision, together(...apart), { provider, steps });
  // Kinds that take turns have few steps of a kind one after another.
  const steps = turns.length > 1 ? 1 : stepsOfCall(Math.floor(task.data.trainRows / batchSize));
  const testSteps = stepsOfCall(Math.floor(task.data.testRows / testBatchSize(task)));
  const apart = [...params, ...state, ...buffers, ...coefficients, ...rate, ...perSeed(ROWS, ...noise)];
  return {
    ...outline,
    slots,
    init: init && once(init, ...params, ...coefficients),
    train: mapValues(train, (step) => loop(step, steps, ...apart)),
    evaluated: evaluated && once(evaluated, ...params, ...state, ...coefficients),
    evaluate: loop(evaluate, testSteps, ...params, ...buffers, ...perSeed(...testNoise)),
  };
}
