/** Reading a study's database. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DeviceFacts } from "../../engine/devices/probe/report.ts";
import type { ChosenConfiguration, TrialState } from "../../study/ledger.ts";
import type { StudySettings } from "../../study/settings/settings.ts";
import type { Stage } from "../../study/trial.ts";
import { figureColumns, type TrialFigures } from "../figures.ts";
import { type Curve, decodeCurve } from "./curve.ts";
import { DAMAGED, Database, type SqlRow, type SqlValue } from "./database.ts";
import { StoreError } from "./files.ts";
import type { Identity } from "./identity.ts";
import { fromBlob } from "./numbers.ts";
import { living } from "./processes.ts";
import { FORMAT_VERSION } from "./schema.ts";

export const DATABASE_FILE = "study.sqlite";

/** What a study is, as it was begun. */
export interface StudyDescription {
  readonly name: string;
  readonly settings: StudySettings;
  readonly identity: Identity;
  /** Where it trains, if not on the CPU, and that is known. */
  readonly accelerator?: DeviceFacts;
  readonly cpu: { readonly model: string | null; readonly cores: number };
  /** The arguments that started it, the program's name first. */
  readonly commandLine: readonly string[];
  /** ISO 8601. */
  readonly startedAt: string;
}

/** What is kept of a trial, without its curve. */
export interface RecordedTrial {
  readonly index: number;
  readonly configuration: ChosenConfiguration;
  readonly seed: number;
  readonly stage: Stage;
  readonly state: TrialState;
  /** Why it ended before its last epoch, or failed. */
  readonly reason: string | undefined;
  /** Epochs trained so far. */
  readonly epochs: number;
  /** Empty of a trial that has not ended. */
  readonly figures: TrialFigures;
}

/** The curve of a trial, by the trial's number. */
export type RecordedCurve = readonly [trial: number, curve: Curve];

export interface StudyEvent {
  /** ISO 8601. */
  readonly at: string;
  readonly text: string;
}

/** Running: by a process that is alive. Interrupted: by none, though not everything was run. */
export type StudyStatus = "running" | "completed" | "interrupted";

/** Reads a study; another process may be running it. */
export class StudyRecord {
  readonly #database: Database;
  #configurations: ChosenConfiguration[] = [];

  constructor(database: Database) {
    this.#database = database;
    if (database.one("SELECT 1 FROM sqlite_schema") === undefined) {
      throw new StoreError(
        "Cannot read the study: its database is empty: it is damaged, or its process ended before the study began; " +
          "then remove its folder, and start anew",
      );
    }
    const format = this.#value("format");
    if (Number(format) !== FORMAT_VERSION) {
      throw new StoreError(
        `Cannot read the study: its format is ${format}, and this optbench reads ${FORMAT_VERSION}; ` +
          "use the version of optbench that wrote it",
      );
    }
  }

