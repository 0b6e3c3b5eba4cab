/** The tables of a study, whatever they are written as. */
import type { RecordedTrial, StudyRecord } from "../store/record.ts";
import type { ConfigurationSummary } from "../summary.ts";
import {
  cells,
  type Column,
  curveColumns,
  type CurveRow,
  header,
  type PointRow,
  summaryColumns,
  trajectoryColumns,
  trialColumns,
} from "./columns.ts";
import type { Cell } from "./csv.ts";

/** Rows of cells under their names. The rows can be gone through once. */
export interface Table {
  readonly name: string;
  readonly header: readonly string[];
  readonly rows: Iterable<readonly Cell[]>;
}

/** The one of trajectories is left out where there is none. */
export function* tablesOf(
  record: StudyRecord,
  trials: readonly RecordedTrial[],
  summaries: readonly ConfigurationSummary[],
): Generator<Table> {
  const { settings } = record.description;
  yield table("summary", summaryColumns(settings), summaries);
  yield table("trials", trialColumns(settings), trials);
  yield table("curves", curveColumns, curveRows(record, trials));
  const points = pointRows(record, trials);
  const first = points.next();
  if (!first.done) yield table("trajectories", trajectoryColumns, chain(first.value, points));
}

function table<T>(name: string, columns: readonly Column<T>[], rows: Iterable<T>): Table {
  function* all() {
    for (const row of rows) yield cells(columns, row);
  }
  return { name, header: header(columns), rows: all() };
}

function* curveRows(record: StudyRecord, trials: readonly RecordedTrial[]): Generator<CurveRow> {
  const byIndex = new Map(trials.map((trial) => [trial.index, trial]));
  for (const { trial: index, trainLoss, testLoss, testAccuracy, seconds } of record.curves()) {
    const trial = byIndex.get(index);
    if (trial === undefined) continue;
    for (let i = 0; i < seconds.length; i++) {
      yield {
        trial,
        epoch: i + 1,
        trainLoss: trainLoss[i],
        testLoss: testLoss[i],
        testAccuracy: testAccuracy?.[i],
        seconds: seconds[i],
      };
    }
  }
}

function* pointRows(record: StudyRecord, trials: readonly RecordedTrial[]): Generator<PointRow> {
  if (!record.hasTrajectories) return;
  for (const trial of trials) {
    for (const [step, point] of (record.trajectory(trial.index) ?? []).entries()) {
      yield { trial, step, point };
    }
  }
}

function* chain<T>(first: T, rest: Iterable<T>): Generator<T> {
  yield first;
  yield* rest;
}
