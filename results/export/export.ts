/**
 * The files that are made of a study's record:
 *
 *     study.json          what was asked for, on what, and how it ended
 *     summary.csv         a row a configuration, best first
 *     trials.csv          a row a trial
 *     curves.csv          a row an epoch of each trial
 *
 * and of a function of two variables
 *
 *     trajectories.csv    a row a step of each trial
 *     contours.svg        the trajectories of the best configurations
 *
 * Each is replaced as a whole, or not at all.
 */
import { join } from "node:path";
import type { Landscape } from "../../tasks/task.ts";
import { contourSvg } from "../charts/contour_svg.ts";
import { configurationLabel, hyperColumns, studyTitle } from "../format.ts";
import { replaceFile } from "../store/files.ts";
import type { RecordedTrial, StudyRecord } from "../store/record.ts";
import { type ConfigurationSummary, summarize } from "../summary.ts";
import { type Format, formats } from "./formats.ts";
import { describe } from "./study_json.ts";
import { tablesOf } from "./tables.ts";

export interface ExportOptions {
  /** Default: `csv`. */
  readonly format?: Format;
  /** Which trials; of a configuration's summary, all of the trials count that are left. Default: all. */
  readonly where?: (trial: RecordedTrial) => boolean;
  /** The task's, where it has one: then the best trajectories are drawn. */
  readonly landscape?: Landscape;
}

/** The best configurations, one trajectory of each. */
const TRAJECTORIES_DRAWN = 3;

/**
 * Writes all files of a study into a folder that exists.
 *
 * @returns their paths, those that a reader wants most first.
 * @throws {StoreError} when they cannot be written; what was there before stays then.
 */
export function exportStudy(record: StudyRecord, folder: string, options: ExportOptions = {}): string[] {
  return record.snapshot(() => writeAll(record, folder, options));
}

function writeAll(
  record: StudyRecord,
  folder: string,
  { format = "csv", where = () => true, landscape }: ExportOptions,
): string[] {
  const { settings } = record.description;
  const trials = record.trials().filter(where);
  const summaries = [...summarize(trials, settings, "final"), ...summarize(trials, settings)];
  const files: string[] = [];
  const write = (name: string, text: string | Iterable<string>) => {
    const path = join(folder, name);
    replaceFile(path, text);
    files.push(path);
  };
  for (const table of tablesOf(record, trials, summaries)) {
    write(`${table.name}.${format}`, formats[format](table));
  }
  const drawing = landscape && draw(record, landscape, summaries);
  if (drawing !== undefined) write("contours.svg", drawing);
  write("study.json", `${JSON.stringify(describe(record), null, 2)}\n`);
  return files;
}

/** The trajectories of the best configurations; undefined where there is none. */
function draw(
  record: StudyRecord,
  landscape: Landscape,
  summaries: readonly ConfigurationSummary[],
): string | undefined {
  const { settings } = record.description;
  const best = summaries.slice(0, TRAJECTORIES_DRAWN);
  const columns = hyperColumns(best.map(({ configuration }) => configuration), settings);
  const trajectories = best.flatMap(({ configuration, trials: [first] }) => {
    const points = record.trajectory(first);
    return points === undefined ? [] : [{ label: configurationLabel(columns, configuration), points }];
  });
  return trajectories.length === 0
    ? undefined
    : contourSvg(landscape, trajectories, { title: studyTitle(settings) });
}
