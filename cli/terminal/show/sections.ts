/** The parts of `optbench show` as text. */
import { chooseAxes } from "../../../results/charts/choose_axes.ts";
import { heatMap } from "../../../results/charts/heat_map.ts";
import { parallelInWords } from "../../../results/charts/parallel.ts";
import { formatMetric, varyingNames } from "../../../results/charts/tried.ts";
import { configurationLabel, hyperColumns, wrap } from "../../../results/format.ts";
import type { StudyRecord } from "../../../results/store/record.ts";
import { resultsTable } from "../../../results/table.ts";
import type { StudySettings } from "../../../study/settings/settings.ts";
import { showParts } from "../../declare/show.ts";
import type { ShowPart } from "../../requests.ts";
import { announcement, plural, tally } from "../announcement.ts";
import { duration } from "../progress.ts";
import { curvesOf } from "../study_report.ts";
import { extentOf, localTime, secondsSpent } from "./extent.ts";
import { eventsInWords, failuresInWords } from "./history.ts";
import { importanceInWords, regionInWords, sensitivityOf } from "./sensitivity.ts";
import { type Choice, look, type View } from "./view.ts";

export interface Subject {
  readonly directory: string;
  readonly record: StudyRecord;
  readonly choice: Choice;
}

export interface Page {
  /** Columns of the terminal. */
  readonly width: number;
  readonly colors: boolean;
  /** Whether the settings of the study are left out of its status. Default: false. */
  readonly isLow?: boolean;
}

/** Everything that a part is made of. */
interface Scene extends Subject, Page {
  readonly settings: StudySettings;
  readonly view: View;
}

/** A part that makes no sense is undefined. */
type Section = (scene: Scene) => string | undefined;

const sections: Readonly<Record<ShowPart, Section>> = {
  status,
  table,
  curves: ({ record, settings, view: { best } }) =>
    best.length === 0 ? undefined : curvesOf(record, settings, best),
  map,
  words,
  importance,
  failures: ({ view: { trials } }) => failuresInWords(trials),
  events: ({ record }) => eventsInWords(record.events),
};

/** The parts that are asked for, all where none is, in their order; one that makes no sense is left out. */
export function describe(subject: Subject, page: Page, only: readonly ShowPart[]): string[] {
  const { settings } = subject.record.description;
  const scene = { ...subject, ...page, settings, view: look(subject.record, subject.choice) };
  const parts = showParts.filter((part) => only.length === 0 || only.includes(part))
    .flatMap((part) => sections[part](scene) ?? []);
  return parts.length === 0 ? [`Nothing to show yet of ${only.join(", ")}`] : parts;
}

function status({ directory, record, settings, width, isLow, view, choice }: Scene): string {
  const [title, ...notes] = announcement(settings).split("\n");
  const lines = [
    `  ${statusInWords(record, directory)}`,
    `  ${progressInWords(record, settings)}, ${duration(secondsSpent(directory))}`,
    ...isLow ? [] : notes,
  ];
  if (choice.where !== undefined) {
    lines.push(`  below: the ${view.trials.length} trials that meet the condition`);
  }
  return [title, ...lines.map((line) => wrap(line, width - 2).replaceAll("\n", "\n    "))].join("\n");
}

/** `running by process 4711`, `interrupted; go on with: ...` or `completed 2026-01-31 14:25`. */
function statusInWords(record: StudyRecord, directory: string): string {
  const { status, processes, endedAt } = record;
  switch (status) {
    case "running": {
      const pids = processes.map(({ pid }) => pid).join(", ");
      return `running: process${processes.length === 1 ? "" : "es"} ${pids}`;
    }
    case "interrupted":
      return `interrupted; go on with: optbench resume ${directory}`;
    case "completed":
      return endedAt === null ? "completed" : `completed ${localTime(endedAt)}`;
  }
}

/** `12 of 300 trials: 10 completed, 2 diverged, 4 running` */
export function progressInWords({ counts, status }: StudyRecord, settings: StudySettings): string {
  const { ended, planned } = extentOf(counts, settings);
  const { running = 0 } = counts;
  const isCut = status !== "running" && running > 0;
  const told = {
    ...counts,
    running: isCut ? 0 : running,
    // How many are planned so far says nothing where the whole number is known.
    planned: planned === undefined ? counts.planned : 0,
  };
  const share = planned === undefined ? plural(ended, "trial") : `${ended} of ${plural(planned, "trial")}`;
  return `${share}: ${tally(told)}${isCut ? `, ${running} cut short` : ""}`;
}

/** `best 93.13 %: lr 0.3`, or that there is none. */
export function bestInWords({ best: [best] }: View, settings: StudySettings): string {
  const mean = settings.metric === "accuracy" ? best?.testAccuracy?.mean : best?.testLoss?.mean;
  if (mean === undefined) return "no trial has completed yet";
  const columns = hyperColumns([best.configuration], settings);
  return `best ${formatMetric(mean, settings.metric)}: ${configurationLabel(columns, best.configuration)}`;
}

function table({ settings, width, choice, view: { trials, top, standings, final } }: Scene): string {
  if (choice.where !== undefined && trials.length === 0) return "No trial meets the condition";
  const left = standings.length - top.length;
  return [
    resultsTable(top, settings, { width }),
    ...left > 0 ? [`and ${plural(left, "configuration")} more: --top ${standings.length}`] : [],
    ...final.length > 0 ? ["", resultsTable(final, settings, { width })] : [],
  ].join("\n");
}

function map({ settings: { metric }, width, colors, view, choice }: Scene): string | undefined {
  const axes = axesOf(view, choice, metric);
  if (axes === undefined) return undefined;
  const [x, y] = axes;
  return heatMap(view.sample, { x, y, metric, width, colors }) + sampled(view);
}

/** Those that were asked for, beside those that matter. */
function axesOf(
  { sample }: View,
  { x, y }: Choice,
  metric: StudySettings["metric"],
): readonly [string, string] | undefined {
  const chosen = chooseAxes(sample, metric);
  if (x === undefined && y === undefined) return chosen;
  const other = chosen?.find((name) => name !== x && name !== y);
  const axes = [x ?? other, y ?? other];
  const names = varyingNames(sample);
  const [across, down] = axes.filter((name) => name !== undefined && names.includes(name));
  return across === undefined || down === undefined ? undefined : [across, down];
}

function words({ settings: { metric }, width, view }: Scene): string | undefined {
  if (varyingNames(view.sample).length === 0) return undefined;
  return parallelInWords(view.sample, { metric, width }) + sampled(view);
}

function importance({ settings: { metric }, width, view }: Scene): string | undefined {
  const sensitivity = sensitivityOf(view.sample, metric);
  const parts = [importanceInWords(sensitivity, metric, width), regionInWords(sensitivity, metric, width)]
    .filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join("\n\n") + sampled(view);
}

/** Where not all configurations were looked at, how many were. */
function sampled({ sample, standings }: View): string {
  const [some, all] = [sample, standings].map(({ length }) => length.toLocaleString("en-US"));
  return sample.length === standings.length ? "" : `\n(from ${some} of the ${all} configurations, by chance)`;
}
