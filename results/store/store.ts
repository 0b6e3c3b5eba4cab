/**
 * The record of a study while it runs: a folder with one database, which several processes may share. What is told of it
 * otherwise (CSV, JSON, drawings) is made from that: see results/export/.
 *
 * A process keeps what it has seen in memory, and reads what others changed at the beginning of a transaction. A trial
 * belongs to the process that claimed it, until that ends it, gives it back or is found dead.
 */
import { existsSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join } from "node:path";
import type { DeviceFacts } from "../../engine/devices/probe/report.ts";
import type { ChosenConfiguration, Ledger, NewTrial, PausedTrial, TrialEntry } from "../../study/ledger.ts";
import type { StudySettings } from "../../study/settings/settings.ts";
import type { TrialCheckpoint } from "../../study/training/checkpoint.ts";
import type { EpochMetrics, TrialResult } from "../../study/trial.ts";
import { DAMAGED, Database } from "./database.ts";
import { createFile, makeEmptyFolder, makeNewFolder, StoreError } from "./files.ts";
import { studyName } from "./name.ts";
import { differences, type Identity, identityOf, type Versions } from "./identity.ts";
import { dead, register, secondsBefore } from "./processes.ts";
import { DATABASE_FILE, databaseIn, type StudyDescription, StudyRecord } from "./record.ts";
import { versions } from "./versions.ts";
import { FORMAT_VERSION, SCHEMA } from "./schema.ts";
import { TrialTable } from "./trial_table.ts";

const DEFAULT_PARENT = "optbench-results";
/** Between two looks for dead processes. */
const LOOK_MS = 5000;

export interface CreateOptions {
  /** A folder that does not exist or is empty. Default: a new one in `parent`, named after the study. */
  readonly directory?: string;
  /** Default: `optbench-results`. The new folder is then `optbench-results/lars-digits_mlp-20260131-142530`, say. */
  readonly parent?: string;
  readonly settings: StudySettings;
  /** Where it trains, as far as it is known; undefined of the CPU. */
  readonly accelerator?: DeviceFacts;
  /** Default: those of this process. */
  readonly versions?: Versions;
  /** The arguments that started the study, the program's name first. Default: none. */
  readonly commandLine?: readonly string[];
  /** Default: now. */
  readonly startedAt?: Date;
}

export interface ResumeOptions {
  /** Default: those of this process. */
  readonly versions?: Versions;
  /** Default: none. */
  readonly commandLine?: readonly string[];
  /** Whether to go on where code or data have changed. Default: false. */
  readonly despiteChanges?: boolean;
  /** Whether to run failed trials again. Default: false. */
  readonly retryFailed?: boolean;
}

/** The record of one study, for one process that runs it. */
export class StudyStore implements Ledger {
  /** Undefined of a study that is not kept. */
  readonly directory: string | undefined;
  readonly record: StudyRecord;
  readonly #database: Database;
  readonly #table: TrialTable;
  readonly #process: number;
  readonly #startMs = Date.now();
  readonly #secondsBefore: number;
  #configurations: readonly ChosenConfiguration[] = [];
  #version = -1;
  #lookedMs = 0;

  private constructor(
    database: Database,
    settings: StudySettings,
    commandLine: readonly string[],
    directory: string | undefined,
  ) {
    this.directory = directory;
    this.#database = database;
    this.#process = register(database, commandLine);
    this.#table = new TrialTable(database, settings, this.#process);
    this.#secondsBefore = secondsBefore(database, this.#startMs);
    this.record = new StudyRecord(database);
  }

