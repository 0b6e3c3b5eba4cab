/** Times of training steps for people: tables, a chart, and what to beware of. */
import { barChart } from "../charts/bar_chart.ts";
import { formatNumber } from "../format.ts";
import { fold, textTable } from "../text_table.ts";
import type { Subject, Timing } from "../../study/timing/subject.ts";
import { compareTimings, subjectLabel, type TimedRow } from "./figures.ts";
import { type Warning, warnings } from "./warnings.ts";

/** How the text may look. */
export interface Page {
  readonly width: number;
  readonly colors: boolean;
}

/** @param timings of one task. */
export function timingText(timings: readonly Timing[], { width, colors }: Page): string {
  const rows = compareTimings(timings);
  const notes = [...failureNotes(timings), ...warningNotes(rows)].map((note) => fold(note, width, 2));
  const parts = [
    titleOf(timings.map(({ subject }) => subject)),
    ...rows.length === 0 ? [] : [
      `milliseconds a step of one trial\n${stepTable(rows, width)}`,
      barChart(bars(rows), { width, colors }),
      `milliseconds that are no part of a step\n${otherTable(rows, width)}`,
      `samples\n${sampleTable(rows, width)}`,
    ],
    notes.join("\n"),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Threads matter on the CPU alone. */
function titleOf(subjects: readonly Subject[]): string {
  const [{ task: { task }, batchSize }] = subjects;
  const threads = subjects.find(({ device }) => device === "cpu")?.threads;
  const used = threads === undefined ? "" : `, ${threads} thread${threads === 1 ? "" : "s"}`;
  return `${task}: batch ${batchSize}${used}`;
}

function stepTable(rows: readonly TimedRow[], width: number): string {
  const cells = rows.map(({ label, timing: { stepMs }, figures }) => {
    const { p50, p75, p99, mean } = figures.trialMs;
    return [
      label,
      ...[p50, p75, p99, mean].map(digits),
      `${formatNumber(stepMs.rme, 2)} %`,
      Math.round(figures.examplesPerSecond).toLocaleString("en-US"),
      digits(figures.ratio),
    ];
  });
  return table(["p50", "p75", "p99", "mean", "±", "examples/s", "ratio"], cells, width);
}

function bars(rows: readonly TimedRow[]) {
  return rows.map(({ label, figures: { trialMs: { p50 } } }) => ({ label, value: p50, text: digits(p50) }));
}

function otherTable(rows: readonly TimedRow[], width: number): string {
  const cells = rows.map(({ label, timing: { preparation } }) => {
    const { tracingMs, loadingMs, firstStepsMs, uploadMs, readingMs } = preparation;
    const times = [tracingMs, loadingMs, firstStepsMs, uploadMs, readingMs];
    return [label, ...times.map((ms) => ms === undefined ? "-" : digits(ms))];
  });
  return table(["trace", "load", "first steps", "upload", "reading"], cells, width);
}

function sampleTable(rows: readonly TimedRow[], width: number): string {
  const isGrouped = rows.some(({ timing }) => timing.subject.group > 1);
  const cells = rows.map(({ label, timing: { warmupSamples, stepMs, preparation: { stepsPerSample } } }) => [
    label,
    ...[warmupSamples, stepMs.samplesCount, stepsPerSample].map(String),
    ...isGrouped ? [digits(stepMs.p50)] : [],
  ]);
  return table(
    ["warm-up", "measured", "steps of each", ...isGrouped ? ["ms a step of all"] : []],
    cells,
    width,
  );
}

/** Numbers under their heads, behind what they are of. */
function table(head: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  return textTable({ head: ["", ...head], rows, right: head.map((_, i) => i + 1) }, width);
}

/** Three digits, so that numbers of a column can be compared at a glance. */
function digits(ms: number): string {
  return ms >= 100 ? Math.round(ms).toLocaleString("en-US") : ms.toPrecision(3);
}

/** A line for each reason, with all that failed for it. */
function failureNotes(timings: readonly Timing[]): string[] {
  const failed = timings.flatMap((timing) =>
    timing.status === "failed" ? [{ reason: timing.reason, label: subjectLabel(timing.subject) }] : []
  );
  return grouped(failed, ({ reason }) => reason)
    .map(([reason, all]) => `Failed: ${all.map(({ label }) => label).join("; ")}: ${reason}`);
}

/** A line for each kind, with all that it is about. */
function warningNotes(rows: readonly TimedRow[]): string[] {
  const all = rows.flatMap(({ label, figures }) => figures.warnings.map((warning) => ({ label, warning })));
  const about = ({ label, warning }: { label: string; warning: Warning }) => `${label} (${warning.detail})`;
  return grouped(all, ({ warning }) => warnings[warning.kind])
    .map(([advice, some]) => `Beware: ${advice}: ${some.map(about).join("; ")}`);
}

/** In the order in which the keys come first. */
function grouped<T>(items: readonly T[], key: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...groups.get(key(item)) ?? [], item]);
  return [...groups];
}
