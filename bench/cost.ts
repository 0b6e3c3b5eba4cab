/**
 * `deno task bench:cost [WORD]...`: what an optimizer adds to a compiled training step, on one thread. With words, only
 * the rows with all of them in their titles: `deno task bench:cost mnist_mlp adam`.
 *
 * Each round, four sides take as many steps in turn: the optimizer's base, the optimizer, and the same two in PyTorch
 * where it has them. The base of a rule is plain SGD, that of a wrapper the momentum SGD that it wraps. A ratio is the
 * median of the rounds' ratios, which varies less between runs than the ratio of the medians, as both sides of a round
 * meet the machine at the same speed. The row of plain SGD beside itself tells what noise alone makes of it.
 *
 * PyTorch's networks are those of bench/peer.ts, and so are its LARS, its SAM and the base of SAM. Its other optimizers
 * are torch.optim's classes, each with the faster of foreach true and false.
 *
 * A line for each row goes to stderr, JSON to stdout.
 */
import process from "node:process";
import type { HyperValue } from "../optim/hyperparameter.ts";
import { isWrapper, type OptimizerName, optimizerNames } from "../optim/registry.ts";
import { median } from "../results/statistics/descriptive.ts";
import { Training } from "../study/timing/training.ts";
import { getTask } from "../tasks/registry.ts";
import { writeMeasurements } from "./machine.ts";
import { PyTorch } from "./pytorch.ts";
import { takeTurns, timed } from "./turns.ts";

/** An optimizer with the values that switch on the terms it is usually used with; the others are defaults. */
interface Form {
  /** What sets it apart from other forms of the same optimizer. */
  readonly variant?: string;
  readonly hyper: Readonly<Record<string, HyperValue>>;
  /**
   * As bench/pytorch/optimizers.py names it; absent where it has none. What `hyper` gives has the same name there, and
   * what it leaves out has the same default.
   */
  readonly pytorch?: string;
  /** Which of torch.optim's two implementations to take, where the other is wrong. Default: the faster. */
  readonly foreach?: boolean;
}

const momentumSgd = { lr: 0.01, momentum: 0.9 };
const adaptive = { lr: 1e-4 };
/** Of LookSAM: from one ascent to the next. */
const EVERY = 5;

/** Rates are small: nothing may diverge, nor a network die and its numbers become denormal. */
const forms: Readonly<Record<OptimizerName, readonly Form[]>> = {
  sgd: [
    { variant: "plain", hyper: { lr: 0.01 }, pytorch: "torch.optim.SGD" },
    { variant: "momentum", hyper: momentumSgd, pytorch: "torch.optim.SGD" },
    { variant: "nesterov", hyper: { ...momentumSgd, nesterov: true }, pytorch: "torch.optim.SGD" },
  ],
  lars: [{ hyper: { lr: 0.1, momentum: 0.9, weight_decay: 1e-4 }, pytorch: "lars" }],
  adam: [
    { hyper: adaptive, pytorch: "torch.optim.Adam" },
    { variant: "amsgrad", hyper: { ...adaptive, amsgrad: true }, pytorch: "torch.optim.Adam" },
  ],
  adamw: [{ hyper: { ...adaptive, weight_decay: 0.01 }, pytorch: "torch.optim.AdamW" }],
  nadam: [{ hyper: adaptive, pytorch: "torch.optim.NAdam" }],
  // With foreach, that of PyTorch 1.13 divides 0 by 0 where a gradient is 0.
  radam: [{ hyper: adaptive, pytorch: "torch.optim.RAdam", foreach: false }],
  adagrad: [{ hyper: { lr: 1e-3 }, pytorch: "torch.optim.Adagrad" }],
  rmsprop: [
    { hyper: adaptive, pytorch: "torch.optim.RMSprop" },
    {
      variant: "centered momentum",
      hyper: { ...adaptive, centered: true, momentum: 0.9 },
      pytorch: "torch.optim.RMSprop",
    },
  ],
  adadelta: [{ hyper: { lr: 0.1 }, pytorch: "torch.optim.Adadelta" }],
  asgd: [{ hyper: { lr: 0.01, t0: 10 }, pytorch: "torch.optim.ASGD" }],
  larc: [{ hyper: { ...momentumSgd, weight_decay: 1e-4 } }],
  lamb: [{ hyper: { lr: 1e-3, weight_decay: 0.01 } }],
  novograd: [{ hyper: { lr: 1e-3, weight_decay: 1e-3 } }],
  lion: [{ hyper: { lr: 1e-5, weight_decay: 0.1 } }],
  adafactor: [
    { hyper: { lr: 1e-3 } },
    { variant: "momentum", hyper: { lr: 1e-3, beta1: 0.9 } },
  ],
  muon: [{ hyper: { lr: 1e-3, weight_decay: 0.01 } }],
  schedule_free_sgd: [{ hyper: { lr: 0.01, weight_decay: 1e-4 } }],
  schedule_free_adamw: [{ hyper: { ...adaptive, weight_decay: 0.01 } }],
  sam: [
    { hyper: { ...momentumSgd, rho: 0.05 }, pytorch: "sam" },
    { variant: "plain", hyper: { ...momentumSgd, rho: 0.05, adaptive: false }, pytorch: "sam" },
  ],
  asam: [{ hyper: momentumSgd }],
  gsam: [{ hyper: momentumSgd }],
  looksam: [{ hyper: { ...momentumSgd, every: EVERY } }],
  msam: [{ hyper: momentumSgd }],
  wsam: [
    { hyper: momentumSgd },
    { variant: "coupled", hyper: { ...momentumSgd, decoupled_sharpness: false } },
  ],
  fisher_sam: [{ hyper: momentumSgd }],
};

