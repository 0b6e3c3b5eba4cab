import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { optbench } from "./cli.ts";
import { lasting, runUntil, SGD, tune } from "./_searching.ts";
import { inTemporaryFolder, readStudy } from "./_sweeps.ts";

const timeout = { timeout: 120_000 };

test("one job and two try the same and measure the same", timeout, async () => {
  const line = "--epochs 4 --trials 20 --seeds 2 --pruner median:trials=2 --ahead 3 --sampler tpe";
  const [one, two] = [await tune(`${line} --jobs 1`), await tune(`${line} --jobs 2`)];
  assert.equal(one.trials.length, 20);
  assert.ok(one.trials.some(({ status }) => status === "pruned"));
  assert.deepEqual(lasting(two.trials), lasting(one.trials));
  assert.deepEqual(lasting(two.curves), lasting(one.curves));
});

test("a search that is killed and resumed ends as if it had never stopped", timeout, async () => {
  const options = "--epochs 60 --trials 24 --pruner asha --ahead 4".split(" ");
  const whole = await tune(options.join(" "));
  await inTemporaryFolder(async (folder) => {
    const study = join(folder, "study");
    await runUntil(5, ["tune", ...SGD, ...options, "--out", study], study);
    await runUntil(12, ["resume", study], study);
    const { code, stderr } = optbench(["resume", study]);
    assert.equal(code, 0, stderr);
    const { trials, curves, json } = readStudy(study);
    assert.deepEqual(lasting(trials), lasting(whole.trials));
    assert.deepEqual(lasting(curves), lasting(whole.curves));
    assert.equal(json.status, "completed");
  });
});

test("without a budget 50 trials are run, by a Gaussian process", timeout, async () => {
  const { trials, json, code, stdout } = await tune("--epochs 1");
  assert.equal(code, 0);
  assert.equal(trials.length, 50);
  assert.deepEqual(json.budget, { trials: 50 });
  assert.deepEqual(json.sampler, { name: "gp", seed: 0, ahead: 8 });
  assert.match(stdout, /best 10 of 50 configurations, seed 1/);
});

test(
  "values are searched between their ends, in a list one by one, and by a condition",
  timeout,
  async () => {
    const { trials } = await tune(
      "--epochs 1 --trials 30 --sampler random --lr loguniform:0.01..1 --momentum uniform:0..0.5 " +
        "--weight-decay 0,1e-4 --clip-norm 3 --nesterov false,true --when nesterov:momentum>0.25",
    );
    for (const { lr, momentum, nesterov, weight_decay, clip_norm } of trials) {
      assert.ok(Number(lr) >= 0.01 && Number(lr) <= 1);
      assert.ok(Number(momentum) >= 0 && Number(momentum) <= 0.5);
      assert.ok(["0", "0.0001"].includes(weight_decay));
      assert.equal(clip_norm, "3");
      assert.ok(nesterov === "false" || Number(momentum) > 0.25);
    }
    const count = (column: string) => new Set(trials.map((row) => row[column])).size;
    assert.deepEqual(["lr", "weight_decay", "nesterov"].map(count), [30, 2, 2]);
    const small = trials.filter(({ lr }) => Number(lr) < 0.1);
    assert.ok(small.length > 5 && small.length < 25, "log-uniform");
  },
);

test("another seed of the sampler tries something else", timeout, async () => {
  const [first, second] = [
    await tune("--epochs 1 --trials 3"),
    await tune("--epochs 1 --trials 3 --sampler-seed 1"),
  ];
  assert.notDeepEqual(first.trials.map(({ lr }) => lr), second.trials.map(({ lr }) => lr));
});

