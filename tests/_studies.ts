/** Studies that are planned and run, and not kept. */
import assert from "node:assert/strict";
import { StudyStore } from "../results/store/store.ts";
import { Search } from "../study/search.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import { runStudy } from "../study/study.ts";
import type { EpochMetrics } from "../study/trial.ts";
import { Groups, type TrialGroup } from "../study/workers/groups.ts";

/** Runs a study whose trials all complete, and returns the epochs of each, in their order. */
export async function epochsOf(settings: StudySettings): Promise<(readonly EpochMetrics[])[]> {
  const store = StudyStore.inMemory({ settings });
  const epochs: (readonly EpochMetrics[])[] = [];
  await runStudy(settings, store, {
    onTrials(results) {
      for (const { trial, outcome } of results) {
        assert.ok(outcome.status === "completed", JSON.stringify(outcome));
        epochs[trial.index] = outcome.epochs;
      }
    },
  });
  store.close();
  return epochs;
}

/** The groups that the trials of a sweep are trained in. */
export function groupsOf(settings: StudySettings): TrialGroup[] {
  const store = StudyStore.inMemory({ settings });
  const search = new Search(settings, store);
  store.exclusively(() => search.plan());
  const groups = new Groups(settings);
  const all: TrialGroup[] = [];
  for (let { planned } = search; planned.length > 0;) {
    const group = groups.next(planned);
    all.push(group);
    planned = planned.filter((trial) => !group.trials.includes(trial));
  }
  store.close();
  return all;
}
