import assert from "node:assert/strict";
import { test } from "node:test";
import { extractOptionNames } from "@optique/core/usage";
import { UsageError } from "../cli/errors.ts";
import { declareCommands } from "../cli/declare/commands.ts";
import { listable } from "../cli/declare/list.ts";
import { parse } from "../cli/options.ts";
import {
  DEFAULT_BASE,
  getOptimizer,
  isWrapper,
  optimizerNames,
  ownHyperparameters,
  ruleNames,
  sharedHyperparameters,
  wrapperNames,
} from "../optim/registry.ts";
import { samplerNames } from "../study/samplers/registry.ts";

/** The command line as a shell would split it. */
const read = (line: string) => parse(line.split(" "));

function help(line: string, width = 80): string {
  const request = parse(line.split(" "), { width, colors: false });
  assert.equal(request.command, "print");
  return request.text;
}

function fails(line: string, message: string): void {
  assert.throws(() => read(line), new UsageError(message));
}

/** Names as an error lists them. */
const listed = (names: readonly string[]) => names.toSorted().join(", ");

/** The optimizers that declare a hyper-parameter themselves, in the order of the registry. */
const owners = (hyperparameter: string) =>
  optimizerNames.filter((name) => Object.hasOwn(ownHyperparameters(name), hyperparameter));

const training = {
  accumulate: undefined,
  lrScaling: undefined,
  exclude: undefined,
  groupRules: [],
  shuffle: undefined,
  runningStatistics: undefined,
  threads: undefined,
  data: undefined,
  label: undefined,
  labelType: undefined,
  drop: undefined,
  hidden: undefined,
  device: undefined,
  cudaDir: undefined,
  dataDir: undefined,
};

const running = { jobs: undefined, threads: undefined, checkpointMinutes: undefined, hangMinutes: undefined };
const budget = { trials: undefined, maxTime: undefined, maxEpochs: undefined };

const plainSweep = {
  ...training,
  ...running,
  ...budget,
  command: "sweep",
  optimizer: { name: "lars" },
  task: "digits_mlp",
  values: {},
  seeds: undefined,
  epochs: undefined,
  batchSize: undefined,
  groupSize: undefined,
  conditions: [],
  pruners: [],
  stopAtTarget: false,
  ahead: undefined,
  protocol: undefined,
  shard: undefined,
  out: undefined,
  quiet: false,
  json: false,
};

test("sweep alone sweeps LARS on the digits", () => {
  assert.deepEqual(read("sweep"), plainSweep);
});

test("every option of sweep reaches the request", () => {
  const line = "sweep --task mlp --data t.csv --label y --label-type class --drop id,name --hidden 8,4 " +
    "--shuffle once --running-statistics last --threads 2 --device auto --cuda-dir lib --data-dir cache --group 4 " +
    "--accumulate 2 --lr-scaling sqrt:128 --exclude bias,w3 --for norm:lr=2 --for w*:weight_decay=0,lr=0.5x " +
    "--seeds 1,5 --epochs 3 --batch-size 32 --jobs 2 --out here -q --json";
  assert.deepEqual(read(line), {
    ...plainSweep,
    task: "mlp",
    data: "t.csv",
    label: "y",
    labelType: "class",
    drop: ["id", "name"],
    hidden: [8, 4],
    shuffle: "once",
    runningStatistics: "last",
    threads: 2,
    device: "auto",
    cudaDir: "lib",
    dataDir: "cache",
    accumulate: 2,
    lrScaling: { rule: "sqrt", batch: 128 },
    exclude: ["bias", "w3"],
    groupRules: [
      { parameters: ["norm"], overrides: { lr: { value: 2 } } },
      { parameters: ["w*"], overrides: { weight_decay: { value: 0 }, lr: { times: 0.5 } } },
    ],
    seeds: [1, 5],
    epochs: 3,
    batchSize: 32,
    jobs: 2,
    groupSize: 4,
    out: "here",
    quiet: true,
    json: true,
  });
});