  /**
   * Makes the folder and begins the record.
   *
   * @throws {StoreError} when the folder is not empty or cannot be written; nothing is left in it then.
   */
  static create(options: CreateOptions): StudyStore {
    const { settings, startedAt = new Date() } = options;
    const identity = identityOf(settings.taskChoice, options.versions ?? versions());
    let name = studyName(settings, startedAt);
    let { directory } = options;
    if (directory === undefined) {
      directory = makeNewFolder(join(options.parent ?? DEFAULT_PARENT, name));
      name = basename(directory);
    } else {
      makeEmptyFolder(directory);
    }
    const path = join(directory, DATABASE_FILE);
    // Of two processes that find the same folder empty, one gives up here, and leaves the other's alone.
    createFile(path, "");
    try {
      return this.#begin(Database.open(path), options, { name, identity, startedAt }, directory);
    } catch (error) {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
      throw error;
    }
  }

  /** A record that is not kept: it ends with the process. */
  static inMemory(options: Pick<CreateOptions, "settings">): StudyStore {
    const startedAt = new Date();
    const identity = { versions: versions(), code: "", taskFile: null, table: null, text: null };
    const name = studyName(options.settings, startedAt);
    return this.#begin(Database.open(":memory:"), options, { name, identity, startedAt }, undefined);
  }

