/** What is measured of every side, and how. */
import process from "node:process";
import { median } from "../../results/statistics/descriptive.ts";
import { takeTurns } from "../turns.ts";
import { learningRates, type MeasuredOptimizer, networks, networkTask, optimizers } from "./networks.ts";
import type { Peer, Reply } from "../peer_process.ts";

export interface WorkSettings {
  /** In a round; of a sweep, of each configuration. */
  readonly steps: number;
  /** Of a sweep. */
  readonly configurations: number;
  /** How many of them ours trains together. */
  readonly group: number;
}

/** Something that all sides do. */
export interface Work {
  readonly name: string;
  readonly unit: string;
  readonly setup: unknown;
  readonly request: unknown;
  figure(reply: Reply): number;
}

/** What came of a side. */
export interface Row {
  readonly work: string;
  readonly unit: string;
  readonly side: string;
  /** One of each round. */
  readonly figures: readonly number[];
  readonly median?: number;
  /** The median over that of the first side that has one: above 1, the first is faster. */
  readonly ratio?: number;
  readonly setupSeconds?: number;
  /** Why there are no figures. */
  readonly failure?: string;
}

/** Of those networks, whole sweeps are measured as well. */
const swept: readonly string[] = ["mnist_mlp", "mnist_2c2d"];

export function allWork(settings: WorkSettings): Work[] {
  const names = Object.keys(optimizers) as MeasuredOptimizer[];
  return networks.flatMap((model) => names.flatMap((optimizer) => workOf(model, optimizer, settings)));
}

function workOf(model: string, optimizer: MeasuredOptimizer, settings: WorkSettings): Work[] {
  const { steps: n, configurations, group } = settings;
  const { batchSize: batch, data: { trainRows: rows } } = networkTask(model);
  const setup = { model, optimizer, hyper: optimizers[optimizer], rows, batch };
  const single: Work = {
    name: `${model}, ${optimizer}, step of a single trial`,
    unit: "ms",
    setup: { op: "setup", ...setup },
    request: { op: "steps", n },
    figure: (reply) => reply.ms_per_step,
  };
  const sweep: Work = {
    name: `${model}, ${optimizer}, sweep of ${configurations}, ${n} steps each`,
    unit: "s",
    setup: { op: "setup_sweep", ...setup, lrs: learningRates(optimizer, configurations), group },
    request: { op: "sweep", n },
    figure: (reply) => reply.seconds,
  };
  return swept.includes(model) ? [single, sweep] : [single];
}

/** Turn by turn; a side that fails is left out from then on. Writes its lines of the table to stderr. */
export async function measure(work: Work, peers: readonly Peer[], rounds: number): Promise<Row[]> {
  const failures = new Map<Peer, string>();
  const seconds = new Map<Peer, number>();
  const attempt = async (peer: Peer, request: unknown): Promise<Reply | undefined> => {
    if (failures.has(peer)) return undefined;
    try {
      return await peer.ask(request);
    } catch (error) {
      failures.set(peer, (error as Error).message);
      return undefined;
    }
  };
  process.stderr.write(`\n${work.name}\n`);
  for (const peer of peers) seconds.set(peer, (await attempt(peer, work.setup))?.seconds ?? NaN);
  const turns = peers.map((peer) => async () => {
    const reply = await attempt(peer, work.request);
    return reply ? work.figure(reply) : NaN;
  });
  const times = await takeTurns(rounds, ...turns);
  const medians = peers.map((peer, i) => failures.has(peer) ? undefined : median(times[i]));
  const first = medians.find((value) => value !== undefined);
  return peers.map((peer, i) => {
    const failure = failures.get(peer);
    const facts = { work: work.name, unit: work.unit, side: peer.side.name };
    const found = medians[i];
    const row: Row = found === undefined || first === undefined
      ? { ...facts, figures: [], failure }
      : { ...facts, figures: times[i], median: found, ratio: found / first, setupSeconds: seconds.get(peer) };
    process.stderr.write(`${line(row)}\n`);
    return row;
  });
}

function line({ side, unit, median, ratio, setupSeconds, failure }: Row): string {
  const name = `  ${side.padEnd(36)}`;
  if (median === undefined || ratio === undefined) return `${name}${failure}`;
  return `${name}${median.toPrecision(4).padStart(10)} ${unit.padEnd(2)}${ratio.toFixed(2).padStart(10)}` +
    `   setup ${setupSeconds?.toFixed(1)} s`;
}
