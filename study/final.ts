/** The final trials of a study with a protocol: those of the best configuration. */
import type { NewTrial, TrialEntry } from "./ledger.ts";
import { compareStandings, type Standing } from "./ranking.ts";
import type { StudySettings } from "./settings/settings.ts";

/**
 * @param searched the trials of each configuration, all ended.
 * @returns none where no trial completed.
 */
export function finalTrials(
  { protocol, metric, seeds }: StudySettings,
  searched: readonly (readonly TrialEntry[])[],
): NewTrial[] {
  if (protocol === undefined) return [];
  const [best] = searched.map((trials, index) => standing(trials, index))
    .filter(({ loss }) => loss !== undefined)
    .sort((a, b) => compareStandings(a, b, metric));
  if (best === undefined) return [];
  const [{ configuration }] = searched[best.index];
  const first = searched.length * seeds.length;
  return protocol.seeds.map((seed, i) => ({ index: first + i, configuration, seed, stage: "final" }));
}

function standing(trials: readonly TrialEntry[], index: number): Standing {
  const completed = trials.filter(({ state }) => state === "completed").map(({ last }) => last!);
  const mean = (values: readonly number[]) =>
    values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    index,
    isSound: trials.length > 0 && completed.length === trials.length,
    accuracy: mean(completed.flatMap(({ testAccuracy }) => testAccuracy ?? [])),
    loss: mean(completed.map(({ testLoss }) => testLoss)),
  };
}
