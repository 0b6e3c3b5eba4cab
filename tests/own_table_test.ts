import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import Papa from "papaparse";
import { columnNames, layers, ownData } from "../cli/declare/own_data.ts";
import { readColumn } from "../datasets/table/column.ts";
import { parseCsv } from "../datasets/table/csv.ts";
import { partition } from "../datasets/table/partition.ts";
import { standardize } from "../datasets/table/standardize.ts";
import { readTable, type Table, type TableChoice } from "../datasets/table.ts";
import { tableTask } from "../tasks/own/table.ts";
import type { TableTaskChoice, TableTaskName } from "../tasks/own/table_choice.ts";

/** Reads a table from a file of that content. Of messages the folder is cut off. */
function withFile<T>(content: string | Uint8Array, use: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "optbench-"));
  try {
    const file = join(folder, "my.csv");
    writeFileSync(file, content);
    return use(file);
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replaceAll(join(folder, "/"), "");
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function read(content: string | Uint8Array, choice: Omit<TableChoice, "file">): Table {
  return withFile(content, (file) => readTable({ file, ...choice }));
}

function task(content: string, name: TableTaskName, choice: Omit<TableTaskChoice, "file">) {
  return withFile(content, (file) => tableTask(name, { file, ...choice }));
}

/** A table of `rows` rows, of which `cells` makes each. */
function table(header: string, rows: number, cells: (row: number) => string): string {
  return `${header}\n${Array.from({ length: rows }, (_, row) => `${cells(row)}\n`).join("")}`;
}

/** 40 rows of a number, a text of two, and a class of two. */
const PEOPLE = table(
  "age,city,member",
  40,
  (i) => `${20 + i},${i % 2 ? "Rome" : "Oslo"},${i % 4 ? "yes" : "no"}`,
);

const hasMessage = (message: string) => ({ name: "DatasetError", message });

test("a table has numbers standardised, texts as 0 or 1, and classes in order", () => {
  const { columns, features, label, trainRows, testRows, name, summary, load } = read(PEOPLE, {
    label: "member",
  });
  assert.deepEqual(columns, {
    inputs: { shape: [3], dtype: "float" },
    labels: { shape: [], dtype: "uint8" },
  });
  assert.deepEqual(features, ["age", "city=Oslo", "city=Rome"]);
  assert.deepEqual(label, { type: "class", classes: ["no", "yes"] });
  assert.deepEqual([name, summary], ["my", "my.csv: member from 2 columns"]);
  assert.deepEqual([trainRows, testRows], [32, 8]);
  const { train } = load();
  assert.equal(train.rows, 32);
  const { inputs, labels } = train.columns;
  for (let row = 0; row < train.rows; row++) {
    const [, oslo, rome] = inputs.subarray(3 * row, 3 * row + 3);
    assert.equal(oslo + rome, 1);
    // Rome is in odd rows, whose class is always 1.
    if (rome === 1) assert.equal(labels[row], 1);
  }
});

test("the rows of a table stay together and in order", () => {
  const content = table("x,y", 50, (i) => `${i},${2 * i + 1}.5`);
  const { load, label } = read(content, { label: "y" });
  assert.ok(label.type === "number");
  const { train, test } = load();
  const seen: number[] = [];
  // y is 2 x + 1.5, so that standardised by the same rows both are the same number.
  for (const { rows, columns: { inputs, targets } } of [train, test]) {
    for (let row = 0; row < rows; row++) assert.ok(Math.abs(inputs[row] - targets[row]) < 1e-6);
    const y: number[] = Array.from(
      targets,
      (target) => Math.round((target * label.sd + label.mean - 1.5) / 2) + 0,
    );
    assert.deepEqual(y, y.toSorted((a, b) => a - b));
    seen.push(...y);
  }
  assert.deepEqual(seen.sort((a, b) => a - b), Array.from({ length: 50 }, (_, i) => i));
});

test("a table is read the same on every call, and loaded once", () => {
  const first = read(PEOPLE, { label: "member" });
  assert.deepEqual(first.load(), read(PEOPLE, { label: "member" }).load());
  assert.equal(first.load(), first.load());
});

test("columns that are dropped are no inputs, whatever they hold", () => {
  const content = table("id,x,y", 200, (i) => `a${i}${i === 7 ? "" : ","}${i === 7 ? "," : ""}${i},${i % 2}`);
  assert.deepEqual(read(content, { label: "y", drop: ["id"] }).features, ["x"]);
  assert.throws(
    () => read(PEOPLE, { label: "member", drop: ["age", "city"] }),
    hasMessage('Cannot read my.csv: no column is left beside the label "member"'),
  );
  assert.throws(
    () => read(PEOPLE, { label: "member", drop: ["member"] }),
    hasMessage('Cannot read my.csv: column "member" is both the label and dropped'),
  );
});

// What a label is.

for (
  const [what, cell, expected] of [
    ["text", (i: number) => `c${i % 3}`, "class"],
    ["few integers", (i: number) => `${i % 3}`, "class"],
    ["20 integers", (i: number) => `${i % 20}`, "class"],
    ["21 integers", (i: number) => `${i % 21}`, "number"],
    ["few fractions", (i: number) => `${(i % 3) / 2}`, "number"],
  ] as const
) {
  test(`a label column of ${what} is read as ${expected}`, () => {
    assert.equal(read(table("x,y", 210, (i) => `${i},${cell(i)}`), { label: "y" }).label.type, expected);
  });
}

test("a label is read as what the user says it is", () => {
  const integers = table("x,y", 40, (i) => `${i},${i % 4}`);
  const { label, columns } = read(integers, { label: "y", labelType: "number" });
  assert.equal(label.type, "number");
  assert.deepEqual(columns.targets, { shape: [], dtype: "float" });
  const fractions = table("x,y", 40, (i) => `${i},${(i % 4) / 2}`);
  assert.deepEqual(read(fractions, { label: "y", labelType: "class" }).label, {
    type: "class",
    classes: ["0", "0.5", "1", "1.5"],
  });
});

test("a number is one class however it is written, and classes of numbers are in their order", () => {
  const content = table("x,y", 40, (i) => `${i},${["10", "9", "9.0", "1e1"][i % 4]}`);
  assert.deepEqual(read(content, { label: "y" }).label, { type: "class", classes: ["9", "10"] });
});

test("more than 256 classes are integers, not bytes", () => {
  const { columns, load } = read(table("x,y", 600, (i) => `${i},c${i % 300}`), { label: "y" });
  assert.equal(columns.labels.dtype, "int32");
  const { labels } = load().train.columns;
  assert.ok(labels instanceof Int32Array);
  assert.equal(new Set(labels).size, 300);
});

test("a target is standardised by the mean and standard deviation of the training rows", () => {
  const { label, load, baseline } = read(table("x,y", 100, (i) => `${i},${i * i / 4}`), { label: "y" });
  assert.ok(label.type === "number");
  const { train, test } = load();
  const y = Array.from(train.columns.targets, (target) => target * label.sd + label.mean);
  const mean = y.reduce((sum, value) => sum + value) / y.length;
  assert.ok(Math.abs(mean - label.mean) < 1e-3);
  const squares = Array.from(test.columns.targets, (target) => target ** 2);
  assert.ok(Math.abs(squares.reduce((sum, value) => sum + value) / squares.length - baseline) < 1e-6);
});

// How a table may be written.

for (
  const [what, write] of [
    ["semicolons", (text: string) => text.replaceAll(",", ";")],
    ["tabs", (text: string) => text.replaceAll(",", "\t")],
    ["bars", (text: string) => text.replaceAll(",", "|")],
    ["carriage returns and line feeds", (text: string) => text.replaceAll("\n", "\r\n")],
    ["carriage returns", (text: string) => text.replaceAll("\n", "\r")],
    ["a byte-order mark", (text: string) => `\ufeff${text}`],
    ["no line break at the end", (text: string) => text.trimEnd()],
    ["blank lines and lines of commas", (text: string) => text.replace("\n", "\n\n,,\n") + "\n,,\n\n"],
    ["blanks around values", (text: string) => text.replaceAll(",", " , ")],
    ["quotes around values", (text: string) => text.replaceAll(/[^,\n]+/g, '"$&"')],
  ] as const
) {
  test(`a table with ${what} reads the same`, () => {
    const expected = read(PEOPLE, { label: "member" });
    const actual = read(write(PEOPLE), { label: "member" });
    assert.deepEqual(actual.load(), expected.load());
    assert.deepEqual(actual.features, expected.features);
  });
}

test("text may hold delimiters, quotes and line breaks inside of quotes", () => {
  const texts = ['"a,b"', '"say ""a"""', '"two\nlines"'];
  const content = table("x,y,z", 30, (i) => `${i},${texts[i % 3]},${i % 2}`);
  assert.deepEqual(read(content, { label: "y" }).label, {
    type: "class",
    classes: ["a,b", 'say "a"', "two\nlines"],
  });
});

test("a line is counted from the first, also below a value of several lines", () => {
  const content = table("x,y", 12, (i) => i === 3 ? '"1\n2\n3",a' : i === 9 ? ",b" : `t,${"ab"[i % 2]}`);
  assert.throws(
    () => read(content, { label: "y" }),
    /column "x" misses 1 of 12 values, the first in line 13 \(""\)/,
  );
});

const cell = fc.oneof(
  fc.double({ noDefaultInfinity: true, noNaN: true, min: -3e38, max: 3e38 }).map(String),
  fc.integer().map(String),
);

test("any table of numbers that is written as CSV reads back as the same numbers", () => {
  const tables = fc.integer({ min: 2, max: 5 }).chain((width) =>
    fc.record({
      rows: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 20 }),
      delimiter: fc.constantFrom(",", ";", "\t", "|"),
      newline: fc.constantFrom("\n", "\r\n", "\r"),
      quotes: fc.boolean(),
    })
  );
  fc.assert(fc.property(tables, ({ rows, ...config }) => {
    const header = rows[0].map((_, i) => `c${i}`);
    const csv = parseCsv("my.csv", Papa.unparse([header, ...rows], config));
    assert.deepEqual(csv.header, header);
    header.forEach((name, i) => {
      const column = {
        name,
        cells: csv.rows.map(({ cells }) => cells[i]),
        lines: csv.rows.map(({ line }) => line),
      };
      const read = readColumn("my.csv", column);
      assert.ok(read.type === "number");
      assert.deepEqual([...read.numbers], rows.map((row) => Number(row[i])));
    });
    assert.deepEqual(csv.rows.map(({ line }) => line), rows.map((_, row) => row + 2));
  }));
});

