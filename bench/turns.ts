/** Sides that take turns at the same work, and the rows of figures that come of it. */
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { median } from "../results/statistics/descriptive.ts";
import type { PyTorch } from "./pytorch.ts";

/** Between turns: threads out of work wait awake for a while, and would take the processor from the other side. */
const PAUSE_MS = 50;

export interface Row {
  readonly work: string;
  readonly threads: string;
  readonly unit: string;
  readonly ours: number;
  readonly pytorch: number;
  /** PyTorch's time over ours: above 1, ours is faster. */
  readonly ratio: number;
  /** The same for a plain script. */
  readonly plain?: number;
  readonly plainRatio?: number;
  readonly rounds: number;
}

/** A row that can be measured, or several that are measured at once. */
export interface Measurement {
  /** What the command line's words are looked for in. */
  readonly name: string;
  /** Whether PyTorch does better with one pool of threads for everything. */
  readonly onePool?: boolean;
  measure(pytorch: PyTorch): Promise<Row[]>;
}

export function row(
  work: string,
  threads: string,
  unit: string,
  mine: readonly number[],
  theirs: readonly number[],
  script?: readonly number[],
): Row {
  const [ours, pytorch, plain] = [median(mine)!, median(theirs)!, script && median(script)];
  const compared = plain === undefined ? {} : { plain, plainRatio: plain / ours };
  const figures = [
    `ours ${ours.toFixed(4)} ${unit}`,
    `PyTorch ${pytorch.toFixed(4)}, ratio ${(pytorch / ours).toFixed(2)}`,
    ...plain === undefined ? [] : [`plain script ${plain.toFixed(4)}, ratio ${(plain / ours).toFixed(2)}`],
  ];
  process.stderr.write(`${work.padEnd(48)}  ${threads.padEnd(16)}  ${figures.join("   ")}\n`);
  return { work, threads, unit, ours, pytorch, ratio: pytorch / ours, ...compared, rounds: mine.length };
}

/** Turn by turn. The first round warms up. */
export async function takeTurns(rounds: number, ...sides: (() => Promise<number>)[]): Promise<number[][]> {
  const times: number[][] = sides.map(() => []);
  for (let round = -1; round < rounds; round++) {
    for (const [side, turn] of sides.entries()) {
      await pause(PAUSE_MS);
      const time = await turn();
      if (round >= 0) times[side].push(time);
    }
  }
  return times;
}

/** Milliseconds that it takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export function threadsName(threads: number): string {
  return `${threads} thread${threads > 1 ? "s" : ""}`;
}
