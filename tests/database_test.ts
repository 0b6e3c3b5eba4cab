import assert from "node:assert/strict";
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import fc from "fast-check";
import { Database } from "../results/store/database.ts";
import { StoreError } from "../results/store/files.ts";
import { DATABASE_FILE } from "../results/store/record.ts";
import { StudyStore } from "../results/store/store.ts";
import { completed, diverged } from "./_results.ts";
import { endAll, inFolder, options, planAll, reading, refuses, resume } from "./_stores.ts";

/** A table of numbers in a file. */
function withNumbers(use: (database: Database, path: string, folder: string) => void): void {
  inFolder((folder) => {
    const path = join(folder, "numbers.sqlite");
    const database = Database.open(path);
    database.execute("CREATE TABLE numbers (x)");
    try {
      use(database, path, folder);
    } finally {
      database.close();
    }
  });
}

const numbersIn = (database: Database) => database.all("SELECT x FROM numbers").map(({ x }) => x);

test("values read back as they were written", () => {
  const database = Database.open(":memory:");
  database.execute("CREATE TABLE numbers (x)");
  const value = fc.oneof(
    fc.double({ noNaN: true }).map((x) => x + 0),
    fc.string({ unit: "binary" }).filter((text) => text.isWellFormed() && !text.includes("\0")),
    fc.uint8Array(),
    fc.constant(null),
  );
  fc.assert(fc.property(fc.array(value, { maxLength: 5 }), (values) => {
    database.run("DELETE FROM numbers");
    for (const value of values) assert.equal(database.run("INSERT INTO numbers VALUES (?)", value), 1);
    const plain = (value: unknown) => value instanceof Uint8Array ? [...value] : value;
    assert.deepEqual(numbersIn(database).map(plain), values.map(plain));
    const rows = [...database.each("SELECT x FROM numbers")];
    assert.deepEqual(rows.map(({ x }) => plain(x)), values.map(plain));
  }));
  assert.equal(database.one("SELECT x FROM numbers WHERE x = 'no'"), undefined);
  database.close();
});

test("a transaction is kept whole or not at all, those within it included", () =>
  withNumbers((database) => {
    const insert = (x: number) => database.run("INSERT INTO numbers VALUES (?)", x);
    const result = database.transaction(() => {
      insert(1);
      return database.transaction(() => insert(2));
    });
    assert.equal(result, 1);
    assert.throws(() =>
      database.transaction(() => {
        insert(3);
        database.transaction(() => insert(4));
        throw new Error("no");
      }), /^Error: no$/);
    assert.deepEqual(numbersIn(database), [1, 2]);
    database.transaction(() => insert(5));
    assert.deepEqual(numbersIn(database), [1, 2, 5]);
  }));

test("a reader sees whole transactions, and that there are new ones", () =>
  withNumbers((database, path) => {
    const reader = Database.read(path);
    const { version } = reader;
    database.transaction(() => {
      database.run("INSERT INTO numbers VALUES (1)");
      assert.deepEqual(numbersIn(reader), []);
      assert.equal(reader.version, version);
    });
    assert.deepEqual(numbersIn(reader), [1]);
    assert.notEqual(reader.version, version);
    const now = database.version;
    database.run("INSERT INTO numbers VALUES (2)");
    assert.equal(database.version, now, "its own changes are no news");
    reader.close();
  }));

test("a reader cannot write", () =>
  withNumbers((_, path) => {
    const reader = Database.read(path);
    refuses(
      () => reader.run("INSERT INTO numbers VALUES (1)"),
      /: it is read-only; choose another folder or make it writable$/,
    );
    reader.close();
  }));

test("a full disk is an error that says so, and loses nothing that was recorded", () =>
  withNumbers((database) => {
    database.run("INSERT INTO numbers VALUES (1)");
    database.run("PRAGMA max_page_count = 10");
    const fill = () =>
      database.transaction(() => database.run("INSERT INTO numbers VALUES (?)", new Uint8Array(1e6)));
    refuses(
      fill,
      /^Cannot use the study's database ".*": no space left; free some and go on with optbench resume/,
    );
    refuses(fill, /no space left/);
    assert.deepEqual(numbersIn(database), [1]);
    database.run("INSERT INTO numbers VALUES (2)");
    assert.deepEqual(numbersIn(database), [1, 2]);
  }));