const text = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(..."ab,;\t|\"'\n\r é😀") })
  .filter((text) => text.trim() !== "").map((text) => `x${text.trim()}`);

test("any text that is written as CSV with commas reads back as it was", () => {
  const rows = fc.array(fc.tuple(text, text, text), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(rows, (rows) => {
    const csv = parseCsv("my.csv", Papa.unparse([["p", "q", "r"], ...rows], { newline: "\n", quotes: true }));
    assert.deepEqual(csv.rows.map(({ cells }) => cells), rows);
  }));
});

// The split.

test("a split is a partition, in order, with a fifth of each class to test on and a row of each to train on", () => {
  const classes = fc.array(fc.integer({ min: 2, max: 60 }), { minLength: 1, maxLength: 6 });
  fc.assert(fc.property(classes, (counts) => {
    const total = counts.reduce((sum, count) => sum + count);
    // The rows of the classes in turn, as far as each goes.
    const strata: number[][] = counts.map(() => []);
    for (let row = 0, i = 0; row < total; i++) {
      const k = i % counts.length;
      if (strata[k].length < counts[k]) strata[k].push(row++);
    }
    const { train, test } = partition(strata);
    for (const rows of [train, test]) assert.deepEqual([...rows], [...rows].sort((a, b) => a - b));
    assert.deepEqual(
      [...train, ...test].sort((a, b) => a - b),
      Array.from({ length: total }, (_, row) => row),
    );
    const tested = new Set(test);
    for (const rows of strata) {
      const share = rows.filter((row) => tested.has(row)).length;
      assert.equal(share, Math.max(1, Math.round(rows.length / 5)));
      assert.ok(share < rows.length);
    }
  }));
});

