import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { reportError, UsageError } from "../cli/errors.ts";
import { optbench, runtime } from "./cli.ts";

test("help and version go to stdout with exit code 0", () => {
  const { code, stdout, stderr } = optbench([]);
  assert.equal(code, 0);
  assert.match(stdout, /^Benchmarks and tunes/);
  assert.equal(stderr, "");
  assert.deepEqual(optbench(["--version"]), { code: 0, stdout: "optbench 0.1.0\n", stderr: "" });
});

test("a mistake is one line on stderr with exit code 2", () => {
  const mistakes: [string[], string][] = [
    [
      ["sweep", "--trust-coeff", "1"],
      "unknown option --trust-coeff for lars: did you mean --trust-coefficient?",
    ],
    [["sweep", "--epochs", "3.5"], '--epochs "3.5": expected a positive integer'],
    [["sweep", "--lr", "1\n2"], 'Cannot parse --lr "1\\n2": "1 2" is not a number; write it as 0.1 or 1e-4'],
    [["list"], "list what? tasks, optimizers, schedules, samplers, pruners, datasets"],
  ];
  for (const [args, message] of mistakes) {
    assert.deepEqual(optbench(args), { code: 2, stdout: "", stderr: `optbench: ${message}\n` });
  }
});

test("help, version, completion, listing and mistakes load neither TensorFlow.js nor ONNX Runtime", () => {
  for (
    const line of [
      "sweep --help",
      "--version",
      "completions bash sweep --",
      "list tasks",
      "list --json optimizers",
    ]
  ) {
    assert.equal(runtime("_heavy.ts", line.split(" ")).stderr, "", line);
  }
  assert.match(runtime("_heavy.ts", ["sweep", "--rho", "1"]).stderr, /^optbench: .*\n$/);
});

test("list prints plain text of at most 80 columns, or JSON", () => {
  for (const what of ["tasks", "optimizers", "schedules", "samplers", "pruners", "datasets"]) {
    const { code, stdout } = optbench(["list", what]);
    assert.equal(code, 0);
    assert.ok(stdout.split("\n").every((line) => line.length <= 80 && line === line.trimEnd()), what);
    const items = JSON.parse(optbench(["list", what, "--json"]).stdout);
    for (const { name } of items) assert.ok(stdout.includes(name), name);
  }
});

test("list tells a hyper-parameter's default, range, default sweep and meaning", () => {
  const lines = optbench(["list", "optimizers", "lars"]).stdout.split("\n");
  const row = lines.findIndex((line) => line.startsWith("--trust-coefficient"));
  assert.deepEqual(lines[row].split(/ {2,}/), [
    "--trust-coefficient",
    "0.001",
    ">= 0",
    "0.001,0.005,0.02,0.05",
  ]);
  assert.equal(lines[row + 1].trim(), "size of a layer's step relative to the norm of its parameters");
});

test("list counts the parameters of the published models", () => {
  const tasks: { name: string; parameters: number }[] = JSON.parse(
    optbench(["list", "tasks", "--json"]).stdout,
  );
  const parameters = Object.fromEntries(tasks.map(({ name, parameters }) => [name, parameters]));
  assert.equal(parameters.mnist_mlp, 1_336_610);
  assert.equal(parameters.mnist_logreg, 7_850);
});

/** What an error prints, and its exit code. */
function report(error: unknown): { code: number; stderr: string } {
  const { write } = process.stderr;
  let stderr = "";
  process.stderr.write = (text: string | Uint8Array) => (stderr += text, true);
  try {
    const code = reportError(error);
    return { code, stderr };
  } finally {
    process.stderr.write = write;
  }
}

test("the exit code is 2 for a mistake and 1 for anything else", () => {
  const spaceError = Object.assign(new Error("too wide"), { name: "SpaceError" });
  assert.equal(report(new UsageError("unknown option")).code, 2);
  assert.equal(report(spaceError).code, 2);
  assert.equal(report(new Error("disk full")).code, 1);
  assert.equal(report("disk full").code, 1);
});

test("an unexpected error is one line; its stack is printed on request alone", () => {
  const error = new Error("first line\n  second line");
  delete process.env.OPTBENCH_DEBUG;
  assert.equal(report(error).stderr, "optbench: first line second line\n");
  process.env.OPTBENCH_DEBUG = "1";
  assert.equal(report(error).stderr, `optbench: first line second line\n${error.stack}\n`);
  delete process.env.OPTBENCH_DEBUG;
});
