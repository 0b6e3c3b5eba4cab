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
import {
  type Batch,
  type Extra,
  type Initialized,
  type Noise,
  type Task,
  testBatchSize,
} from "../tasks/task.ts";
import {
  bufferName,
  coefficientName,
  dataName,
  LEARNING_RATE_FACTOR,
  noiseName,
  ROWS,
  TRAJECTORY,
} from "./names.ts";
import type { RunningStatistics } from "./settings.ts";

/** What a program is made for. */
export interface ProgramSettings {
  readonly task: Task;
  readonly optimizer: Optimizer;
  readonly groups: readonly GroupStructure[];
  readonly batchSize: number;
  /** Default: `first`. */
  readonly runningStatistics?: RunningStatistics;
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
  /** Whether all of them visit the rows in the same order, and draw the same noise. */
  readonly shareRows: boolean;
}

/** Compiled. Plain data: a program can be sent to the thread that runs it. */
export interface Program {
  /** Absent in a program for one trial, without the axis of slots. */
  readonly slots?: Slots;
  /** Parameters and coefficients to the optimizer's state; absent where it keeps none. */
  readonly init?: CompiledModel;
  /**
   * A loop over batches: parameters, state, buffers, coefficients, data, row numbers and noise to parameters, state,
   * buffers and `loss`; where the task has a landscape, also to `trajectory`, the parameters after each step.
   */
  readonly train: CompiledModel;
  /** A loop over batches: parameters, buffers, data, row numbers and noise to `loss` and, of a classifier, `accuracy`. */
  readonly evaluate: CompiledModel;
  /** Names of the parameters, of the state's slots (`w1/momentum_buffer`), and of the buffers. */
  readonly params: readonly string[];
  readonly state: readonly string[];
  readonly buffers: readonly string[];
}

/** A function of tensors with its inputs. */
export interface Step<S> {
  readonly fn: TensorFunction;
  readonly specs: S;
}

/** @param slots for how many trials at once; without it, for one alone. */
export function compileProgram(settings: ProgramSettings, precision: Precision, slots?: Slots): Program {
  const { task } = settings;
  const params = Object.keys(task.parameters);
  const buffers = Object.keys(task.buffers ?? {}).map(bufferName);
  const coefficients = Object.keys(coefficientSpecs(settings.groups));
  const together = (...inputs: string[]) => slots && { size: slots.count, inputs };
  const perSeed = (...inputs: string[]) => slots?.shareRows ? [] : inputs;

  const init = initialState(settings);
  const state = specsOf(trace(init.fn, init.specs).outputs);
  const slotNames = Object.keys(state);
  const train = trainingStep(settings, state);
  const evaluate = evaluationStep(settings);
  const noise = Object.keys(task.noise ?? {}).map(noiseName);
  const testNoise = Object.keys(task.testNoise ?? {}).map(noiseName);
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
      together(...params, ...slotNames, ...buffers, ...coefficients, ...perSeed(ROWS, ...noise)),
    ),
    evaluate: compileLoop(
      evaluate.fn,
      evaluate.specs,
      precision,
      together(...params, ...buffers, ...perSeed(...testNoise)),
    ),
    params,
    state: slotNames,
    buffers,
  };
}

/** From parameters to the optimizer's state. */
export function initialState({ task, optimizer, groups }: ProgramSettings): Step<Specs> {
  return {
    fn: (inputs) => flattenState(optimizer.init(paramsOf(task, inputs), hyperGroups(groups, inputs))),
    specs: { ...floatSpecs(task.parameters), ...coefficientSpecs(groups) },
  };
}