/** Of rules, and of wrappers. */
const bases = {
  rule: { name: "sgd", hyper: { lr: 0.01 }, pytorch: "torch.optim.SGD" },
  wrapper: { name: "sgd", hyper: momentumSgd, pytorch: "sgd" },
} as const;

/** Steps are whole rounds of LookSAM's turns. */
const networks = [
  { task: getTask("mnist_mlp"), stepsPerRound: 5 * EVERY },
  { task: getTask("mnist_2c2d"), stepsPerRound: EVERY },
] as const;
const ROUNDS = 21;

/** Of the choice between PyTorch's two implementations. */
const CHOICE_STEPS = 20;
const CHOICE_ROUNDS = 11;

interface Work {
  readonly network: typeof networks[number];
  readonly name: OptimizerName;
  readonly form: Form;
}

interface Row {
  readonly network: string;
  readonly optimizer: string;
  /** Milliseconds a step. */
  readonly ours: number;
  /** Over its base. */
  readonly oursRatio: number;
  readonly pytorch?: number;
  readonly pytorchRatio?: number;
  /** Whether it is torch.optim's implementation over lists of tensors; absent where it is not torch.optim's. */
  readonly foreach?: boolean;
  /** PyTorch's time over ours: above 1, ours is faster. */
  readonly ratio?: number;
}

type Turn = () => Promise<number>;

function title(name: OptimizerName, { variant }: Form): string {
  return variant === undefined ? name : `${name} ${variant}`;
}

async function measure(pytorch: PyTorch, { network, name, form }: Work): Promise<Row> {
  const base = isWrapper(name) ? bases.wrapper : bases.rule;
  const peers = form.pytorch === undefined
    ? []
    : [await peer(pytorch, "base", network, base), await peer(pytorch, "optimizer", network, form)];
  const trainings: Training[] = [];
  try {
    for (const side of [base, { ...form, name }]) trainings.push(await start(network, side));
    const [plain, mine, theirPlain, theirs] = await takeTurns(
      ROUNDS,
      ...trainings.map((training) => async () =>
        await timed(() => training.steps(network.stepsPerRound)) / network.stepsPerRound
      ),
      ...peers.map(({ turn }) => turn),
    );
    const ours = { ours: median(mine)!, oursRatio: medianRatio(mine, plain) };
    const beside = theirs && {
      pytorch: median(theirs)!,
      pytorchRatio: medianRatio(theirs, theirPlain),
      foreach: peers[1].foreach,
      ratio: medianRatio(theirs, mine),
    };
    return {
      network: network.task.name,
      optimizer: title(name, form),
      ...ours,
      ...beside,
    };
  } finally {
    await Promise.all(trainings.map((training) => training.release()));
  }
}

