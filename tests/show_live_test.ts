/** `optbench show --live` beside a sweep. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { optbench } from "./cli.ts";
import { endSoon, endWith, follow, optbenchCommand, type Running, start, until } from "./_running.ts";
import { inTemporaryFolder } from "./_sweeps.ts";

const SWEEP = "sweep --opt sgd --task digits_logreg --momentum 0 --nesterov false --weight-decay 0 -q";

/** Hands over a sweep over some learning rates that is running, and the folder of its study. */
const withSweep = (line: string, use: (sweep: Running, study: string) => Promise<void>) =>
  inTemporaryFolder(async (folder) => {
    const study = join(folder, "study");
    const sweep = start([...`${SWEEP} ${line} --out`.split(" "), study]);
    const isRunning = () => optbench(["show", study, "--only", "status"]).stdout.includes("running");
    try {
      await until("the study runs", sweep, isRunning);
      await use(sweep, study);
    } finally {
      if (sweep.child.exitCode === null) await endWith("SIGKILL", sweep);
    }
  });

const timeout = 60_000;

test(
  "piped, a study is followed by lines until it has ended",
  { timeout },
  () =>
    withSweep("--lr log:0.01..1:40 --epochs 30", async (sweep, study) => {
      const { code, stdout } = await start(["show", study, "--live"]).ended;
      await sweep.ended;
      const lines = stdout.trimEnd().split("\n");
      assert.equal(code, 0);
      assert.equal(lines.pop(), "completed");
      assert.match(lines.at(-1)!, /^40 of 40 trials: 40 completed; best \d\d\.\d\d %: lr /);
      assert.equal(new Set(lines).size, lines.length);
    }),
);

const version = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "";
const skip = version.includes("util-linux") ? false : "util-linux's script is missing";

for (const [key, typed, code] of [["q", "q", 0], ["Ctrl-C", "\x03", 130]] as const) {
  test(
    `at a terminal, ${key} leaves, and what was shown stays`,
    { timeout, skip },
    () =>
      withSweep("--lr log:0.01..1:99 --epochs 3000", async (_, study) => {
        const command = `stty cols 100 rows 30; exec ${
          [...optbenchCommand, "show", study, "--live"].join(" ")
        }`;
        const live = follow(
          spawn("script", ["--quiet", "--return", "--flush", "--command", command, "/dev/null"], {
            stdio: ["pipe", "pipe", "pipe"],
            env: { ...process.env, SHELL: "/bin/sh", TERM: "xterm-256color", NO_COLOR: "", CI: "" },
          }),
        );
        await until("it is drawn", live, () => live.stdout().includes("q leaves"));
        live.child.stdin!.write(typed);
        const ending = await endSoon(live);
        assert.equal(ending.code, code);
        assert.match(ending.stdout, /sgd on digits_logreg\r\n {2}running: process \d+/);
      }),
  );
}
