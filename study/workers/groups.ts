/**
 * Which trials are trained together.
 *
 * A step of a small network costs the runtime more in going from one operation to the next than in computing, so trials
 * of the same structure go through each operation together. On the digits that is 1.6 to 5 times as fast. What a trial
 * measures does not depend on its company, to the last bit, as long as there is some: so one that is left alone gets a
 * copy of itself.
 */
import type { DeviceName } from "../../engine/device.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { getOptimizer } from "../../optim/registry.ts";
import { countParameters, type Task } from "../../tasks/task.ts";
import type { Slots } from "../training/program.ts";
import type { StudySettings } from "../settings/settings.ts";
import { type GroupStructure, type SplitConfiguration, splitConfiguration } from "../training/structure.ts";
import type { TrialEntry } from "../ledger.ts";
import { CONSTANT_SCHEDULE } from "../../tasks/schedule.ts";

/** Trials that one program trains at once. */
export interface TrialGroup {
  /** Equal keys share a program. */
  readonly programKey: string;
  readonly structure: readonly GroupStructure[];
  /** Whether the learning rate of some changes along the training. */
  readonly scheduled: boolean;
  readonly trials: readonly TrialEntry[];
  /** The numbers that each trial's configuration feeds the program, by the names of its inputs. */
  readonly coefficients: readonly Readonly<Record<string, number>>[];
  /** Absent where trials are trained one at a time. */
  readonly slots?: Slots;
}

/** Where a network and its gradients no longer fit the processor's cache together, company costs more than it saves. */
const MOST_PARAMETERS = 32_768;
/** More brings little, and is long to wait for. */
const MOST_TOGETHER = 16;

/** On an accelerator, which is hardly busy with one. */
const MOST_ON_DEVICE = 64;

/** How many trials to train together, and why that many. */
export interface Grouping {
  /** At most; 1: one at a time. */
  readonly groupSize: number;
  readonly groupReason: string;
}

/**
 * The default for a task. On an accelerator it is the most that are worth trying (study/rehearsal.ts).
 *
 * @param trials how many there are; Infinity where that is not known.
 */
export function defaultGrouping(task: Task, device: DeviceName, trials: number): Grouping {
  if (device === "tensorflow") {
    return { groupSize: 1, groupReason: "tensorflow trains one at a time" };
  }
  if (device !== "cpu") {
    const groupSize = Math.min(MOST_ON_DEVICE, trials);
    return { groupSize, groupReason: `as many as there are, at most ${MOST_ON_DEVICE}` };
  }
  const groupSize = countParameters(task) <= MOST_PARAMETERS ? MOST_TOGETHER : 1;
  const [count, most] = [countParameters(task), MOST_PARAMETERS].map((n) => n.toLocaleString("en-US"));
  const rule = groupSize > 1 ? `up to ${most} train together` : `more than ${most} train one at a time`;
  return { groupSize, groupReason: `${count} parameters: ${rule}` };
}

/** Sizes of programs: as few as it takes, since each is compiled; a slot too many is filled with a copy. */
const SIZES = [2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];

function slotsFor(trials: number, groupSize: number): number {
  return Math.min(SIZES.find((size) => size >= trials) ?? trials, Math.max(groupSize, trials, 2));
}

/** Planned trials that are looked at for a group: it is filled from the first of them. */
const MOST_LOOKED_AT = 1024;

/** Forms one group after another. */
export class Groups {
  readonly #settings: StudySettings;
  readonly #optimizer: Optimizer;
  readonly #split = new Map<number, SplitConfiguration & { readonly scheduled: boolean }>();

  constructor(settings: StudySettings) {
    this.#settings = settings;
    this.#optimizer = getOptimizer(settings.optimizer.name, settings.optimizer.base);
  }

  /**
   * The next group: the first trial, and others that can be trained with it, of its seed if there are enough, as those
   * share their batches too. At most the study's size, and no more than leaves every job a share.
   *
   * @param planned in their order; at least one.
   */
  next(planned: readonly TrialEntry[]): TrialGroup {
    const { groupSize, jobs } = this.#settings;
    const considered = planned.slice(0, MOST_LOOKED_AT);
    const key = this.#key(considered[0]);
    const alike = considered.filter((trial) => this.#key(trial) === key)
      .toSorted((a, b) => a.seed - b.seed || a.index - b.index);
    const share = Math.max(2, Math.ceil(considered.length / jobs));
    const size = groupSize === 1 ? 1 : Math.min(groupSize, share);
    // Parts of the same length, or one less: a last trial by itself would cost as much as two.
    const parts = Math.ceil(alike.length / size);
    return this.#group(alike.slice(0, Math.ceil(alike.length / parts)));
  }

  #group(trials: readonly TrialEntry[]): TrialGroup {
    const slots = this.#settings.groupSize === 1 ? undefined : {
      count: slotsFor(trials.length, this.#settings.groupSize),
      shareRows: trials.every(({ seed }) => seed === trials[0].seed),
    };
    const { groups, scheduled } = this.#splitOf(trials[0]);
    const { stage } = trials[0];
    return {
      programKey: JSON.stringify([this.#structureKey(trials[0]), slots, stage]),
      structure: groups,
      scheduled,
      trials,
      coefficients: trials.map((trial) => this.#splitOf(trial).coefficients),
      slots,
    };
  }

  /** Equal for trials that can be trained together. */
  #key(trial: TrialEntry): string {
    const { stage, position, pauseAfter } = trial;
    return JSON.stringify([this.#structureKey(trial), stage, position, pauseAfter]);
  }

  #structureKey(trial: TrialEntry): unknown {
    const { groups, scheduled } = this.#splitOf(trial);
    return [groups.map(({ literals }) => literals), scheduled];
  }

  #splitOf({ configuration: { index, values } }: TrialEntry) {
    let split = this.#split.get(index);
    if (split === undefined) {
      const { parameterGroups, lrScaling } = this.#settings;
      split = {
        ...splitConfiguration(this.#optimizer, parameterGroups, values, lrScaling?.factor),
        scheduled: values.schedule !== CONSTANT_SCHEDULE,
      };
      this.#split.set(index, split);
    }
    return split;
  }
}
