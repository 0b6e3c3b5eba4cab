/**
 * Studies whose processes are killed at random moments, and resumed until nothing is left to run. What comes of it is
 * held against the same study undisturbed: kill -9 may cost time, but neither a trial nor a digit.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Random } from "../datasets/random.ts";
import { Database } from "../results/store/database.ts";
import { DATABASE_FILE } from "../results/store/record.ts";
import { runScript } from "./cli.ts";
import { marked, processesLeft } from "./_marks.ts";
import { type Ending, follow, optbenchCommand, type Running } from "./_running.ts";
import { inTemporaryFolder, readStudy, type Row, sorted } from "./_sweeps.ts";

export interface Scenario {
  readonly name: string;
  /** The words that begin the study in a folder, and those that go on with it. */
  begin(folder: string): readonly string[];
  resume(folder: string): readonly string[];
  /** Whether another process, which nobody kills, runs it all the while. */
  readonly accompanied?: boolean;
}

function ofCommandLine(name: string, line: string, accompanied = false): Scenario {
  return {
    name,
    begin: (folder) => [...optbenchCommand, ...line.split(" "), "--jobs", "2", "--quiet", "--out", folder],
    resume: (folder) => [...optbenchCommand, "resume", folder, "--quiet"],
    accompanied,
  };
}

function ofProgram(name: string, script: string): Scenario {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const words = (folder: string) => [process.execPath, ...runScript, path, folder];
  return { name, begin: words, resume: words };
}

const SGD = "--opt sgd --momentum 0.9 --nesterov false --weight-decay 0";
const TPE = `tune --sampler tpe ${SGD} --lr loguniform:0.001..1`;

export const scenarios: readonly Scenario[] = [
  ofCommandLine(
    "a sweep in groups",
    `sweep --task digits_logreg ${SGD} --lr log:0.001..1:10 --seeds 2 --epochs 8 --group 4`,
  ),
  ofCommandLine("a search by TPE", `${TPE} --task digits_mlp --trials 10 --ahead 4 --epochs 5`),
  ofCommandLine(
    "successive halving",
    `sweep --task digits_mlp ${SGD} --lr log:0.001..1:9 --seeds 2 --epochs 9 --pruner halving:eta=3`,
  ),
  ofProgram("long trials with checkpoints", "_checkpoints.ts"),
  ofCommandLine(
    "a search that another process runs too",
    `${TPE} --task digits_mlp --trials 24 --ahead 8 --epochs 40 --group 2 --pruner median`,
    true,
  ),
];

/** What an undisturbed study comes to. */
export interface Reference {
  readonly scenario: Scenario;
  readonly trials: readonly Row[];
  readonly curves: readonly Row[];
  /** How often trials were begun, those counted anew that waited for others. */
  readonly attempts: number;
  readonly seconds: number;
}

export async function undisturbed(scenario: Scenario): Promise<Reference> {
  return await inTemporaryFolder(async (parent) => {
    const folder = join(parent, "study");
    const startMs = performance.now();
    const { code, stderr } = await run(scenario.begin(folder)).ended;
    assert.equal(code, 0, stderr);
    return { scenario, ...contentOf(folder), seconds: (performance.now() - startMs) / 1000 };
  });
}

/** What the kills did to a study. */
export interface Damage {
  kills: number;
  /** Processes that went on with it. */
  resumes: number;
  readonly trials: number;
  /** How often a trial was cut short. */
  readonly interrupted: number;
  /** Trials, by index, that are missing or have not ended, and those that came out differently. */
  readonly lost: readonly number[];
  readonly differing: readonly number[];
  /** Trials that were begun again without having been interrupted. */
  readonly twice: number;
  /** Processes that are left of the study. */
  readonly left: readonly string[];
}

/** Runs a study, with so many of its processes killed, to its end. */
export async function disturb(reference: Reference, kills: number, random: Random): Promise<Damage> {
  const { scenario } = reference;
  const mark = `${process.pid}-${random.uniform()}`;
  const count = { kills: 0, resumes: 0 };
  const killed = new Set<number>();
  return await inTemporaryFolder(async (parent) => {
    const folder = join(parent, "study");
    const companion = scenario.accompanied ? await accompany(scenario, folder, mark) : undefined;
    for (let over = false; !over;) {
      const isNew = !existsSync(folder);
      const running = run(isNew ? scenario.begin(folder) : scenario.resume(folder), mark);
      if (!isNew) count.resumes++;
      const isLast = count.kills === kills;
      const ending = isLast
        ? await running.ended
        : await kill(running, momentOf(count.kills / kills, reference, random), folder);
      if (ending.signal === "SIGKILL") {
        count.kills++;
        killed.add(running.child.pid!);
      } else if (neverBegan(ending)) rmSync(folder, { recursive: true });
      else {
        assert.equal(ending.code, 0, ending.stderr);
        over = isLast;
      }
    }
    if (companion !== undefined) {
      const { code, stderr } = await companion.ended;
      assert.equal(code, 0, stderr);
    }
    return { ...count, ...compare(reference, folder, killed), left: await processesLeft(mark) };
  });
}

