import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import Papa from "papaparse";
import { barChart } from "../results/charts/bar_chart.ts";
import { toCsv } from "../results/export/csv.ts";
import { compareTimings, subjectLabel } from "../results/timing/figures.ts";
import { outliersOf } from "../results/timing/outliers.ts";
import { timingJson, timingRows } from "../results/timing/timing_data.ts";
import { timingText } from "../results/timing/timing_text.ts";
import { failed, sgd, timing } from "./_timings.ts";

const page = { width: 80, colors: false };
const even = (ms: number) => Array.from({ length: 20 }, () => ms);
/** Twenty that differ by a little. */
const uneven = Array.from({ length: 20 }, (_, i) => 1 + i / 1000);

test("a trial has its share of the time of those trained together, and the throughput is that of all", async () => {
  const [row] = compareTimings([await timing(even(8), { group: 16, batchSize: 64 })]);
  assert.equal(row.figures.trialMs.p50, 0.5);
  assert.equal(row.figures.examplesPerSecond, 16 * 64 / 0.008);
  assert.equal(row.label, "sgd, cpu x16");
});

test("ratios are to the first subject that was measured", async () => {
  const all = [
    failed("no"),
    await timing(even(2)),
    await timing(even(8), { group: 2 }),
    await timing(even(1)),
  ];
  assert.deepEqual(compareTimings(all).map(({ figures }) => figures.ratio), [1, 2, 0.5]);
});

test("a label names the optimizer with its base, the device, and how many are trained together", () => {
  assert.equal(subjectLabel(sgd), "sgd, cpu");
  const sam = { ...sgd, optimizer: { name: "sam", base: "adam" }, device: "webgpu", group: 4 } as const;
  assert.equal(subjectLabel(sam), "sam over adam, webgpu x4");
});

test("an outlier is far above the median, measured in median deviations", async () => {
  const { stepMs } = await timing([...uneven, 1.3, 3]);
  assert.ok(1.3 > stepMs.p50 + 14.826 * stepMs.mad);
  assert.deepEqual(outliersOf(stepMs), { count: 2, worst: 3 / stepMs.p50 });
  assert.equal(outliersOf((await timing(uneven)).stepMs).count, 0);
  assert.equal(outliersOf((await timing([...uneven, 0.001])).stepMs).count, 0, "nothing is too fast");
});

test("times are warned about where they are few, scattered, or have outliers", async () => {
  const kinds = async (stepMs: readonly number[]) =>
    compareTimings([await timing(stepMs)])[0].figures.warnings.map(({ kind }) => kind);
  assert.deepEqual(await kinds(uneven), []);
  assert.deepEqual(await kinds(uneven.slice(0, 9)), ["few"]);
  assert.deepEqual(await kinds(uneven.map((ms, i) => i % 2 === 0 ? ms : 2 * ms)), ["margin"]);
  assert.deepEqual(await kinds([...uneven, 1.5]), ["outliers"]);
});

test("a table is read back from CSV with the numbers that were measured, and the reasons of failures", async () => {
  const slow = await timing(even(8), { group: 2, optimizer: { name: "sam", base: "sgd" } });
  const rows = timingRows([[await timing(even(2)), slow], [
    failed("no such device, alas", { device: "cuda" }),
  ]]);
  const { data } = Papa.parse<Record<string, string>>(toCsv(rows), { header: true, skipEmptyLines: true });
  assert.equal(data.length, 3);
  const { optimizer, base, group, step_ms_p99, trial_ms_p50, ratio, samples, steps_per_sample, upload_ms } =
    data[1];
  assert.deepEqual(
    { optimizer, base, group, step_ms_p99, trial_ms_p50, ratio, samples, steps_per_sample, upload_ms },
    {
      optimizer: "sam",
      base: "sgd",
      group: "2",
      step_ms_p99: "8",
      trial_ms_p50: "4",
      ratio: "2",
      samples: "20",
      steps_per_sample: "4",
      upload_ms: "",
    },
  );
  const { status, reason, device, step_ms_p50 } = data[2];
  assert.deepEqual([status, reason, device, step_ms_p50], ["failed", "no such device, alas", "cuda", ""]);
});

