/** Whole sweeps, and the steps of one, beside PyTorch's loop over configurations. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { getOptimizer, type OptimizerName } from "../optim/registry.ts";
import { grid } from "../study/samplers/grid.ts";
import { planStudy } from "../study/settings/plan.ts";
import { Training } from "../study/timing/training.ts";
import { defaultGrouping } from "../study/workers/groups.ts";
import { getTask } from "../tasks/registry.ts";
import { type Measurement, row, takeTurns, timed } from "./turns.ts";

const SWEEP_ROUNDS = 5;
const CONFIGURATIONS = 32;
const STEPS_PER_ROUND = 25;
const ROUNDS = 15;

/** @param hyper what the configurations have besides their learning rates */
export function logregSweep(name: OptimizerName, hyper: Readonly<Record<string, number>>): Measurement {
  const task = getTask("mnist_logreg");
  const work = `${name} sweep of mnist_logreg, ${CONFIGURATIONS} configurations`;
  return {
    name: `${work}, 1 thread`,
    async measure(pytorch) {
      const configurations = Array.from({ length: CONFIGURATIONS }, (_, i) => ({
        ...hyper,
        lr: 10 ** (-4 + 3 * i / (CONFIGURATIONS - 1)),
      }));
      const sweep = { model: task.name, optimizer: name, configurations, batch: task.batchSize, threads: 1 };
      await pytorch.ask({ op: "setup_sweep", id: "sweep", ...sweep, rows: task.data.trainRows });
      const { groupSize: size } = defaultGrouping(task, "cpu", CONFIGURATIONS);
      const groups: Training[] = [];
      for (let from = 0; from < CONFIGURATIONS; from += size) {
        const members = configurations.slice(from, from + size);
        groups.push(await Training.start({ task, optimizer: name, configurations: members, threads: 1 }));
      }
      const all = async () => {
        for (const group of groups) await group.steps(STEPS_PER_ROUND);
      };
      const [mine, theirs] = await takeTurns(
        ROUNDS,
        async () => await timed(all) / (STEPS_PER_ROUND * CONFIGURATIONS),
        async () => (await pytorch.ask({ op: "sweep_steps", id: "sweep", n: STEPS_PER_ROUND })).ms_per_step,
      );
      await Promise.all(groups.map((group) => group.release()));
      return [row(work, "1 thread", "ms/step", mine, theirs)];
    },
  };
}

export const digitsSweep: Measurement = {
  name: "lars sweep of digits_mlp",
  async measure(pytorch) {
    const { space, seeds, epochs, batchSize } = await planStudy({
      optimizer: { name: "lars" },
      task: "digits_mlp",
    });
    const configurations = grid(getOptimizer("lars"), space).points;
    const request = {
      op: "sweep_digits",
      optimizer: "lars",
      configurations,
      seeds,
      epochs,
      batch: batchSize,
      threads: 1,
    };
    const times: Record<string, number[]> = { one: [], all: [], theirs: [] };
    for (let round = 0; round < SWEEP_ROUNDS; round++) {
      times.all.push(sweepProcess(availableParallelism()));
      times.theirs.push((await pytorch.ask(request)).wall_seconds);
      times.one.push(sweepProcess(1));
    }
    const work = `${digitsSweep.name}, ${configurations.length} trials`;
    return [
      row(work, "1 job, 1 thread", "s", times.one, times.theirs),
      row(work, `${availableParallelism()} jobs, 1 thread`, "s", times.all, times.theirs),
    ];
  },
};

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
