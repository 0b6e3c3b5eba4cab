import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { planStudy } from "../study/settings/plan.ts";
import { epochsOf } from "./_studies.ts";
import { inTemporaryFolder, readStudy, sorted } from "./_sweeps.ts";
import { optbench } from "./cli.ts";

/** 120 rows: class c is where a + 2 b is large, y is 3 a - 2 b + 5 to the last digit. */
const TABLE = `id,a,b,c,y\n${
  Array.from({ length: 120 }, (_, i) => {
    const [a, b] = [(7 * i) % 31, (11 * i) % 17];
    return `r${i},${a},${b},${a + 2 * b > 30 ? "high" : "low"},${3 * a - 2 * b + 5}\n`;
  }).join("")
}`;

/** Hands over a folder with the table in it, as my.csv. */
function withTable<T>(use: (file: string, folder: string) => T | Promise<T>): Promise<T> {
  return inTemporaryFolder((folder) => {
    const file = join(folder, "my.csv");
    writeFileSync(file, TABLE);
    return use(file, folder);
  });
}

test(
  "a sweep over a table of the user's own is a study like any other",
  { timeout: 60_000 },
  () =>
    withTable((file, folder) => {
      const sweep = (out: string, jobs: number) => {
        const options = "--drop id,y --opt adam --lr 0.03,0.1 --epochs 20 --hidden 8 --seeds 2 --quiet";
        const { code, stderr } = optbench([
          ...["sweep", "--task", "mlp", "--data", file, "--label", "c", "--jobs", `${jobs}`],
          ...options.split(" "),
          ...["--out", join(folder, out)],
        ]);
        assert.equal(code, 0, stderr);
        return readStudy(join(folder, out));
      };
      const { trials, json } = sweep("first", 2);
      assert.deepEqual(new Set(trials.map(({ task }) => task)), new Set(["mlp_my"]));
      for (const { status, steps, test_accuracy } of trials) {
        assert.deepEqual([status, steps], ["completed", "60"]);
        assert.ok(Number(test_accuracy) > 0.8, test_accuracy);
      }
      assert.deepEqual(json.table, {
        file,
        label: "c",
        drop: ["id", "y"],
        hidden: [8],
        sha256: createHash("sha256").update(readFileSync(file)).digest("hex"),
      });
      const timing = /seconds|step_ms|group_size/;
      assert.deepEqual(sorted(sweep("again", 1).trials, timing), sorted(trials, timing));
    }),
);

test(
  "linear regression finds the coefficients of a table that has some",
  { timeout: 60_000 },
  () =>
    withTable(async (file) => {
      const settings = await planStudy({
        task: "linear",
        table: { file, label: "y", drop: ["id", "c"] },
        optimizer: { name: "sgd" },
        values: { lr: [0.1], momentum: [0.9], nesterov: [true] },
      });
      assert.deepEqual([settings.task, settings.metric], ["linear_my", "loss"]);
      const [epochs] = await epochsOf(settings);
      assert.ok(epochs.at(-1)!.testLoss < 1e-6, `${epochs.at(-1)!.testLoss}`);
    }),
);

for (
  const [line, message] of [
    ["--task mlp", "--task mlp trains on a table of your own: add --data FILE --label COLUMN"],
    ["--task mlp --data my.csv --label d", /Cannot read .*my\.csv: it has no column "d"/],
    [
      "--task linear --data my.csv --label c --drop id",
      /column "c" holds "low" in line 2; expected a number/,
    ],
    ["--task mlp --data my.csv --label c", /column "id" holds 120 different texts/],
    ["--task mlp --data my.csv --label c --drop id --batch-size 97", /my has 96 training rows/],
    [
      "--task logreg --data my.csv --label c --hidden 8",
      "--hidden is for --task mlp: logreg has no hidden layers",
    ],
    [
      "--task digits_mlp --label c",
      "--label is for a table of your own: use it with --task mlp, logreg, linear",
    ],
  ] as const
) {
  test(`sweep ${line} is a mistake, and writes nothing`, () =>
    withTable((file, folder) => {
      const words = line.split(" ").map((word) => word === "my.csv" ? file : word);
      const out = join(folder, "out");
      const { code, stdout, stderr } = optbench(["sweep", ...words, "--out", out]);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.equal(stderr.trimEnd().split("\n").length, 1);
      if (typeof message === "string") assert.equal(stderr, `optbench: ${message}\n`);
      else assert.match(stderr, message);
      assert.equal(existsSync(out), false);
    }));
}
