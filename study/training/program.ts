/**
 * The programs of a trial: an optimizer's initial state, training, and evaluation. They hold for every configuration of
 * the same structure.
 */
import {
  type CompiledModel,
  compileFunction,
  compileLoop,
  type Specs,
  specsOf,
} from "../../engine/compile.ts";
import type { Precision } from "../../engine/lower.ts";
import { trace } from "../../engine/trace.ts";
import { bufferName, LEARNING_RATE_FACTOR, noiseName, ROWS } from "./names.ts";
import {
  evaluationPoint,
  evaluationStep,
  initialState,
  type ProgramSettings,
  trainingStep,
} from "./steps.ts";
import { coefficientSpecs } from "./structure.ts";

/** Trials that a program trains together: everything that differs between them has one more axis in front, of slots. */
export interface Slots {
  readonly count: number;
  /** Whether all of them visit the rows in the same order, and draw the same noise. */
  readonly shareRows: boolean;
}

/** Compiled. Plain data: a program can be sent to the thread that runs it. */
export interface Program {
  /** Absent in a program for one trial, without the axis of slots. */
  readonly slots?: Slots;
  /** Parameters and coefficients to the optimizer's state; absent where it keeps none. */
  readonly init?: CompiledModel;
  /** The kinds of steps that take turns, over and over; of most optimizers, one. */
  readonly turns: readonly string[];
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
  /** Whether `train` takes the factor of each step's learning rate. */
  readonly scheduled: boolean;
  /** Names of the parameters, of the state's slots (`w1/momentum_buffer`), and of the buffers. */
  readonly params: readonly string[];
  readonly state: readonly string[];
  readonly buffers: readonly string[];
}

/** The turn of an optimizer whose steps are all alike. */
const EVERY_STEP = "step";

/** @param slots for how many trials at once; without it, for one alone. */
export function compileProgram(settings: ProgramSettings, precision: Precision, slots?: Slots): Program {
  const { task, optimizer, groups, scheduled = false } = settings;
  const params = Object.keys(task.parameters);
  const buffers = Object.keys(task.buffers ?? {}).map(bufferName);
  const coefficients = Object.keys(coefficientSpecs(groups));
  const together = (...inputs: string[]) => slots && { size: slots.count, inputs };
  const perSeed = (...inputs: string[]) => slots?.shareRows ? [] : inputs;
  const noise = Object.keys(task.noise ?? {}).map(noiseName);
  const testNoise = Object.keys(task.testNoise ?? {}).map(noiseName);

  const init = initialState(settings);
  const state = specsOf(trace(init.fn, init.specs).outputs);
  const slotNames = Object.keys(state);
  const turns = optimizer.turns?.(groups[0].literals) ?? [EVERY_STEP];
  const trainInTurn = (turn: string) => {
    const { fn, specs } = trainingStep(settings, state, turn);
    const rate = scheduled ? [LEARNING_RATE_FACTOR] : [];
    const apart = [...params, ...slotNames, ...buffers, ...coefficients, ...rate, ...perSeed(ROWS, ...noise)];
    return compileLoop(fn, specs, precision, together(...apart));
  };
  const evaluate = evaluationStep(settings);
  return {
    slots,
    // The runtime refuses a model without results.
    init: slotNames.length > 0
      ? compileFunction(init.fn, init.specs, precision, together(...params, ...coefficients))
      : undefined,
    turns,
    train: Object.fromEntries([...new Set(turns)].map((turn) => [turn, trainInTurn(turn)])),
    evaluated: compileEvaluationPoint(
      settings,
      state,
      precision,
      together(...params, ...slotNames, ...coefficients),
    ),
    evaluate: compileLoop(
      evaluate.fn,
      evaluate.specs,
      precision,
      together(...params, ...buffers, ...perSeed(...testNoise)),
    ),
    scheduled,
    params,
    state: slotNames,
    buffers,
  };
}

function compileEvaluationPoint(
  settings: ProgramSettings,
  state: Specs,
  precision: Precision,
  together: { size: number; inputs: string[] } | undefined,
): CompiledModel | undefined {
  const { fn, specs } = evaluationPoint(settings, state);
  const { inputs, outputs } = trace(fn, specs);
  const isItself = Object.entries(outputs).every(([name, node]) => node === inputs[name]);
  return isItself ? undefined : compileFunction(fn, specs, precision, together);
}
