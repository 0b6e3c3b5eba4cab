/** The functions that a program is compiled from: each is the composition of a task and an optimizer. */
import type { Scalar } from "@tensorflow/tfjs";
import type { LoopSpecs, Specs } from "../../engine/compile.ts";
import type { TensorFunction } from "../../engine/trace.ts";
import type { Group, Optimizer, Point, Tensors } from "../../optim/optimizer.ts";
import { type Task, testBatchSize } from "../../tasks/task.ts";
import { bufferName, LEARNING_RATE_FACTOR, ROWS, TRAJECTORY } from "./names.ts";
import { stepObjective } from "./objective.ts";
import type { RunningStatistics } from "../settings/settings.ts";
import { buffersOf, dataSpecs, floatSpecs, gather, noiseOf, noiseSpecs, paramsOf, renamed } from "./specs.ts";
import { flattenState, unflattenState } from "./state.ts";
import { coefficientSpecs, type GroupStructure, hyperGroups } from "./structure.ts";

/** What a program is made for. */
export interface ProgramSettings {
  readonly task: Task;
  readonly optimizer: Optimizer;
  readonly groups: readonly GroupStructure[];
  readonly batchSize: number;
  /** Whether each step is fed a factor of the learning rate. Default: not. */
  readonly scheduled?: boolean;
  /** Parts of a batch whose gradients are taken one after another. Default: 1. */
  readonly accumulate?: number;
  /** Default: `first`. */
  readonly runningStatistics?: RunningStatistics;
}

/** A function of tensors with its inputs. */
export interface Step<S> {
  readonly fn: TensorFunction;
  readonly specs: S;
}

/** From parameters to the optimizer's state. */
export function initialState({ task, optimizer, groups }: ProgramSettings): Step<Specs> {
  return {
    fn: (inputs) => flattenState(optimizer.init(paramsOf(task, inputs), hyperGroups(groups, inputs))),
    specs: { ...floatSpecs(task.parameters), ...coefficientSpecs(groups) },
  };
}

/**
 * From one point of the training to the next, on a batch of rows.
 *
 * @param turn the kind of step, for an optimizer that has several.
 */
export function trainingStep(settings: ProgramSettings, state: Specs, turn?: string) {
  const { task, optimizer, groups, batchSize, scheduled } = settings;
  const { accumulate = 1, runningStatistics = "first" } = settings;
  return {
    fn: (inputs: Tensors) => {
      const { objective, buffers } = stepObjective({ task, accumulate, runningStatistics }, inputs);
      const hyper = hyperGroups(groups, inputs);
      const rates = scheduled ? atRate(hyper, inputs[LEARNING_RATE_FACTOR] as Scalar) : hyper;
      const next = optimizer.step(objective, pointOf(task, inputs, state), rates, turn);
      return {
        ...next.params,
        ...flattenState(next.state),
        ...renamed(buffers(), bufferName),
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
        ...scheduled && { [LEARNING_RATE_FACTOR]: { shape: [], dtype: "float" } },
      } as Specs,
      stopUnlessFinite: "loss",
    },
  } satisfies Step<LoopSpecs>;
}

/** From a point of the training to the parameters that the model is evaluated with. */
export function evaluationPoint({ task, optimizer, groups }: ProgramSettings, state: Specs): Step<Specs> {
  return {
    fn: (inputs) => ({ ...optimizer.evaluated(pointOf(task, inputs, state), hyperGroups(groups, inputs)) }),
    specs: { ...floatSpecs(task.parameters), ...state, ...coefficientSpecs(groups) },
  };
}

/** What a task measures on a batch of test rows. */
export function evaluationStep({ task }: ProgramSettings): Step<LoopSpecs> {
  const batchSize = testBatchSize(task);
  return {
    fn: (inputs) => {
      const { loss, accuracy } = task.evaluate(
        paramsOf(task, inputs),
        gather(task.data, inputs, inputs[ROWS]),
        { noise: noiseOf(task.testNoise, inputs), buffers: buffersOf(task, inputs) },
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

function pointOf(task: Task, inputs: Tensors, state: Specs): Point {
  return {
    params: paramsOf(task, inputs),
    state: unflattenState(inputs, Object.keys(task.parameters), Object.keys(state)),
  };
}

/** The groups with the learning rate that holds at a step. */
function atRate(groups: readonly Group[], factor: Scalar): Group[] {
  return groups.map(({ parameters, hyper }) => ({
    parameters,
    hyper: { ...hyper, lr: (hyper.lr as Scalar).mul(factor) as Scalar },
  }));
}
