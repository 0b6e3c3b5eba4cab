/** What is shown of a study while it runs: trials done, the best so far, the time left. */
import { configurationLabel, formatNumber, hyperColumns } from "../../results/format.ts";
import { costOf } from "../../study/cost.ts";
import { isOpen, type Ledger, type TrialEntry } from "../../study/ledger.ts";
import type { StudySettings } from "../../study/settings/settings.ts";
import type { StudyObserver } from "../../study/study.ts";
import type { EpochMetrics, EpochProgress, TrialResult } from "../../study/trial.ts";
import { trialsPlanned } from "./show/extent.ts";
import { bar, duration, type Progress, showProgress } from "./progress.ts";

/** The best trial so far. */
interface Best {
  readonly trial: TrialResult["trial"];
  readonly metrics: EpochMetrics;
}

export class StudyProgress implements StudyObserver {
  readonly #settings: StudySettings;
  readonly #ledger: Ledger;
  readonly #progress: Progress;
  readonly #startMs = performance.now();
  /** Trials that had ended when this process began, and since then by its own doing. */
  readonly #endedBefore: number;
  #endedHere = 0;
  /** Epochs that are done, or need not be waited for. */
  #epochs = 0;
  /** What is done of epochs that have not ended, by the first trial of those that are trained together. */
  readonly #begun = new Map<number, number>();
  #best: Best | undefined;

  constructor(ledger: Ledger, settings: StudySettings, quiet: boolean) {
    this.#settings = settings;
    this.#ledger = ledger;
    this.#progress = showProgress(quiet, 1000);
    const ended = ledger.trials.filter((trial) => !isOpen(trial));
    this.#endedBefore = ended.length;
    for (const trial of ended) if (trial.state === "completed") this.#consider(trial, trial.last!);
  }

  get ended(): number {
    return this.#endedBefore + this.#endedHere;
  }

  /** How many there will be, as far as it is known. */
  get planned(): number {
    const { length } = this.#ledger.trials;
    return trialsPlanned(length, this.#settings) ?? length + (this.#settings.protocol?.seeds.length ?? 0);
  }

  onEpoch({ index }: TrialEntry): void {
    this.#epochs++;
    this.#begun.delete(index);
    this.#show();
  }

  onSteps([first, ...others]: readonly TrialEntry[], { steps, stepsPerEpoch }: EpochProgress): void {
    this.#begun.set(first.index, (1 + others.length) * steps / stepsPerEpoch);
    this.#show();
  }

  onTrials(ended: readonly TrialResult[]): void {
    for (const { trial, outcome } of ended) {
      // Epochs that a trial did not live to see need not be waited for.
      this.#epochs += this.#settings.epochs - (outcome.status === "failed" ? 0 : outcome.epochs.length);
      this.#begun.delete(trial.index);
      if (outcome.status === "completed") this.#consider(trial, outcome.epochs.at(-1)!);
    }
    this.#endedHere += ended.length;
    this.#show();
  }

  clear(): void {
    this.#progress.clear();
  }

  #consider(trial: TrialResult["trial"], metrics: EpochMetrics): void {
    const { metric } = this.#settings;
    if (this.#best === undefined || costOf(metrics, metric) < costOf(this.#best.metrics, metric)) {
      this.#best = { trial, metrics };
    }
  }

  #show(): void {
    this.#progress.update(() => {
      const { fraction, counts, best } = this.#state();
      return `${bar(fraction, 24)} ${counts}\n${best}`;
    }, () => {
      const { counts, best } = this.#state();
      return `${counts}; ${best}`;
    });
  }

  #state(): { fraction: number; counts: string; best: string } {
    const { planned } = this;
    const begun = [...this.#begun.values()].reduce((sum, epochs) => sum + epochs, 0);
    const left = Math.max(1, planned - this.#endedBefore) * this.#settings.epochs;
    const here = Math.min(1, (this.#epochs + begun) / left);
    const elapsed = (performance.now() - this.#startMs) / 1000;
    // Too early to tell: the first epochs wait for the compiler.
    const time = here > 0.03 ? `, ${duration(elapsed / here - elapsed)} left` : "";
    return {
      fraction: (this.#endedBefore + here * (planned - this.#endedBefore)) / Math.max(1, planned),
      counts: `${this.ended}/${planned} trials${time}`,
      best: this.#best === undefined ? "no trial has completed yet" : this.#describe(this.#best),
    };
  }

  /** `best 93.13 %: lr 0.3, momentum 0.9` */
  #describe({ trial: { configuration }, metrics: { testAccuracy, testLoss } }: Best): string {
    const value = this.#settings.metric === "accuracy"
      ? `${(100 * testAccuracy!).toFixed(2)} %`
      : `loss ${formatNumber(testLoss)}`;
    return `best ${value}: ${
      configurationLabel(hyperColumns([configuration], this.#settings), configuration)
    }`;
  }
}
