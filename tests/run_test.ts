import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { resolve } from "../optim/coefficients.ts";
import { getOptimizer } from "../optim/registry.ts";
import { contourSvg } from "../results/charts/contour_svg.ts";
import { rosenbrock } from "../tasks/functions.ts";
import { optbench } from "./cli.ts";
import { start } from "./_running.ts";
import { inTemporaryFolder, sweep } from "./_sweeps.ts";

const timeout = { timeout: 60_000 };

const SGD = "--task digits_logreg --opt sgd --momentum 0 --nesterov false --weight-decay 0";
const run = (line: string) => optbench(["run", ...line.split(" ")]);

test("a run tells each epoch on stderr, and its result with a chart on stdout", timeout, () => {
  const { code, stdout, stderr } = run(`${SGD} --lr 0.5 --epochs 4 --seed 7`);
  assert.equal(code, 0);
  const epochs = stderr.trimEnd().split("\n");
  assert.equal(epochs.length, 4);
  epochs.forEach((line, i) =>
    assert.match(
      line,
      new RegExp(`^epoch ${i + 1}/4: train loss \\S+, test loss \\S+, test accuracy \\d+\\.\\d\\d %$`),
    )
  );
  assert.match(stdout, /^sgd on digits_logreg: 4 epochs, batch 64, seed 7$/m);
  assert.match(stdout, /\blr 0\.5\b/);
  assert.ok(stdout.includes(`\n${epochs[3]}\n`));
  assert.match(stdout, /^epoch 1 .* 4$/m);
  assert.match(stdout, /^best test accuracy \d+\.\d\d % after epoch \d$/m);
  assert.match(stdout, /^88 steps, .* ms each/m);
});

test("--json prints valid JSON on stdout, and nothing else", timeout, () => {
  const { code, stdout } = run(`${SGD} --lr 0.5 --epochs 3 --batch-size 100 --json`);
  assert.equal(code, 0);
  const { epochs, epochSeconds, stepMs, compileSeconds, wallSeconds, ...rest } = JSON.parse(stdout);
  assert.deepEqual(rest, {
    task: "digits_logreg",
    metric: "accuracy",
    target: 0.9,
    optimizer: "sgd",
    base: null,
    values: { ...resolve(getOptimizer("sgd"), { lr: 0.5 }), schedule: "constant" },
    seed: 1,
    batchSize: 100,
    device: "cpu",
    accumulate: 1,
    lrScaling: null,
    parameterGroups: [{ parameters: ["w1", "b1"], overrides: {} }],
    plannedEpochs: 3,
    status: "completed",
    steps: 42,
    groupSize: 1,
  });
  assert.deepEqual(epochs.map(({ epoch }: { epoch: number }) => epoch), [1, 2, 3]);
  assert.ok(stepMs.every((ms: number) => ms > 0));
  assert.equal(epochSeconds.length, 3);
  assert.deepEqual(epochSeconds, epochSeconds.toSorted((a: number, b: number) => a - b));
  assert.ok(compileSeconds < epochSeconds[0] && epochSeconds[2] <= wallSeconds);
  assert.ok(compileSeconds > 0 && compileSeconds < wallSeconds);
});

test("--quiet prints nothing on stderr", timeout, () => {
  const { code, stdout, stderr } = run(`${SGD} --lr 0.5 --epochs 2 --quiet`);
  assert.equal(code, 0);
  assert.equal(stderr, "");
  assert.match(stdout, /^epoch 2\/2: /m);
});

test("a run that diverges says so on stderr, and ends with exit code 1", timeout, () => {
  const { code, stdout, stderr } = run(`${SGD} --lr 1e38 --epochs 2 --json`);
  assert.equal(code, 1);
  const { status, reason, epochs } = JSON.parse(stdout);
  assert.equal(status, "diverged");
  assert.match(reason, /^loss is \S+ at step \d+ \(epoch 1\)$/);
  assert.deepEqual(epochs, []);
  assert.equal(stderr, `optbench: the run diverged: ${reason}\n`);
});

