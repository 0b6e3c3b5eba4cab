import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { getOptimizer, ruleNames } from "../optim/registry.ts";
import manifest from "../package.json" with { type: "json" };
import { optbench } from "./cli.ts";

function print(...words: string[]): string {
  const { code, stdout, stderr } = optbench(words);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

test("--version is the version of the package", () => {
  assert.equal(print("--version"), `optbench ${manifest.version}\n`);
});

test("--help names every command, and is the same without arguments", () => {
  const help = print("--help");
  for (const command of ["sweep", "tune", "run", "resume", "list", "completions"]) {
    assert.match(help, new RegExp(`^ +${command} {2,}\\S`, "m"));
  }
  assert.equal(print(), help);
});

test("the help of a command shows every hyper-parameter of the optimizer, whichever it is", () => {
  for (const name of [ruleNames[0], ruleNames.at(-1)!]) {
    const help = print("sweep", "--opt", name, "--help");
    for (const key of Object.keys(getOptimizer(name).hyperparameters)) {
      assert.match(help, new RegExp(`^ +--${key.replaceAll("_", "-")} `, "m"), name);
    }
  }
  const help = print("run", "--opt", "sam", "--base", "lars", "--help");
  for (const option of ["--rho", "--adaptive", "--base", "--trust-coefficient"]) {
    assert.match(help, new RegExp(`^ +${option} `, "m"));
  }
});

test("help fits 80 columns", () => {
  for (
    const line of ["--help", "sweep --help", "tune --help", "run --help", "resume --help", "list --help"]
  ) {
    for (const row of print(...line.split(" ")).split("\n")) assert.ok(row.length <= 80, row);
  }
});

/** How a shell reads a script without running it, where it can. */
const shells: Readonly<Record<string, readonly string[] | undefined>> = {
  bash: ["bash", "-n"],
  zsh: ["zsh", "-n"],
  fish: ["fish", "--no-execute"],
  pwsh: undefined,
  nu: undefined,
};

for (const [shell, check] of Object.entries(shells)) {
  test(`completions ${shell} prints a script that calls optbench`, () => {
    const script = print("completions", shell);
    for (const word of ["optbench", "completions", shell]) assert.ok(script.includes(word), word);
  });

  if (check === undefined) continue;
  const [program, ...args] = check;
  const missing = spawnSync(program, ["--version"]).error !== undefined;
  test(`${shell} can read the completions script`, { skip: missing && `${shell} is missing` }, () => {
    const { status, stderr } = spawnSync(program, args, {
      input: print("completions", shell),
      encoding: "utf8",
    });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  });
}

test("completion proposes options, and the names that an option takes", () => {
  const propose = (...words: string[]) => print("completions", "bash", ...words);
  assert.match(propose("sweep", "--tr"), /^--trust-coefficient\b/m);
  assert.match(propose("sweep", "--opt", "sam", "--rh"), /^--rho\b/m);
  assert.match(propose("sweep", "--opt", ""), /^lars\b/m);
  assert.match(propose("run", "--task", "mnist_l"), /^mnist_logreg\b/m);
  assert.match(propose("tune", "--sampler", ""), /^tpe\b/m);
  assert.match(propose("sweep", "--pruner", "as"), /^asha\b/m);
  assert.match(propose("sw"), /^sweep\b/m);
});