test("a split depends on nothing but the rows of each class", () => {
  const rows = Array.from({ length: 20 }, (_, row) => row);
  assert.deepEqual(partition([rows]), partition([rows]));
  assert.deepEqual([...partition([rows]).test], [5, 11, 16, 19]);
});

// Standardising.

test("a standardised column has mean 0 and standard deviation 1 on the training rows, and keeps its order", () => {
  const number = fc.oneof(
    fc.double({ noDefaultInfinity: true, noNaN: true, min: -3.4e38, max: 3.4e38 }),
    fc.double({ noDefaultInfinity: true, noNaN: true, min: 1e9, max: 1e9 + 1e-3 }),
    fc.integer({ min: -5, max: 5 }),
  );
  const columns = fc.array(number, { minLength: 2, maxLength: 30 });
  fc.assert(fc.property(columns, fc.integer({ min: 2, max: 30 }), (column, most) => {
    const train = Int32Array.from(column.keys()).subarray(0, most);
    const numbers = Float64Array.from(column);
    const { values } = standardize(numbers, train);
    const trained = Array.from(train, (row) => values[row]);
    if (new Set(Array.from(train, (row) => numbers[row])).size === 1) {
      assert.ok(values.every((value) => value === 0));
      return;
    }
    const mean = trained.reduce((sum, value) => sum + value) / trained.length;
    const square = trained.reduce((sum, value) => sum + value ** 2, 0) / trained.length;
    assert.ok(Math.abs(mean) < 1e-9, `the mean is ${mean}`);
    assert.ok(Math.abs(square - 1) < 1e-9, `the mean square is ${square}`);
    for (let i = 1; i < trained.length; i++) {
      if (numbers[i] > numbers[i - 1]) assert.ok(trained[i] >= trained[i - 1]);
    }
  }));
});