/** From one point of the training to the next, on a batch of rows. */
export function trainingStep(settings: ProgramSettings, state: Specs) {
  const { task, optimizer, groups, batchSize, runningStatistics } = settings;
  return {
    fn: (inputs: Tensors) => {
      const batch = gather(task.data, inputs);
      const extra = extraOf(inputs, task.noise, task.buffers);
      const passes: Tensors[] = [];
      const evaluate = lossAndGradients((params) => task.loss(params, batch, extra));
      const gradient = (params: Tensors) => {
        const { buffers, ...evaluation } = evaluate(params);
        passes.push(buffers);
        return evaluation;
      };
      const params = paramsOf(task, inputs);
      const point = { params, state: unflattenState(inputs, Object.keys(params), Object.keys(state)) };
      const next = optimizer.step(gradient, point, scheduled(hyperGroups(groups, inputs), inputs));
      const buffers = { ...extra.buffers, ...passes.at(runningStatistics === "last" ? -1 : 0) };
      return {
        ...next.params,
        ...flattenState(next.state),
        ...renamed(buffers, bufferName),
        ...task.landscape && { [TRAJECTORY]: Object.values(next.params)[0].clone() },
        loss: next.loss,
      };
    },
    specs: {
      carried: { ...floatSpecs(task.parameters), ...state, ...renamed(floatSpecs(task.buffers), bufferName) },
      fixed: { ...coefficientSpecs(groups), ...dataSpecs(task.data, task.data.trainRows) },
      scanned: {
        [ROWS]: { shape: [batchSize], dtype: "int32" },
        ...noiseSpecs(task.noise, batchSize),
        ...task.learningRate && { [LEARNING_RATE_FACTOR]: { shape: [], dtype: "float" } },
      } as Specs,
      stopUnlessFinite: "loss",
    },
  } satisfies Step<LoopSpecs>;
}

/** What a task measures on a batch of test rows. */
function evaluationStep({ task }: ProgramSettings): Step<LoopSpecs> {
  const batchSize = testBatchSize(task);
  return {
    fn: (inputs) => {
      const { loss, accuracy } = task.evaluate(
        paramsOf(task, inputs),
        gather(task.data, inputs),
        extraOf(inputs, task.testNoise, task.buffers),
      );
      if (task.metric === "accuracy" && accuracy === undefined) {
        throw new Error(`${task.name} is judged by accuracy, but its evaluate returns none`);
      }
      return { loss, ...accuracy && { accuracy } } as Tensors;
    },
    specs: {
      carried: {},
      fixed: {
        ...floatSpecs(task.parameters),
        ...renamed(floatSpecs(task.buffers), bufferName),
        ...dataSpecs(task.data, task.data.testRows),
      },
      scanned: {
        [ROWS]: { shape: [batchSize], dtype: "int32" },
        ...noiseSpecs(task.testNoise, batchSize),
      },
    },
  };
}

function floatSpecs(tensors: Initialized = {}): Specs {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape }]) => [name, { shape, dtype: "float" }]),
  );
}

function noiseSpecs(noise: Readonly<Record<string, Noise>> = {}, batchSize: number): Specs {
  return Object.fromEntries(
    Object.entries(noise).map(([name, { kind, shape }]) => [
      noiseName(name),
      { shape: [batchSize, ...shape], dtype: kind === "bernoulli" ? "uint8" : "float" },
    ]),
  );
}

function dataSpecs({ columns }: DatasetSource, rows: number): Specs {
  return Object.fromEntries(
    Object.entries(columns).map((
      [name, { shape, dtype }],
    ) => [dataName(name), { shape: [rows, ...shape], dtype }]),
  );
}

function renamed<T>(
  record: Readonly<Record<string, T>>,
  rename: (name: string) => string,
): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [rename(name), value]));
}

function paramsOf({ parameters }: Task, inputs: Tensors): Tensors {
  return Object.fromEntries(Object.keys(parameters).map((name) => [name, inputs[name]]));
}

function extraOf(inputs: Tensors, noise: Task["noise"] = {}, buffers: Task["buffers"] = {}): Extra {
  const named = (names: object, rename: (name: string) => string) =>
    Object.fromEntries(Object.keys(names).map((name) => [name, inputs[rename(name)]]));
  return { noise: named(noise, noiseName), buffers: named(buffers, bufferName) };
}

function gather({ columns }: DatasetSource, inputs: Tensors): Batch {
  const rows = inputs[ROWS] as Tensor1D;
  return Object.fromEntries(Object.keys(columns).map((name) => [name, inputs[dataName(name)].gather(rows)]));
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

/** The groups with the learning rate that holds at a step of a task with a schedule. */
function scheduled(groups: readonly Group<Coefficients>[], inputs: Tensors): readonly Group<Coefficients>[] {
  if (!Object.hasOwn(inputs, LEARNING_RATE_FACTOR)) return groups;
  return groups.map(({ parameters, hyper }) => ({
    parameters,
    hyper: { ...hyper, lr: (hyper.lr as Scalar).mul(inputs[LEARNING_RATE_FACTOR]) as Scalar },
  }));
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
