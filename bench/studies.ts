/**
 * `deno task bench:studies [WHAT...]`: what keeping a study costs, on stdout as rows of a table.
 *
 *     record      milliseconds to claim and record a trial, as the study grows
 *     read        seconds and memory of `optbench show` and `optbench export` on 100,000 trials of 20 epochs
 *     overhead    an epoch of mnist_mlp within a study beside the bare training loop, turn by turn
 */
import { HostDevice } from "../engine/devices/host.ts";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { getOptimizer } from "../optim/registry.ts";
import { median } from "../results/statistics/descriptive.ts";
import { StudyStore } from "../results/store/store.ts";
import type { NewTrial } from "../study/ledger.ts";
import { planStudy } from "../study/settings/plan.ts";
import { runStudy } from "../study/study.ts";
import { compileProgram } from "../study/training/program.ts";
import { splitConfiguration } from "../study/training/structure.ts";
import { loadProgram } from "../study/training/loaded.ts";
import { train } from "../study/training/trainer.ts";
import { getTask } from "../tasks/registry.ts";
import { makeBigStudy, outcomeOf } from "./big_study.ts";
import { takeTurns } from "./turns.ts";

const TRIALS = 100_000;
const EPOCHS = 20;
const GROUP = 16;

function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "optbench-bench-"));
  return use(join(folder, "study")).finally(() => rmSync(folder, { recursive: true }));
}

/** Groups of trials, each recorded in transactions of its own as a running study does. */
function record(): Promise<void> {
  return inFolder(async (directory) => {
    const settings = await planStudy({
      optimizer: { name: "sgd" },
      task: "digits_mlp",
      values: { lr: [0.1], momentum: [0], nesterov: [false] },
      seeds: Array.from({ length: 10_000 }, (_, i) => i),
      epochs: EPOCHS,
    });
    const store = StudyStore.create({ settings, directory });
    const times: number[] = [];
    for (let from = 0; from < TRIALS; from += GROUP) {
      const configuration = { index: from, draw: from, values: { lr: 0.1, momentum: 0 } };
      const planned = Array.from({ length: GROUP }, (_, i): NewTrial => (
        { index: from + i, configuration, seed: i, stage: "search" }
      ));
      store.exclusively(() => store.plan([configuration], planned));
      const trials = store.trials.slice(-GROUP);
      const outcomes = trials.map((trial) => ({ trial, outcome: outcomeOf(trial, EPOCHS) }));
      const startMs = performance.now();
      store.exclusively(() => store.claim(trials));
      store.exclusively(() => store.finish(outcomes));
      times.push((performance.now() - startMs) / GROUP);
    }
    store.close();
    for (const at of [0, 1000, 10_000, 50_000, TRIALS - 1600]) {
      const some = times.slice(Math.floor(at / GROUP)).slice(0, 100);
      console.log(`| record a trial, after ${at} | ${median(some)!.toFixed(3)} ms |`);
    }
  });
}

/** The commands on a large study, as processes. */
function read(): Promise<void> {
  return inFolder(async (folder) => {
    await makeBigStudy(folder, TRIALS, EPOCHS);
    for (const command of [["show", folder], ["export", folder], ["export", folder, "--format", "json"]]) {
      const rounds: { seconds: number; megabytes: number }[] = [];
      for (let round = 0; round < 5; round++) rounds.push(await run(command));
      const seconds = median(rounds.map(({ seconds }) => seconds))!.toFixed(2);
      const megabytes = Math.max(...rounds.map(({ megabytes }) => megabytes)).toFixed(0);
      const name = command.filter((word) => word !== folder).join(" ");
      console.log(
        `| optbench ${name}, ${TRIALS} trials x ${EPOCHS} epochs | ${seconds} s, ${megabytes} MB |`,
      );
    }
  });
}

/** Wall seconds of a process, and the most memory that it held. */
function run(args: readonly string[]): Promise<{ seconds: number; megabytes: number }> {
  const main = new URL("../cli/main.ts", import.meta.url).pathname;
  const words = process.versions.bun ? [main, ...args] : ["run", "-A", main, ...args];
  const startMs = performance.now();
  const child = spawn(process.execPath, words, { stdio: "ignore" });
  let kilobytes = 0;
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      kilobytes = Math.max(kilobytes, Number(status.match(/VmHWM:\s+(\d+)/)?.[1] ?? 0));
    } catch {
      // It has ended.
    }
  }, 10);
  return new Promise((resolve, reject) =>
    child.on("close", (code) => {
      clearInterval(look);
      if (code !== 0) return reject(new Error(`optbench ${args.join(" ")} ended with code ${code}`));
      resolve({ seconds: (performance.now() - startMs) / 1000, megabytes: kilobytes / 1024 });
    })
  );
}

const ROUNDS = 7;
/** Of a training; the first, with its compiling, does not count. */
const MEASURED = 2;

async function overhead(): Promise<void> {
  const task = getTask("mnist_mlp");
  const settings = await planStudy({
    optimizer: { name: "sgd" },
    task: task.name,
    values: { lr: [0.05], momentum: [0.9], nesterov: [false] },
    epochs: 1 + MEASURED,
    jobs: 1,
    threads: 1,
  });
  const { values } = { values: { ...settings.defaults, lr: 0.05, momentum: 0.9, nesterov: false } };
  const optimizer = getOptimizer("sgd");
  const { groups, coefficients } = splitConfiguration(optimizer, settings.parameterGroups, values as never);
  const { batchSize, epochs, shuffle } = settings;
  const program = await loadProgram(
    compileProgram({ task, optimizer, groups, batchSize }, "float32"),
    new HostDevice(),
  );

  const bare = async () => {
    const times: number[] = [];
    const member = { seed: 1, coefficients, schedule: "constant" };
    const training = { epochs, batchSize, shuffle, startMs: performance.now(), compileSeconds: 0 };
    await train(program, task, [member], training, { onEpoch: () => times.push(performance.now()) });
    return (times[MEASURED] - times[0]) / MEASURED;
  };
  const study = () =>
    inFolder(async (directory) => {
      const store = StudyStore.create({ settings, directory });
      const times: number[] = [];
      await runStudy(settings, store, { onEpoch: () => times.push(performance.now()) });
      store.close();
      return (times[MEASURED] - times[0]) / MEASURED;
    });
  const [within, without] = await takeTurns(ROUNDS, study, bare);
  const ratios = within.map((time, i) => time / without[i]);
  const seconds = [within, without].map((times) => (median(times)! / 1000).toFixed(3));
  console.log(
    `| an epoch of mnist_mlp, 1 thread | in a study ${seconds[0]} s, bare ${seconds[1]} s, ` +
      `ratio ${median(ratios)!.toFixed(3)} (${ROUNDS} rounds) |`,
  );
}

const parts: Readonly<Record<string, () => Promise<void>>> = { record, read, overhead };
for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts)) {
  if (!Object.hasOwn(parts, name)) throw new Error(`There is no ${name}: ${Object.keys(parts).join(", ")}`);
  await parts[name]();
}