test("a column that is the same in every training row is 0 throughout", () => {
  const { values, mean, sd } = standardize(Float64Array.of(0.1, 0.1, 0.1, 7), Int32Array.of(0, 1, 2));
  assert.deepEqual([...values], [0, 0, 0, 0]);
  assert.deepEqual([mean, sd], [0.1, 0]);
  const constant = read(table("c,x,y", 40, (i) => `0.1,${i},${i % 2}`), { label: "y" });
  assert.ok(constant.load().train.columns.inputs.filter((_, i) => i % 2 === 0).every((value) => value === 0));
});

// Mistakes.

const WELL = (i: number) => `${i},${i % 2}`;

for (
  const [fault, content, choice, message] of [
    ["is empty", "", {}, "it is empty; expected a line with the names of the columns, then rows"],
    ["is blank", "\n \n,,\n", {}, "it is empty; expected a line with the names of the columns, then rows"],
    ["has a header alone", "x,y\n", {}, "it has 0 rows below the header; expected 10 or more"],
    ["is short", table("x,y", 9, WELL), {}, "it has 9 rows below the header; expected 10 or more"],
    [
      "has no such column",
      table("size,Price", 10, WELL),
      { label: "price" },
      'it has no column "price"; did you mean "Price"? (its columns are "size", "Price")',
    ],
    [
      "has nothing like the column",
      table("size,Price", 10, WELL),
      { label: "species" },
      'it has no column "species" (its columns are "size", "Price")',
    ],
    [
      "has many columns",
      table(`${Array.from({ length: 30 }, (_, i) => `c${i}`)}`, 10, () => ",".repeat(29)),
      { label: "species" },
      `it has no column "species" (its columns are ${
        Array.from({ length: 20 }, (_, i) => `"c${i}"`).join(", ")
      } and 10 more)`,
    ],
    [
      "has no such column to drop",
      table("x,y", 10, WELL),
      { drop: ["id"] },
      'it has no column "id" (its columns are "x", "y")',
    ],
    [
      "names two columns alike",
      table("x,z,x,y", 10, () => "1,2,3,4"),
      {},
      'columns 1 and 3 are both named "x"; rename one',
    ],
    [
      "leaves a column unnamed",
      table(",x,y", 10, () => "1,2,3"),
      {},
      "column 1 has no name; give it one in line 1, or leave it out",
    ],
    [
      "has a row that is too long",
      table("x,y", 10, (i) => i === 4 ? "1,2,3" : WELL(i)),
      {},
      "the row at line 6 is 3 long, the header 2; add or remove a delimiter, or put the value that holds one in quotes",
    ],
    [
      "has a row that is too short",
      table("x,y", 10, (i) => i === 9 ? "1" : WELL(i)),
      {},
      "the row at line 11 is 1 long, the header 2; add or remove a delimiter, or put the value that holds one in quotes",
    ],
    [
      "has quotes that do not close",
      table("x,y", 10, (i) => i === 4 ? '"1,0' : WELL(i)),
      {},
      "the quotes of the row at line 6 do not match; write a quote inside of quotes twice",
    ],
    [
      "misses values",
      table("x,y", 10, (i) => `${["", "NA", "nan", "null", "N/A"][i - 3] ?? i},${i % 2}`),
      {},
      'column "x" misses 5 of 10 values, the first in line 5 (""); fill them in, leave out those rows, or drop the column',
    ],
    [
      "misses a label",
      table("x,y", 10, (i) => `${i},${i === 2 ? "NaN" : i % 2}`),
      {},
      'column "y" misses 1 of 10 values, the first in line 4 ("NaN"); fill them in, leave out those rows, or drop the column',
    ],
    [
      "has text in a column of numbers",
      table("x,y", 10, (i) => `${i === 2 ? "twelve" : i},${i % 2}`),
      {},
      'column "x" holds "twelve" in line 4; expected a number, as in 0.5 or 1e-4',
    ],
    [
      "has text in a label that is to be a number",
      table("x,y", 10, (i) => `${i},${"ab"[i % 2]}`),
      { labelType: "number" },
      'column "y" holds "a" in line 2; expected a number, as in 0.5 or 1e-4',
    ],
    [
      "has decimal commas",
      table("x;y", 10, (i) => `${i},5;${i % 2}`),
      {},
      'column "x" holds "0,5" in line 2; ' +
      "write numbers with a decimal point and nothing between thousands, as in 1234.5",
    ],
    [
      "has an infinite number",
      table("x,y", 10, (i) => `${i === 2 ? "-Infinity" : i},${i % 2}`),
      {},
      'column "x" holds "-Infinity" in line 4; expected a number of at most 3.4e+38 in magnitude',
    ],
    [
      "has a huge number",
      table("x,y", 10, (i) => `${i === 2 ? "1e39" : i},${i % 2}`),
      {},
      'column "x" holds "1e39" in line 4; expected a number of at most 3.4e+38 in magnitude',
    ],
    [
      "has a different text in each row",
      table("x,y", 101, (i) => `t${i},${i % 2}`),
      {},
      'column "x" holds 101 different texts, such as "t0", expected at most 100; drop the column or merge some of them',
    ],
    [
      "is not in UTF-8",
      Uint8Array.from([...new TextEncoder().encode(table("x,y", 10, WELL)), 0xe9]),
      {},
      "it is no text in UTF-8; save the table as CSV in UTF-8",
    ],
  ] as const
) {
  test(`a table that ${fault} is an error that says where and what to do`, () => {
    assert.throws(
      () => read(content, { label: "y", ...choice }),
      hasMessage(`Cannot read my.csv: ${message}`),
    );
  });
}