test("every option of a search reaches the request, and some may be repeated", () => {
  const line =
    "--trials 30 --max-time 1.5h --max-epochs 900 --when nesterov:momentum>0 --when clip-norm:lr>1 " +
    "--pruner asha:eta=4 --pruner patience --stop-at-target --ahead 4 --protocol nested --shard 2/3 " +
    "--checkpoint-minutes 1 --hang-minutes 20";
  const search = {
    trials: 30,
    maxTime: 5400,
    maxEpochs: 900,
    conditions: [{ name: "nesterov", when: "momentum>0" }, { name: "clip_norm", when: "lr>1" }],
    pruners: ["asha:eta=4", "patience"],
    stopAtTarget: true,
    ahead: 4,
    protocol: "nested",
    shard: { number: 2, of: 3 },
    checkpointMinutes: 1,
    hangMinutes: 20,
  };
  assert.deepEqual(read(`sweep ${line}`), { ...plainSweep, ...search });
  assert.deepEqual(read(`tune ${line} --sampler cma-es --sampler-seed 5`), {
    ...plainSweep,
    ...search,
    command: "tune",
    sampler: "cma-es",
    samplerSeed: 5,
  });
});

test("tune alone searches for LARS on the digits, by a Gaussian process", () => {
  assert.deepEqual(read("tune"), {
    ...plainSweep,
    command: "tune",
    sampler: "gp",
    samplerSeed: undefined,
  });
});

test("a search takes ranges without gaps beside values and lists", () => {
  const { values } = read("tune --lr loguniform:1e-3..1 --momentum uniform:0..0.9 --weight-decay 0,1e-4") as {
    values: unknown;
  };
  assert.deepEqual(values, {
    lr: { distribution: "loguniform", from: 1e-3, to: 1 },
    momentum: { distribution: "uniform", from: 0, to: 0.9 },
    weight_decay: [0, 1e-4],
  });
});

test("a time is a number with its unit", () => {
  const times = ["90s", "30m", "5min", "2h", "0.5d"].map((text) => {
    const { maxTime } = read(`tune --max-time ${text}`) as { maxTime: number };
    return maxTime;
  });
  assert.deepEqual(times, [90, 1800, 300, 7200, 43_200]);
  for (const text of ["90", "0s", "-1s", "2 h", "1w", "s"]) {
    assert.throws(
      () => parse(["tune", "--max-time", text]),
      new UsageError(`--max-time "${text}": expected a time, as in 90s, 30m or 2h`),
    );
  }
});

test("resume takes a study, a budget, and how it is run here", () => {
  const plain = { ...running, ...budget, command: "resume", cudaDir: undefined, dataDir: undefined };
  assert.deepEqual(read("resume here"), {
    ...plain,
    study: "here",
    retryFailed: false,
    despiteChanges: false,
    quiet: false,
    json: false,
  });
  const line =
    "resume --retry-failed --despite-changes --trials 80 --max-time 2h --jobs 3 --threads 2 --cuda-dir c " +
    "--data-dir d --checkpoint-minutes 2 --hang-minutes 3 -q --json here";
  assert.deepEqual(read(line), {
    ...plain,
    study: "here",
    retryFailed: true,
    despiteChanges: true,
    trials: 80,
    maxTime: 7200,
    jobs: 3,
    threads: 2,
    cudaDir: "c",
    dataDir: "d",
    checkpointMinutes: 2,
    hangMinutes: 3,
    quiet: true,
    json: true,
  });
});

test("the hyper-parameters of the chosen optimizer are options, with a value, a list or a range", () => {
  assert.deepEqual(read("sweep --trust-coefficient 0.001,0.02 --lr log:0.1..10:3 --nesterov true,false"), {
    ...plainSweep,
    values: { lr: [0.1, 1, 10], trust_coefficient: [0.001, 0.02], nesterov: [true, false] },
  });
});

test("a wrapper takes its own hyper-parameters and those of its base", () => {
  assert.deepEqual(read("sweep --opt sam --base adam --rho 0.1 --beta1 0.8"), {
    ...plainSweep,
    optimizer: { name: "sam", base: "adam" },
    values: { rho: [0.1], beta1: [0.8] },
  });
});

