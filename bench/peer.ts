/**
 * `deno task bench:peer`: optbench beside PyTorch on the same work, turn by turn in one run.
 *
 * Steps: each round, ours takes a call of steps and then PyTorch takes as many; what is compared is the median over the
 * rounds. Sweep: a 48-trial LARS sweep of digits_mlp, 30 epochs, as a whole process (ours, with its start) against the
 * loop over trials alone (PyTorch's, without its start), one trial after another on one thread.
 *
 * A table goes to stderr, JSON to stdout.
 */
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Random } from "../datasets/random.ts";
import { getDataset } from "../datasets/registry.ts";
import { Executable, numbers, type Value } from "../engine/runtime.ts";
import { resolve, splitCoefficients } from "../optim/optimizer.ts";
import { getOptimizer, type OptimizerName } from "../optim/registry.ts";
import { median } from "../results/statistics.ts";
import { planStudy } from "../study/plan.ts";
import { coefficientName, compileProgram } from "../study/program.ts";
import { denseClassifier } from "../tasks/classifier.ts";
import { truncatedNormal } from "../tasks/initializers.ts";

const PYTHON = process.env.OPTBENCH_PYTHON ?? "/usr/bin/python3";
const BATCH = 128;
const STEPS_PER_ROUND = 25;
const ROUNDS = 15;
const SWEEP_ROUNDS = 5;

const networks: Readonly<Record<string, readonly number[]>> = {
  "784-256-128-10": [256, 128],
  "784-1000-500-100-10 (mnist_mlp)": [1000, 500, 100],
};

const optimizers: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  sgd: { lr: 0.01, momentum: 0.9 },
  lars: { lr: 0.1, momentum: 0.9, weight_decay: 1e-4, trust_coefficient: 0.001 },
  sam: { lr: 0.01, momentum: 0.9, rho: 0.05 },
};

/** PyTorch in a process of its own, which answers one request at a time. */
class Peer {
  #process = spawn(PYTHON, [new URL("./peer.py", import.meta.url).pathname], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  #lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();

  async ask(request: unknown): Promise<Record<string, number>> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) {
      throw new Error(
        `${PYTHON} bench/peer.py stopped: is PyTorch there? (Debian: python3-torch libopenblas0-pthread)`,
      );
    }
    const reply = JSON.parse(value);
    if (reply.error) throw new Error(`bench/peer.py: ${reply.error}`);
    return reply;
  }

  close(): void {
    this.#process.stdin.end();
  }
}

/** Ours: a trainer that takes a call of steps, and says how many milliseconds each took. */
async function ours(
  hidden: readonly number[],
  name: OptimizerName,
  threads: number,
): Promise<() => Promise<number>> {
  const task = denseClassifier({
    name: "bench",
    summary: "",
    dataset: "mnist",
    hidden,
    activation: "relu",
    weights: truncatedNormal(0.03),
    batchSize: BATCH,
    epochs: 1,
  });
  const data = getDataset(task.dataset);
  const { train: rows } = data.load();
  const optimizer = getOptimizer(name);
  const { literals, inputs } = splitCoefficients(optimizer, resolve(optimizer, optimizers[name]));
  const group = { parameters: Object.keys(task.parameters), literals, inputs: Object.keys(inputs) };
  const program = compileProgram({ task, data, optimizer, groups: [group], batchSize: BATCH }, "float32");
  const executable = await Executable.load(program.train, threads);
  const fixed: Record<string, Value> = {
    inputs: executable.value("inputs", rows.inputs),
    labels: executable.value("labels", rows.labels),
  };
  for (const [key, value] of Object.entries(inputs)) {
    fixed[coefficientName(0, key)] = executable.value(coefficientName(0, key), [value]);
  }
  const random = new Random(1, "bench");
  let point: Record<string, Value> = {};
  for (const [key, { shape, init }] of Object.entries(task.parameters)) {
    point[key] = executable.value(key, init.fill(shape, random));
  }
  if (program.init) {
    point = { ...point, ...await (await Executable.load(program.init)).run({ ...point, ...fixed }) };
  }
  return async () => {
    const start = performance.now();
    const order = random.shuffled(rows.rows).subarray(0, STEPS_PER_ROUND * BATCH);
    const results = await executable.run({ ...point, ...fixed, rows: executable.value("rows", order) });
    const steps = numbers(results.loss).length;
    if (steps < STEPS_PER_ROUND) throw new Error(`${name} diverged`);
    point = Object.fromEntries(Object.keys(point).map((key) => [key, results[key]]));
    return (performance.now() - start) / STEPS_PER_ROUND;
  };
}