for (
  const [fault, cell, choice, message] of [
    ["one class", () => "a", {}, 'holds one class only, "a"; a classifier takes two or more'],
    [
      "a class with one row",
      (i: number) => i === 5 ? "rare" : "ab"[i % 2],
      {},
      'has class "rare" in line 7 alone; add rows of it or leave it out: ' +
      "a class takes one row to train on and one to test on",
    ],
    [
      "several classes with one row",
      (i: number) => i < 3 ? i + 5 : i % 2,
      {},
      'has class "5" in line 2 alone and so have 2 more; add rows of it or leave it out: ' +
      "a class takes one row to train on and one to test on, or read the label as numbers",
    ],
    ["one number", () => "1.5", {}, "holds 1.5 in every row; there is nothing to learn"],
    [
      "one number, said to be one",
      () => "2",
      { labelType: "number" },
      "holds 2 in every row; there is nothing to learn",
    ],
    [
      "one number but in a row to test on",
      (i: number) => i === 5 ? "2.5" : "1.5",
      {},
      "holds 1.5 in nearly every row; there is nothing to learn",
    ],
  ] as const
) {
  test(`a label column of ${fault} is an error`, () => {
    assert.throws(
      () => read(table("x,y", 20, (i) => `${i},${cell(i)}`), { label: "y", ...choice }),
      hasMessage(`Cannot learn from my.csv: label column "y" ${message}`),
    );
  });
}