test("a wrapper wraps SGD unless told otherwise", () => {
  assert.deepEqual(read("sweep --opt sam"), { ...plainSweep, optimizer: { name: "sam", base: "sgd" } });
});

const optionName = (hyperparameter: string) => `--${hyperparameter.replaceAll("_", "-")}`;

test("every hyper-parameter of every optimizer, over every base, is an option", () => {
  for (const name of optimizerNames) {
    for (const base of isWrapper(name) ? ruleNames : [undefined]) {
      const { sweep, tune, run } = declareCommands({ name, base });
      for (const command of [sweep, tune, run]) {
        const options = extractOptionNames(command.usage);
        for (const hyperparameter of Object.keys(getOptimizer(name, base).hyperparameters)) {
          assert.ok(options.has(optionName(hyperparameter)), `${name} over ${base}: ${hyperparameter}`);
        }
      }
    }
  }
});

test("help shows the hyper-parameters of the optimizer, then those of its base, then those of every one", () => {
  for (const name of optimizerNames) {
    const sections = help(`sweep --opt ${name} --help`).split("\n\n").map((text) => ({
      title: text.split("\n")[0],
      options: text.match(/(?<=^ +)--[a-z0-9-]+(?= )/gm) ?? [],
    }));
    const start = sections.findIndex(({ title }) => title === `Hyper-parameters of ${name}:`);
    const titles = isWrapper(name) ? [name, DEFAULT_BASE] : [name];
    assert.deepEqual(sections.slice(start, -1), [
      ...titles.map((name) => ({
        title: `Hyper-parameters of ${name}:`,
        options: Object.keys(ownHyperparameters(name)).map(optionName),
      })),
      { title: "With every optimizer:", options: Object.keys(sharedHyperparameters).map(optionName) },
    ]);
  }
});

test("options come in any order, with a space or an equals sign", () => {
  const expected = read("sweep --opt sam --base adam --beta1 0.8 --epochs 2");
  assert.deepEqual(read("sweep --beta1 0.8 --base adam --epochs 2 --opt sam"), expected);
  assert.deepEqual(read("sweep --beta1=0.8 --epochs=2 --base=adam --opt=sam"), expected);
});

test("run takes one value of each hyper-parameter", () => {
  assert.deepEqual(read("run --opt sgd --nesterov true --lr 1e-1 --momentum 0.9"), {
    ...training,
    command: "run",
    optimizer: { name: "sgd" },
    svg: undefined,
    task: "digits_mlp",
    values: { lr: 0.1, momentum: 0.9, nesterov: true },
    seed: 1,
    epochs: undefined,
    batchSize: undefined,
    quiet: false,
    json: false,
  });
  fails("run --lr 0.1,0.2", '--lr "0.1,0.2": a run takes one value; optbench sweep tries several');
});

test("a task may be a module's path, and is otherwise a known name", () => {
  assert.equal((read("run --lr 1 --task ./my_task.ts") as { task: string }).task, "./my_task.ts");
  assert.equal((read("run --lr 1 --task task.js") as { task: string }).task, "task.js");
  assert.throws(
    () => read("run --lr 1 --task digit_mlp"),
    /unknown task "digit_mlp": did you mean digits_mlp/,
  );
});

test("run needs the hyper-parameters that have no default", () => {
  fails("run --momentum 0.9", "--lr is missing: it has no default");
});

test("list takes what to list and which one", () => {
  assert.deepEqual(read("list tasks"), { command: "list", what: "tasks", name: undefined, json: false });
  assert.deepEqual(read("list --json optimizers sam"), {
    command: "list",
    what: "optimizers",
    name: "sam",
    json: true,
  });
});

test("no argument at all asks for help", () => {
  assert.deepEqual(parse([]), read("--help"));
});

test("help names every command and how to begin", () => {
  const text = help("--help");
  for (
    const words of [
      "sweep",
      "tune",
      "run",
      "resume",
      "list",
      "completions",
      "--version",
      "optbench sweep --opt sam",
    ]
  ) {
    assert.ok(text.includes(words), words);
  }
});