  static #begin(
    database: Database,
    { settings, accelerator, commandLine = [] }: CreateOptions,
    { name, identity, startedAt }: { name: string; identity: Identity; startedAt: Date },
    directory: string | undefined,
  ): StudyStore {
    const processors = cpus();
    const description: StudyDescription = {
      name,
      settings,
      identity,
      accelerator,
      cpu: { model: processors[0]?.model.trim() ?? null, cores: processors.length },
      commandLine,
      startedAt: startedAt.toISOString(),
    };
    return database.transaction(() => {
      database.execute(SCHEMA);
      database.run("INSERT INTO study VALUES ('format', ?)", String(FORMAT_VERSION));
      database.run("INSERT INTO study VALUES ('study', ?)", JSON.stringify(description));
      return new StudyStore(database, settings, commandLine, directory);
    });
  }

  /**
   * Opens a study to go on with it. Trials that a dead process was running are to be run again.
   *
   * @param adapt what is different of the settings now: how it is run, or a larger budget.
   * @throws {StoreError} when there is no study, it cannot be written or is damaged, or what it depends on has changed.
   */
  static resume(
    directory: string,
    options: ResumeOptions,
    adapt: (settings: StudySettings) => StudySettings = (settings) => settings,
  ): { store: StudyStore; settings: StudySettings } {
    const database = Database.open(databaseIn(directory));
    try {
      const { damage } = database;
      if (damage !== undefined) {
        throw new StoreError(`Cannot resume ${JSON.stringify(directory)}: ${DAMAGED} (${damage})`);
      }
      const { description } = new StudyRecord(database);
      const now = identityOf(description.settings.taskChoice, options.versions ?? versions());
      const changed = differences(description.identity, now);
      if (changed.length > 0 && !options.despiteChanges) {
        throw new StoreError(
          `Cannot resume ${JSON.stringify(directory)}: ${
            changed.join("; ")
          }; its other trials might come out ` +
            "differently: use --despite-changes to go on all the same",
        );
      }
      const settings = adapt(description.settings);
      return database.transaction(() => {
        if (JSON.stringify(settings) !== JSON.stringify(description.settings)) {
          database.run(
            "UPDATE study SET value = ? WHERE key = 'study'",
            JSON.stringify({ ...description, settings }),
          );
        }
        const store = new StudyStore(database, settings, options.commandLine ?? [], directory);
        store.note(`resumed${changed.length > 0 ? ` although ${changed.join("; ")}` : ""}`);
        store.exclusively(() => {
          if (options.retryFailed) store.#table.retryFailed();
        });
        return { store, settings };
      });
    } catch (error) {
      database.close();
      throw error;
    }
  }

  get configurations(): readonly ChosenConfiguration[] {
    return this.#configurations;
  }

  get trials(): readonly TrialEntry[] {
    return this.#table.entries;
  }

  get seconds(): number {
    return this.#secondsBefore + (Date.now() - this.#startMs) / 1000;
  }

  exclusively<T>(work: () => T): T {
    return this.#database.transaction(() => {
      this.#catchUp();
      this.#reclaim();
      return work();
    });
  }

  plan(configurations: readonly ChosenConfiguration[], trials: readonly NewTrial[]): void {
    for (const { index, draw, point, values } of configurations) {
      this.#database.run(
        "INSERT INTO configurations VALUES (?, ?, ?, ?)",
        ...[index, draw, point === undefined ? null : JSON.stringify(point), JSON.stringify(values)],
      );
    }
    this.#configurations = this.record.configurations;
    for (const trial of trials) this.#table.plan(trial);
  }

  claim(trials: readonly TrialEntry[]): (TrialCheckpoint | undefined)[] | undefined {
    const damaged = trials.filter((trial) => !this.#table.canGoOn(trial));
    for (const trial of damaged) {
      this.#table.startAnew(trial);
      this.note(`the checkpoint of trial ${trial.index} is damaged; it starts anew`);
    }
    if (damaged.length > 0) return undefined;
    this.#database.run("DELETE FROM study WHERE key = 'completed_at'");
    return trials.map((trial) => this.#table.claim(trial));
  }

  finish(results: readonly TrialResult[]): TrialResult[] {
    return results.filter(({ trial, outcome }) => this.#table.finish(trial.index, outcome));
  }

  pause(trials: readonly PausedTrial[]): void {
    for (const { trial, checkpoint } of trials) this.#table.pause(trial, checkpoint);
  }

  promote(trials: readonly TrialEntry[], pauseAfter: number | undefined): void {
    for (const trial of trials) this.#table.promote(trial, pauseAfter);
  }

  prune(trials: readonly TrialEntry[], reason: string): void {
    for (const trial of trials) this.#table.prune(trial, reason);
  }

  checkpoint(trial: TrialEntry, checkpoint: TrialCheckpoint): void {
    this.#table.checkpoint(trial, checkpoint);
  }

  epoch(trial: TrialEntry, metrics: EpochMetrics, seconds: number): void {
    this.#table.epoch(trial, metrics, seconds);
  }

  beat(): void {
    if (this.directory !== undefined && !existsSync(join(this.directory, DATABASE_FILE))) {
      throw new StoreError(`Cannot go on: the study's folder ${JSON.stringify(this.directory)} is gone`);
    }
    this.#database.transaction(() => {
      this.#catchUp();
      this.#database.run("UPDATE processes SET beat_at = ? WHERE id = ?", Date.now(), this.#process);
      this.#table.flush();
    });
  }

  release(): void {
    this.#database.transaction(() => {
      this.#catchUp();
      this.#table.giveBack(this.#process);
      this.#database.run("UPDATE processes SET ended_at = ? WHERE id = ?", Date.now(), this.#process);
    });
  }

  /** Says that nothing is left to run. */
  complete(): void {
    this.#database.run("INSERT OR REPLACE INTO study VALUES ('completed_at', ?)", String(Date.now()));
  }

  /** Keeps a line of the study's history. */
  note(text: string): void {
    const sql = "INSERT INTO events (at, process, text) VALUES (?, ?, ?)";
    this.#database.run(sql, Date.now(), this.#process, text);
  }

  close(): void {
    this.#database.close();
  }

  /** Reads what other processes have written. */
  #catchUp(): void {
    const { version } = this.#database;
    if (version === this.#version) return;
    this.#version = version;
    this.#configurations = this.record.configurations;
    this.#table.catchUp(this.#configurations);
  }

  /** Takes back the trials of dead processes. */
  #reclaim(): void {
    if (Date.now() - this.#lookedMs < LOOK_MS) return;
    this.#lookedMs = Date.now();
    for (const { id, pid, host, beat_at } of dead(this.#database)) {
      const trials = this.#table.giveBack(id);
      this.#database.run("UPDATE processes SET ended_at = ? WHERE id = ?", beat_at, id);
      this.note(`process ${pid} on ${host} is gone; ${trials} of its trials are to be run again`);
    }
  }
}