test("deepobs trains the best configuration again with ten seeds", timeout, async () => {
  const { trials, summary } = await tune("--epochs 2 --trials 6 --protocol deepobs");
  const plain = await tune("--epochs 2 --trials 6");
  const of = (stage: string) => trials.filter((row) => row.stage === stage);
  assert.deepEqual(lasting(of("search")), lasting(plain.trials));
  assert.deepEqual(of("final").map(({ seed }) => Number(seed)), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const best = plain.summary[0].configuration;
  assert.ok(
    of("final").every(({ configuration, status }) => configuration === best && status === "completed"),
  );
  // Seed 1 has been trained before, on the same rows.
  const searched = of("search").find(({ configuration }) => configuration === best)!;
  assert.equal(of("final")[0].test_loss, searched.test_loss);
  assert.equal(summary.filter(({ stage }) => stage === "final").length, 1);
  assert.equal(summary.find(({ stage }) => stage === "final")!.completed, "10");
});

test(
  "nested searches on rows held out of the training rows, and sees the test rows at the end",
  timeout,
  async () => {
    const { trials } = await tune("--epochs 2 --trials 6 --protocol nested");
    const plain = await tune("--epochs 2 --trials 6");
    const of = (stage: string) => trials.filter((row) => row.stage === stage);
    const column = (rows: typeof trials, name: string) => rows.map((row) => row[name]);
    assert.deepEqual(column(of("search"), "lr"), column(plain.trials, "lr"));
    of("search").forEach(({ test_loss }, i) => assert.notEqual(test_loss, plain.trials[i].test_loss));
    assert.equal(of("final").length, 10);
    const { configuration } = of("final")[0];
    assert.equal(of("final")[0].test_loss, plain.trials[Number(configuration)].test_loss);
  },
);

test("successive halving trains few to the end", timeout, async () => {
  const { trials, code } = await tune("--epochs 9 --trials 18 --sampler random --pruner halving");
  assert.equal(code, 0);
  const epochs = (n: number) => trials.filter(({ steps }) => Number(steps) === 22 * n).length;
  assert.deepEqual([epochs(1), epochs(3), epochs(9)], [12, 4, 2]);
  const reasons = new Set(trials.map(({ status, reason }) => `${status} ${reason}`));
  assert.deepEqual([...reasons].sort(), [
    "completed ",
    "pruned halving: not among the best 2 of 6 after epoch 3",
    "pruned halving: not among the best 6 of 18 after epoch 1",
  ]);
});

test("a trial ends where it reaches the target", timeout, async () => {
  const { trials } = await tune("--epochs 40 --trials 8 --lr loguniform:0.1..3 --stop-at-target");
  const reached = trials.filter(({ epochs_to_target }) => epochs_to_target !== "");
  assert.ok(reached.length > 0);
  for (const { status, reason, steps, epochs_to_target } of reached) {
    assert.equal(status, "completed");
    assert.equal(Number(steps), 22 * Number(epochs_to_target));
    if (Number(epochs_to_target) < 40) {
      assert.equal(reason, `reached the target of 90 % after epoch ${epochs_to_target}`);
    }
  }
});

test("a budget of epochs is kept to", timeout, async () => {
  const { trials, json } = await tune("--epochs 3 --max-epochs 32");
  assert.equal(trials.length, 10);
  assert.deepEqual(json.budget, { epochs: 32 });
});

test("a budget of time ends the search, not the trials", timeout, async () => {
  const { trials, json, code } = await tune("--epochs 2 --max-time 1s");
  assert.equal(code, 0);
  assert.deepEqual(json.budget, { seconds: 1 });
  assert.ok(trials.every(({ status }) => status === "completed" || status === "planned"));
});

for (
  const [options, problem] of [
    ["--sampler foo", /unknown sampler "foo": expected one of .*\btpe\b/],
    ["--max-time 5", /--max-time "5": expected a time, as in 90s, 30m or 2h/],
    ["--ahead 0", /--ahead "0": expected a positive integer/],
    ["--when nesterov:mass>0", /Cannot parse condition "mass>0": there is no "mass"/],
    ["--pruner asha:eta=1", /Cannot parse pruner "asha:eta=1": eta is 1; use an integer >= 2/],
    ["--pruner halving --pruner halving:eta=4", /Cannot prune by halving and by halving:eta=4/],
    ["--protocol kfold", /unknown protocol "kfold": expected one of deepobs, nested/],
    ["--shard 1/2", /Cannot run shard 1\/2 of a study with the sampler gp/],
    ["--lr loguniform:0..1", /Cannot parse --lr "loguniform:0..1": the lower bound of a loguniform range/],
  ] as const
) {
  test(
    `${options} is refused in a line, and nothing is written`,
    timeout,
    () =>
      inTemporaryFolder((folder) => {
        const out = join(folder, "study");
        const { code, stdout, stderr } = optbench(["tune", ...SGD, ...options.split(" "), "--out", out]);
        assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
        assert.match(stderr, /^optbench: [^\n]*[^.\n]\n$/);
        assert.match(stderr, problem);
        assert.deepEqual(readdirSync(folder), []);
      }),
  );
}
