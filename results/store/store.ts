/**
 * What is kept of a study, in a folder of its own:
 *
 *     study.json          what was asked for, on what, and how it ended
 *     trials.csv          a row a trial
 *     curves.csv          a row an epoch of each trial
 *     summary.csv         a row a configuration, best first; written when the study ends
 *
 * and of a function of two variables
 *
 *     trajectories.csv    a row a step of each trial
 *     contours.svg        the trajectories of the best configurations, drawn when the study ends
 *
 * A process that dies at any moment leaves all of it readable. JSON files are replaced whole. A trial's curves and
 * trajectory are written first and its row in trials.csv last: a trial is kept if and only if trials.csv has its row,
 * and what other files hold of any other trial is to be ignored. Everything is synchronous, so that a signal handler
 * finds nothing half done.
 */
import { existsSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join } from "node:path";
import type { StudySettings } from "../../study/settings/settings.ts";
import type { TrialResult } from "../../study/trial.ts";
import type { Landscape } from "../../tasks/task.ts";
import { contourSvg } from "../charts/contour_svg.ts";
import { isModulePath } from "../../tasks/load.ts";
import { provenanceOf } from "../../tasks/own/provenance.ts";
import { toCsv } from "./csv.ts";
import { appendFile, createFile, makeEmptyFolder, makeNewFolder, replaceFile } from "./files.ts";
import { configurationLabel, hyperColumns, studyTitle } from "../format.ts";
import {
  cells,
  curveColumns,
  curveRows,
  header,
  summaryColumns,
  trajectoryColumns,
  trajectoryRows,
  trialColumns,
  trialRow,
} from "./rows.ts";
import type { ConfigurationSummary } from "../summary.ts";
import type { Point } from "../charts/trajectory.ts";

/** Raised by one for every change of the files that a reader has to know of. */
const FORMAT_VERSION = 2;
const DEFAULT_PARENT = "optbench-results";
/** The best configurations, one trajectory of each. */
const TRAJECTORIES_DRAWN = 3;

/** What ran the study, each as text. */
export interface Versions {
  readonly optbench: string;
  /** Name and version, as in `deno 2.9.6`. */
  readonly runtime: string;
  readonly onnxruntime: string;
  readonly tfjs: string;
  /** Operating system and architecture, as in `linux/x64`. */
  readonly platform: string;
}

export interface StoreOptions {
  /** A folder that does not exist or is empty. Default: a new one in `parent`, named after the study. */
  readonly directory?: string;
  /** Default: `optbench-results`. The new folder is then `optbench-results/lars-digits_mlp-20260131-142530`, say. */
  readonly parent?: string;
  readonly settings: StudySettings;
  /** The task's, where it has one. */
  readonly landscape?: Landscape;
  readonly versions: Versions;
  /** The arguments that started the study, the program's name first. */
  readonly commandLine: readonly string[];
  /** Default: now. */
  readonly startedAt?: Date;
}

export type StudyStatus = "running" | "completed" | "interrupted" | "failed";

/** The folder of one study, while the study runs. */
export class StudyStore {
  /** Of each configuration's trial with the first seed. */
  readonly #trajectories = new Map<number, readonly Point[]>();

  private constructor(
    readonly directory: string,
    private readonly name: string,
    private readonly options: StoreOptions,
    private readonly startedAt: Date,
  ) {}

  /**
   * Makes the folder and begins its files.
   *
   * @throws {StoreError} when the folder is not empty or cannot be written; nothing is left in it then.
   */
  static create(options: StoreOptions): StudyStore {
    const startedAt = options.startedAt ?? new Date();
    let name = studyName(options.settings, startedAt);
    let { directory } = options;
    if (directory === undefined) {
      directory = makeNewFolder(join(options.parent ?? DEFAULT_PARENT, name));
      name = basename(directory);
    } else {
      makeEmptyFolder(directory);
    }
    const store = new StudyStore(directory, name, options, startedAt);
    const headers = {
      "trials.csv": header(trialColumns(options.settings)),
      "curves.csv": header(curveColumns),
      ...options.landscape && { "trajectories.csv": header(trajectoryColumns) },
    };
    const created: string[] = [];
    try {
      for (const [file, columns] of Object.entries(headers)) {
        createFile(store.path(file), toCsv([columns]));
        created.push(file);
      }
      store.writeStudy("running", null);
    } catch (error) {
      for (const file of created) rmSync(store.path(file), { force: true });
      throw error;
    }
    return store;
  }

  /** Paths of the files that there are, those that a reader wants most first. */
  get files(): string[] {
    return ["summary.csv", "trials.csv", "curves.csv", "trajectories.csv", "contours.svg", "study.json"]
      .map((file) => this.path(file)).filter(existsSync);
  }

