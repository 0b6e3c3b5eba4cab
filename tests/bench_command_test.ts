import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import Papa from "papaparse";
import { optbench } from "./cli.ts";
import { marked, processesLeft } from "./_marks.ts";
import { endWith, follow, optbenchCommand, until } from "./_running.ts";
import { inTemporaryFolder } from "./_sweeps.ts";

const timeout = { timeout: 120_000 };
const LITTLE = ["--samples", "2", "--time", "0.001s"];

function bench(line: string, env: Readonly<Record<string, string>> = {}) {
  return optbench(["bench", ...line.split(" "), ...LITTLE], env);
}

test(
  "every task has a table of what is timed, alone and together, and a file has all of it",
  timeout,
  () =>
    inTemporaryFolder((folder) => {
      const file = join(folder, "times.csv");
      const line = `--opt sam --base adam --task digits_logreg,rosenbrock --group 1,4 --csv ${file}`;
      const { code, stdout, stderr } = bench(line);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^digits_logreg: batch 64, 1 thread$/m);
      assert.match(stdout, /^rosenbrock: batch 1, 1 thread$/m);
      for (const label of ["sam over adam, cpu", "sam over adam, cpu x4"]) {
        assert.equal(stdout.match(new RegExp(`^${label} +[█▏▎▍▌▋▊▉]+ `, "gm"))?.length, 2, label);
      }
      assert.match(stderr, /^digits_logreg: preparing 1 of 2, sam over adam, cpu$/m);
      const text = readFileSync(file, "utf8");
      const { data } = Papa.parse<Record<string, string>>(text, { header: true, skipEmptyLines: true });
      assert.equal(data.length, 4);
      assert.ok(data.every(({ status, step_ms_p50 }) => status === "measured" && Number(step_ms_p50) > 0));
      assert.deepEqual([data[0].ratio, data[2].ratio], ["1", "1"]);

      const again = bench(`--opt sgd --csv ${file}`);
      assert.deepEqual([again.code, again.stdout], [2, ""]);
      assert.match(again.stderr, /: it exists; name a new file\n$/);
      assert.equal(readFileSync(file, "utf8"), text);
    }),
);

test("JSON says what was timed, where, and every sample", timeout, () => {
  const { code, stdout, stderr } = bench(
    "--opt lars --task digits_logreg --batch-size 32 --threads 2 --json -q",
  );
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  const { versions, machine, lr, timings: [timing] } = JSON.parse(stdout);
  assert.ok(versions.onnxruntime && machine.cores > 0);
  assert.equal(lr, 1e-6);
  const { task, optimizer, batchSize, threads, device, samples, stepMs } = timing;
  assert.deepEqual(
    { task, optimizer, batchSize, threads, device },
    { task: "digits_logreg", optimizer: "lars", batchSize: 32, threads: 2, device: "cpu" },
  );
  assert.ok(samples.length >= 2 && samples.length === stepMs.samplesCount);
  assert.ok(stepMs.p50 <= stepMs.p75 && stepMs.p75 <= stepMs.p99);
});

const faulty = fileURLToPath(new URL("tasks_that_fail/faulty.ts", import.meta.url));

test(
  "a process that crashes fails what it times, and nothing else",
  timeout,
  () =>
    inTemporaryFolder((folder) => {
      const env = { FAULT: "aborts", FAULT_FLAG: join(folder, "flag") };
      const { code, stdout, stderr } = bench(`--opt sgd,lars --task ${faulty}`, env);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^Failed: sgd, cpu: the worker process crashed \(SIGABRT\)/m);
      assert.match(stdout, /^lars, cpu +\d/m);
    }),
);

test(
  "where everything fails, the reasons are told and the exit code is 1",
  timeout,
  () =>
    inTemporaryFolder((folder) => {
      const env = { FAULT: "throws", FAULT_FLAG: join(folder, "flag") };
      const { code, stdout, stderr } = bench(`--opt sgd --task ${faulty} -q`, env);
      assert.equal(code, 1);
      assert.match(stdout, /Failed: sgd, cpu: these rows are unreadable\n$/);
      assert.equal(stderr, "optbench: nothing could be measured\n");
    }),
);

