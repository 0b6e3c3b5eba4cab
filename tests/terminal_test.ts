/** The command line at a pseudo-terminal, which `script` of util-linux provides. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { type Ending, endSoon, follow, optbenchCommand, until } from "./_running.ts";
import { screen } from "./_screen.ts";
import { inTemporaryFolder } from "./_sweeps.ts";

const COLUMNS = 100;

const version = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "";
const needsScript = {
  timeout: 60_000,
  skip: version.includes("util-linux") ? false : "util-linux's script is missing",
};

const SGD = "--task digits_logreg --opt sgd --momentum 0 --nesterov false --weight-decay 0".split(" ");

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

/** `optbench` at a terminal; what it writes there is the ending's stdout. */
function atTerminal(args: readonly string[]) {
  const words = [...optbenchCommand, ...args].map(quote).join(" ");
  const command = `stty cols ${COLUMNS} rows 50; exec ${words}`;
  return follow(
    spawn("script", ["--quiet", "--return", "--flush", "--command", command, "/dev/null"], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, SHELL: "/bin/sh", TERM: "xterm-256color", NO_COLOR: "", CI: "" },
    }),
  );
}

/** How often the cursor went back up to draw again. */
// deno-lint-ignore no-control-regex
const redraws = (written: string) => written.match(/\x1b\[\d*A/g)?.length ?? 0;

const isProgress = (line: string) => /[█░]|\d+\/\d+ trials/.test(line);

const sweepOnce = () =>
  inTemporaryFolder(async (folder) => {
    const out = join(folder, "study");
    const running = atTerminal(["sweep", ...SGD, "--lr", "log:0.01..1:40", "--epochs", "100", "--out", out]);
    return await running.ended;
  });

let study: Promise<Ending> | undefined;
/** One sweep for several tests. */
const sweep = () => study ??= sweepOnce();

test("a sweep's progress bar is redrawn in place", needsScript, async () => {
  const { code, stdout } = await sweep();
  assert.equal(code, 0, stdout);
  assert.match(stdout, /[█░]{24} \d+\/40 trials/);
  assert.ok(redraws(stdout) > 0);
});

test("nothing of the progress is left at the end of a sweep", needsScript, async () => {
  const { lines } = screen((await sweep()).stdout, COLUMNS);
  assert.deepEqual(lines.filter(isProgress), []);
  assert.match(lines[0], /^sgd on digits_logreg/);
  assert.ok(lines.some((line) => /^ *# .*test accuracy/.test(line)));
  assert.ok(lines.some((line) => line.endsWith("study.json")));
});

test("a sweep leaves the cursor visible on an empty line below everything", needsScript, async () => {
  const { lines, cursor } = screen((await sweep()).stdout, COLUMNS);
  assert.deepEqual(cursor, { row: lines.length - 1, column: 0, visible: true });
  assert.equal(lines.at(-1), "");
});

test("no line is so long that the terminal breaks it", needsScript, async () => {
  assert.equal(screen((await sweep()).stdout, COLUMNS).breaks, 0);
});

test(
  "Ctrl-C leaves a clean screen and says what is kept",
  needsScript,
  () =>
    inTemporaryFolder(async (folder) => {
      const values = ["--lr", "log:0.01..1:40", "--epochs", "10000"];
      const running = atTerminal(["sweep", ...SGD, ...values, "--out", join(folder, "study")]);
      await until("the bar was redrawn", running, () => redraws(running.stdout()) > 2);
      running.child.stdin!.write("\x03");
      const { code, stdout } = await endSoon(running);
      assert.equal(code, 130, stdout);
      const { lines, cursor } = screen(stdout, COLUMNS);
      assert.deepEqual(lines.filter(isProgress), []);
      // The terminal breaks a line that ends with a long path.
      assert.match(
        lines.join(""),
        /optbench: interrupted; \d+ of 40 trials are kept; go on with: optbench resume/,
      );
      assert.deepEqual(cursor, { row: lines.length - 1, column: 0, visible: true });
    }),
);

test("a run draws its curve while it grows, and once when it ends", needsScript, async () => {
  const { code, stdout } = await atTerminal(["run", ...SGD, "--lr", "0.1", "--epochs", "300"]).ended;
  assert.equal(code, 0, stdout);
  assert.ok(redraws(stdout) > 0);
  const { lines, cursor } = screen(stdout, COLUMNS);
  assert.equal(lines.filter((line) => line.startsWith("test accuracy %")).length, 1);
  assert.equal(lines.filter((line) => line.startsWith("epoch 300/300:")).length, 1);
  assert.deepEqual(cursor, { row: lines.length - 1, column: 0, visible: true });
});

test("--quiet draws nothing", needsScript, async () => {
  const running = atTerminal(["run", ...SGD, "--lr", "0.1", "--epochs", "100", "--quiet"]);
  const { code, stdout } = await running.ended;
  assert.equal(code, 0);
  assert.equal(redraws(stdout), 0);
});
