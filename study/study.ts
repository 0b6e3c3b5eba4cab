/** Running a study: its trials, in the order of the grid, on as many threads as it has jobs. */
import { getDataset } from "../datasets/registry.ts";
import { splitCoefficients } from "../optim/optimizer.ts";
import { getOptimizer } from "../optim/registry.ts";
import { getTask } from "../tasks/registry.ts";
import { WorkerPool } from "./pool.ts";
import type { Program } from "./program.ts";
import type { StudySettings } from "./settings.ts";
import type { EpochMetrics, TrialOutcome, TrialResult, TrialSpec } from "./trial.ts";

/** What is told of a study while it runs. */
export interface StudyObserver {
  onEpoch?(trial: TrialSpec, metrics: EpochMetrics): void;
  /** Called once for each trial, in the order in which they end. */
  onTrial?(result: TrialResult): void;
}

/** The trials of a study: the seeds of a configuration follow one another. */
export function planTrials({ configurations, seeds }: StudySettings): TrialSpec[] {
  return configurations.flatMap((configuration) => seeds.map((seed) => ({ configuration, seed })))
    .map((trial, index) => ({ index, ...trial }));
}

/**
 * Runs all trials. One that diverges or fails is reported as such, and the study goes on. The metrics do not depend on
 * the number of jobs.
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
  const trials = planTrials(settings);
  const jobs = Math.min(settings.jobs, trials.length);
  const pool = new WorkerPool(jobs);
  const programs = new Programs(settings);
  const results: TrialResult[] = [];
  let next = 0;
  let stopped = false;

  async function runTrials(): Promise<void> {
    while (next < trials.length && !stopped) {
      const trial = trials[next++];
      const outcome = await runTrial(settings, programs, pool, trial, observer);
      if (stopped) return;
      const result = { trial, outcome };
      results.push(result);
      observer.onTrial?.(result);
    }
  }

  const aborted = new Promise<void>((resolve) =>
    signal?.addEventListener("abort", () => resolve(), { once: true })
  );
  try {
    await Promise.race([Promise.all(Array.from({ length: jobs }, runTrials)), aborted]);
  } finally {
    stopped = true;
    await pool.close();
  }
  return results.sort((a, b) => a.trial.index - b.trial.index);
}

async function runTrial(
  settings: StudySettings,
  programs: Programs,
  pool: WorkerPool,
  trial: TrialSpec,
  observer: StudyObserver,
): Promise<TrialOutcome> {
  try {
    const prepared = await programs.prepare(trial);
    return await pool.run(
      {
        task: settings.task,
        seed: trial.seed,
        epochs: settings.epochs,
        batchSize: settings.batchSize,
        ...prepared,
      },
      (metrics) => observer.onEpoch?.(trial, metrics),
    );
  } catch (error) {
    return { status: "failed", error: error instanceof Error ? error.message : String(error) };
  }
}

interface PreparedProgram {
  readonly program: Program;
  readonly programKey: string;
  readonly coefficients: Readonly<Record<string, number>>;
  /** Spent on this call. */
  readonly tracingSeconds: number;
}

/** The compiled programs of a study, one for each structure that its configurations have. */
class Programs {
  readonly #settings: StudySettings;
  readonly #programs = new Map<string, Program>();

  constructor(settings: StudySettings) {
    this.#settings = settings;
  }

  async prepare({ configuration }: TrialSpec): Promise<PreparedProgram> {
    // Loaded here: tracing needs TensorFlow.js, and the threads are better started first.
    const { coefficientName, compileProgram } = await import("./program.ts");
    const startMs = performance.now();
    const task = getTask(this.#settings.task);
    const optimizer = getOptimizer(this.#settings.optimizer.name, this.#settings.optimizer.base);
    const { literals, inputs } = splitCoefficients(optimizer, configuration.values);
    const programKey = JSON.stringify(literals);
    let program = this.#programs.get(programKey);
    if (!program) {
      const group = { parameters: Object.keys(task.parameters), literals, inputs: Object.keys(inputs) };
      const { batchSize } = this.#settings;
      const settings = { task, data: getDataset(task.dataset), optimizer, groups: [group], batchSize };
      program = compileProgram(settings, "float32");
      this.#programs.set(programKey, program);
    }
    const coefficients = Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [coefficientName(0, name), value]),
    );
    return { program, programKey, coefficients, tracingSeconds: (performance.now() - startMs) / 1000 };
  }
}