test("a run measures what the same trial of a sweep does, to the last bit", timeout, async () => {
  const line =
    "--task digits_mlp --opt lars --lr 1 --momentum 0.9 --nesterov true --trust-coefficient 0.02 " +
    "--weight-decay 1e-4 --epochs 2";
  const { epochs } = JSON.parse(run(`${line} --seed 3 --json`).stdout);
  const { curves } = await sweep(`${line} --seeds 2,3,4`);
  type Epoch = { epoch: number; trainLoss: number; testLoss: number; testAccuracy: number };
  assert.deepEqual(
    epochs.map(({ epoch, trainLoss, testLoss, testAccuracy }: Epoch) => [
      epoch,
      trainLoss,
      testLoss,
      testAccuracy,
    ]),
    curves.filter(({ seed }) => seed === "3").map(({ epoch, train_loss, test_loss, test_accuracy }) =>
      [epoch, train_loss, test_loss, test_accuracy].map(Number)
    ),
  );
});

test("a run wraps the base of sam", timeout, () => {
  const { code, stdout } = run(
    "--task digits_logreg --opt sam --base adam --lr 0.01 --rho 0.02 --epochs 1 --json",
  );
  assert.equal(code, 0);
  const { optimizer, base, values } = JSON.parse(stdout);
  assert.deepEqual([optimizer, base, values.rho, values.adaptive], ["sam", "adam", 0.02, true]);
});

const VALLEY = "--task rosenbrock --opt sgd --lr 1.6e-3 --momentum 0.9 --nesterov false --weight-decay 0";

test("a run says after which epoch the target was reached, or that it was not", timeout, () => {
  const line = `${VALLEY} --epochs 400`;
  const { epochs } = JSON.parse(run(`${line} --json`).stdout);
  const first = epochs.find(({ testLoss }: { testLoss: number }) => testLoss <= 0.01);
  assert.match(
    run(line).stdout,
    new RegExp(`^target 0\\.01 reached after epoch ${first.epoch}, \\d\\S* s$`, "m"),
  );
  assert.match(run(`${SGD} --lr 1e-5 --epochs 1`).stdout, /^target 90 % not reached$/m);
});

test("a run on a function of two variables draws its loss and the way through the function", timeout, () => {
  const { code, stdout, stderr } = run(`${VALLEY} --epochs 400`);
  assert.equal(code, 0);
  assert.match(stderr, /^epoch 400\/400: train loss \S+, test loss \S+$/m);
  assert.match(stdout, /^test loss, logarithmic$/m);
  assert.match(stdout, /^epoch 1 .* 400$/m);
  assert.doesNotMatch(stdout, /accuracy/);
  // The start, the minimum, and the way between them in dots of Braille.
  const [drawing] = stdout.split("\ntest loss");
  assert.match(drawing, /○/);
  assert.match(drawing, /×/);
  assert.ok(drawing.match(/[\u2801-\u28ff]/g)!.length > 10);
  assert.match(stdout, /^best test loss \S+ after epoch \d+$/m);
});

test(
  "--json of a run on a function of two variables has where each step led, from the start",
  timeout,
  () => {
    const { code, stdout } = run(`${VALLEY} --epochs 5 --json`);
    assert.equal(code, 0);
    const { metric, epochs, trajectory } = JSON.parse(stdout);
    assert.equal(metric, "loss");
    assert.ok(epochs.every((epoch: object) => !("testAccuracy" in epoch)));
    assert.equal(trajectory.length, 6);
    assert.deepEqual(trajectory[0], [-0.5, 1.5]);
    const [x, y] = trajectory[5];
    const loss = rosenbrock.landscape.f(x, y);
    assert.ok(Math.abs(epochs[4].testLoss - loss) < 1e-4 * loss);
  },
);

