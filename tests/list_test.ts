import assert from "node:assert/strict";
import { test } from "node:test";
import { legalRange } from "../optim/hyperparameter.ts";
import { getOptimizer, optimizerNames, ruleNames, wrapperNames } from "../optim/registry.ts";
import { getTask, taskNames } from "../tasks/registry.ts";
import { datasetNames, getDataset } from "../datasets/registry.ts";
import { optbench } from "./cli.ts";

function list(...words: string[]): string {
  const { code, stdout, stderr } = optbench(["list", ...words]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

/** Text without its line breaks and indentation. */
const flat = (text: string) => text.replaceAll(/\s+/g, " ");

test("list optimizers shows each hyper-parameter's default, range, default sweep and meaning", () => {
  for (const name of ruleNames) {
    const text = list("optimizers", name);
    assert.ok(flat(text).includes(flat(getOptimizer(name).summary)), name);
    for (const [key, declaration] of Object.entries(getOptimizer(name).hyperparameters)) {
      const option = `--${key.replaceAll("_", "-")}`;
      const row = text.split("\n").find((line) => line.split(/ {2,}/)[0] === option);
      assert.ok(row !== undefined, `${name} ${option}`);
      const [, start, range, sweep] = row.split(/ {2,}/);
      assert.equal(start, String(declaration.default ?? "none"));
      assert.equal(range, legalRange(declaration).replace("a finite number ", ""));
      assert.equal(sweep ?? "", declaration.sweep ?? "");
      assert.ok(flat(text).includes(flat(declaration.meaning)), `${name} ${option}: ${declaration.meaning}`);
    }
  }
});

test("list optimizers shows what a wrapper adds, and what it may wrap", () => {
  for (const name of wrapperNames) {
    const text = flat(list("optimizers", name));
    const [base] = ruleNames;
    const inherited = Object.keys(getOptimizer(base).hyperparameters);
    for (const [key, { meaning }] of Object.entries(getOptimizer(name, base).hyperparameters)) {
      if (inherited.includes(key)) continue;
      assert.ok(text.includes(`--${key.replaceAll("_", "-")} `), key);
      assert.ok(text.includes(flat(meaning)), key);
    }
    for (const base of ruleNames) assert.match(text, new RegExp(`--base.*\\b${base}\\b`));
  }
});

test("list without a name shows all there are", () => {
  const all = { tasks: taskNames, optimizers: optimizerNames, datasets: datasetNames };
  for (const [what, names] of Object.entries(all)) {
    const text = list(what);
    for (const name of names) assert.match(text, new RegExp(`^${name}\\b`, "m"));
  }
});

test("list --json has every hyper-parameter's default, range, default sweep and meaning", () => {
  const optimizers: { name: string; source: string; hyperparameters: Record<string, unknown> }[] = JSON.parse(
    list("optimizers", "--json"),
  );
  assert.deepEqual(optimizers.map(({ name }) => name).sort(), [...optimizerNames].sort());
  for (const name of ruleNames) {
    const { source, hyperparameters } = optimizers.find((optimizer) => optimizer.name === name)!;
    assert.equal(source, getOptimizer(name).source);
    const declared = getOptimizer(name).hyperparameters;
    assert.deepEqual(hyperparameters, JSON.parse(withoutInfinity(declared)), name);
  }
});

/** JSON in which a bound that does not exist is left out. */
function withoutInfinity(value: unknown): string {
  return JSON.stringify(value, (_, value) => value === Infinity ? undefined : value);
}

test("list --json tells of tasks and datasets what trains on what", () => {
  const tasks: { name: string; dataset: string; batchSize: number; epochs: number }[] = JSON.parse(
    list("tasks", "--json"),
  );
  assert.deepEqual(tasks.map(({ name }) => name), taskNames);
  for (const { name, dataset, batchSize, epochs } of tasks) {
    const task = getTask(name);
    assert.deepEqual([dataset, batchSize, epochs], [task.dataset, task.batchSize, task.epochs]);
  }
  const datasets: { name: string; shape: number[]; trainRows: number; testRows: number }[] = JSON.parse(
    list("datasets", "--json"),
  );
  assert.deepEqual(datasets.map(({ name }) => name), datasetNames);
  for (const name of datasetNames) {
    const { shape, trainRows, testRows } = datasets.find((dataset) => dataset.name === name)!;
    const known = getDataset(name);
    assert.deepEqual([shape, trainRows, testRows], [known.shape, known.trainRows, known.testRows]);
  }
});

test("list of what does not exist is one line with the nearest word, and exit code 2", () => {
  const mistakes: [string[], RegExp][] = [
    [["optimizers", "lrs"], /"lrs".*did you mean lars\?/],
    [["tasks", "mnist_mpl"], /"mnist_mpl".*did you mean mnist_mlp\?/],
    [["dataset"], /"dataset".*did you mean datasets\?/],
  ];
  for (const [words, message] of mistakes) {
    const { code, stdout, stderr } = optbench(["list", ...words]);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    assert.match(stderr, /^optbench: [^\n]*\n$/);
    assert.match(stderr, message);
  }
});
