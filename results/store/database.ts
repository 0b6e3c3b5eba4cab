/**
 * The database of a study: SQLite in WAL mode, so that readers see a whole state while a process writes, and a process
 * that dies at any moment leaves one. What a transaction has written is on the disk when it returns. The runtimes' own
 * `node:sqlite` is all that is used of them.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { StoreError } from "./files.ts";

export type SqlValue = null | number | string | Uint8Array;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** How long to wait for another process's transaction. */
const BUSY_MS = 30_000;

export class Database {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Where a copy is read, the folder of the copy. */
  #copied: string | undefined;
  #depth = 0;

  private constructor(path: string, database: DatabaseSync, copied?: string) {
    this.#path = path;
    this.#database = database;
    this.#copied = copied;
  }

  /**
   * Opens a database to write, creating it where it does not exist; `:memory:` is one that is not kept.
   *
   * @throws {StoreError} when it cannot be written, or is damaged.
   */
  static open(path: string): Database {
    return attempt("open", path, () => {
      const isCutOff = endsWithinPage(path);
      const database = new DatabaseSync(path);
      try {
        database.exec(
          `PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`,
        );
        if (isCutOff) throw new Error(CUT_OFF);
        return new Database(path, database);
      } catch (error) {
        database.close();
        throw error;
      }
    });
  }

  /**
   * Opens a database to read, also while another process writes it, and also in a folder that cannot be written.
   *
   * @throws {StoreError} when it cannot be read, or is damaged.
   */
  static read(path: string): Database {
    return attempt("read", path, () => {
      try {
        return Database.#reader(path);
      } catch (error) {
        if (!existsSync(path)) throw error;
        // Where SQLite may not write the index of the log beside it, a copy is as good.
        const folder = mkdtempSync(join(tmpdir(), "optbench-"));
        for (const suffix of ["", "-wal"]) {
          if (existsSync(path + suffix)) copyFileSync(path + suffix, join(folder, `copy${suffix}`));
        }
        try {
          return Database.#reader(join(folder, "copy"), folder);
        } catch (error) {
          rmSync(folder, { recursive: true, force: true });
          throw error;
        }
      }
    });
  }

  static #reader(path: string, copied?: string): Database {
    // One that is opened to be read alone would leave its log behind.
    const isCutOff = endsWithinPage(path);
    const database = new DatabaseSync(path);
    try {
      database.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA query_only = 1; SELECT * FROM sqlite_schema`);
      if (isCutOff) throw new Error(CUT_OFF);
      return new Database(path, database, copied);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  run(sql: string, ...values: SqlValue[]): number {
    return this.#attempt(() => Number(this.#statement(sql).run(...values).changes));
  }

  /** Several statements, as of a schema. */
  execute(sql: string): void {
    this.#attempt(() => this.#database.exec(sql));
  }

  one(sql: string, ...values: SqlValue[]): SqlRow | undefined {
    return this.#attempt(() => this.#statement(sql).get(...values) as SqlRow | undefined);
  }

  all(sql: string, ...values: SqlValue[]): SqlRow[] {
    return this.#attempt(() => this.#statement(sql).all(...values) as SqlRow[]);
  }

  /** Row by row, for tables that do not fit the memory. */
  *each(sql: string, ...values: SqlValue[]): Generator<SqlRow> {
    const rows = this.#attempt(() => this.#database.prepare(sql).iterate(...values) as Iterator<SqlRow>);
    for (let next; !(next = this.#attempt(() => rows.next())).done;) yield next.value;
  }

  /** Does something whole or not at all, and alone among all processes. One within another is a part of it. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.execute("BEGIN IMMEDIATE");
    this.#depth++;
    try {
      const result = work();
      this.execute("COMMIT");
      return result;
    } catch (error) {
      // Some errors end the transaction themselves.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /** Reads the state of one moment, whatever other processes write meanwhile. */
  snapshot<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.execute("BEGIN");
    this.#depth++;
    try {
      return work();
    } finally {
      this.#depth--;
      // Nothing was written; and what the work threw counts, not what a damaged database says to this.
      if (this.#database.isTransaction) attemptQuietly(() => this.#database.exec("ROLLBACK"));
    }
  }

  /** A number that changes when another process writes. */
  get version(): number {
    return this.one("PRAGMA data_version")!.data_version as number;
  }

  /** What is wrong with it: pages that are missing, say; undefined where nothing is. It reads the whole of it. */
  get damage(): string | undefined {
    // A title, and then what is wrong.
    const found = String(this.one("PRAGMA quick_check(1)")?.quick_check).split("\n").at(-1)!;
    return found === "ok" ? undefined : found;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
    if (this.#copied !== undefined) rmSync(this.#copied, { recursive: true, force: true });
    this.#copied = undefined;
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, statement = this.#database.prepare(sql));
    return statement;
  }

  #attempt<T>(action: () => T): T {
    return attempt("use", this.#path, action);
  }
}

/**
 * Whether the last page is not whole: SQLite takes what is missing for zeros. Where there is a log, that may still have
 * the page.
 */
function endsWithinPage(path: string): boolean {
  return existsSync(path) && !existsSync(`${path}-wal`) && statSync(path).size % SMALLEST_PAGE !== 0;
}

const SMALLEST_PAGE = 512;
const CUT_OFF = "malformed: the last page is not whole";

function attemptQuietly(action: () => void): void {
  try {
    action();
  } catch {
    // There is an error already.
  }
}

function attempt<T>(what: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { errcode, message } = error as Error & { readonly errcode?: number };
    // The lower byte is the kind of error.
    const reason = REASONS[(errcode ?? 0) & 0xff] ??
      Object.entries(WORDS).find(([words]) => message.includes(words))?.[1] ?? message;
    throw new StoreError(`Cannot ${what} the study's database ${JSON.stringify(path)}: ${reason}`, {
      cause: error,
    });
  }
}

/** What is said of a database of which something is lost. */
export const DAMAGED = "it is damaged; restore a copy, or save what can be read with: sqlite3 FILE .recover";
const FULL = "no space left; free some and go on with optbench resume: nothing that was recorded is lost";

/** By SQLite's result codes. */
const REASONS: Readonly<Record<number, string>> = {
  5: "another process has been writing it for half a minute; try again",
  8: "it is read-only; choose another folder or make it writable",
  10: "the disk failed or is full; nothing that was recorded is lost",
  11: DAMAGED,
  13: FULL,
  14: "it cannot be opened; is there a study in the folder, and may you write to it?",
  26: "it is no database of a study, or damaged",
};

/** By the words of errors that come without a code. */
const WORDS: Readonly<Record<string, string>> = {
  "malformed": DAMAGED,
  "disk is full": FULL,
  "disk I/O": REASONS[10],
  "readonly": REASONS[8],
  "not a database": REASONS[26],
  "no such": REASONS[26],
  "unable to open": REASONS[14],
  "locked": REASONS[5],
};
