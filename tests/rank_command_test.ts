import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { optbench } from "./cli.ts";

let folder = "";
const path = (name: string) => join(folder, name);
const digits = ["sgd-digits", "adam-digits"];

before(() => {
  folder = mkdtempSync(join(tmpdir(), "optbench-"));
  const sweeps: [name: string, line: string][] = [
    [
      "sgd-digits",
      "--opt sgd --task digits_logreg --epochs 20 --lr 1 --momentum 0.9 --nesterov true --seeds 3",
    ],
    ["adam-digits", "--opt adam --task digits_logreg --epochs 1 --lr 0.001 --beta1 0.9 --beta2 0.99"],
    ["sgd-valley", "--opt sgd --task rosenbrock --epochs 1 --lr 0.001 --momentum 0 --nesterov false"],
  ];
  for (const [name, line] of sweeps) {
    assert.equal(optbench(["sweep", ...line.split(" "), "-q", "--out", path(name)]).code, 0, name);
  }
});

after(() => rmSync(folder, { recursive: true }));

function rank(...words: string[]): string {
  const { code, stdout, stderr } = optbench(["rank", ...words]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

test("solvers are ranked by their costs, with their profiles as a table and a chart", () => {
  const text = rank(...digits.map(path), path("sgd-valley"));
  assert.match(text, /^epochs to target, medians over seeds: digits_logreg test accuracy 90 %\n/);
  assert.match(text, /^sgd +1\.00 +1 +100 % +100 %/m);
  assert.match(text, /^adam +0\.00 +2 +0 % +0 %/m);
  assert.match(text, /^digits_logreg +adam +never/m);
  assert.match(text, /^100 % [┼┤]─+ 1$/m);
  assert.match(text, /rosenbrock is left out, as it lacks adam/);
});

test("as JSON, a cost that was never reached is null", () => {
  const { cost, costs, solvers } = JSON.parse(rank(...digits.map(path), "--cost", "steps", "--json"));
  assert.equal(cost, "steps_to_target");
  assert.ok(Number.isInteger(costs[0].cost) && costs[0].cost > 0);
  assert.equal(costs[1].cost, null);
  assert.deepEqual(solvers.map(({ solver }: { solver: string }) => solver), ["sgd", "adam"]);
});

test("studies can be told apart by the names of their folders", () => {
  const { solvers } = JSON.parse(rank(...digits.map(path), "--by", "study", "--json"));
  assert.deepEqual(solvers.map(({ solver }: { solver: string }) => solver), digits);
});

test("a mistake is one line that says the fix, with exit code 2", () => {
  const mistakes: [string[], RegExp][] = [
    [[], /rank which studies\? name their folders/],
    [[path("none")], /there is no such folder/],
    [[path("sgd-digits")], /all of it is sgd; name studies of two optimizers at least/],
    [[path("adam-digits"), path("sgd-valley")], /no task was run with all of adam, sgd/],
    [[path("sgd-digits"), "--cost", "epoch"], /did you mean epochs\?/],
  ];
  for (const [words, message] of mistakes) {
    const { code, stdout, stderr } = optbench(["rank", ...words]);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    assert.match(stderr, message);
    assert.match(stderr, /^optbench: [^\n]*[^.\n]\n$/);
  }
});
