/** What an optimizer is asked to reduce at a step: a task's loss on the step's rows, whole or part by part. */
import type { Scalar } from "@tensorflow/tfjs";
import { lossAndGradients } from "../../engine/gradient.ts";
import { sumOverParts } from "../../engine/parts.ts";
import type { Evaluation, Objective, Tensors } from "../../optim/optimizer.ts";
import type { Task } from "../../tasks/task.ts";
import { noiseName, ROWS } from "./names.ts";
import type { RunningStatistics } from "../settings/settings.ts";
import { buffersOf, gather, noiseOf } from "./specs.ts";

export interface ObjectiveSettings {
  readonly task: Task;
  /** Into how many parts every evaluation is divided, to need the memory of one. */
  readonly accumulate: number;
  readonly runningStatistics: RunningStatistics;
}

/** An objective, and what its evaluations leave behind. */
export interface StepObjective {
  readonly objective: Objective;
  /** The buffers after the step, by the task's names; to be asked for once the step is done. */
  buffers(): Tensors;
}

/** @param inputs those of a training step, by the program's names. */
export function stepObjective(settings: ObjectiveSettings, inputs: Tensors): StepObjective {
  const { task } = settings;
  const byRow = [ROWS, ...Object.keys(task.noise ?? {}).map(noiseName)];
  const rows = Object.fromEntries(byRow.map((name) => [name, inputs[name]]));
  return objectiveOn(settings, inputs, rows, buffersOf(task, inputs));
}

/**
 * @param data the columns, whole
 * @param rows the numbers of some rows, and their noise
 * @param buffers as they are before the step
 */
function objectiveOn(
  settings: ObjectiveSettings,
  data: Tensors,
  rows: Tensors,
  buffers: Tensors,
): StepObjective {
  const { task, accumulate, runningStatistics } = settings;
  const passes: Tensors[] = [];
  const overParts = (
    parts: number,
    evaluate: (rows: Tensors, buffers: Tensors) => Evaluation & { readonly buffers: Tensors },
  ): Evaluation => {
    if (parts === 1) {
      const { buffers: after, ...evaluation } = evaluate(rows, buffers);
      passes.push(after);
      return evaluation;
    }
    const { sums, carried } = sumOverParts(parts, rows, buffers, (part, before) => {
      const { loss, gradients, buffers } = evaluate(part, before);
      const present = Object.entries(gradients).flatMap(([name, g]) => g === null ? [] : [[name, g]]);
      return { sums: { ...Object.fromEntries(present), [LOSS]: loss }, carried: buffers };
    });
    passes.push(carried);
    const { [LOSS]: loss, ...gradients } = sums;
    return {
      loss: loss.div(parts) as Scalar,
      gradients: Object.fromEntries(
        Object.keys(task.parameters).map((name) => [name, gradients[name]?.div(parts) ?? null]),
      ),
    };
  };
  const evaluateRows = (params: Tensors) => (rows: Tensors, buffers: Tensors) => {
    const batch = gather(task.data, data, rows[ROWS]);
    const extra = { noise: noiseOf(task.noise, rows), buffers };
    const evaluation = lossAndGradients((params) => task.loss(params, batch, extra))(params);
    return { ...evaluation, buffers: { ...buffers, ...evaluation.buffers } };
  };
  const objective = Object.assign((params: Tensors) => overParts(accumulate, evaluateRows(params)), {
    overParts: (parts: number, evaluate: (part: Objective) => Evaluation) =>
      overParts(parts, (rows, buffers) => {
        const part = objectiveOn(settings, data, rows, buffers);
        return { ...evaluate(part.objective), buffers: part.buffers() };
      }),
  });
  return { objective, buffers: () => passes.at(runningStatistics === "last" ? -1 : 0) ?? buffers };
}

/** Beside the gradients, which have the names of parameters. */
const LOSS = "loss";
