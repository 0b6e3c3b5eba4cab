/** The tables of a study, whatever they are written as. */
import type { RecordedTrial, StudyRecord } from "../store/record.ts";
import type { ConfigurationSummary } from "../summary.ts";
import { cells, type Column, header, summaryColumns, trialColumns } from "./columns.ts";
import type { Cell, Table } from "./table.ts";

/** The one of trajectories is left out where trials have none. */
export function* tablesOf(
  record: StudyRecord,
  trials: readonly RecordedTrial[],
  summaries: readonly ConfigurationSummary[],
): Generator<Table> {
  const { settings } = record.description;
  yield table("summary", summaryColumns(settings), summaries);
  yield table("trials", trialColumns(settings), trials);
  yield { name: "curves", header: CURVES, rows: curveRows(record, trials), isNumeric: true };
  if (record.hasTrajectories) {
    yield {
      name: "trajectories",
      header: TRAJECTORIES,
      rows: trajectoryRows(record, trials),
      isNumeric: true,
    };
  }
}

function table<T>(name: string, columns: readonly Column<T>[], rows: readonly T[]): Table {
  function* all() {
    for (const row of rows) yield cells(columns, row);
  }
  return { name, header: header(columns), rows: all() };
}

/** Epochs count from 1; the seconds are those of the trial at the end of the epoch. */
const CURVES = [
  ...["trial", "configuration", "seed", "epoch"],
  ...["train_loss", "test_loss", "test_accuracy", "seconds"],
];

/** There may be millions of these rows: a trial's are read when those before it are written. */
function* curveRows(record: StudyRecord, trials: readonly RecordedTrial[]): Generator<Cell[]> {
  const byIndex = new Map(trials.map((trial) => [trial.index, trial]));
  for (const [index, { numbers, epochs }] of record.curves()) {
    const trial = byIndex.get(index);
    if (trial === undefined) continue;
    const { configuration: { index: place }, seed } = trial;
    for (let epoch = 1, i = 0; epoch <= epochs; epoch++) {
      yield [index, place, seed, epoch, numbers[i++], numbers[i++], numbers[i++], numbers[i++]];
    }
  }
}

/** Steps are those taken: 0 at the start. */
const TRAJECTORIES = ["trial", "step", "x", "y"];

function* trajectoryRows(record: StudyRecord, trials: readonly RecordedTrial[]): Generator<Cell[]> {
  for (const { index } of trials) {
    for (const [step, [x, y]] of (record.trajectory(index) ?? []).entries()) yield [index, step, x, y];
  }
}
