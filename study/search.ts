/**
 * What a study runs next. The plan follows from the results of trials in their order, not in that of their endings: so it
 * is the same for any number of jobs and processes, and after any stop.
 */
import { Cohorts } from "./cohorts.ts";
import { costOf } from "./cost.ts";
import { finalTrials } from "./final.ts";
import { type ChosenConfiguration, isOpen, type Ledger, type NewTrial, type TrialEntry } from "./ledger.ts";
import { Proposals } from "./proposals.ts";
import { boundsOf } from "./pruners/bounds.ts";
import { isComparative } from "./pruners/comparative.ts";
import type { CostCurve, Pruner, Stopping } from "./pruners/pruner.ts";
import { parsePruner } from "./pruners/registry.ts";
import { samplers } from "./samplers/registry.ts";
import type { StudySettings } from "./settings/settings.ts";
import { isInShard } from "./settings/shard.ts";

/** Configurations planned ahead where none depends on another: enough to fill groups of trials. */
const FAR_AHEAD = 1024;

/** Plans and judges the trials of a study. */
export class Search {
  readonly #settings: StudySettings;
  readonly #ledger: Ledger;
  readonly #proposals: Proposals;
  readonly #pruners: readonly Pruner[];
  /** Whether the sampler looks at results. */
  readonly #learns: boolean;
  /** Results of the last so many configurations are not looked at. */
  readonly #ahead: number;
  readonly #cohorts?: Cohorts;
  /** The trials of each configuration's search. */
  readonly #trialsOf: TrialEntry[][] = [];
  /** Configurations and trials of the ledger that have been taken notice of. */
  #configurations = 0;
  #trials = 0;
  /** The first configuration of the search, and the first trial of all, that have not ended. */
  #firstOpen = 0;
  #firstOpenTrial = 0;
  /** Epochs that the configurations took whose results are looked at. */
  #epochs = { configurations: 0, sum: 0 };
  #isExhausted = false;

  constructor(settings: StudySettings, ledger: Ledger) {
    const { sampler: { name, ahead }, epochs } = settings;
    this.#settings = settings;
    this.#ledger = ledger;
    this.#proposals = new Proposals(settings);
    this.#pruners = settings.pruners.map(parsePruner);
    this.#learns = name !== "grid" && samplers[name].learns;
    this.#ahead = this.#learns || this.#pruners.some(isComparative) ? ahead : FAR_AHEAD;
    const waiting = this.#pruners.find(({ rungs }) => rungs !== undefined);
    this.#cohorts = waiting && new Cohorts(waiting, epochs);
  }

  /** Plans what can be planned, and moves on trials that waited for one another. */
  plan(): void {
    this.#catchUp();
    this.#judge();
    while (!this.#isExhausted && this.#mayChoose(this.#configurations)) this.#choose();
    if (!this.#isSearching) this.#planFinal();
  }

  /** Whether everything was run, as far as the budget allows. Call it after `plan`. */
  get isOver(): boolean {
    return !this.#openTrials().some((trial) => this.#isDue(trial));
  }

  /** What can be run now, in order. */
  get planned(): readonly TrialEntry[] {
    return this.#openTrials().filter((trial) => trial.state === "planned" && this.#isDue(trial));
  }

  /** What may end a trial early. Final trials go to their end. */
  stopping({ index, configuration, stage }: TrialEntry): Stopping {
    const { epochs, pruners, stopAtTarget } = this.#settings;
    if (stage === "final") return { bounds: [], pruners: [], atTarget: false };
    const earlier: CostCurve[] = [];
    if (this.#pruners.some(({ bound }) => bound !== undefined)) {
      for (const trial of this.#trialsOf.slice(0, this.#seenBy(configuration.index)).flat()) {
        earlier[trial.index] = trial.state === "failed" ? [] : trial.costs!;
      }
    }
    return {
      bounds: boundsOf(this.#pruners, epochs, earlier, index),
      pruners: pruners.filter((_, i) => !isComparative(this.#pruners[i])),
      atTarget: stopAtTarget,
    };
  }

  /** Takes notice of what is new in the ledger, also from other processes. */
  #catchUp(): void {
    const { configurations, trials } = this.#ledger;
    for (; this.#configurations < configurations.length; this.#configurations++) {
      const { index, values } = configurations[this.#configurations];
      this.#proposals.take(values);
      this.#trialsOf[index] = [];
    }
    for (; this.#trials < trials.length; this.#trials++) {
      const trial = trials[this.#trials];
      if (trial.stage === "search") this.#trialsOf[trial.configuration.index].push(trial);
    }
    while (this.#firstOpen < configurations.length && !this.#trialsOf[this.#firstOpen].some(isOpen)) {
      this.#firstOpen++;
    }
    while (this.#firstOpenTrial < trials.length && !isOpen(trials[this.#firstOpenTrial])) {
      this.#firstOpenTrial++;
    }
  }

  #openTrials(): TrialEntry[] {
    return this.#ledger.trials.slice(this.#firstOpenTrial).filter(isOpen);
  }

  /** Whether an open trial is to be waited for, or run: when the time is up, no other of the search begins. */
  #isDue({ state, stage }: TrialEntry): boolean {
    return state === "running" || stage === "final" || !this.#isOutOfTime;
  }

  get #isOutOfTime(): boolean {
    return this.#ledger.seconds >= (this.#settings.budget.seconds ?? Infinity);
  }

  /** Whether there is, or may be, another trial of the search to end. */
  get #isSearching(): boolean {
    const mayGrow = !this.#isExhausted && !this.#isOutOfTime && this.#fits(this.#configurations);
    return mayGrow || this.#openTrials().some((trial) => trial.stage === "search" && this.#isDue(trial));
  }

  /** Whether the best was chosen and is trained again: a larger budget comes too late then. */
  get #isFinal(): boolean {
    return this.#ledger.trials.at(-1)?.stage === "final";
  }

  /** How many of the first configurations a configuration is chosen and pruned by. */
  #seenBy(configuration: number): number {
    const { cohort } = this.#settings;
    if (cohort === undefined) return Math.max(0, configuration - this.#ahead + 1);
    return cohort * Math.floor(configuration / cohort);
  }

  #mayChoose(configuration: number): boolean {
    return this.#firstOpen >= this.#seenBy(configuration) && !this.#isOutOfTime && this.#fits(configuration);
  }