function run([program, ...args]: readonly string[], mark = ""): Running {
  return follow(spawn(program, args, { env: marked(mark), stdio: ["ignore", "pipe", "pipe"] }));
}

/** Starts the study, and hands its process over once others can go on with it. */
async function accompany(scenario: Scenario, folder: string, mark: string): Promise<Running> {
  const companion = run(scenario.begin(folder), mark);
  while (!hasChanged(folder, "study.sqlite-wal", 0)) await delay(5);
  await delay(500);
  return companion;
}

/** When to kill a process: so long after a file of the study was written, or after it was started. */
interface Moment {
  readonly file?: RegExp;
  readonly ms: number;
}

/** First as the study is created, then anywhere, at last as files are made of it and it is closed. */
function momentOf(progress: number, { seconds }: Reference, random: Random): Moment {
  const within = (ms: number) => random.uniform() * ms;
  if (progress === 0) return { file: /sqlite/, ms: within(40) };
  if (progress < 0.4) return { file: /sqlite-wal/, ms: within(500 * seconds) };
  if (progress < 0.8) return { ms: within(1000 * seconds) };
  return random.uniform() < 0.5 ? { file: /csv/, ms: within(10) } : { file: /study\.json/, ms: within(50) };
}

/** Kills a process at a moment, if it lives to see that. Its workers are left to themselves. */
async function kill(running: Running, { file, ms }: Moment, folder: string): Promise<Ending> {
  const { child, ended } = running;
  const startMs = Date.now();
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  while (!isOver() && file && !hasChanged(folder, file, startMs)) await delay(1);
  await Promise.race([ended, delay(ms)]);
  if (!isOver()) process.kill(child.pid!, "SIGKILL");
  return await ended;
}

function hasChanged(folder: string, name: RegExp | string, sinceMs: number): boolean {
  try {
    return readdirSync(folder).some((file) =>
      file.match(name) && statSync(join(folder, file)).mtimeMs >= sinceMs
    );
  } catch {
    // The folder, or a file that is renamed, is not there now.
    return false;
  }
}

/** Whether there was nothing to go on with: it was killed before the study was recorded. */
function neverBegan({ code, stderr }: Ending): boolean {
  return code !== 0 &&
    /there is no study\.sqlite in it|its database is empty|it is no database of a study/.test(stderr);
}

/** Columns that measure time, or tell the company that a trial happened to have. */
const INCIDENTAL = /seconds|_ms_|group_size/;

function contentOf(folder: string): Pick<Reference, "trials" | "curves" | "attempts"> {
  const { trials, curves } = readStudy(folder);
  const database = Database.read(join(folder, DATABASE_FILE));
  const attempts = database.one("SELECT sum(attempts) AS sum FROM trials")!.sum as number;
  database.close();
  return { trials: sorted(trials, INCIDENTAL), curves: sorted(curves, INCIDENTAL), attempts };
}

/** @param killed the ids of the processes that were killed: no others had their trials taken from them. */
function compare(
  reference: Reference,
  folder: string,
  killed: ReadonlySet<number>,
): Omit<Damage, "kills" | "resumes" | "left"> {
  const found = contentOf(folder);
  const indices = reference.trials.map(({ trial }) => Number(trial));
  const lost = indices.filter((index) =>
    !found.trials.some(({ trial, status }) => Number(trial) === index && ENDED.includes(status))
  );
  const all = ({ trials, curves }: Pick<Reference, "trials" | "curves">, index: number) =>
    JSON.stringify([trials, curves].map((rows) => rows.filter(({ trial }) => Number(trial) === index)));
  const planned = [...new Set([...indices, ...found.trials.map(({ trial }) => Number(trial))])];
  const { events } = readStudy(folder).json as { events: { text: string }[] };
  const interrupted = events.reduce((sum, { text }) => {
    const [, pid, trials] = text.match(/^process (\d+) .* is gone; (\d+) of its trials/) ?? [];
    return killed.has(Number(pid)) ? sum + Number(trials) : sum;
  }, 0);
  return {
    trials: found.trials.length,
    lost,
    differing: planned.filter((index) => all(reference, index) !== all(found, index)),
    interrupted,
    twice: found.attempts - reference.attempts - interrupted,
  };
}

const ENDED = ["completed", "pruned", "diverged"];
