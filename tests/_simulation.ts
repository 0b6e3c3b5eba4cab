/** Studies without training: what their trials would measure is made up, and they end in an order of chance. */
import assert from "node:assert/strict";
import { Random } from "../datasets/random.ts";
import type { RecordedTrial } from "../results/store/record.ts";
import { StudyStore } from "../results/store/store.ts";
import type { TrialEntry } from "../study/ledger.ts";
import type { Stopping } from "../study/pruners/pruner.ts";
import { Search } from "../study/search.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import type { TrialCheckpoint } from "../study/training/checkpoint.ts";
import { judgeBy } from "../study/training/stopping.ts";
import type { GroupOutcome } from "../study/training/member.ts";
import type { EpochMetrics } from "../study/trial.ts";

/** What a study came to. Equal studies tell equal stories. */
export interface Story {
  readonly trials: readonly RecordedTrial[];
  /** What could end each trial early. */
  readonly stoppings: readonly Stopping[];
}

/** How a study is run; the default is one trial after another, without a stop. */
export interface Run {
  /** Decides what happens next, where something is left to chance. */
  readonly chance?: Random;
  /** Trials at a time, of each process. Default: 1. */
  readonly jobs?: number;
  /** Called now and then: the process of that store goes on with another one, and without its trials in progress. */
  readonly interrupt?: (store: StudyStore) => StudyStore;
  /** Whether some trials of the search fail. Default: true. */
  readonly fails?: boolean;
}

/** A study's record in the memory. */
export function inMemory(settings: StudySettings): StudyStore {
  return StudyStore.inMemory({ settings });
}

/** Runs what is left of a study, as processes do that have a store each. */
export function simulate(settings: StudySettings, stores = [inMemory(settings)], run: Run = {}): Story {
  const { chance, jobs = 1, interrupt, fails = true } = run;
  const decides = (share: number) => chance !== undefined && chance.uniform() < share;
  const stoppings: Stopping[] = [];
  const start = (store: StudyStore) => new Process(settings, store, stoppings, fails);
  const processes = stores.map(start);
  while (true) {
    const place = Math.floor((chance?.uniform() ?? 0) * processes.length);
    if (interrupt && decides(0.1)) processes[place] = start(interrupt(processes[place].store));
    const process = processes[place];
    process.plan();
    if (process.isOver) return { trials: process.store.record.trials(), stoppings };
    const { running, planned } = process;
    const mayBegin = running.length < jobs && planned.length > 0;
    if (mayBegin && (running.length === 0 || decides(0.6))) {
      process.begin(draw(planned, chance), decides(0.3));
    } else if (running.length > 0) process.end(draw(running, chance));
    else assert.ok(processes.some(({ running }) => running.length > 0), "nothing is waited for");
  }
}

function draw<T>(items: readonly T[], chance?: Random): T {
  return items[chance === undefined ? 0 : Math.floor(chance.uniform() * items.length)];
}

/** One process that runs a study. */
class Process {
  readonly store: StudyStore;
  readonly running: TrialEntry[] = [];
  readonly #settings: StudySettings;
  readonly #search: Search;
  readonly #stoppings: Stopping[];
  readonly #fails: boolean;
  readonly #checkpoints = new Map<TrialEntry, TrialCheckpoint>();

  constructor(settings: StudySettings, store: StudyStore, stoppings: Stopping[], fails: boolean) {
    this.#settings = settings;
    this.store = store;
    this.#search = new Search(settings, store);
    this.#stoppings = stoppings;
    this.#fails = fails;
  }

