/**
 * Our side of bench/gpu.ts: a server as bench/gpu.py is. `ours.ts DEVICE THREADS`. Of a sweep, as many configurations are
 * trained together as a request's "group" says.
 *
 *     {"op": "setup_sweep", "model": ..., "optimizer": ..., "hyper": ..., "lrs": [0.1, ...], "group": 64}
 *         makes what a sweep needs and takes its first steps: {"seconds": that this took}
 *     {"op": "sweep", "n": 78}
 *         takes n steps of each configuration: {"seconds": for all}
 */
import { createInterface } from "node:readline";
import process from "node:process";
import type { Provider } from "../../engine/lower.ts";
import { versions } from "../../results/store/versions.ts";
import { Training } from "../../study/timing/training.ts";
import { timed } from "../turns.ts";
import { type MeasuredOptimizer, networkTask, optimizers } from "./networks.ts";

interface Setup {
  readonly model: string;
  readonly optimizer: MeasuredOptimizer;
  readonly hyper: Readonly<Record<string, number>>;
}

interface SweepSetup extends Setup {
  readonly lrs: readonly number[];
  readonly group: number;
}

interface Steps {
  readonly n: number;
}

const [device, threads] = [process.argv[2] as Provider, Number(process.argv[3])];

/** A call of a device that has no loops takes so many steps, or a divisor of them. */
const WARM_UP_STEPS = 13;

/** In training, one after another. */
let groups: Training[] = [];

/** Instead of what was made before, and with its first steps taken: they find out what is fastest, and make kernels. */
async function start({ model, optimizer }: Setup, ...all: Readonly<Record<string, number>>[][]) {
  const before = groups;
  groups = [];
  for (const training of before) await training.release();
  const ms = await timed(async () => {
    for (const configurations of all) {
      const task = networkTask(model);
      const training = await Training.start({ task, optimizer, configurations, threads, device });
      groups.push(training);
      await training.steps(WARM_UP_STEPS);
    }
  });
  return { seconds: ms / 1000 };
}

async function takeSteps(n: number): Promise<void> {
  for (const training of groups) await training.steps(n);
}

const operations = {
  async describe() {
    // What cannot train the least of all networks, is not there.
    await start({ model: "mnist_logreg", optimizer: "sgd", hyper: optimizers.sgd }, [optimizers.sgd]);
    return { device, threads, ...versions() };
  },
  setup: (request: Setup) => start(request, [request.hyper]),
  setup_sweep(request: SweepSetup) {
    const { lrs, group, hyper } = request;
    const configurations = lrs.map((lr) => ({ ...hyper, lr }));
    const starts = Array.from({ length: Math.ceil(lrs.length / group) }, (_, i) => i * group);
    return start(request, ...starts.map((from) => configurations.slice(from, from + group)));
  },
  steps: async ({ n }: Steps) => ({ ms_per_step: await timed(() => takeSteps(n)) / n }),
  sweep: async ({ n }: Steps) => ({ seconds: await timed(() => takeSteps(n)) / 1000 }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let reply: unknown;
  try {
    reply = await operations[request.op as keyof typeof operations](request);
  } catch (error) {
    reply = { error: (error as Error).message.split("\n")[0] };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
process.exit();
