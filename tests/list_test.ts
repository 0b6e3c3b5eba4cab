import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { list as runList } from "../cli/commands/list.ts";
import { legalRange } from "../optim/hyperparameter.ts";
import {
  getOptimizer,
  optimizerNames,
  ruleNames,
  rules,
  sharedHyperparameters,
  wrapperNames,
} from "../optim/registry.ts";
import { namedSchedules, scheduleGrammar } from "../optim/schedules/forms.ts";
import { prunerForm, prunerNames, pruners } from "../study/pruners/registry.ts";
import { samplerNames, samplers } from "../study/samplers/registry.ts";
import { getTask, taskNames } from "../tasks/registry.ts";
import { countParameters } from "../tasks/task.ts";
import { datasetNames, getDataset } from "../datasets/registry.ts";
import { optbench } from "./cli.ts";

function list(...words: string[]): string {
  const { code, stdout, stderr } = optbench(["list", ...words]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

/** Text without its line breaks and indentation. */
const flat = (text: string) => text.replaceAll(/\s+/g, " ");

/** What `list optimizers NAME` prints, without a process of its own for each. */
function section(name: string): string {
  const { write } = process.stdout;
  let printed = "";
  process.stdout.write = (text: string | Uint8Array) => (printed += text, true);
  try {
    assert.equal(runList({ command: "list", what: "optimizers", name, json: false }), 0);
    return printed;
  } finally {
    process.stdout.write = write;
  }
}

test("list optimizers NAME says what the optimizer is, and where its formula is from", () => {
  const { summary, source } = getOptimizer("lars");
  const text = list("optimizers", "lars");
  assert.equal(text, section("lars"));
  assert.ok(
    flat(text).startsWith(`lars: ${summary} ${source} option default range default sweep --lr none >= 0 `),
  );
});

test("list optimizers NAME shows each hyper-parameter's default, range, default sweep and meaning", () => {
  for (const name of ruleNames) {
    const text = section(name);
    assert.ok(flat(text).includes(flat(getOptimizer(name).summary)), name);
    for (const [key, declaration] of Object.entries(rules[name].hyperparameters)) {
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

test("list optimizers NAME shows what a wrapper adds, and what it may wrap", () => {
  for (const name of wrapperNames) {
    const text = flat(section(name));
    const [base] = ruleNames;
    const inherited = { ...rules[base].hyperparameters, ...sharedHyperparameters };
    for (const [key, { meaning }] of Object.entries(getOptimizer(name, base).hyperparameters)) {
      const option = `--${key.replaceAll("_", "-")} `;
      assert.equal(text.includes(option), !Object.hasOwn(inherited, key), `${name} ${option}`);
      if (!Object.hasOwn(inherited, key)) assert.ok(text.includes(flat(meaning)), key);
    }
    for (const base of ruleNames) assert.match(text, new RegExp(`--base.*\\b${base}\\b`));
  }
});

test("list optimizers says in a line what each is, those that wrap another apart", () => {
  const text = list("optimizers");
  for (const name of optimizerNames) {
    assert.ok(flat(text).includes(` ${name} ${flat(getOptimizer(name).summary)} `), name);
  }
  const [alone, wrapping] = text.split(/\n\n/).map((part) => part.match(/^\w+$/gm)!);
  assert.deepEqual(alone, ["optimizer", ...ruleNames]);
  assert.deepEqual(wrapping, wrapperNames);
});

test("list schedules shows how each is written and what it means, and how they are put together", () => {
  const text = flat(list("schedules"));
  for (const { form, meaning } of [...Object.values(namedSchedules), ...scheduleGrammar]) {
    assert.ok(text.includes(` ${form} ${flat(meaning)} `), form);
  }
  const { form, meaning } = namedSchedules.cosine;
  assert.equal(flat(list("schedules", "cosine")), `--schedule ${form} ${meaning} `);
});

test("list samplers says in a line what each does", () => {
  const text = flat(list("samplers"));
  for (const name of samplerNames) assert.ok(text.includes(` ${name} ${samplers[name].summary} `), name);
});

test("list pruners shows how each is written, with its defaults, and what its options mean", () => {
  const text = flat(list("pruners"));
  for (const name of prunerNames) {
    const { summary, options } = pruners[name];
    assert.ok(text.includes(prunerForm(pruners[name])), name);
    assert.ok(text.includes(summary), name);
    for (const { meaning } of Object.values(options)) assert.ok(text.includes(flat(meaning)), meaning);
  }
});

test("list without a name shows all there are", () => {
  const all = {
    tasks: taskNames,
    optimizers: optimizerNames,
    schedules: Object.keys(namedSchedules),
    samplers: samplerNames,
    pruners: prunerNames,
    datasets: datasetNames,
  };
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
    const declared = rules[name].hyperparameters;
    assert.deepEqual(hyperparameters, JSON.parse(withoutInfinity(declared)), name);
  }
});

/** JSON in which a bound that does not exist is left out. */
function withoutInfinity(value: unknown): string {
  return JSON.stringify(value, (_, value) => value === Infinity ? undefined : value);
}

test("list --json tells of tasks and datasets what trains on what, and for what", () => {
  const tasks: Record<string, unknown>[] = JSON.parse(list("tasks", "--json"));
  assert.deepEqual(tasks.map(({ name }) => name), taskNames);
  for (const { name, dataset, parameters, batchSize, epochs, metric, target } of tasks) {
    const task = getTask(String(name));
    assert.deepEqual([dataset, batchSize, epochs], [task.data.name, task.batchSize, task.epochs]);
    assert.deepEqual([parameters, metric, target], [countParameters(task), task.metric, task.target]);
  }
  const datasets: Record<string, unknown>[] = JSON.parse(list("datasets", "--json"));
  assert.deepEqual(datasets.map(({ name }) => name), datasetNames);
  for (const name of datasetNames) {
    const { columns, classes, trainRows, testRows } = datasets.find((dataset) => dataset.name === name)!;
    const known = getDataset(name);
    assert.deepEqual([columns, trainRows, testRows], [known.columns, known.trainRows, known.testRows]);
    assert.equal(classes, "classes" in known ? known.classes : undefined);
  }
});

/** The cells of the line that begins with a name. */
const cells = (text: string, name: string) =>
  text.split("\n").find((line) => line.split(" ")[0] === name)!.split(/ {2,}/);

test("list tasks shows data, parameters, batch, epochs and target of each, and what it is", () => {
  const text = list("tasks");
  assert.match(text, /^task +data +parameters +batch +epochs +target\n/);
  assert.deepEqual(cells(text, "digits_mlp"), ["digits_mlp", "digits", "2,410", "64", "30", "accuracy 92 %"]);
  assert.deepEqual(cells(text, "rosenbrock"), ["rosenbrock", "none", "2", "1", "100", "loss 0.01"]);
  for (const name of taskNames) assert.ok(flat(text).includes(flat(getTask(name).summary)), name);
});

test("list datasets shows columns and rows of each, and classes where it has some", () => {
  const text = list("datasets");
  assert.deepEqual(cells(text, "mnist"), ["mnist", "inputs 28x28, labels", "10", "60,000", "10,000"]);
  assert.deepEqual(cells(text, "quadratic"), ["quadratic", "inputs 100", "-", "1,000", "1,000"]);
  for (const name of datasetNames) {
    const { summary, source } = getDataset(name);
    assert.ok(flat(text).includes(`${flat(summary)} ${flat(source)}`), name);
  }
});

for (const what of ["tasks", "optimizers", "schedules", "samplers", "pruners", "datasets"]) {
  test(`list ${what} fits 80 columns`, () => {
    // Addresses are not broken.
    const lines = list(what).split("\n").filter((line) => !line.includes("https://"));
    for (const line of lines) assert.ok(line.length <= 80, line);
  });
}

test("list of what does not exist is one line with the nearest word, and exit code 2", () => {
  const mistakes: [string[], RegExp][] = [
    [["optimizers", "lrs"], /"lrs".*did you mean lars\?/],
    [["schedules", "cosin"], /"cosin".*did you mean cosine\?/],
    [["samplers", "tpee"], /"tpee".*did you mean tpe\?/],
    [["pruners", "asah"], /"asah".*did you mean asha\?/],
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