  plan(): void {
    this.store.exclusively(() => this.#search.plan());
  }

  get planned(): readonly TrialEntry[] {
    return this.#search.planned;
  }

  get isOver(): boolean {
    return this.#search.isOver;
  }

  /** @param takesLong whether it is checkpointed on the way. */
  begin(trial: TrialEntry, takesLong: boolean): void {
    const [checkpoint] = this.store.exclusively(() => this.store.claim([trial]))!;
    this.running.push(trial);
    if (checkpoint !== undefined) this.#checkpoints.set(trial, checkpoint);
    const stopping = this.#search.stopping(trial);
    assert.deepEqual(stopping, this.#stoppings[trial.index] ??= stopping);
    if (takesLong) {
      const outcome = this.#train(trial, stopping, Math.min(2, trial.pauseAfter ?? 2));
      if (outcome.status === "paused") this.#checkpoint(trial, outcome.checkpoint);
    }
  }

  end(trial: TrialEntry): void {
    this.running.splice(this.running.indexOf(trial), 1);
    // What has ended since it began makes no difference.
    const stopping = this.#search.stopping(trial);
    assert.deepEqual(stopping, this.#stoppings[trial.index]);
    const outcome = this.#train(trial, stopping, trial.pauseAfter);
    this.#checkpoints.delete(trial);
    this.store.exclusively(() => {
      if (outcome.status === "paused") this.store.pause([{ trial, checkpoint: outcome.checkpoint }]);
      else this.store.finish([{ trial, outcome }]);
    });
  }

  #checkpoint(trial: TrialEntry, checkpoint: TrialCheckpoint): void {
    this.#checkpoints.set(trial, checkpoint);
    this.store.exclusively(() => this.store.checkpoint(trial, checkpoint));
    this.store.beat();
  }

  #train(trial: TrialEntry, stopping: Stopping, pauseAfter: number | undefined): GroupOutcome {
    if (this.#fails && isFailing(trial)) return { status: "failed", reason: "out of memory" };
    const { epochs: last } = this.#settings;
    const judge = judgeBy(stopping, this.#settings);
    const epochs: EpochMetrics[] = [...this.#checkpoints.get(trial)?.record.epochs ?? []];
    while (epochs.length < last) {
      if (epochs.length >= (pauseAfter ?? last)) {
        return { status: "paused", checkpoint: checkpointAfter(epochs) };
      }
      const metrics = measure(trial, epochs.length + 1);
      if (Number.isNaN(metrics.testLoss)) return { ...measured(epochs), status: "diverged", reason: "NaN" };
      epochs.push(metrics);
      this.store.epoch(trial, metrics, epochs.length);
      const ending = epochs.length < last ? judge(epochs) : undefined;
      if (ending !== undefined) return { ...measured(epochs), ...ending };
    }
    return { ...measured(epochs), status: "completed" };
  }
}

function measured(epochs: readonly EpochMetrics[]) {
  const epochSeconds = epochs.map(({ epoch }) => epoch);
  return {
    epochs,
    epochSeconds,
    steps: 22 * epochs.length,
    groupSize: 1,
    stepMs: [1],
    compileSeconds: 0,
    wallSeconds: 1,
  };
}

function checkpointAfter(epochs: readonly EpochMetrics[]): TrialCheckpoint {
  const { epochSeconds, steps, stepMs, ...times } = measured(epochs);
  return {
    epoch: epochs.length + 1,
    step: 0,
    alone: true,
    point: {},
    streams: { shuffle: { generator: [] }, noise: { generator: [] } },
    record: {
      epochs: [...epochs],
      epochSeconds,
      trajectory: [],
      steps,
      lossSum: 0,
      stepTimes: { samples: stepMs, ms: 0, steps: 0 },
    },
    seconds: times.wallSeconds,
    compileSeconds: times.compileSeconds,
    groupSize: times.groupSize,
  };
}

/** A number from 0 to 1 that belongs to a trial: the same whenever and wherever it is run. */
function lot({ configuration, seed }: TrialEntry, what: string): number {
  return new Random(seed, `${what} ${JSON.stringify(configuration.values)}`).uniform();
}

function isFailing(trial: TrialEntry): boolean {
  return trial.stage === "search" && lot(trial, "failure") < 0.05;
}

/** Made up: best at a learning rate of 0.1; one trial in ten diverges in its third epoch. */
function measure(trial: TrialEntry, epoch: number): EpochMetrics {
  const distance = Math.abs(Math.log10(Number(trial.configuration.values.lr)) + 1);
  const noise = 0.1 * lot(trial, `epoch ${epoch}`);
  const testLoss = epoch === 3 && lot(trial, "divergence") < 0.1 ? NaN : distance + 1 / epoch + noise;
  return { epoch, trainLoss: testLoss, testLoss, testAccuracy: 1 / (1 + testLoss) };
}
