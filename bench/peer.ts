/**
 * `deno task bench:peer [WORD]...`: optbench beside PyTorch on the same work, turn by turn in one run. With words, only
 * the rows that have all of them in their names: `deno task bench:peer 2c2d lars`.
 *
 * Steps: each round, ours takes a call of steps and then PyTorch takes as many; what is compared is the median over the
 * rounds. PyTorch's images are random, as many as ours; for the tasks on CIFAR-10 so are ours. Both sides augment them.
 * PyTorch is as fast as we could make it (bench/pytorch/machine.py, networks.py); under momentum SGD there is a third
 * side, PyTorch as scripts are usually written (bench/plain.py), which augments and decays nothing.
 * Sweep of digits_mlp: 48 trials of LARS, 30 epochs, as a whole process (ours, with its start) against the loop over
 * trials alone (PyTorch's, without its start), one trial after another on one thread.
 * Sweep of mnist_logreg: the steps of 32 configurations, ours trained together in groups, PyTorch's one after another;
 * milliseconds of one step of one configuration.
 *
 * A table goes to stderr, JSON to stdout.
 */
import process from "node:process";
import { mnist } from "../datasets/mnist.ts";
import type { OptimizerName } from "../optim/registry.ts";
import { Training } from "../study/timing/training.ts";
import { cifar10With3c3d } from "../tasks/3c3d.ts";
import { denseClassifier } from "../tasks/classifier.ts";
import { truncatedNormal } from "../tasks/initializers.ts";
import { getTask } from "../tasks/registry.ts";
import { cifar10Resnet20 } from "../tasks/resnet.ts";
import type { Task } from "../tasks/task.ts";
import { writeMeasurements } from "./machine.ts";
import { randomPhotographs } from "./photographs.ts";
import { PyTorch } from "./pytorch.ts";
import { digitsSweep, logregSweep } from "./sweeps.ts";
import { type Measurement, type Row, row, takeTurns, threadsName, timed } from "./turns.ts";

/** A network as both sides have it, and how it is timed. */
interface Network {
  readonly task: Task;
  /** As bench/peer.py names it. */
  readonly model: unknown;
  readonly stepsPerRound: number;
  readonly rounds: number;
  readonly convolutions: boolean;
  /** What the optimizers' learning rates are multiplied by. Default: 1. */
  readonly lrFactor?: number;
}

const dense = { stepsPerRound: 25, rounds: 15, convolutions: false };
const convolutional = { stepsPerRound: 5, rounds: 9, convolutions: true };
const hidden = [256, 128];
const networks: readonly Network[] = [
  {
    ...dense,
    task: denseClassifier({
      name: "784-256-128-10",
      summary: "28x28 handwritten digits, small network",
      data: mnist,
      hidden,
      activation: "relu",
      weights: truncatedNormal(0.03),
      batchSize: 128,
      epochs: 1,
      target: 1,
    }),
    model: { layers: [784, ...hidden, 10], hidden: "relu" },
  },
  { ...dense, task: getTask("mnist_mlp"), model: "mnist_mlp" },
  { ...convolutional, task: getTask("mnist_2c2d"), model: "mnist_2c2d" },
  { ...convolutional, task: getTask("mnist_vae"), model: "mnist_vae", lrFactor: 1e-3 },
  { ...convolutional, task: { ...cifar10With3c3d, data: randomPhotographs }, model: "cifar10_3c3d" },
  { ...convolutional, task: { ...cifar10Resnet20, data: randomPhotographs }, model: "cifar10_resnet20" },
];

const optimizers: Readonly<Partial<Record<OptimizerName, Readonly<Record<string, number>>>>> = {
  sgd: { lr: 0.01, momentum: 0.9 },
  lars: { lr: 0.1, momentum: 0.9, weight_decay: 1e-4, trust_coefficient: 0.001 },
  sam: { lr: 0.01, momentum: 0.9, rho: 0.05 },
};

function steps(network: Network, name: OptimizerName, threads: number): Measurement {
  const { task, model, stepsPerRound, rounds, lrFactor = 1 } = network;
  const work = `${task.name}, ${name}`;
  const hyper = { ...optimizers[name]!, lr: optimizers[name]!.lr * lrFactor };
  return {
    name: `${work}, ${threadsName(threads)}`,
    onePool: network.convolutions && threads > 1,
    async measure(pytorch) {
      const setup = {
        model,
        optimizer: name,
        hyper,
        batch: task.batchSize,
        threads,
        rows: task.data.trainRows,
      };
      await pytorch.ask({ op: "setup", id: "steps", ...setup });
      const training = await Training.start({ task, optimizer: name, configurations: [hyper], threads });
      const plain = name === "sgd" && isPlain(model) ? PyTorch.plain(threads) : undefined;
      await plain?.ask({ op: "setup", ...setup });
      const request = { op: "steps", id: "steps", n: stepsPerRound };
      const [mine, theirs, script] = await takeTurns(
        rounds,
        async () => await timed(() => training.steps(stepsPerRound)) / stepsPerRound,
        ...[pytorch, plain].filter((side) => side !== undefined)
          .map((side) => async () => (await side.ask(request)).ms_per_step),
      );
      plain?.close();
      await training.release();
      return [row(work, threadsName(threads), "ms/step", mine, theirs, script)];
    },
  };
}

/** Whether bench/plain.py has the network. */
function isPlain(model: unknown): boolean {
  return typeof model === "string" && model !== "mnist_vae";
}

const names = Object.keys(optimizers) as OptimizerName[];
const measurements: Measurement[] = [
  digitsSweep,
  ...names.map((name) => logregSweep(name, optimizers[name]!)),
  ...[1, 2].flatMap((threads) =>
    networks.flatMap((network) => names.map((name) => steps(network, name, threads)))
  ),
];

const words = process.argv.slice(2);
const chosen = measurements.filter(({ name }) => words.every((word) => name.includes(word)));
const usual = PyTorch.tuned("pthread");
let onePool: PyTorch | undefined;
try {
  if (chosen.length === 0) {
    throw new Error(
      `No row has "${words.join('" and "')}" in its name: they are called like ${measurements[1].name}`,
    );
  }
  const description = await usual.ask({ op: "describe" });
  if (chosen.some((measurement) => measurement.onePool)) {
    if (!description.openmp_blas_installed) {
      throw new Error(
        "PyTorch's convolutions on 2 threads need OpenBLAS with OpenMP: install Debian's libopenblas0-openmp",
      );
    }
    onePool = PyTorch.tuned("openmp");
  }
  const rows: Row[] = [];
  for (const measurement of chosen) {
    rows.push(...await measurement.measure(measurement.onePool ? onePool! : usual));
  }
  writeMeasurements(description, { rows });
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  usual.close();
  onePool?.close();
}