interface Row {
  readonly work: string;
  readonly threads: string;
  readonly unit: string;
  readonly ours: number;
  readonly pytorch: number;
  /** PyTorch's time over ours: above 1, ours is faster. */
  readonly ratio: number;
  readonly rounds: number;
}

function row(
  work: string,
  threads: string,
  unit: string,
  mine: readonly number[],
  theirs: readonly number[],
): Row {
  const [a, b] = [median(mine)!, median(theirs)!];
  const result = { work, threads, unit, ours: a, pytorch: b, ratio: b / a, rounds: mine.length };
  const figures = `${a.toFixed(3)} ${unit}   PyTorch ${b.toFixed(3)} ${unit}   ratio ${(b / a).toFixed(2)}`;
  process.stderr.write(`${work.padEnd(42)}  ${threads.padEnd(16)}  ours ${figures}\n`);
  return result;
}

async function benchSteps(peer: Peer): Promise<Row[]> {
  const rows: Row[] = [];
  for (const threads of [1, 2]) {
    for (const [network, hidden] of Object.entries(networks)) {
      for (const [name, hyper] of Object.entries(optimizers)) {
        const id = `${network} ${name} ${threads}`;
        const layers = [784, ...hidden, 10];
        await peer.ask({
          op: "setup",
          id,
          model: { layers, hidden: "relu" },
          optimizer: name,
          hyper,
          batch: BATCH,
          threads,
        });
        const step = await ours(hidden, name as OptimizerName, threads);
        const [mine, theirs]: number[][] = [[], []];
        for (let round = -1; round < ROUNDS; round++) {
          const a = await step();
          const { ms_per_step: b } = await peer.ask({ op: "steps", id, n: STEPS_PER_ROUND });
          // The first round warms up.
          if (round >= 0) {
            mine.push(a);
            theirs.push(b);
          }
        }
        rows.push(
          row(`${network}, ${name}`, `${threads} thread${threads > 1 ? "s" : ""}`, "ms/step", mine, theirs),
        );
      }
    }
  }
  return rows;
}

async function benchSweep(peer: Peer): Promise<Row[]> {
  const { configurations, seeds, epochs, batchSize } = planStudy({
    optimizer: { name: "lars" },
    task: "digits_mlp",
  });
  const request = {
    op: "sweep",
    optimizer: "lars",
    configurations: configurations.map(({ values }) => values),
    seeds,
    epochs,
    batch: batchSize,
    threads: 1,
  };
  const times: Record<string, number[]> = { one: [], all: [], theirs: [] };
  for (let round = 0; round < SWEEP_ROUNDS; round++) {
    times.all.push(sweepProcess(availableParallelism()));
    times.theirs.push((await peer.ask(request)).wall_seconds);
    times.one.push(sweepProcess(1));
  }
  const work = `LARS sweep of digits_mlp, ${configurations.length} trials`;
  return [
    row(work, "1 job, 1 thread", "s", times.one, times.theirs),
    row(work, `${availableParallelism()} jobs, 1 thread`, "s", times.all, times.theirs),
  ];
}

/** Wall seconds of the command, from before its process starts until after it has ended. */
function sweepProcess(jobs: number): number {
  const folder = mkdtempSync(join(tmpdir(), "optbench-bench-"));
  const main = new URL("../cli/main.ts", import.meta.url).pathname;
  const runtime = process.versions.bun ? [main] : ["run", "-A", main];
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [
    ...runtime,
    ...["sweep", "--opt", "lars", "--task", "digits_mlp", "--quiet", "--json"],
    ...["--jobs", String(jobs), "--out", join(folder, "study")],
  ]);
  const seconds = (performance.now() - start) / 1000;
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error(`optbench sweep failed: ${stderr}`);
  return seconds;
}

const peer = new Peer();
try {
  const rows = [...await benchSweep(peer), ...await benchSteps(peer)];
  const machine = { cpu: cpus()[0]?.model, cores: availableParallelism(), versions: process.versions };
  process.stdout.write(`${JSON.stringify({ date: new Date().toISOString(), machine, rows }, null, 2)}\n`);
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  peer.close();
}
