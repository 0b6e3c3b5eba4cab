/** Running a study: its trials, in groups, on as many threads as it has jobs. */
import { getOptimizer } from "../optim/registry.ts";
import { loadTask } from "../tasks/load.ts";
import { formGroups, type TrialGroup } from "./workers/groups.ts";
import { WorkerPool } from "./workers/pool.ts";
import type { Program } from "./training/program.ts";
import type { StudySettings } from "./settings/settings.ts";
import type { GroupListener } from "./training/trainer.ts";
import type { EpochMetrics, EpochProgress, TrialOutcome, TrialResult, TrialSpec } from "./trial.ts";

/** What is told of a study while it runs. */
export interface StudyObserver {
  onEpoch?(trial: TrialSpec, metrics: EpochMetrics): void;
  /** Within an epoch that takes long, with the trials that are trained together: a few times a second. */
  onSteps?(trials: readonly TrialSpec[], progress: EpochProgress): void;
  /** Called with the trials of each group as it ends: with every trial once, in the order in which they end. */
  onTrials?(results: readonly TrialResult[]): void;
}

/** The trials of a study: the seeds of a configuration follow one another. */
export function planTrials({ configurations, seeds }: StudySettings): TrialSpec[] {
  return configurations.flatMap((configuration) => seeds.map((seed) => ({ configuration, seed })))
    .map((trial, index) => ({ index, ...trial }));
}

/**
 * Runs all trials. One that diverges or fails is reported as such, and the study goes on. The metrics depend neither on
 * the number of jobs nor on how trials are grouped.
 *
 * @param signal aborting it stops the trials in progress, which are not reported.
 * @returns the results of the trials that ended, in the order of the plan.
 * @throws whatever an observer throws, after stopping the trials in progress.
 */
export async function runStudy(
  settings: StudySettings,
  observer: StudyObserver = {},
  signal?: AbortSignal,
): Promise<TrialResult[]> {
  const groups = formGroups(settings, planTrials(settings));
  const jobs = Math.min(settings.jobs, groups.length);
  const pool = new WorkerPool(jobs);
  const programs = new Programs(settings);
  const results: TrialResult[] = [];
  let next = 0;
  let stopped = false;

  const listener = ({ trials }: TrialGroup): GroupListener => ({
    onEpoch(member, metrics) {
      if (!stopped) observer.onEpoch?.(trials[member], metrics);
    },
    onSteps(progress) {
      if (!stopped) observer.onSteps?.(trials, progress);
    },
  });

  async function runGroups(): Promise<void> {
    while (next < groups.length && !stopped) {
      const group = groups[next++];
      const outcomes = await runGroup(settings, programs, pool, group, listener(group));
      if (stopped) return;
      const ended = group.trials.map((trial, i) => ({ trial, outcome: outcomes[i] }));
      results.push(...ended);
      observer.onTrials?.(ended);
    }
  }

  const aborted = new Promise<void>((resolve) => {
    signal?.addEventListener("abort", () => {
      // At once, so that nothing is reported of what ends in the meantime.
      stopped = true;
      resolve();
    }, { once: true });
  });
  try {
    await Promise.race([Promise.all(Array.from({ length: jobs }, runGroups)), aborted]);
  } finally {
    stopped = true;
    await pool.close();
  }
  return results.sort((a, b) => a.trial.index - b.trial.index);
}

async function runGroup(
  { taskChoice: task, epochs, batchSize, shuffle, threads }: StudySettings,
  programs: Programs,
  pool: WorkerPool,
  group: TrialGroup,
  listener: GroupListener,
): Promise<readonly TrialOutcome[]> {
  const { trials, programKey, coefficients } = group;
  try {
    const { program, tracingSeconds } = await programs.prepare(group);
    const members = trials.map(({ seed, configuration: { values } }, i) => ({
      seed,
      coefficients: coefficients[i],
      schedule: values.schedule as string,
    }));
    return await pool.run(
      { task, members, programKey, program, epochs, batchSize, shuffle, threads, tracingSeconds },
      listener,
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return trials.map(() => ({ status: "failed", error: reason }));
  }
}

/** The compiled programs of a study, one for each structure and size of its groups. */
class Programs {
  readonly #settings: StudySettings;
  readonly #programs = new Map<string, Program>();

  constructor(settings: StudySettings) {
    this.#settings = settings;
  }

  /** A group's program, and the seconds that making it took. */
  async prepare({ programKey, structure: groups, scheduled, slots }: TrialGroup) {
    const startMs = performance.now();
    // Loaded here: tracing needs TensorFlow.js, and the threads are better started first.
    const { compileProgram } = await import("./training/program.ts");
    let program = this.#programs.get(programKey);
    if (!program) {
      const { taskChoice, optimizer: { name, base }, batchSize } = this.#settings;
      const { accumulate, runningStatistics } = this.#settings;
      const task = await loadTask(taskChoice);
      const optimizer = getOptimizer(name, base);
      const settings = { task, optimizer, groups, batchSize, scheduled, accumulate, runningStatistics };
      program = compileProgram(settings, "float32", slots);
      this.#programs.set(programKey, program);
    }
    return { program, tracingSeconds: (performance.now() - startMs) / 1000 };
  }
}