  /**
   * Opens the study in a folder.
   *
   * @throws {StoreError} when there is none, or it cannot be read.
   */
  static open(folder: string): StudyRecord {
    const database = Database.read(databaseIn(folder));
    try {
      return new StudyRecord(database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  get description(): StudyDescription {
    return parseKept(this.#value("study"));
  }

  get status(): StudyStatus {
    if (living(this.#database).length > 0) return "running";
    return this.#value("completed_at") === undefined ? "interrupted" : "completed";
  }

  /** When the last process ended; null while one is alive or where it could not say so. ISO 8601. */
  get endedAt(): string | null {
    if (this.status === "running") return null;
    const { at } = this.#database.one("SELECT max(coalesce(ended_at, beat_at)) AS at FROM processes")!;
    return at === null ? null : isoTime(at);
  }

  /** The processes that are running it. */
  get processes(): { readonly pid: number; readonly host: string }[] {
    return living(this.#database).map(({ pid, host }) => ({ pid, host }));
  }

  /** A number that changes when another process writes. */
  get version(): number {
    return this.#database.version;
  }

  /** Trials in each state. */
  get counts(): Readonly<Partial<Record<TrialState, number>>> {
    const rows = this.#database.all("SELECT state, count(*) AS count FROM trials GROUP BY state");
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }

  get configurations(): readonly ChosenConfiguration[] {
    const rows = this.#database.all(
      "SELECT id, draw, point, hyperparameters FROM configurations WHERE id >= ? ORDER BY id",
      this.#configurations.length,
    );
    for (const { id, draw, point, hyperparameters } of rows) {
      this.#configurations.push({
        index: id as number,
        draw: draw as number,
        ...point !== null && { point: parseKept(point) },
        values: parseKept(hyperparameters),
      });
    }
    return this.#configurations;
  }

  /** Does something while all that is read is of one moment, whatever other processes write. */
  snapshot<T>(work: () => T): T {
    return this.#database.snapshot(work);
  }

  /** All trials, in their order. */
  trials(): RecordedTrial[] {
    return this.snapshot(() => {
      const configurations = this.configurations;
      const trials: RecordedTrial[] = [];
      for (const row of this.#database.each("SELECT * FROM trials ORDER BY id")) {
        trials.push({
          index: row.id as number,
          configuration: configurations[row.configuration as number],
          seed: row.seed as number,
          stage: row.stage as Stage,
          state: row.state as TrialState,
          reason: row.reason as string | null ?? undefined,
          epochs: row.epochs as number,
          figures: figuresOf(row),
        });
      }
      return trials;
    });
  }

  /** The curves of all trials that measured anything, one after another in their order. */
  *curves(): Generator<RecordedCurve> {
    for (const row of this.#database.each("SELECT * FROM curves ORDER BY trial")) {
      yield [row.trial as number, decodeCurve(row)];
    }
  }

  curve(trial: number): Curve | undefined {
    const row = this.#database.one("SELECT * FROM curves WHERE trial = ?", trial);
    return row && decodeCurve(row);
  }

  /** Whether the trials moved in a landscape. */
  get hasTrajectories(): boolean {
    return this.#database.one("SELECT 1 FROM trajectories LIMIT 1") !== undefined;
  }

  /** Where the parameters of a trial moved, in a landscape. */
  trajectory(trial: number): readonly (readonly [number, number])[] | undefined {
    const row = this.#database.one("SELECT points FROM trajectories WHERE trial = ?", trial);
    if (row === undefined) return undefined;
    const numbers = fromBlob(row.points as Uint8Array);
    return Array.from(
      { length: numbers.length / 2 },
      (_, i) => [numbers[2 * i], numbers[2 * i + 1]] as const,
    );
  }

  get events(): StudyEvent[] {
    return this.#database.all("SELECT at, text FROM events ORDER BY id")
      .map(({ at, text }) => ({ at: isoTime(at), text: text as string }));
  }

  #value(key: string): string | undefined {
    return this.#database.one("SELECT value FROM study WHERE key = ?", key)?.value as string | undefined;
  }
}

/**
 * The database of the study in a folder.
 *
 * @throws {StoreError} where there is none.
 */
export function databaseIn(folder: string): string {
  const path = join(folder, DATABASE_FILE);
  if (existsSync(path)) return path;
  const what = !existsSync(folder)
    ? "there is no such folder"
    : statSync(folder).isDirectory()
    ? `there is no ${DATABASE_FILE} in it`
    : "it is a file; name the study's folder";
  throw new StoreError(
    `Cannot find a study in ${JSON.stringify(folder)}: ${what}; optbench ls lists studies`,
  );
}

/** @throws {StoreError} for what is no JSON, as of a page that was overwritten. */
function parseKept<T>(text: SqlValue | undefined): T {
  try {
    return JSON.parse(String(text));
  } catch (error) {
    throw new StoreError(`Cannot read the study: ${DAMAGED}`, { cause: error });
  }
}

function isoTime(at: SqlValue): string {
  return new Date(at as number).toISOString();
}

const FIGURES = Object.entries(figureColumns);

function figuresOf(row: SqlRow): TrialFigures {
  const figures: Record<string, number> = {};
  for (const [name, column] of FIGURES) {
    if (row[column] !== null) figures[name] = row[column] as number;
  }
  return figures;
}