  /**
   * Keeps trials: when this returns they are on the disk. Together costs one wait for the disk a file.
   *
   * @throws {StoreError} when it cannot be written, as on a full disk. What was kept before stays readable.
   */
  append(...results: readonly TrialResult[]): void {
    const { settings, landscape } = this.options;
    const curves = results.flatMap(curveRows).map((row) => cells(curveColumns, row));
    if (curves.length > 0) appendFile(this.path("curves.csv"), toCsv(curves));
    const points = landscape === undefined ? [] : results.flatMap(trajectoryRows);
    if (points.length > 0) {
      const rows = points.map((row) => cells(trajectoryColumns, row));
      appendFile(this.path("trajectories.csv"), toCsv(rows));
    }
    const columns = trialColumns(settings);
    const rows = results.map((result) => cells(columns, trialRow(result, settings)));
    appendFile(this.path("trials.csv"), toCsv(rows));
    for (const { trial: { configuration, seed }, outcome } of results) {
      if (outcome.status === "failed" || outcome.trajectory === undefined) continue;
      if (seed === settings.seeds[0]) this.#trajectories.set(configuration.index, outcome.trajectory);
    }
  }

  /**
   * Writes the summary, a drawing where there is something to draw, then how the study ended.
   *
   * @throws {StoreError} when they cannot be written.
   */
  finish(status: Exclude<StudyStatus, "running">, summaries: readonly ConfigurationSummary[]): void {
    const columns = summaryColumns(this.options.settings);
    const rows = summaries.map((summary) => cells(columns, summary));
    replaceFile(this.path("summary.csv"), toCsv([header(columns), ...rows]));
    this.drawTrajectories(summaries);
    this.writeStudy(status, new Date());
  }

  private drawTrajectories(summaries: readonly ConfigurationSummary[]): void {
    const { settings, landscape } = this.options;
    if (landscape === undefined) return;
    const columns = hyperColumns(settings);
    const trajectories = summaries.slice(0, TRAJECTORIES_DRAWN).flatMap(({ configuration }) => {
      const points = this.#trajectories.get(configuration.index);
      return points === undefined ? [] : [{ label: configurationLabel(columns, configuration), points }];
    });
    if (trajectories.length === 0) return;
    const svg = contourSvg(landscape, trajectories, { title: studyTitle(settings) });
    replaceFile(this.path("contours.svg"), svg);
  }

  private path(file: string): string {
    return join(this.directory, file);
  }

  private writeStudy(status: StudyStatus, endedAt: Date | null): void {
    const { settings, versions, commandLine } = this.options;
    const processors = cpus();
    const { task, table, text } = settings.taskChoice;
    const taskFile = isModulePath(task) ? task : undefined;
    const study = {
      format: FORMAT_VERSION,
      name: this.name,
      status,
      task: settings.task,
      taskFile: taskFile === undefined ? null : provenanceOf(taskFile),
      table: table === undefined ? null : { ...table, ...provenanceOf(table.file) },
      text: text === undefined ? null : provenanceOf(text),
      metric: settings.metric,
      target: settings.target,
      optimizer: settings.optimizer.name,
      base: settings.optimizer.base ?? null,
      space: settings.space,
      configurations: settings.configurations.length,
      leftOut: settings.leftOut,
      seeds: settings.seeds,
      epochs: settings.epochs,
      batchSize: settings.batchSize,
      accumulate: settings.accumulate,
      lrScaling: settings.lrScaling ?? null,
      parameterGroups: settings.parameterGroups,
      shuffle: settings.shuffle,
      runningStatistics: settings.runningStatistics,
      jobs: settings.jobs,
      threads: settings.threads,
      grouping: { size: settings.groupSize, reason: settings.groupReason },
      versions,
      cpu: { model: processors[0]?.model.trim() ?? null, cores: processors.length },
      commandLine,
      startedAt: this.startedAt.toISOString(),
      endedAt: endedAt?.toISOString() ?? null,
    };
    replaceFile(this.path("study.json"), JSON.stringify(study, null, 2) + "\n");
  }
}

/** In local time, as in `lars-digits_mlp-20260131-142530` or, for a wrapper, `sam_sgd-digits_mlp-20260131-142530`. */
function studyName({ optimizer, task }: StudySettings, time: Date): string {
  const [year, ...rest] = [
    time.getFullYear(),
    time.getMonth() + 1,
    time.getDate(),
    time.getHours(),
    time.getMinutes(),
    time.getSeconds(),
  ];
  const [month, day, hours, minutes, seconds] = rest.map((part) => String(part).padStart(2, "0"));
  const label = optimizer.base === undefined ? optimizer.name : `${optimizer.name}_${optimizer.base}`;
  return `${label}-${task}-${year}${month}${day}-${hours}${minutes}${seconds}`;
}
