/** The tasks that train on a table of the user's own: a network or a linear model, on classes or on numbers. */
import type { Scalar } from "@tensorflow/tfjs";
import { DatasetError } from "../../datasets/error.ts";
import { readTable, type TableChoice } from "../../datasets/table.ts";
import type { Tensors } from "../../optim/optimizer.ts";
import { type DenseNetwork, denseNetwork } from "../layers/dense_network.ts";
import { glorotUniform, zeros } from "../initializers.ts";
import { accuracy, crossEntropy } from "../layers/layers.ts";
import { keepLatest } from "./latest.ts";
import type { TableTaskChoice, TableTaskName } from "./table_choice.ts";
import type { Batch, Task } from "../task.ts";

const HIDDEN = [64, 32];
const BATCH_SIZE = 32;
const EPOCHS = 50;
const LARGEST_TEST_BATCH = 1024;

const latest = keepLatest();

/**
 * A task on a table. Its steps are of 32 rows (of all, where there are fewer to train on), and it takes 50 epochs.
 * Classes are judged by accuracy; numbers by the mean squared error of the standardised label, for which 1 is as good
 * as always naming the mean. The target is to make half the error of the best constant answer.
 *
 * @throws {DatasetError} for a table that cannot be read, or whose label the task is not for.
 * @throws {RangeError} for hidden layers where there are none, or ones that are no positive integers.
 */
export function tableTask(name: TableTaskName, choice: TableTaskChoice): Task {
  return latest(choice.file, { name, ...choice }, () => makeTask(name, choice));
}

function makeTask(name: TableTaskName, choice: TableTaskChoice): Task {
  const hidden = hiddenLayers(name, choice.hidden);
  const table = readTable({ ...choice, labelType: labelType(name, choice) });
  const { features, label, baseline } = table;
  const units = [features.length, ...hidden, label.type === "class" ? label.classes.length : 1];
  const weights = name === "mlp" ? glorotUniform() : zeros();
  const { parameters, outputs } = denseNetwork({ units, activation: "relu", weights });
  return {
    // Studies are told apart by the names of their tasks.
    name: `${name}_${table.name}`,
    summary: `${table.summary}, ${name === "mlp" ? `${units.join("-")} ReLU network` : `${name} from zeros`}`,
    data: table,
    batchSize: Math.min(BATCH_SIZE, table.trainRows),
    testBatchSize: testBatch(table.testRows),
    epochs: EPOCHS,
    parameters,
    ...(label.type === "class" ? classification(outputs, baseline) : regression(outputs, baseline)),
  };
}

type Outputs = DenseNetwork["outputs"];
type Objective = Pick<Task, "metric" | "target" | "loss" | "evaluate">;

/** Softmax cross-entropy, judged by accuracy. */
function classification(outputs: Outputs, baseline: number): Objective {
  return {
    metric: "accuracy",
    target: 1 - (1 - baseline) / 2,
    loss: (params, { inputs, labels }) => crossEntropy(outputs(params, inputs), labels),
    evaluate(params, { inputs, labels }) {
      const scores = outputs(params, inputs);
      return { loss: crossEntropy(scores, labels), accuracy: accuracy(scores, labels) };
    },
  };
}

/** Mean squared error. */
function regression(outputs: Outputs, baseline: number): Objective {
  const loss = (params: Tensors, { inputs, targets }: Batch): Scalar =>
    outputs(params, inputs).reshape(targets.shape).sub(targets).square().mean();
  return {
    metric: "loss",
    target: baseline / 2,
    loss,
    evaluate: (params, batch) => ({ loss: loss(params, batch) }),
  };
}

function labelType(name: TableTaskName, { file, labelType }: TableChoice) {
  if (name === "mlp") return labelType;
  const own = name === "logreg" ? "class" : "number";
  if (labelType !== undefined && labelType !== own) {
    const fit = own === "class" ? "linear" : "logreg";
    throw new DatasetError(`Cannot train ${name} on ${file} with a ${labelType} as label: use ${fit} or mlp`);
  }
  return own;
}

function hiddenLayers(name: TableTaskName, hidden: readonly number[] | undefined): readonly number[] {
  if (name === "mlp") {
    const wrong = hidden?.find((units) => !(Number.isSafeInteger(units) && units > 0));
    if (wrong === undefined) return hidden ?? HIDDEN;
    throw new RangeError(`Invalid hidden layer of ${wrong} units: expected a positive integer`);
  }
  if (hidden === undefined) return [];
  throw new RangeError(`Cannot give ${name} hidden layers: use mlp, or leave them out`);
}

/** As few batches as there can be, and of them as few rows left over as there can be: less than one a batch. */
function testBatch(rows: number): number {
  return Math.floor(rows / Math.ceil(rows / LARGEST_TEST_BATCH));
}