test(
  "a device that is not there fails its subjects, and the others are timed",
  timeout,
  () =>
    inTemporaryFolder((folder) => {
      const { code, stdout, stderr } = bench("--opt sgd,lars --device tensorflow,cpu", {
        OPTBENCH_TENSORFLOW: folder,
      });
      assert.equal(code, 0, stderr);
      assert.match(
        stdout.replaceAll(/\s+/g, " "),
        /Failed: sgd, tensorflow; lars, tensorflow: Cannot use tensorflow: /,
      );
      assert.match(stdout, /^lars, cpu +\d/m);
    }),
);

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`${signal} ends a bench with exit code ${code}, and all of its processes`, timeout, async () => {
    const mark = `bench-${process.pid}-${signal}`;
    const [runtime, ...args] = [...optbenchCommand, "bench", "--opt", "sgd,lars", "--time", "1h"];
    const running = follow(spawn(runtime, args, { env: marked(mark), stdio: ["ignore", "pipe", "pipe"] }));
    try {
      await until("its first samples", running, () => running.stderr().includes("measured "));
      const ending = await endWith(signal, running);
      assert.deepEqual({ code: ending.code, signal: ending.signal, stdout: ending.stdout }, {
        code,
        signal: null,
        stdout: "",
      });
      assert.match(ending.stderr, /\noptbench: interrupted; nothing is kept of what was measured\n$/);
      assert.deepEqual(await processesLeft(mark), []);
    } finally {
      running.child.kill("SIGKILL");
      await running.ended;
    }
  });
}

test("a mistake is one line that says the fix, with exit code 2", () => {
  const mistakes: [string, RegExp][] = [
    ["--opt sgd,lras", /unknown optimizer "lras": did you mean lars\?/],
    ["--opt sgd,lars,sgd", /--opt "sgd,lars,sgd": sgd is named twice/],
    ["--opt sgd,", /unknown optimizer ""/],
    ["--opt sgd --base adam", /--base adam: nothing in --opt sgd wraps another; add one that does, as sam/],
    ["--task mnst_mlp", /unknown task "mnst_mlp": did you mean mnist_mlp\?/],
    ["--device gpu", /unknown device "gpu"/],
    [
      "--device tensorflow --group 1,4",
      /--device tensorflow trains one configuration at a time; use --group 1/,
    ],
    ["--group 0", /--group "0": expected a positive integer/],
    ["--samples 0", /--samples "0": expected a positive integer/],
    ["--time 5", /--time "5": expected a time, as in 90s, 30m or 2h/],
    ["--batch-size 5000", /Cannot train digits_mlp on batches of 5000: .*; use a smaller batch size/],
    ["--lr 0.1", /--lr is not an option of bench: it belongs to sweep, tune, run/],
    ["lars", /unexpected "lars": did you mean --opt lars\?/],
  ];
  for (const [line, message] of mistakes) {
    const { code, stdout, stderr } = optbench(["bench", ...line.split(" ")]);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" }, line);
    assert.match(stderr, message);
    assert.match(stderr, /^optbench: [^\n]*[^.\n]\n$/);
  }
});

test("the help has every option and fits 80 columns", () => {
  const { code, stdout } = optbench(["bench", "--help"]);
  assert.equal(code, 0);
  for (
    const option of ["opt", "base", "task", "device", "group", "samples", "time", "csv", "json", "quiet"]
  ) {
    assert.match(stdout, new RegExp(`^ +(-q, )?--${option}\\b`, "m"));
  }
  for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
});

test("completion goes on with a list", () => {
  const propose = (word: string) => optbench(["completions", "bash", "bench", "--opt", word]).stdout;
  assert.match(propose("sgd,la"), /^sgd,lars\b/m);
  assert.match(propose(""), /^lars\b/m);
});
