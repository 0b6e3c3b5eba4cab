/** Running a study: its trials, in groups, on as many workers as it has jobs. */
import { clearInterval, setInterval } from "node:timers";
import { setTimeout as delay } from "node:timers/promises";
import type { Ledger, TrialEntry } from "./ledger.ts";
import { Programs } from "./programs.ts";
import { Search } from "./search.ts";
import type { StudySettings } from "./settings/settings.ts";
import type { TrialCheckpoint } from "./training/checkpoint.ts";
import type { GroupListener, GroupOutcome } from "./training/member.ts";
import type { EpochMetrics, EpochProgress, TrialResult } from "./trial.ts";
import { Groups, type TrialGroup } from "./workers/groups.ts";
import { WorkerPool } from "./workers/pool.ts";

/** What is told of a study while it runs. */
export interface StudyObserver {
  onEpoch?(trial: TrialEntry, metrics: EpochMetrics): void;
  /** Within an epoch that takes long, with the trials that are trained together: a few times a second. */
  onSteps?(trials: readonly TrialEntry[], progress: EpochProgress): void;
  /** Called with the trials that end together, once they are kept. */
  onTrials?(results: readonly TrialResult[]): void;
}

/** Between two signs of life. */
const BEAT_MS = 1000;
/** How long to wait for what other processes do. */
const POLL_MS = 200;

/**
 * Runs what a study has left to run. A trial that diverges or fails is recorded as such, and the study goes on. The
 * metrics depend neither on the number of jobs nor on how trials are grouped; nor does what a search tries. Other
 * processes may run the same study: each trial is run by one of them.
 *
 * @param ledger keeps the results, and knows what there are already.
 * @param signal aborting it stops the trials in progress, which are not recorded: they can be run again.
 * @throws whatever the ledger or an observer throws, after stopping the trials in progress.
 */
export async function runStudy(
  settings: StudySettings,
  ledger: Ledger,
  observer: StudyObserver = {},
  signal?: AbortSignal,
): Promise<void> {
  const run = new StudyRun(settings, ledger, observer);
  signal?.addEventListener("abort", () => run.stop(), { once: true });
  await run.toEnd();
}

class StudyRun {
  readonly #settings: StudySettings;
  readonly #ledger: Ledger;
  readonly #observer: StudyObserver;
  readonly #search: Search;
  readonly #groups: Groups;
  readonly #programs: Programs;
  readonly #pool: WorkerPool;
  readonly #ending = new AbortController();
  #failure: { readonly error: unknown } | undefined;

  constructor(settings: StudySettings, ledger: Ledger, observer: StudyObserver) {
    this.#settings = settings;
    this.#ledger = ledger;
    this.#observer = observer;
    this.#search = new Search(settings, ledger);
    this.#groups = new Groups(settings);
    this.#programs = new Programs(settings);
    this.#pool = new WorkerPool(settings.jobs, { ...settings, hangMs: settings.hangMinutes * 60_000 });
  }

  /** At once: nothing is recorded or reported of what ends in the meantime. */
  stop(): void {
    this.#ending.abort();
  }

  async toEnd(): Promise<void> {
    const beat = setInterval(() => this.#orFail(() => this.#ledger.beat()), BEAT_MS);
    const stopped = new Promise<void>((resolve) =>
      this.#ending.signal.addEventListener("abort", () => resolve(), { once: true })
    );
    try {
      const jobs = Array.from({ length: this.#settings.jobs }, () => this.#work());
      await Promise.race([Promise.all(jobs), stopped]);
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      this.stop();
      clearInterval(beat);
      await this.#pool.close();
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#ledger.release();
  }

  /** What goes wrong in the record or an observer is no trial's fault: it ends the study. */
  #orFail(work: () => void): void {
    if (this.#isStopped) return;
    try {
      work();
    } catch (error) {
      this.#failure ??= { error };
      this.stop();
    }
  }

  get #isStopped(): boolean {
    return this.#ending.signal.aborted;
  }

  /** One job: a group after the other, until nothing is left. */
  async #work(): Promise<void> {
    while (!this.#isStopped) {
      const next = this.#ledger.exclusively(() => this.#next());
      if (next === "over") return;
      if (next === "wait") await delay(POLL_MS, undefined, { signal: this.#ending.signal }).catch(() => {});
      else await this.#run(next.group, next.checkpoints);
    }
  }

  #next(): "over" | "wait" | { group: TrialGroup; checkpoints: (TrialCheckpoint | undefined)[] } {
    this.#search.plan();
    const { planned, isOver } = this.#search;
    if (planned.length === 0) return isOver ? "over" : "wait";
    const group = this.#groups.next(planned);
    const checkpoints = this.#ledger.claim(group.trials);
    return checkpoints === undefined ? this.#next() : { group, checkpoints };
  }

  async #run(group: TrialGroup, checkpoints: readonly (TrialCheckpoint | undefined)[]): Promise<void> {
    const { trials } = group;
    const outcomes = await this.#train(group, checkpoints);
    if (this.#isStopped) return;
    const paused: { trial: TrialEntry; checkpoint: TrialCheckpoint }[] = [];
    const ended: TrialResult[] = [];
    outcomes.forEach((outcome, i) => {
      if (outcome.status === "paused") paused.push({ trial: trials[i], checkpoint: outcome.checkpoint });
      else ended.push({ trial: trials[i], outcome });
    });
    const recorded = this.#ledger.exclusively(() => {
      this.#ledger.pause(paused);
      return this.#ledger.finish(ended);
    });
    if (recorded.length > 0) this.#observer.onTrials?.(recorded);
  }

  async #train(
    group: TrialGroup,
    checkpoints: readonly (TrialCheckpoint | undefined)[],
  ): Promise<readonly GroupOutcome[]> {
    const { taskChoice, epochs, batchSize, shuffle, device, threads, checkpointMinutes } = this.#settings;
    const { trials, programKey, coefficients } = group;
    try {
      const prepared = await this.#programs.prepare({ ...group, stage: trials[0].stage });
      const members = trials.map((trial, i) => ({
        seed: trial.seed,
        coefficients: coefficients[i],
        schedule: trial.configuration.values.schedule as string,
        stopping: this.#search.stopping(trial),
        checkpoint: checkpoints[i],
      }));
      return await this.#pool.run({
        // The final trials of a protocol train on all of the training rows.
        task: trials[0].stage === "final" ? { ...taskChoice, heldOut: undefined } : taskChoice,
        members,
        programKey,
        ...prepared,
        epochs,
        pauseAfter: trials[0].pauseAfter,
        batchSize,
        shuffle,
        device,
        threads,
        checkpointMs: checkpointMinutes * 60_000,
      }, this.#listener(group));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return trials.map(() => ({ status: "failed", reason }));
    }
  }

  #listener({ trials }: TrialGroup): GroupListener {
    return {
      onEpoch: (member, metrics, seconds) =>
        this.#orFail(() => {
          this.#ledger.epoch(trials[member], metrics, seconds);
          this.#observer.onEpoch?.(trials[member], metrics);
        }),
      onSteps: (progress) => this.#orFail(() => this.#observer.onSteps?.(trials, progress)),
      onCheckpoint: (checkpoints) =>
        this.#orFail(() =>
          this.#ledger.exclusively(() => {
            for (const [member, checkpoint] of checkpoints) {
              this.#ledger.checkpoint(trials[member], checkpoint);
            }
          })
        ),
    };
  }
}