test("the help of sweep gives a hyper-parameter's meaning, range, default and default sweep", () => {
  const text = help("sweep --opt lars --help").replaceAll(/\s+/g, " ");
  assert.ok(text.includes(
    "--trust-coefficient VALUES size of a layer's step relative to the norm of its parameters " +
      ">= 0; default 0.001; sweeps 0.001,0.005,0.02,0.05",
  ));
});

test("help fits the width of the terminal and a screen", () => {
  for (
    const command of [
      "--help",
      "sweep --help",
      "tune --help",
      "run --opt sam --help",
      "resume --help",
      "list --help",
    ]
  ) {
    for (const width of [60, 80]) {
      const longest = Math.max(...help(command, width).split("\n").map((line) => line.trimEnd().length));
      assert.ok(longest <= width, `${command}: ${longest} > ${width}`);
    }
  }
  assert.ok(help("--help").trimEnd().split("\n").length < 24);
});

test("completion proposes optimizers, tasks, and the options of the chosen optimizer alone", () => {
  const proposals = (line: string) =>
    help(`completions bash ${line}`).split("\n").filter((word) => word !== "");
  assert.deepEqual(proposals("sweep --opt "), [...optimizerNames]);
  assert.ok(proposals("run --task mn").includes("mnist_mlp"));
  assert.deepEqual(proposals("sweep --opt sam --rh"), ["--rho"]);
  assert.deepEqual(proposals("sweep --opt lars --rh"), []);
  assert.deepEqual(proposals("sweep --opt sam --base adam --beta"), ["--beta1", "--beta2"]);
  assert.deepEqual(proposals("sweep --opt lar --trus"), ["--trust-coefficient"]);
  assert.deepEqual(proposals("run --nesterov "), ["true", "false", "false,true"]);
});

test("completions has a script for each shell", () => {
  for (const shell of ["bash", "fish", "nu", "pwsh", "zsh"]) {
    assert.ok(help(`completions ${shell}`).includes("optbench"), shell);
  }
  fails("completions bahs", 'unknown shell "bahs": did you mean bash? (bash, fish, nu, pwsh, zsh)');
});

test("an unknown word is named with the nearest right one", () => {
  const commands = ["completions", ...Object.keys(declareCommands({ name: "lars" }))];
  fails("swep", `unknown command "swep": did you mean sweep? (${listed(commands)})`);
  fails("sweep --opt larss", `unknown optimizer "larss": did you mean lars? (${listed(optimizerNames)})`);
  fails("sweep --opt lasr", `unknown optimizer "lasr": did you mean lars? (${listed(optimizerNames)})`);
  fails("sweep --opt sam --base agam", `unknown base "agam": did you mean adam? (${listed(ruleNames)})`);
  fails("list taks", `unknown list "taks": did you mean tasks? (${listed(Object.keys(listable))})`);
  fails("tune --sampler tpee", `unknown sampler "tpee": did you mean tpe? (${listed(samplerNames)})`);
  fails("tune --protocol deepob", 'unknown protocol "deepob": did you mean deepobs? (deepobs, nested)');
  fails(
    "list optimizers lrs",
    `unknown optimizer "lrs": did you mean lars? (${listed(optimizerNames)})`,
  );
  assert.throws(
    () => read("sweep --task mnist-mlp"),
    /^UsageError: unknown task "mnist-mlp": did you mean mnist_mlp\?/,
  );
});

test("an unknown option is named with the nearest one of the optimizer", () => {
  fails("sweep --trust-coeff 1", "unknown option --trust-coeff for lars: did you mean --trust-coefficient?");
  fails(
    "sweep --trust_coefficient=1",
    "unknown option --trust_coefficient for lars: did you mean --trust-coefficient?",
  );
  fails("run --learning-rate 1", "unknown option --learning-rate for lars: did you mean --lr?");
  fails("sweep --opt sgd --xyz", "unknown option --xyz for sgd: see optbench sweep --opt sgd --help");
  fails("--hlep", "unknown option --hlep: did you mean --help?");
});

