/** How many trials an accelerator trains together best, by its memory and a short measurement. */
import { getOptimizer } from "../optim/registry.ts";
import { CONSTANT_SCHEDULE } from "../tasks/schedule.ts";
import { Programs } from "./programs.ts";
import type { StudySettings } from "./settings/settings.ts";
import { isRange } from "./space/domain.ts";
import type { Program } from "./training/program.ts";
import type { Recipe } from "./training/recipe.ts";
import { splitConfiguration } from "./training/structure.ts";
import { WorkerPool } from "./workers/pool.ts";

/** Each size that is tried is compiled, so they are few. */
const SIZES = [4, 16, 64];
/** A larger group has to be so many times as fast; it takes more memory, and longer until its first result. */
const WORTH = 1.1;
/** Of the device's memory: the runtime needs some for itself, and others use the device, too. */
const SHARE = 0.7;
/** Where the device does not say how much it has. */
const ASSUMED_BYTES = 4 * 2 ** 30;

/** A size that was tried. */
export interface Rehearsed {
  readonly size: number;
  /** Of one trial: a share of the group's. */
  readonly stepMs: number;
}

/**
 * The settings with the size of groups that is fastest, among a few; they are returned as they are where trials are too few
 * to choose. The task's data have to be at hand.
 *
 * @param memoryBytes the device's memory. Default: 4 GiB.
 * @param onSize is told of each size that was tried.
 */
export async function rehearsed(
  settings: StudySettings,
  memoryBytes = ASSUMED_BYTES,
  onSize: (tried: Rehearsed) => void = () => {},
): Promise<StudySettings> {
  const sizes = SIZES.filter((size) => size < settings.groupSize);
  if (sizes.length === 0) return settings;
  const pool = new WorkerPool(1, { ...settings, hangMs: settings.hangMinutes * 60_000 });
  try {
    let best: Rehearsed | undefined;
    for (const size of [...sizes, settings.groupSize]) {
      const stepMs = await rehearse(settings, size, SHARE * memoryBytes, pool);
      if (stepMs === undefined) break;
      onSize({ size, stepMs });
      if (best && best.stepMs < WORTH * stepMs) break;
      best = { size, stepMs };
    }
    const { size, stepMs } = best ?? { size: 1, stepMs: NaN };
    const reason = best
      ? `measured: ${Number(stepMs.toPrecision(3))} ms a step of one trial, the least of those tried`
      : `groups of ${sizes[0]} do not fit into the device's memory, or fail`;
    return { ...settings, groupSize: size, groupReason: reason };
  } finally {
    await pool.close();
  }
}

/** Milliseconds a step of one trial; undefined where so many together need too much memory, or cannot be trained. */
async function rehearse(
  settings: StudySettings,
  size: number,
  memoryBytes: number,
  pool: WorkerPool,
): Promise<number | undefined> {
  const { taskChoice, epochs, batchSize, shuffle, device, threads } = settings;
  const { groups: structure, coefficients, schedule } = anyConfiguration(settings);
  const programKey = `rehearsal of ${size}`;
  const prepared = await new Programs(settings).prepare({
    programKey,
    structure,
    scheduled: schedule !== CONSTANT_SCHEDULE,
    slots: { count: size, shareRows: settings.seeds.length === 1 },
    stage: "search",
  });
  if (footprintOf(prepared.program) > memoryBytes) return undefined;
  const [outcome] = await pool.run({
    task: taskChoice,
    members: Array.from({ length: size }, () => ({ seed: settings.seeds[0], coefficients, schedule })),
    programKey,
    ...prepared,
    rehearsal: true,
    epochs,
    batchSize,
    shuffle,
    device,
    threads,
  });
  return outcome.status === "failed" || outcome.status === "paused" ? undefined : Math.min(...outcome.stepMs);
}

/** Bytes; 0 where it is not known. */
function footprintOf(program: Program | Recipe): number {
  return "train" in program ? Math.max(...Object.values(program.train).map(({ footprint }) => footprint)) : 0;
}

/** The first of each value: how long a step takes does not depend on them. */
function anyConfiguration({ optimizer, space, defaults, parameterGroups }: StudySettings) {
  const first = Object.entries(space).map(([name, domain]) => [
    name,
    isRange(domain) ? domain.from : domain[0],
  ]);
  const values = { ...defaults, ...Object.fromEntries(first) };
  const split = splitConfiguration(getOptimizer(optimizer.name, optimizer.base), parameterGroups, values);
  return { ...split, schedule: String(values.schedule) };
}