test("a table that is not there, or is a folder, is an error", () => {
  assert.throws(() => readTable({ file: "nowhere.csv", label: "y" }), {
    name: "DatasetError",
    message: "Cannot find nowhere.csv: expected a CSV file",
  });
  assert.throws(() => readTable({ file: tmpdir(), label: "y" }), {
    message: `Cannot read ${tmpdir()}: it is a folder; expected a CSV file`,
  });
});

// The tasks.

const shapes = ({ parameters }: ReturnType<typeof task>) =>
  Object.values(parameters).map(({ shape }) => [...shape]);

test("mlp on classes is a network with an output for each", () => {
  const mlp = task(PEOPLE, "mlp", { label: "member" });
  assert.equal(mlp.name, "mlp_my");
  assert.equal(mlp.summary, "my.csv: member from 2 columns, 3-64-32-2 ReLU network");
  assert.equal(mlp.metric, "accuracy");
  assert.deepEqual(shapes(mlp), [[3, 64], [64], [64, 32], [32], [32, 2], [2]]);
  // Of the 8 test rows 6 are of the commoner class.
  assert.equal(mlp.target, 1 - 0.25 / 2);
});

test("mlp on numbers is a network with one output", () => {
  const mlp = task(PEOPLE, "mlp", { label: "age", hidden: [5] });
  assert.equal(mlp.metric, "loss");
  assert.deepEqual(shapes(mlp), [[4, 5], [5], [5, 1], [1]]);
  const { baseline } = read(PEOPLE, { label: "age" });
  assert.equal(mlp.target, baseline / 2);
});

test("a task is made once, and anew when its table or the choice has changed", () => {
  withFile(PEOPLE, (file) => {
    const first = tableTask("mlp", { file, label: "member" });
    assert.equal(tableTask("mlp", { file, label: "member" }), first);
    assert.notEqual(tableTask("mlp", { file, label: "member", drop: ["age"] }), first);
    writeFileSync(file, `${PEOPLE}60,Rome,yes\n61,Rome,yes\n`);
    assert.notDeepEqual(tableTask("mlp", { file, label: "member" }).data.trainRows, first.data.trainRows);
  });
});

test("logreg reads the label as classes and linear as numbers, both from zeros", () => {
  const content = table("x,y", 60, (i) => `${i},${i % 3}`);
  const logreg = task(content, "logreg", { label: "y" });
  assert.deepEqual([logreg.metric, shapes(logreg)], ["accuracy", [[1, 3], [3]]]);
  const linear = task(content, "linear", { label: "y" });
  assert.deepEqual([linear.metric, shapes(linear)], ["loss", [[1, 1], [1]]]);
  for (const { parameters } of [logreg, linear]) {
    for (const { init } of Object.values(parameters)) assert.equal(init.summary, "zeros");
  }
});

