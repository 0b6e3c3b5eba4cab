/**
 * What is kept of a study, in a folder of its own:
 *
 *     study.json     what was asked for, on what, and how it ended
 *     trials.csv     a row a trial
 *     curves.csv     a row an epoch of each trial
 *     summary.csv    a row a configuration, best first; written when the study ends
 *
 * A process that dies at any moment leaves all of it readable. JSON files are replaced whole. A trial's curves are
 * written first and its row in trials.csv last: a trial is kept if and only if trials.csv has its row, and curves of any
 * other trial are to be ignored. Everything is synchronous, so that a signal handler finds nothing half done.
 */
import { rmSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join } from "node:path";
import type { StudySettings } from "../study/settings.ts";
import type { TrialResult } from "../study/trial.ts";
import { toCsv } from "./csv.ts";
import { appendFile, createFile, makeEmptyFolder, makeNewFolder, replaceFile } from "./files.ts";
import { cells, curveColumns, curveRows, header, summaryColumns, trialColumns, trialRow } from "./rows.ts";
import type { ConfigurationSummary } from "./summary.ts";

/** Raised by one for every change of the files that a reader has to know of. */
const FORMAT_VERSION = 1;
const DEFAULT_PARENT = "optbench-results";

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
  readonly versions: Versions;
  /** The arguments that started the study, the program's name first. */
  readonly commandLine: readonly string[];
  /** Default: now. */
  readonly startedAt?: Date;
}

export type StudyStatus = "running" | "completed" | "interrupted" | "failed";

/** The folder of one study, while the study runs. */
export class StudyStore {
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
    createFile(store.path("trials.csv"), toCsv([header(trialColumns(options.settings))]));
    try {
      createFile(store.path("curves.csv"), toCsv([header(curveColumns)]));
      store.writeStudy("running", null);
    } catch (error) {
      rmSync(store.path("trials.csv"), { force: true });
      rmSync(store.path("curves.csv"), { force: true });
      throw error;
    }
    return store;
  }

  /**
   * Keeps trials: when this returns they are on the disk. Together costs one wait for the disk.
   *
   * @throws {StoreError} when it cannot be written, as on a full disk. What was kept before stays readable.
   */
  append(...results: readonly TrialResult[]): void {
    const curves = results.flatMap(curveRows).map((row) => cells(curveColumns, row));
    if (curves.length > 0) appendFile(this.path("curves.csv"), toCsv(curves));
    const columns = trialColumns(this.options.settings);
    appendFile(this.path("trials.csv"), toCsv(results.map((result) => cells(columns, trialRow(result)))));
  }

  /**
   * Writes the summary, then how the study ended.
   *
   * @throws {StoreError} when they cannot be written.
   */
  finish(status: Exclude<StudyStatus, "running">, summaries: readonly ConfigurationSummary[]): void {
    const columns = summaryColumns(this.options.settings);
    const rows = summaries.map((summary) => cells(columns, summary));
    replaceFile(this.path("summary.csv"), toCsv([header(columns), ...rows]));
    this.writeStudy(status, new Date());
  }

  private path(file: string): string {
    return join(this.directory, file);
  }

  private writeStudy(status: StudyStatus, endedAt: Date | null): void {
    const { settings, versions, commandLine } = this.options;
    const processors = cpus();
    const study = {
      format: FORMAT_VERSION,
      name: this.name,
      status,
      task: settings.task,
      optimizer: settings.optimizer.name,
      base: settings.optimizer.base ?? null,
      space: settings.space,
      configurations: settings.configurations.length,
      leftOut: settings.leftOut,
      seeds: settings.seeds,
      epochs: settings.epochs,
      batchSize: settings.batchSize,
      jobs: settings.jobs,
      groupSize: settings.groupSize,
      threadsPerTrial: 1,
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