test("a database whose folder does not exist is refused", () => {
  const path = "/nowhere/study.sqlite";
  const message =
    /^Cannot (open|read) the study's database "\/nowhere\/study\.sqlite": it cannot be opened; /;
  refuses(() => Database.open(path), message);
  refuses(() => Database.read(path), message);
});

/** Does something with the rights of nobody, where this process has all rights. */
function withoutRights<T>(use: () => T): T {
  if (process.geteuid!() !== 0) return use();
  process.seteuid!(65534);
  try {
    return use();
  } finally {
    process.seteuid!(0);
  }
}

/** Takes the rights to write a folder away, for as long as that lasts. */
function whileReadOnly(folder: string, use: () => void): void {
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o444);
  chmodSync(folder, 0o555);
  try {
    withoutRights(use);
  } finally {
    chmodSync(folder, 0o755);
  }
}

test("a folder that cannot be written is read all the same, and a log beside the database with it", () =>
  inFolder((folder) => {
    const first = StudyStore.create({ ...options, directory: join(folder, "study") });
    planAll(first);
    endAll(first, [completed([0.5])]);
    // As a process leaves it that dies: with a log.
    for (const suffix of ["", "-wal"]) {
      copyFileSync(join(folder, "study", DATABASE_FILE + suffix), join(folder, DATABASE_FILE + suffix));
    }
    first.close();
    const names = readdirSync(folder);
    assert.ok(names.includes(`${DATABASE_FILE}-wal`));
    whileReadOnly(folder, () => {
      reading(folder, (record) => assert.deepEqual(record.counts, { completed: 1, planned: 5 }));
      refuses(() => resume(folder), /read-only|cannot be opened/);
    });
    assert.deepEqual(readdirSync(folder), names);
  }));

/** The bytes of a study that has ended, with curves. */
const bytes = inFolder((directory) => {
  const store = StudyStore.create({ ...options, directory });
  planAll(store);
  endAll(store, [completed([0.5, 0.75]), diverged([0.1])]);
  store.exclusively(() => store.note("a line"));
  store.release();
  store.close();
  return readFileSync(join(directory, DATABASE_FILE));
});

/** Puts bytes in a study's place, and reads or resumes it: which works, or is an error that says so. */
function survives(damaged: Uint8Array): void {
  inFolder((folder) => {
    const attempt = (use: () => void) => {
      writeFileSync(join(folder, DATABASE_FILE), damaged);
      try {
        use();
      } catch (error) {
        assert.ok(error instanceof StoreError, (error as Error).stack ?? String(error));
        assert.match(error.message, /^Cannot [^\n]*[^.\n]$/);
      }
      for (const suffix of ["-wal", "-shm"]) rmSync(join(folder, DATABASE_FILE + suffix), { force: true });
    };
    attempt(() =>
      reading(folder, (record) => {
        void [
          record.description,
          record.status,
          record.endedAt,
          record.counts,
          record.trials(),
          record.events,
        ];
        for (const [trial] of record.curves()) record.trajectory(trial);
      })
    );
    attempt(() => resume(folder, { despiteChanges: true }).close());
  });
}

test("a study that is cut off anywhere can be read, or is refused in one line", () => {
  fc.assert(fc.property(fc.nat(bytes.length - 1), (length) => survives(bytes.subarray(0, length))), {
    numRuns: 30,
  });
});

test("a study of which a page is lost can be read, or is refused in one line", () => {
  for (let page = 0; page < bytes.length; page += 4096) {
    for (const fill of [0, 0xff]) survives(Uint8Array.from(bytes).fill(fill, page, page + 4096));
  }
});

test("what is no database is refused", () =>
  inFolder((folder) => {
    writeFileSync(join(folder, DATABASE_FILE), "trial,status\n".repeat(1000));
    const message =
      /^Cannot (open|read) the study's database ".*": it is no database of a study, or damaged$/;
    refuses(() => reading(folder, () => {}), message);
    refuses(() => resume(folder), message);
  }));
