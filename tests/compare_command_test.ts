import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import Papa from "papaparse";
import { optbench } from "./cli.ts";

let folder = "";
let sgd = "";
let adam = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "optbench-"));
  [sgd, adam] = ["sgd", "adam"].map((name) => join(folder, name));
  const sweep = (line: string, out: string) =>
    optbench(["sweep", "--task", "digits_logreg", ...line.split(" "), "-q", "--out", out]);
  const common = "--seeds 6 --epochs 3";
  assert.equal(sweep(`--opt sgd --lr 0.001,1 --momentum 0,0.9 --nesterov false ${common}`, sgd).code, 0);
  assert.equal(sweep(`--opt adam --lr 0.001 --beta1 0.9 --beta2 0.99 ${common}`, adam).code, 0);
});

after(() => rmSync(folder, { recursive: true }));

function compare(...words: string[]): string {
  const { code, stdout, stderr } = optbench(["compare", ...words]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

/** Text without its line breaks and indentation. */
const flat = (text: string) => text.replaceAll(/\s+/g, " ");

test("two studies are compared by their best configurations, with a verdict and a warning", () => {
  const text = flat(compare(sgd, adam));
  assert.match(text, /^test accuracy in % on digits_logreg, higher is better \(3 epochs, batch 64\)/);
  assert.match(text, /sgd: lr 1, momentum 0\.9; best of 4 in sgd/);
  assert.match(text, /sgd is better than adam: test accuracy .* \(Wilcoxon signed-rank, 6 pairs\)\./);
  assert.match(text, /Beware: sgd was chosen as the best of 4 on these seeds; that flatters it/);
});

test("a configuration is named by its row or by its hyper-parameters", () => {
  const sides = (...words: string[]) =>
    JSON.parse(compare(...words, "--json")).sides as { name: string; values: Record<string, unknown> }[];
  const [first, last] = sides(`${sgd}:lr=1,momentum=0`, `${sgd}#4`);
  assert.deepEqual([first.values.lr, first.values.momentum], [1, 0]);
  assert.equal(last.values.lr, 0.001);
  assert.equal(last.name, "#4");
});

test("a study is compared within itself: with the next rows, or by a hyper-parameter", () => {
  const names = (...words: string[]) =>
    JSON.parse(compare(sgd, ...words, "--json")).sides.map(({ name }: { name: string }) => name);
  assert.deepEqual(names(), ["#1", "#2", "#3", "#4"]);
  assert.deepEqual(names("--top", "1"), ["#1", "#2"]);
  assert.deepEqual(names("--by", "lr"), ["lr 1", "lr 0.001"]);
});

test("a file of comparisons has a row a pair, and is never overwritten", () => {
  const file = join(folder, "comparisons.csv");
  compare(sgd, "--all-pairs", "--csv", file);
  const text = readFileSync(file, "utf8");
  const { data } = Papa.parse<Record<string, string>>(text, { header: true, skipEmptyLines: true });
  assert.deepEqual(data.map(({ a, b }) => `${a} ${b}`), [
    "#1 #2",
    "#1 #3",
    "#1 #4",
    "#2 #3",
    "#2 #4",
    "#3 #4",
  ]);
  assert.deepEqual([data[0].a_runs, data[0].comparisons], ["6", "6"]);
  const { code, stderr } = optbench(["compare", sgd, "--csv", file]);
  assert.equal(code, 2);
  assert.match(stderr, /: it exists; name a new file\n$/);
  assert.equal(readFileSync(file, "utf8"), text);
});

test("a mistake is one line that says the fix, with exit code 2", () => {
  const mistakes: [string[], RegExp][] = [
    [[], /compare which studies\? name their folders/],
    [[join(folder, "none")], /there is no such folder; optbench ls lists studies/],
    [[`${sgd}#1`], /with what\? name another configuration or study/],
    [[`${sgd}#5`, adam], /its table has the rows 1 to 4/],
    [[`${sgd}:lr=1`, adam], /2 configurations have these values; choose one: #1 \(.*momentum 0\.9\), #2 \(/],
    [[`${sgd}:lr=5`, adam], /no configuration has these values; the best one has lr=1,momentum=0\.9/],
    [[sgd, adam, "--by", "lr"], /--by compares one study within itself; name one alone/],
    [[sgd, "--alpha", "5"], /--alpha "5": expected a number between 0 and 1/],
    [[sgd, "--metric", "test_acc"], /did you mean test_accuracy\?/],
  ];
  for (const [words, message] of mistakes) {
    const { code, stdout, stderr } = optbench(["compare", ...words]);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    assert.match(stderr, message);
    assert.match(stderr, /^optbench: [^\n]*[^.\n]\n$/);
  }
});
