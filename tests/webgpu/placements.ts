/**
 * A program that loads models of tasks and optimizers for WebGPU and lets the runtime say on stderr where it places their
 * nodes. Before each stands a line with `MODEL` and its name.
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import * as ort from "onnxruntime-node";
import type { CompiledModel } from "../../engine/compile.ts";
import { ElementType, encodeModel } from "../../engine/onnx.ts";
import { resolve } from "../../optim/coefficients.ts";
import { partition } from "../../optim/groups.ts";
import { type Declaration, type Declarations, resolveHyperValues } from "../../optim/hyperparameter.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { getOptimizer, optimizerNames, ownHyperparameters } from "../../optim/registry.ts";
import { compileProgram, type Slots } from "../../study/training/program.ts";
import { splitConfiguration } from "../../study/training/structure.ts";
import { getTask, tasks } from "../../tasks/registry.ts";
import { rolesOf, type Task } from "../../tasks/task.ts";

const placed = new Set<string>();

async function place(label: string, bytes: Uint8Array): Promise<void> {
  const content = Buffer.from(bytes).toString("base64");
  if (placed.has(content)) return;
  placed.add(content);
  console.error(`MODEL ${label}`);
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["webgpu"],
    logSeverityLevel: 0,
  });
  await session.release();
}

const BATCH = 4;

/** One step an epoch: nodes of further steps would be placed like those of the first. */
function short(task: Task): Task {
  const data = { ...task.data, trainRows: BATCH, testRows: BATCH };
  return { ...task, batchSize: BATCH, testBatchSize: BATCH, data };
}

type Given = Readonly<Record<string, unknown>>;

async function placeProgram(task: Task, optimizer: Optimizer, given: Given, slots?: Slots): Promise<void> {
  const { groups } = splitConfiguration(optimizer, partition(rolesOf(task), []), resolve(optimizer, given));
  const settings = { task: short(task), optimizer, groups, batchSize: BATCH, scheduled: true };
  const { init, train, evaluated, evaluate } = compileProgram(settings, "float32", slots, "webgpu");
  const models: Record<string, CompiledModel | undefined> = { init, ...train, evaluated, evaluate };
  for (const [name, model] of Object.entries(models)) {
    const company = slots ? `${slots.count} slots` : "alone";
    const label = [task.name, optimizer.name, JSON.stringify(given), company, name].join(" ");
    if (model) await place(label, model.bytes);
  }
}

/** The other structure that a hyper-parameter allows, where there is one. */
function other(declaration: Declaration): unknown {
  if (declaration.kind === "flag") return !declaration.default;
  if (declaration.kind !== "number" || !declaration.zeroIsOff) return undefined;
  return declaration.default === 0 ? 0.5 : 0;
}

/** An optimizer's structures: its own, and with one hyper-parameter off that is on, or on that is off. */
function structures(optimizer: Optimizer, declarations: Declarations): Given[] {
  const base = { lr: 0.1, ...optimizer.hyperparameters.momentum && { momentum: 0.9 } };
  const others = Object.entries(declarations).flatMap(([name, declaration]): Given[] => {
    const value = other(declaration);
    return value === undefined ? [] : [{ ...base, [name]: value }];
  });
  return [base, ...others.filter((given) => !conflict(optimizer, given))];
}

function conflict({ hyperparameters, conflict }: Optimizer, given: Given): string | undefined {
  return conflict?.(resolveHyperValues("test", hyperparameters, given));
}

/** One task for each network. */
const networks = new Map(Object.values(tasks).map((task) => [JSON.stringify(task.parameters), task]));

const two = { count: 2, shareRows: false };
const sgd = getOptimizer("sgd");

/** For comparison: the provider has no such operator. */
await place(
  "control",
  encodeModel({
    name: "control",
    nodes: [{ op: "Mod", inputs: ["x", "x"], outputs: ["y"], attributes: { fmod: 1 } }],
    initializers: [],
    inputs: [{ name: "x", type: ElementType.float, shape: [4] }],
    outputs: [{ name: "y", type: ElementType.float, shape: [4] }],
  }),
);
for (const task of networks.values()) {
  for (const slots of [undefined, two]) await placeProgram(task, sgd, { lr: 0.1 }, slots);
}
for (const name of optimizerNames) {
  const optimizer = getOptimizer(name);
  // What all optimizers share is tried with one of them.
  const declarations = name === sgd.name ? sgd.hyperparameters : ownHyperparameters(name);
  for (const given of structures(optimizer, declarations)) {
    await placeProgram(getTask("digits_logreg"), optimizer, given);
  }
  await placeProgram(getTask("mnist_2c2d"), optimizer, { lr: 0.1 }, two);
}
process.exit(0);
