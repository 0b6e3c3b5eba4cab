/**
 * The programs of a trial: an optimizer's initial state, training, and evaluation. Each is the composition of a task and
 * an optimizer, and holds for every configuration of the same structure.
 */
import type { Scalar, Tensor, Tensor1D } from "@tensorflow/tfjs";
import type { DatasetSource } from "../datasets/dataset.ts";
import {
  type CompiledModel,
  compileFunction,
  compileLoop,
  type LoopSpecs,
  type Specs,
  specsOf,
} from "../engine/compile.ts";
import { lossAndGradients } from "../engine/gradient.ts";
import type { Precision } from "../engine/lower.ts";
import { type TensorFunction, trace } from "../engine/trace.ts";
import type { Coefficient, Coefficients, Group, Optimizer, State, Tensors } from "../optim/optimizer.ts";
import type { Batch, Task } from "../tasks/task.ts";

/** What a program is made for. */
export interface ProgramSettings {
  readonly task: Task;
  readonly data: DatasetSource;
  readonly optimizer: Optimizer;
  readonly groups: readonly GroupStructure[];
  readonly batchSize: number;
}

/** A group's structure: which parameters it has, its literal coefficients, the names of those that are fed. */
export interface GroupStructure {
  readonly parameters: readonly string[];
  readonly literals: Readonly<Record<string, boolean | 0>>;
  readonly inputs: readonly string[];
}

/** Trials that a program trains together: everything that differs between them has one more axis in front, of slots. */
export interface Slots {
  readonly count: number;
  /** Whether all of them visit the rows in the same order. */
  readonly shareRows: boolean;
}

/** Compiled. Plain data: a program can be sent to the thread that runs it. */
export interface Program {
  /** Absent in a program for one trial, without the axis of slots. */
  readonly slots?: Slots;
  /** Parameters and coefficients to the optimizer's state; absent where it keeps none. */
  readonly init?: CompiledModel;
  /** A loop over batches: parameters, state, coefficients, data and row numbers to parameters, state and `loss`. */
  readonly train: CompiledModel;
  /** A loop over batches: parameters, data and row numbers to `loss` and `correct`. */
  readonly evaluate: CompiledModel;
  /** Names of the parameters, and of the state's slots (`w1/momentum_buffer`). */
  readonly params: readonly string[];
  readonly state: readonly string[];
}

/** A function of tensors with its inputs. */
export interface Step<S> {
  readonly fn: TensorFunction;
  readonly specs: S;
}

/** @param slots for how many trials at once; without it, for one alone. */
export function compileProgram(settings: ProgramSettings, precision: Precision, slots?: Slots): Program {
  const params = Object.keys(settings.task.parameters);
  const coefficients = Object.keys(coefficientSpecs(settings.groups));
  const together = (...inputs: string[]) => slots && { size: slots.count, inputs };

  const init = initialState(settings);
  const state = specsOf(trace(init.fn, init.specs).outputs);
  const slotNames = Object.keys(state);
  const train = trainingStep(settings, state);
  const rows = slots && !slots.shareRows ? ["rows"] : [];
  const evaluate = evaluationStep(settings);
  return {
    slots,
    // The runtime refuses a model without results.
    init: slotNames.length > 0
      ? compileFunction(init.fn, init.specs, precision, together(...params, ...coefficients))
      : undefined,
    train: compileLoop(
      train.fn,
      train.specs,
      precision,
      together(...params, ...slotNames, ...coefficients, ...rows),
    ),
    evaluate: compileLoop(evaluate.fn, evaluate.specs, precision, together(...params)),
    params,
    state: slotNames,
  };
}

/** From parameters to the optimizer's state. */
export function initialState({ task, optimizer, groups }: ProgramSettings): Step<Specs> {
  return {
    fn: (inputs) => flattenState(optimizer.init(paramsOf(task, inputs), hyperGroups(groups, inputs))),
    specs: { ...paramSpecs(task), ...coefficientSpecs(groups) },
  };
}

/** From one point of the training to the next, on a batch of rows. */
export function trainingStep({ task, data, optimizer, groups, batchSize }: ProgramSettings, state: Specs) {
  return {
    fn: (inputs: Tensors) => {
      const gradient = lossAndGradients((params) => task.loss(params, gather(inputs)));
      const params = paramsOf(task, inputs);
      const point = { params, state: unflattenState(inputs, Object.keys(params), Object.keys(state)) };
      const next = optimizer.step(gradient, point, hyperGroups(groups, inputs));
      return { ...next.params, ...flattenState(next.state), loss: next.loss };
    },
    specs: {
      carried: { ...paramSpecs(task), ...state },
      fixed: { ...coefficientSpecs(groups), ...dataSpecs(data, data.trainRows) },
      scanned: { rows: { shape: [batchSize], dtype: "int32" } },
      stopUnlessFinite: "loss",
    },
  } satisfies Step<LoopSpecs>;
}

/** Loss and correct answers on a batch of test rows. */
function evaluationStep({ task, data }: ProgramSettings): Step<LoopSpecs> {
  return {
    fn: (inputs) => task.evaluate(paramsOf(task, inputs), gather(inputs)),
    specs: {
      carried: {},
      fixed: { ...paramSpecs(task), ...dataSpecs(data, data.testRows) },
      scanned: { rows: { shape: [task.batchSize], dtype: "int32" } },
    },
  };
}

function paramSpecs({ parameters }: Task): Specs {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape }]) => [name, { shape, dtype: "float" }]),
  );
}

function paramsOf({ parameters }: Task, inputs: Tensors): Tensors {
  return Object.fromEntries(Object.keys(parameters).map((name) => [name, inputs[name]]));
}

/** The name of a group's coefficient among a program's inputs. */
export function coefficientName(group: number, name: string): string {
  return `hyper/${group}/${name}`;
}

export function coefficientSpecs(groups: readonly GroupStructure[]): Specs {
  const names = groups.flatMap(({ inputs }, group) => inputs.map((name) => coefficientName(group, name)));
  return Object.fromEntries(names.map((name) => [name, { shape: [], dtype: "float" }]));
}

/** The groups with their coefficients as an optimizer takes them. */
export function hyperGroups(groups: readonly GroupStructure[], inputs: Tensors): Group<Coefficients>[] {
  return groups.map(({ parameters, literals, inputs: names }, group) => {
    const hyper: Record<string, Coefficient> = { ...literals };
    for (const name of names) hyper[name] = inputs[coefficientName(group, name)] as Scalar;
    return { parameters, hyper };
  });
}

export function flattenState(state: State): Record<string, Tensor> {
  const flat: Record<string, Tensor> = {};
  for (const [name, slots] of Object.entries(state)) {
    for (const [slot, tensor] of Object.entries(slots)) flat[`${name}/${slot}`] = tensor;
  }
  return flat;
}

export function unflattenState(inputs: Tensors, params: readonly string[], slots: readonly string[]): State {
  const state: Record<string, Record<string, Tensor>> = Object.fromEntries(params.map((name) => [name, {}]));
  for (const flat of slots) {
    const slash = flat.lastIndexOf("/");
    state[flat.slice(0, slash)][flat.slice(slash + 1)] = inputs[flat];
  }
  return state;
}

function dataSpecs({ shape }: DatasetSource, rows: number): Specs {
  return {
    inputs: { shape: [rows, ...shape], dtype: "uint8" },
    labels: { shape: [rows], dtype: "uint8" },
  };
}

function gather({ inputs, labels, rows }: Tensors): Batch {
  return { inputs: inputs.gather(rows as Tensor1D), labels: labels.gather(rows as Tensor1D) };
}
