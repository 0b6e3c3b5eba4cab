/** Trials that wait for one another at the rungs of a pruner, of which the best go on. */
import type { Ledger, TrialEntry } from "./ledger.ts";
import type { Pruner } from "./pruners/pruner.ts";

export class Cohorts {
  readonly #pruner: Pruner;
  /** Epochs after which trials wait. */
  readonly rungs: readonly number[];

  /** @param epochs of a whole training. */
  constructor(pruner: Pruner, epochs: number) {
    this.#pruner = pruner;
    this.rungs = pruner.rungs!.epochs(epochs);
  }

  /** Moves on the trials of a whole cohort once none of them is on its way to a rung. */
  judge(cohort: readonly TrialEntry[], ledger: Ledger): void {
    const paused = cohort.filter(({ state }) => state === "paused");
    if (paused.length === 0) return;
    if (cohort.some(({ state }) => state === "planned" || state === "running")) return;
    // Trials that were planned later, or tried again, are behind.
    const rung = Math.min(...paused.map(({ pauseAfter }) => pauseAfter!));
    // Those that diverged or failed on the way count as well.
    const candidates = cohort.filter(({ pauseAfter }) => pauseAfter === rung);
    const survivors = this.#pruner.rungs!.survivors(
      candidates.map(({ state, costs }) =>
        state === "paused" ? Math.min(...costs!.slice(0, rung)) : undefined
      ),
    ).map((place) => candidates[place]);
    const others = candidates.filter((trial) => trial.state === "paused" && !survivors.includes(trial));
    const next = this.rungs[this.rungs.indexOf(rung) + 1];
    ledger.promote(survivors, next);
    ledger.prune(
      others,
      `${this.#pruner.text}: not among the best ${survivors.length} of ${candidates.length} after epoch ${rung}`,
    );
  }
}