  /** Whether the budget has room for another configuration; for one it always has. The final trials end the search. */
  #fits(configuration: number): boolean {
    const { budget, seeds, epochs } = this.#settings;
    if (this.#isFinal) return false;
    if (configuration === 0) return true;
    const { trials = Infinity } = budget;
    if ((configuration + 1) * seeds.length > trials) return false;
    if (budget.epochs === undefined) return true;
    const seen = Math.min(this.#seenBy(configuration), this.#firstOpen);
    for (; this.#epochs.configurations < seen; this.#epochs.configurations++) {
      for (const trial of this.#trialsOf[this.#epochs.configurations]) this.#epochs.sum += trial.epochs;
    }
    // What is not looked at is taken to go to its end.
    return this.#epochs.sum + (configuration - seen + 1) * seeds.length * epochs <= budget.epochs;
  }

  #choose(): void {
    const { configurations } = this.#ledger;
    const { seeds, shard } = this.#settings;
    const index = configurations.length;
    const seen = this.#seenBy(index);
    const chosen = this.#learns ? configurations : [];
    const proposal = this.#proposals.next({
      draw: index === 0 ? 0 : configurations[index - 1].draw + 1,
      observations: chosen.slice(0, seen).map(({ point }, i) => ({ point: point!, cost: this.#costOf(i) })),
      pending: chosen.slice(seen).map(({ point }) => point!),
    });
    if (proposal === undefined) {
      this.#isExhausted = true;
      return;
    }
    const configuration: ChosenConfiguration = { index, ...proposal };
    const pauseAfter = this.#cohorts?.rungs[0];
    const trials = isInShard(index, shard)
      ? seeds.map((seed, i): NewTrial => (
        { index: index * seeds.length + i, configuration, seed, stage: "search", pauseAfter }
      ))
      : [];
    this.#ledger.plan([configuration], trials);
    this.#catchUp();
  }

  /** The mean cost of a configuration's trials; undefined where one has none. */
  #costOf(configuration: number): number | undefined {
    const costs = this.#trialsOf[configuration].map(({ last }) =>
      last === undefined ? NaN : costOf(last, this.#settings.metric)
    );
    const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
    return Number.isNaN(mean) ? undefined : mean;
  }

  /** A cohort is judged when it is whole. Trials that are tried again may reopen one that is not the last. */
  #judge(): void {
    const { cohort } = this.#settings;
    if (this.#cohorts === undefined || cohort === undefined) return;
    for (let first = this.#seenBy(this.#firstOpen); first < this.#configurations; first += cohort) {
      const isWhole = this.#configurations - first >= cohort || this.#isExhausted ||
        !this.#fits(this.#configurations);
      if (isWhole) this.#cohorts.judge(this.#trialsOf.slice(first, first + cohort).flat(), this.#ledger);
    }
    this.#catchUp();
  }

  #planFinal(): void {
    if (this.#isFinal) return;
    const trials = finalTrials(this.#settings, this.#trialsOf);
    if (trials.length > 0) this.#ledger.plan([], trials);
    this.#catchUp();
  }
}