function start(
  { task }: Work["network"],
  { name, hyper }: Form & { name: OptimizerName },
): Promise<Training> {
  return Training.start({ task, optimizer: name, configurations: [hyper], threads: 1 });
}

/** PyTorch's side, set up under an id. */
async function peer(
  pytorch: PyTorch,
  id: "base" | "optimizer",
  { task, stepsPerRound }: Work["network"],
  form: Form,
): Promise<{ turn: Turn; foreach?: boolean }> {
  const setup = {
    op: "setup",
    model: task.name,
    optimizer: form.pytorch,
    hyper: form.hyper,
    batch: task.batchSize,
    rows: task.data.trainRows,
    threads: 1,
  };
  const foreach = form.pytorch?.startsWith("torch.optim.")
    ? form.foreach ?? await foreachIsFaster(pytorch, setup)
    : undefined;
  await pytorch.ask({ ...setup, id, hyper: { ...form.hyper, foreach } });
  return {
    foreach,
    turn: async () => (await pytorch.ask({ op: "steps", id, n: stepsPerRound })).ms_per_step,
  };
}

const choices = new Map<string, boolean>();

/** Measured once, on batches of one row: the update, which is what the two differ in, is then half of a step or more. */
async function foreachIsFaster(pytorch: PyTorch, setup: Pick<Form, "hyper">): Promise<boolean> {
  const key = JSON.stringify(setup);
  const known = choices.get(key);
  if (known !== undefined) return known;
  const turns: Turn[] = [];
  for (const foreach of [true, false]) {
    const id = `foreach ${foreach}`;
    await pytorch.ask({ ...setup, id, hyper: { ...setup.hyper, foreach }, batch: 1 });
    turns.push(async () => (await pytorch.ask({ op: "steps", id, n: CHOICE_STEPS })).ms_per_step);
  }
  const [lists, tensors] = await takeTurns(CHOICE_ROUNDS, ...turns);
  const isFaster = medianRatio(lists, tensors) < 1;
  choices.set(key, isFaster);
  return isFaster;
}

/** Of the times of turns that were taken next to each other. */
function medianRatio(times: readonly number[], others: readonly number[]): number {
  return median(times.map((time, round) => time / others[round]))!;
}

function report({ network, optimizer, ours, oursRatio, pytorch, pytorchRatio, foreach, ratio }: Row): void {
  const figures = [
    `ours ${ours.toFixed(3)} ms/step, ${oursRatio.toFixed(3)} of its base`,
    ...pytorch === undefined ? [] : [
      `PyTorch${foreach ? " foreach" : ""} ${pytorch.toFixed(3)}, ${pytorchRatio!.toFixed(3)} of its base`,
      `ratio ${ratio!.toFixed(2)}`,
    ],
  ];
  process.stderr.write(`${network.padEnd(12)}${optimizer.padEnd(28)}${figures.join("   ")}\n`);
}

const works: Work[] = networks.flatMap((network) =>
  optimizerNames.flatMap((name) => forms[name].map((form) => ({ network, name, form })))
);
const words = process.argv.slice(2);
const chosen = works.filter(({ network, name, form }) => {
  const own = [network.task.name, ...title(name, form).split(" ")];
  return words.every((word) => own.includes(word));
});
const pytorch = PyTorch.tuned("pthread");
try {
  if (chosen.length === 0) {
    throw new Error(`No row has "${words.join('" and "')}": expected a task, an optimizer and a form of it`);
  }
  const description = await pytorch.ask({ op: "describe" });
  const rows: Row[] = [];
  for (const work of chosen) {
    const row = await measure(pytorch, work);
    report(row);
    rows.push(row);
  }
  writeMeasurements(description, { rounds: ROUNDS, rows });
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  pytorch.close();
}
