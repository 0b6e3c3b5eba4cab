/**
 * Which trials are trained together.
 *
 * A step of a small network costs the runtime more in going from one operation to the next than in computing, so trials
 * of the same structure go through each operation together. On the digits that is 1.6 to 5 times as fast. What a trial
 * measures does not depend on its company, to the last bit, as long as there is some: so one that is left alone gets a
 * copy of itself.
 */
import { getOptimizer } from "../../optim/registry.ts";
import { countParameters, type Task } from "../../tasks/task.ts";
import type { Slots } from "../training/program.ts";
import type { StudySettings } from "../settings/settings.ts";
import { type GroupStructure, splitConfiguration } from "../training/structure.ts";
import type { TrialSpec } from "../trial.ts";
import { CONSTANT_SCHEDULE } from "../../tasks/schedule.ts";

/** Trials that one program trains at once. */
export interface TrialGroup {
  /** Equal keys share a program. */
  readonly programKey: string;
  readonly structure: readonly GroupStructure[];
  /** Whether the learning rate of some changes along the training. */
  readonly scheduled: boolean;
  readonly trials: readonly TrialSpec[];
  /** The numbers that each trial's configuration feeds the program, by the names of its inputs. */
  readonly coefficients: readonly Readonly<Record<string, number>>[];
  /** Absent where trials are trained one at a time. */
  readonly slots?: Slots;
}

/** Where a network and its gradients no longer fit the processor's cache together, company costs more than it saves. */
const MOST_PARAMETERS = 32_768;
/** More brings little, and is long to wait for. */
const MOST_TOGETHER = 16;

/** How many trials of a task to train together at most; 1: one at a time. */
export function defaultGroupSize(task: Task): number {
  return countParameters(task) <= MOST_PARAMETERS ? MOST_TOGETHER : 1;
}

/** Why that many. */
export function defaultGroupReason(task: Task): string {
  const [count, most] = [countParameters(task), MOST_PARAMETERS].map((n) => n.toLocaleString("en-US"));
  return `${count} parameters: ` +
    (defaultGroupSize(task) > 1 ? `up to ${most} train together` : `more than ${most} train one at a time`);
}

/**
 * Groups of at most the study's size, as many as there are jobs if there are trials enough, in the order of their first
 * trials. Trials of one seed stay together where they can, as they then share their batches too.
 */
export function formGroups(settings: StudySettings, trials: readonly TrialSpec[]): TrialGroup[] {
  const optimizer = getOptimizer(settings.optimizer.name, settings.optimizer.base);
  const split = new Map(
    settings.configurations.map(({ index, values }) => [index, {
      ...splitConfiguration(optimizer, settings.parameterGroups, values, settings.lrScaling?.factor),
      scheduled: values.schedule !== CONSTANT_SCHEDULE,
    }]),
  );
  const byStructure = new Map<string, TrialSpec[]>();
  for (const trial of trials) {
    const { groups, scheduled } = split.get(trial.configuration.index)!;
    const key = JSON.stringify([groups.map(({ literals }) => literals), scheduled]);
    const alike = byStructure.get(key);
    if (alike) alike.push(trial);
    else byStructure.set(key, [trial]);
  }
  const groups = [...byStructure].flatMap(([key, alike]) => {
    const ordered = alike.toSorted((a, b) => a.seed - b.seed || a.index - b.index);
    const wanted = Math.ceil(trials.length / settings.jobs);
    const size = settings.groupSize === 1 ? 1 : Math.min(settings.groupSize, Math.max(2, wanted));
    return parts(ordered, Math.ceil(alike.length / size)).map((trials): TrialGroup => {
      const slots = settings.groupSize === 1 ? undefined : {
        count: Math.max(2, trials.length),
        shareRows: trials.every(({ seed }) => seed === trials[0].seed),
      };
      const coefficients = trials.map(({ configuration }) => split.get(configuration.index)!.coefficients);
      const { groups: structure, scheduled } = split.get(trials[0].configuration.index)!;
      return {
        programKey: `${key} ${JSON.stringify(slots)}`,
        structure,
        scheduled,
        trials,
        coefficients,
        slots,
      };
    });
  });
  return groups.sort((a, b) => a.trials[0].index - b.trials[0].index);
}

/** A list in so many parts of the same length, or one less. */
function parts<T>(list: readonly T[], count: number): T[][] {
  const bound = (i: number) => Math.floor(i * list.length / count);
  return Array.from({ length: count }, (_, i) => list.slice(bound(i), bound(i + 1)));
}
