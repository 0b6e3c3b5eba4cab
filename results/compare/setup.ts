/** Whether studies can be compared at all, and how their trainings differ besides the optimizer. */
import { SpaceError } from "../../study/space/values.ts";
import type { RecordedTrial } from "../store/record.ts";
import type { ComparedMetric } from "./metrics.ts";
import type { Side } from "./sides.ts";
import type { ComparedStudy } from "./study.ts";

/** @throws {SpaceError} where the studies do not train on the same task and data. */
export function checkSameTask([first, ...others]: readonly ComparedStudy[]): void {
  const { task } = first.description.settings;
  for (const other of others) {
    const fail = (problem: string): never => {
      throw new SpaceError(`Cannot compare ${first.name} with ${other.name}: ${problem}`);
    };
    const { settings } = other.description;
    if (settings.task !== task) {
      fail(`they train on ${task} and ${settings.task}; compare studies of one task, or use optbench rank`);
    }
    if (dataOf(other) !== dataOf(first)) fail(`they train on ${task} with other data; train on the same`);
  }
}

/** Fingerprints of the user's own task and data. */
export function dataOf({ description: { identity, settings } }: ComparedStudy): string {
  const { taskFile, table, text } = identity;
  const { label, drop, hidden, labelType } = settings.taskChoice.table ?? {};
  return JSON.stringify([taskFile?.sha256, table?.sha256, text?.sha256, label, labelType, drop, hidden]);
}

/** What differs between the sides besides optimizer and hyper-parameters, as in `epochs 12, 30`. */
export function differencesOf(sides: readonly Side[], { isTime }: ComparedMetric): string[] {
  const facts = sides.map((side) => ({ ...trainingOf(side), ...isTime ? machineOf(side.study) : {} }));
  return Object.keys(facts[0]).flatMap((name) => {
    const values = [...new Set(facts.map((fact) => fact[name]))];
    return values.length === 1 ? [] : [`${name} ${values.join(", ")}`];
  });
}

type Facts = Readonly<Record<string, string | number>>;

function trainingOf({ study: { description: { settings, identity } }, stage, trials }: Side): Facts {
  const { epochs, batchSize, lrScaling, shuffle, runningStatistics, stopAtTarget, pruners } = settings;
  const { optbench, tfjs, onnxruntime } = identity.versions;
  return {
    epochs,
    batch: batchSize,
    "lr scaling": lrScaling === undefined ? "none" : `${lrScaling.rule}:${lrScaling.batch}`,
    shuffle,
    "running statistics": runningStatistics,
    "stop at target": stopAtTarget ? "yes" : "no",
    pruners: pruners.join(" and ") || "none",
    "judged on": settings.taskChoice.heldOut && stage === "search" ? "held-out rows" : "test rows",
    seeds: seedsOf(trials),
    optbench,
    code: identity.code.slice(0, 8),
    tfjs,
    onnxruntime,
  };
}

/** `1 to 8`, or `1 2 42` */
function seedsOf(trials: readonly RecordedTrial[]): string {
  const seeds = trials.map(({ seed }) => seed).sort((a, b) => a - b);
  const [first, last] = [seeds[0], seeds[seeds.length - 1]];
  return seeds.length > 1 && last - first === seeds.length - 1 ? `${first} to ${last}` : seeds.join(" ");
}

/** What times depend on. */
function machineOf({ description: { settings, identity, cpu } }: ComparedStudy): Facts {
  const { jobs, threads, groupSize } = settings;
  return {
    processor: `${cpu.model ?? "unknown"} x ${cpu.cores}`,
    runtime: identity.versions.runtime,
    platform: identity.versions.platform,
    jobs,
    threads,
    "trained together": groupSize,
  };
}
