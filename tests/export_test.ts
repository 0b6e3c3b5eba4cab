import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import Papa from "papaparse";
import { csvLines, toCsv } from "../results/export/csv.ts";
import type { Cell } from "../results/export/table.ts";
import { exportStudy } from "../results/export/export.ts";
import { jsonLines } from "../results/export/json.ts";
import { StoreError } from "../results/store/files.ts";
import type { StudyRecord } from "../results/store/record.ts";
import { completed, diverged, epoch, failed } from "./_results.ts";
import { claim, endAll, withStudy } from "./_stores.ts";

const anyCell = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(undefined),
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(..."ab1_ .:;/=()-+@%,'\"\t\r\n") }),
  fc.constantFrom("not among the best 3 of 9 after epoch 1", "step:0.1@0.5", "=1+1", "-1", " a", "a "),
);
/** Tables with unique names of columns. */
const anyTable = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 6 }).chain(
  (header) => {
    const row = fc.tuple(...header.map(() => anyCell)) as fc.Arbitrary<Cell[]>;
    return fc.record({ header: fc.constant(header), rows: fc.array(row, { maxLength: 20 }) });
  },
);

const isNumberless = (cell: Cell) => typeof cell === "number" && !Number.isFinite(cell);

test("CSV is what Papa Parse writes, whatever is in the cells", () => {
  fc.assert(fc.property(anyTable, ({ header, rows }) => {
    const printable = rows.map((row) => row.map((cell) => isNumberless(cell) ? undefined : cell));
    const expected = Papa.unparse([header, ...printable], {
      newline: "\n",
      escapeFormulae: /^[=+\-@\t\r\n]/,
    });
    assert.equal([...csvLines({ name: "any", header, rows })].join(""), `${expected}\n`);
  }));
});

test("a long table is written in parts, none of them long", () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => [i, `word ${i}`, i / 7]);
  const parts = [...csvLines({ name: "long", header: ["a", "b", "c"], rows })];
  assert.ok(parts.length > 5);
  assert.ok(Math.max(...parts.map(({ length }) => length)) < 100_000);
  assert.equal(parts.join(""), toCsv([["a", "b", "c"], ...rows]));
});

test("JSON is an array of objects that read back as they were, with null for what was not measured", () => {
  fc.assert(fc.property(anyTable, ({ header, rows }) => {
    const read = JSON.parse([...jsonLines({ name: "any", header, rows })].join(""));
    const plain = (cell: Cell) => cell === undefined || isNumberless(cell) ? null : cell === 0 ? 0 : cell;
    // As of a table that was read: `__proto__` is a name like any other.
    assert.deepEqual(
      read.map((row: object) => Object.entries(row).sort()),
      rows.map((row) => header.map((name, i) => [name, plain(row[i])]).sort()),
    );
  }));
});

test("a long table in JSON has a line a row", () => {
  const rows = Array.from({ length: 1234 }, (_, i) => [i]);
  const text = [...jsonLines({ name: "long", header: ["a"], rows })].join("");
  assert.equal(text.split("\n").length, 1 + 1234 + 2);
  assert.deepEqual(JSON.parse(text), rows.map(([a]) => ({ a })));
});

/** The rows of the tables in JSON, by name. */
function exportedJson(record: StudyRecord, folder: string, where?: Parameters<typeof exportStudy>[2]) {
  const files = exportStudy(record, folder, { ...where, format: "json" });
  return Object.fromEntries(files.map((file) => [file, JSON.parse(readFileSync(file, "utf8"))]));
}

test("as JSON the tables have the rows and columns that they have as CSV", () =>
  withStudy((store, folder) => {
    endAll(store, [completed([0.5, 0.75]), diverged([0.25]), failed, completed([0.875])]);
    const files = exportedJson(store.record, folder);
    assert.deepEqual(Object.keys(files), [
      ...["summary", "trials", "curves", "study"].map((name) => join(folder, `${name}.json`)),
    ]);
    const csv = exportStudy(store.record, folder).filter((file) => file.endsWith(".csv"));
    assert.equal(csv.length, 3);
    for (const file of csv) {
      const { data } = Papa.parse<Record<string, string>>(readFileSync(file, "utf8").trimEnd(), {
        header: true,
      });
      const rows: Record<string, Cell | null>[] = files[file.replace(/csv$/, "json")];
      const texts = rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, cell]) => [name, cell === null ? "" : String(cell)]),
        )
      );
      assert.deepEqual(texts, data);
    }
  }));

test("trials that are not meant are in none of the tables", () =>
  withStudy((store, folder) => {
    endAll(store, [0.5, 0.25, 0.75, 0.5].map((accuracy) => completed([0.125, accuracy])));
    const where = ({ seed, configuration }: { seed: number; configuration: { index: number } }) =>
      seed === 1 && configuration.index < 2;
    const files = exportedJson(store.record, folder, { where });
    const column = (table: string, name: string) =>
      files[join(folder, `${table}.json`)].map((row: Record<string, Cell>) => row[name]);
    assert.deepEqual(column("trials", "trial"), [0, 2]);
    assert.deepEqual(column("curves", "trial"), [0, 0, 2, 2]);
    assert.deepEqual(column("curves", "test_accuracy"), [0.125, 0.5, 0.125, 0.75]);
    assert.deepEqual(column("summary", "configuration"), [1, 0]);
    assert.deepEqual(column("summary", "test_accuracy_mean"), [0.75, 0.5]);
  }));

test("while a study runs, its files say how far it is", () =>
  withStudy((store, folder) => {
    endAll(store, [completed([0.5])]);
    claim(store, 1);
    store.epoch(store.trials[1], epoch(1, 0.25), 0.5);
    store.beat();
    const files = exportedJson(store.record, folder);
    const table = (name: string) => files[join(folder, `${name}.json`)];
    assert.equal(table("study").status, "running");
    assert.deepEqual(table("trials").map(({ status }: { status: string }) => status), [
      ...["completed", "running", "planned", "planned", "planned", "planned"],
    ]);
    assert.deepEqual(
      table("curves").map(({ trial, test_accuracy }: Record<string, number>) => [trial, test_accuracy]),
      [
        ...[[0, 0.5], [1, 0.25]],
      ],
    );
  }));

test("a file that cannot be replaced is an error that leaves nothing half written", () =>
  withStudy((store, folder) => {
    endAll(store, [completed([0.5])]);
    mkdirSync(join(folder, "trials.csv"));
    assert.throws(() => exportStudy(store.record, folder), (error: Error) => {
      assert.ok(error instanceof StoreError);
      assert.match(error.message, /^Cannot write ".*trials\.csv": /);
      return true;
    });
    assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith(".tmp")), []);
  }));