test(
  "--svg draws the way into a new file, and leaves a file that exists as it is",
  timeout,
  () =>
    inTemporaryFolder((folder) => {
      const file = join(folder, "valley.svg");
      const line = `${VALLEY} --epochs 3 --quiet --svg ${file}`;
      const first = run(`${line} --json`);
      assert.deepEqual([first.code, first.stderr], [0, ""]);
      const { trajectory } = JSON.parse(first.stdout);
      const expected = contourSvg(rosenbrock.landscape, [{ label: "sgd", points: trajectory }], {
        title: "sgd on rosenbrock",
      });
      assert.equal(readFileSync(file, "utf8"), expected);
      writeFileSync(file, "mine");
      const { code, stdout, stderr } = run(line);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.equal(stderr, `optbench: --svg "${file}": it exists; name a new file\n`);
      assert.equal(readFileSync(file, "utf8"), "mine");
    }),
);

test("--svg draws how a run diverged, too", timeout, () =>
  inTemporaryFolder((folder) => {
    const file = join(folder, "valley.svg");
    const { code, stderr } = run(
      `${VALLEY} --epochs 20 --quiet --svg ${file}`.replace("--lr 1.6e-3", "--lr 10"),
    );
    assert.equal(code, 1);
    assert.match(stderr, /^optbench: the run diverged: /);
    assert.match(readFileSync(file, "utf8"), /^<svg /);
  }));

const mistakes: [string, string, RegExp][] = [
  ["--svg of a network", `${SGD} --lr 1 --svg x.svg`, /--svg "x\.svg": digits_logreg is no function of two/],
  [
    "--svg into no folder",
    `${VALLEY} --svg nowhere/x.svg`,
    /--svg "nowhere\/x\.svg": .* no folder "nowhere"/,
  ],
  ["no learning rate", "--opt lars", /--lr/],
  ["several values", "--opt sgd --lr 0.1,1", /--lr "0\.1,1"/],
  ["nesterov without momentum", "--opt sgd --lr 0.1 --nesterov true", /nesterov true needs momentum > 0/],
  [
    "nesterov with dampening",
    "--opt sgd --lr 0.1 --momentum 0.9 --dampening 0.1 --nesterov true",
    /nesterov.*dampening/,
  ],
  ["a negative learning rate", "--opt sgd --lr -1", /lr.*-1.*>= 0/],
  ["a batch larger than the data", "--opt sgd --lr 1 --batch-size 2000", /2000/],
];
for (const [name, line, message] of mistakes) {
  test(`a run with ${name} is one line on stderr and exit code 2`, timeout, () => {
    const { code, stdout, stderr } = run(line);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^optbench: [^\n]*\n$/);
    assert.match(stderr, message);
  });
}

test("a run writes no files", timeout, () =>
  inTemporaryFolder(async (folder) => {
    const { code } = await start(["run", ...SGD.split(" "), "--lr", "0.5", "--epochs", "1"], folder).ended;
    assert.equal(code, 0);
    assert.deepEqual(readdirSync(folder), []);
  }));

test(
  "ONNX Runtime keeps no device id and no log of events to report",
  timeout,
  () =>
    inTemporaryFolder((home) => {
      const env = {
        HOME: home,
        XDG_CACHE_HOME: join(home, ".cache"),
        DENO_DIR: process.env.DENO_DIR ?? join(homedir(), ".cache", "deno"),
        // Nothing in the environment of the tests forbids it to report.
        CI: "",
        ORT_DISABLE_TELEMETRY: "",
      };
      const { code } = optbench(["run", ...SGD.split(" "), "--lr", "0.5", "--epochs", "1"], env);
      assert.equal(code, 0);
      const files = readdirSync(home, { recursive: true, encoding: "utf8" });
      assert.deepEqual(files.filter((path) => /microsoft|onnx/i.test(path)), []);
    }),
);

test("a reader that has gone away ends the program without a word", timeout, async () => {
  const running = start(["run", ...SGD.split(" "), "--lr", "0.5", "--epochs", "1", "--quiet"]);
  running.child.stdout!.destroy();
  const { stderr } = await running.ended;
  assert.equal(stderr, "");
});
