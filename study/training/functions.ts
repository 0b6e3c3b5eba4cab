/** The functions of a program, each with what it takes: compiled (program.ts), or run eagerly (eager.ts). */
import { type LoopSpecs, type Specs, specsOf } from "../../engine/compile.ts";
import { trace } from "../../engine/trace.ts";
import { bufferName } from "./names.ts";
import type { Outline } from "./program.ts";
import {
  evaluationPoint,
  evaluationStep,
  initialState,
  type ProgramSettings,
  type Step,
  trainingStep,
} from "./steps.ts";

/** What a program does, however it runs. */
export interface ProgramFunctions {
  readonly outline: Outline;
  /** Absent where the optimizer keeps no state: the runtime refuses a model without results. */
  readonly init?: Step<Specs>;
  /** By kind of step. */
  readonly train: Readonly<Record<string, Step<LoopSpecs>>>;
  /** Absent where the parameters themselves are evaluated. */
  readonly evaluated?: Step<Specs>;
  readonly evaluate: Step<LoopSpecs>;
}

/** The turn of an optimizer whose steps are all alike. */
const EVERY_STEP = "step";

export function programFunctions(settings: ProgramSettings): ProgramFunctions {
  const { task, optimizer, groups, scheduled = false } = settings;
  const init = initialState(settings);
  const state = specsOf(trace(init.fn, init.specs).outputs);
  const turns = optimizer.turns?.(groups[0].literals) ?? [EVERY_STEP];
  const evaluated = evaluationPoint(settings, state);
  const { inputs, outputs } = trace(evaluated.fn, evaluated.specs);
  const isItself = Object.entries(outputs).every(([name, node]) => node === inputs[name]);
  return {
    outline: {
      turns,
      scheduled,
      params: Object.keys(task.parameters),
      state: Object.keys(state),
      buffers: Object.keys(task.buffers ?? {}).map(bufferName),
    },
    init: Object.keys(state).length > 0 ? init : undefined,
    train: Object.fromEntries(
      [...new Set(turns)].map((turn) => [turn, trainingStep(settings, state, turn)]),
    ),
    evaluated: isItself ? undefined : evaluated,
    evaluate: evaluationStep(settings),
  };
}

/** Each of some by name, made into something else. */
export function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  make: (value: T) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, make(value)]));
}