test("a batch is never larger than the table, and test batches leave out hardly a row", () => {
  const small = task(table("x,y", 20, WELL), "logreg", { label: "y" });
  assert.deepEqual([small.batchSize, small.testBatchSize], [16, 4]);
  const large = task(table("x,y", 10_400, WELL), "logreg", { label: "y" });
  assert.equal(large.batchSize, 32);
  // 2080 test rows are 3 batches of 693, and one row is left.
  assert.equal(large.testBatchSize, 693);
});

for (
  const [name, choice, message] of [
    [
      "logreg",
      { labelType: "number" },
      "Cannot train logreg on my.csv with a number as label: use linear or mlp",
    ],
    [
      "linear",
      { labelType: "class" },
      "Cannot train linear on my.csv with a class as label: use logreg or mlp",
    ],
    ["linear", { hidden: [8] }, "Cannot give linear hidden layers: use mlp, or leave them out"],
    ["mlp", { hidden: [8, 0] }, "Invalid hidden layer of 0 units: expected a positive integer"],
  ] as const
) {
  test(`${name} with ${JSON.stringify(choice)} is an error`, () => {
    assert.throws(() => task(PEOPLE, name, { label: "member", ...choice }), { message });
  });
}

// The command line.

test("options of a table become a choice, for the tasks that have a table", () => {
  const options = { label: "y", labelType: "class", drop: ["id"], hidden: [8] } as const;
  const request = { data: "my.csv", ...options, epochs: 3 };
  assert.deepEqual(ownData("mlp", request), { table: { file: "my.csv", ...options } });
  assert.deepEqual(ownData("digits_mlp", {}), {});
  assert.deepEqual(ownData("char_transformer", { data: "my.txt" }), { text: "my.txt" });
  assert.deepEqual(ownData("char_transformer", {}), {});
});

for (
  const [name, options, message] of [
    ["mlp", {}, "--task mlp trains on a table of your own: add --data FILE --label COLUMN"],
    ["logreg", { label: "y" }, "--task logreg trains on a table of your own: add --data FILE"],
    [
      "logreg",
      { data: "my.csv", label: "y", hidden: [8] },
      "--hidden is for --task mlp: logreg has no hidden layers",
    ],
    ["linear", { data: "my.csv" }, "--task linear trains on a table of your own: add --label COLUMN"],
    [
      "digits_mlp",
      { hidden: [8] },
      "--hidden is for a table of your own: use it with --task mlp, logreg, linear",
    ],
    [
      "digits_mlp",
      { labelType: "class" },
      "--label-type is for a table of your own: use it with --task mlp, logreg, linear",
    ],
    [
      "char_transformer",
      { label: "y" },
      "--label is for a table of your own: use it with --task mlp, logreg, linear",
    ],
    [
      "digits_mlp",
      { data: "my.csv" },
      '--data "my.csv": digits_mlp has data of its own; a table is for --task mlp, logreg, linear, a text for char_transformer',
    ],
  ] as const
) {
  test(`--task ${name} with ${JSON.stringify(options)} is a mistake`, () => {
    assert.throws(() => ownData(name, options), { name: "UsageError", message });
  });
}

test("lists of columns and of layers are read", () => {
  assert.deepEqual(columnNames("--drop").parse("id, full name"), {
    success: true,
    value: ["id", "full name"],
  });
  assert.deepEqual(layers("--hidden").parse("64,32"), { success: true, value: [64, 32] });
  for (const typed of ["", "64,", "0", "6.5", "-3", "64 32", "many"]) {
    assert.equal(layers("--hidden").parse(typed).success, false, typed);
  }
  assert.equal(columnNames("--drop").parse("id,,age").success, false);
});
