/**
 * The compiled programs of a trial: an optimizer's initial state, training, and evaluation. Each is the composition of a
 * task and an optimizer, and holds for every configuration of the same structure.
 */
import type { Scalar, Tensor, Tensor1D } from "@tensorflow/tfjs";
import { type CompiledModel, compileFunction, compileLoop, type Specs } from "../engine/compile.ts";
import { lossAndGradients } from "../engine/gradient.ts";
import type { Precision } from "../engine/lower.ts";
import type { DatasetSource } from "../datasets/dataset.ts";
import type { Coefficient, Coefficients, Group, Optimizer, State } from "../optim/optimizer.ts";
import type { Batch, Task } from "../tasks/task.ts";

/** Plain data: a program can be sent to the thread that runs it. */
export interface Program {
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

/** A group's structure: which parameters it has, its literal coefficients, the names of those that are fed. */
export interface GroupStructure {
  readonly parameters: readonly string[];
  readonly literals: Readonly<Record<string, boolean | 0>>;
  readonly inputs: readonly string[];
}

type Inputs = Readonly<Record<string, Tensor>>;

export function compileProgram(
  task: Task,
  data: DatasetSource,
  optimizer: Optimizer,
  groups: readonly GroupStructure[],
  batchSize: number,
  precision: Precision,
): Program {
  const params: Specs = Object.fromEntries(
    Object.entries(task.parameters).map(([name, { shape }]) => [name, { shape, dtype: "float" }]),
  );
  const hyper = coefficientSpecs(groups);
  const split = (inputs: Inputs) =>
    Object.fromEntries(Object.keys(params).map((name) => [name, inputs[name]]));

  let init: CompiledModel | undefined = compileFunction(
    (inputs) => flattenState(optimizer.init(split(inputs), hyperGroups(groups, inputs))),
    { ...params, ...hyper },
    precision,
  );
  const state = init.outputs;
  // The runtime refuses a model without results.
  if (Object.keys(state).length === 0) init = undefined;

  const train = compileLoop(
    (inputs) => {
      const gradient = lossAndGradients((params) => task.loss(params, gather(inputs)));
      const point = {
        params: split(inputs),
        state: unflattenState(inputs, Object.keys(params), Object.keys(state)),
      };
      const next = optimizer.step(gradient, point, hyperGroups(groups, inputs));
      return { ...next.params, ...flattenState(next.state), loss: next.loss };
    },
    {
      carried: { ...params, ...state },
      fixed: { ...hyper, ...dataSpecs(data, data.trainRows) },
      scanned: { rows: { shape: [batchSize], dtype: "int32" } },
      stopUnlessFinite: "loss",
    },
    precision,
  );

  const evaluate = compileLoop(
    (inputs) => task.evaluate(split(inputs), gather(inputs)),
    {
      carried: {},
      fixed: { ...params, ...dataSpecs(data, data.testRows) },
      scanned: { rows: { shape: [task.batchSize], dtype: "int32" } },
    },
    precision,
  );
  return { init, train, evaluate, params: Object.keys(params), state: Object.keys(state) };
}

/** The name of a group's coefficient among a program's inputs. */
export function coefficientName(group: number, name: string): string {
  return `hyper/${group}/${name}`;
}

export function coefficientSpecs(groups: readonly GroupStructure[]): Specs {
  const specs: Record<string, { shape: number[]; dtype: "float" }> = {};
  groups.forEach(({ inputs }, group) => {
    for (const name of inputs) specs[coefficientName(group, name)] = { shape: [], dtype: "float" };
  });
  return specs;
}

export function hyperGroups(groups: readonly GroupStructure[], inputs: Inputs): Group<Coefficients>[] {
  return groups.map(({ parameters, literals, inputs: names }, group) => {
    const hyper: Record<string, Coefficient> = { ...literals };
    for (const name of names) hyper[name] = inputs[coefficientName(group, name)] as Scalar;
    return { parameters, hyper };
  });
}

export function flattenState(state: State): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(state).flatMap(([name, slots]) =>
      Object.entries(slots).map(([slot, tensor]) => [`${name}/${slot}`, tensor])
    ),
  );
}

export function unflattenState(inputs: Inputs, params: readonly string[], slots: readonly string[]): State {
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

function gather({ inputs, labels, rows }: Inputs): Batch {
  return { inputs: inputs.gather(rows as Tensor1D), labels: labels.gather(rows as Tensor1D) };
}