test("an option of another optimizer or command says whose it is", () => {
  fails("sweep --rho 1", `--rho is not an option of lars: it belongs to ${owners("rho").join(", ")}`);
  fails("sweep --base sgd", `--base is not an option of lars: it belongs to ${wrapperNames.join(", ")}`);
  fails(
    "sweep --opt adam --momentum 1",
    `--momentum is not an option of adam: it belongs to ${owners("momentum").join(", ")}`,
  );
  const [base] = owners("beta1");
  fails(
    "sweep --opt sam --beta1 0",
    `--beta1 is not an option of sam over sgd: it belongs to ${owners("beta1").join(", ")} (--base ${base})`,
  );
  fails(
    "sweep --opt sam --alpha 0",
    `--alpha is not an option of sam over sgd: it belongs to ${owners("alpha").join(", ")}`,
  );
  fails("run --lr 1 --jobs 2", "--jobs is not an option of run: it belongs to sweep, tune, resume");
  fails("sweep --seed 1", "--seed is not an option of sweep: it belongs to run (here: --seeds)");
});

test("an unknown optimizer is reported before the options that it would have", () => {
  fails(
    "sweep --rho 1 --opt san",
    `unknown optimizer "san": did you mean sam? (${listed(optimizerNames)})`,
  );
});

test("an illegal value is named with its option", () => {
  fails("sweep --epochs 3.5", '--epochs "3.5": expected a positive integer');
  fails("tune --trials 0", '--trials "0": expected a positive integer');
  fails("tune --max-epochs 1.5", '--max-epochs "1.5": expected a positive integer');
  fails("tune --sampler-seed -1", '--sampler-seed "-1": expected an integer >= 0');
  fails("resume x --hang-minutes x", '--hang-minutes "x": expected a positive integer');
  fails("sweep --shard 3/2", 'Cannot parse shard "3/2": write 3/8 for the third of eight');
  fails("tune --when nesterov", 'Cannot parse condition "nesterov": write it as "nesterov: momentum>0"');
  fails(
    "tune --momentum uniform:0.5",
    'Cannot parse --momentum "uniform:0.5": a range has two ends; write it as uniform:1..8',
  );
  fails("sweep --jobs 0", '--jobs "0": expected a positive integer');
  fails("run --lr 1 --seed -1", '--seed "-1": expected an integer >= 0');
  fails("sweep --jobs 9999999999", '--jobs "9999999999": expected at most 2147483647');
  fails("sweep --out=", '--out "": expected a folder');
  fails("sweep --lr -1", 'Cannot parse --lr "-1": -1 is out of range; use a finite number >= 0');
  fails(
    "sweep --lr-scaling cubic:256",
    'Cannot parse learning-rate scaling "cubic:256": write linear:256 or sqrt:256, with the batch that lr is meant for',
  );
  fails("sweep --exclude bias,,norm", '--exclude "bias,,norm": expected parameters, as in bias,norm');
  fails(
    "sweep --for bias",
    'Cannot parse parameter group "bias": write whose and which, as in bias,norm:weight_decay=0',
  );
});

test("an option without its value is named, whatever follows", () => {
  fails("sweep --epochs", "--epochs needs a value");
  fails("sweep --out --quiet", "--out needs a value");
  fails("sweep --nesterov --lr 1", "--nesterov needs a value: true or false");
});

test("a word that belongs nowhere is named", () => {
  fails("sweep lars", 'unexpected "lars": did you mean --opt lars?');
  fails("sweep digits_mlp", 'unexpected "digits_mlp": did you mean --task digits_mlp?');
  fails("sweep lr 1", 'unexpected "lr": did you mean --lr?');
  fails("list tasks digits_mlp x", 'unexpected "x"');
  fails("sweep -- --lr 1", "unexpected --lr after --");
  fails("--opt sgd", "no command before --opt: did you mean optbench sweep --opt sgd?");
  fails("list", `list what? ${Object.keys(listable).join(", ")}`);
});

test("an option that is given twice, or a value that is not wanted, is named", () => {
  fails("sweep --lr 1 --lr 2", "--lr is given twice");
  fails("sweep --quiet=yes", "--quiet takes no value");
});
