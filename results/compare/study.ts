/** A study, read as a whole to be compared. */
import { basename, resolve } from "node:path";
import { optimizerLabel } from "../format.ts";
import { type RecordedTrial, type StudyDescription, StudyRecord } from "../store/record.ts";
import { StoreError } from "../store/files.ts";
import { type ConfigurationSummary, summarize } from "../summary.ts";

export interface ComparedStudy {
  /** As the user named it. */
  readonly folder: string;
  /** Of the folder. */
  readonly name: string;
  /** As in `sgd`, or `sam over sgd`. */
  readonly optimizer: string;
  readonly description: StudyDescription;
  readonly trials: readonly RecordedTrial[];
  /** Of the search, the best first. */
  readonly searched: readonly ConfigurationSummary[];
  /** Of the final trials, if there are any. */
  readonly final: readonly ConfigurationSummary[];
}

/** @throws {StoreError} where there is no study, or one of which no trial has ended. */
export function readStudy(folder: string): ComparedStudy {
  const record = StudyRecord.open(folder);
  try {
    const { description } = record;
    const { settings } = description;
    const trials = record.trials();
    const searched = summarize(trials, settings);
    if (searched.length === 0) {
      throw new StoreError(
        `Cannot use the study ${JSON.stringify(folder)}: no trial in it has ended; optbench resume runs them`,
      );
    }
    return {
      folder,
      name: basename(resolve(folder)),
      optimizer: optimizerLabel(settings.optimizer),
      description,
      trials,
      searched,
      final: summarize(trials, settings, "final"),
    };
  } finally {
    record.close();
  }
}