test("JSON has every figure, the samples in order, and ratios within each task", async () => {
  const tasks = [[await timing(uneven)], [await timing(even(3)), await timing(even(6)), failed("no")]];
  const all = JSON.parse(JSON.stringify(timingJson(tasks)));
  assert.deepEqual(all.map(({ ratio }: { ratio?: number }) => ratio), [1, 1, 2, undefined]);
  assert.deepEqual(all[0].samples, uneven);
  assert.equal(all[0].preparation.tracingMs, 20);
  assert.deepEqual([all[3].status, all[3].reason, all[3].task], ["failed", "no", "digits_mlp"]);
});

test("the report shows times, a bar each, what is no part of a step, and how many samples there are", async () => {
  const text = timingText([await timing(uneven), await timing(even(4.04), { device: "webgpu" })], page);
  const lines = text.split("\n");
  assert.equal(lines[0], "digits_mlp: batch 64, 1 thread");
  assert.match(text, /^ +p50 +p75 +p99 +mean +± +examples\/s +ratio$/m);
  assert.match(text, /^sgd, cpu +1\.01 +1\.01 +1\.02 +1\.01 +0\.27 % +63,398 +1\.00$/m);
  assert.match(text, /^sgd, webgpu +4\.04 +4\.04 +4\.04 +4\.04 +0 % +15,842 +4\.00$/m);
  assert.match(text, /^sgd, cpu +█+[▏▎▍▌▋▊▉]? 1\.01$/m);
  assert.match(text, /^sgd, cpu +20\.0 +25\.5 +1\.25 +- +0\.00200$/m);
  assert.match(text, /^sgd, cpu +0 +20 +4$/m);
  assert.doesNotMatch(text, /Beware|Failed|ms a step of all/);
  assert.ok(lines.every((line) => line.length <= 80));
});

test("where some are trained together, the report has the time of a step of all of them", async () => {
  const text = timingText([await timing(even(8), { group: 16 })], page);
  assert.match(text, /steps of each +ms a step of all\nsgd, cpu x16 +0 +20 +4 +8\.00$/m);
});

test("what failed for one reason, and what is doubtful for one, stand together", async () => {
  const text = timingText([
    failed("it is gone", { device: "cuda" }),
    failed("it is gone", { device: "cuda", group: 2 }),
    await timing([1]),
  ], page).replaceAll(/\s+/g, " ");
  assert.match(text, /Failed: sgd, cuda; sgd, cuda x2: it is gone/);
  assert.match(text, /Beware: few samples say little; use --samples 10 or more: sgd, cpu \(1\)/);
});

test("a report of failures alone has no tables", () => {
  assert.equal(timingText([failed("no")], page), "digits_mlp: batch 64, 1 thread\n\nFailed: sgd, cpu: no");
});

test("bars are as long as their values beside the largest, and fill the width", () => {
  const text = (value: number) => String(value);
  const chart = barChart([4, 2, 0].map((value) => ({ label: `is ${value}`, value, text: text(value) })), {
    width: 20,
  });
  assert.deepEqual(chart.split("\n"), ["is 4  ████████████ 4", "is 2  ██████ 2", "is 0  ▏ 0"]);
});

test("no bar is too long for its line, however the values are", () => {
  const bar = fc.record({
    label: fc.string({ maxLength: 20 }),
    value: fc.double({ min: 0, max: 1e9, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(bar, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 40, max: 200 }),
      (bars, width) => {
        const lines = barChart(bars.map((bar) => ({ ...bar, text: "1.23" })), { width }).split("\n");
        assert.equal(lines.length, bars.length);
        for (const line of lines) assert.ok(line.length <= width);
      },
    ),
  );
});
