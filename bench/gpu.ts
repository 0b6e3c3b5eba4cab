/**
 * What bench/gpu.sh runs: ours on a GPU beside PyTorch with the same SGD, LARS and SAM, turn by turn in one run.
 *
 * Single trial: each round, every side takes as many steps, of 128 rows each. Sweep: each round, every side takes as many
 * steps of each configuration; ours in groups, PyTorch one configuration after another, from initial values that it keeps
 * and without compiling anew. Figures are medians over the rounds, after one that warms up. What comes before the first
 * step is told apart, as "setup": compilation, the data's way to the device, the first steps.
 *
 * Every side is a process of its own that has its data on the device, gathers and augments the rows of a batch there, and
 * waits for the device at the beginning and the end of a measurement alone. Ours draws the order of rows and the noise on
 * the host. A side that cannot be started, or fails, says why, and the others go on.
 *
 * A table goes to stderr, JSON to stdout. With words, only the work that has all of them in its name.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { parseArgs } from "node:util";
import { setCudaFolder } from "../engine/devices/cuda_folder.ts";
import { Peer } from "./peer_process.ts";
import { sidesOf } from "./gpu/sides.ts";
import { allWork, measure, type Row } from "./gpu/work.ts";
import { writeMeasurements } from "./machine.ts";

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: "string", default: "cuda" },
    python: { type: "string", default: process.env.OPTBENCH_PYTHON ?? "python3" },
    "cuda-dir": { type: "string" },
    "compile-mode": { type: "string", default: "default" },
    threads: { type: "string", default: "1" },
    rounds: { type: "string" },
    configurations: { type: "string" },
    group: { type: "string" },
    sides: { type: "string", default: "" },
    quick: { type: "boolean", default: false },
  },
});

function count(name: "threads" | "rounds" | "configurations" | "group", fallback: number): number {
  const text = options[name];
  if (text === undefined) return fallback;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error(`Cannot parse --${name} "${text}": expected a positive integer`);
}

/** Devices without loops take 13 steps a call, or a divisor of them. */
const usual = options.quick
  ? { steps: 13, rounds: 1, configurations: 4 }
  : { steps: 78, rounds: 5, configurations: 64 };

/** The card and its driver; undefined where nvidia-smi does not tell. */
function card(): string | undefined {
  const query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"];
  return spawnSync("nvidia-smi", query, { encoding: "utf8" }).stdout?.trim() || undefined;
}

/** Those that can be started, with what each says of itself. */
async function start(): Promise<{ peers: Peer[]; descriptions: Record<string, unknown> }> {
  const { device, python } = options;
  if (device !== "cuda" && device !== "cpu") {
    throw new Error(`Cannot parse --device "${device}": expected cuda or cpu`);
  }
  const wanted = options.sides.split(",");
  if (options["cuda-dir"] !== undefined) setCudaFolder(options["cuda-dir"]);
  const compileMode = options["compile-mode"];
  const sides = await sidesOf({ device, python, compileMode, threads: count("threads", 1) });
  const peers: Peer[] = [];
  const descriptions: Record<string, unknown> = {};
  for (const side of sides.filter(({ name }) => wanted.some((words) => name.includes(words)))) {
    const peer = new Peer(side);
    try {
      descriptions[side.name] = await peer.ask<unknown>({ op: "describe" });
      peers.push(peer);
      process.stderr.write(`${side.name}: ${JSON.stringify(descriptions[side.name])}\n`);
    } catch (error) {
      peer.close();
      descriptions[side.name] = { unavailable: (error as Error).message };
      process.stderr.write(`${side.name}: not available: ${(error as Error).message}\n`);
    }
  }
  return { peers, descriptions };
}

let peers: readonly Peer[] = [];
try {
  const { rounds } = usual;
  const configurations = count("configurations", usual.configurations);
  const settings = { steps: usual.steps, configurations, group: count("group", configurations) };
  const all = allWork(settings);
  const chosen = all.filter(({ name }) => words.every((word) => name.includes(word)));
  if (chosen.length === 0) {
    throw new Error(`No work has "${words.join('" and "')}" in its name: try ${all[0].name}`);
  }
  const started = await start();
  peers = started.peers;
  if (peers.length === 0) throw new Error("No side can be started: see above");
  const rows: Row[] = [];
  for (const work of chosen) rows.push(...await measure(work, peers, count("rounds", rounds)));
  const { descriptions } = started;
  writeMeasurements(descriptions["PyTorch, eager"], { card: card(), sides: descriptions, settings, rows });
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  for (const peer of peers) peer.close();
}
