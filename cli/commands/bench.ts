/** `optbench bench` */
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import process from "node:process";
import type { DeviceName } from "../../engine/device.ts";
import { chooseDevice, describeDevice } from "../../engine/devices/choose.ts";
import { setCudaFolder } from "../../engine/devices/cuda_folder.ts";
import { DeviceError } from "../../engine/devices/error.ts";
import type { DeviceFacts } from "../../engine/devices/probe/report.ts";
import { DEFAULT_BASE, isWrapper } from "../../optim/registry.ts";
import { toCsv } from "../../results/export/csv.ts";
import { createFile } from "../../results/store/files.ts";
import { versions } from "../../results/store/versions.ts";
import { timingJson, timingRows } from "../../results/timing/timing_data.ts";
import { timingText } from "../../results/timing/timing_text.ts";
import { planStudy } from "../../study/settings/plan.ts";
import { timeTogether } from "../../study/timing/run.ts";
import { LR, type Subject, type Timing } from "../../study/timing/subject.ts";
import { loadTask } from "../../tasks/load.ts";
import { UsageError } from "../errors.ts";
import type { BenchRequest } from "../requests.ts";
import { interruptible } from "../terminal/interrupt.ts";
import { provide } from "../terminal/provide.ts";
import { showTiming } from "../terminal/timing_progress.ts";

/** Times training steps, prints what they take, and returns the exit code. */
export async function bench(request: BenchRequest): Promise<number> {
  const { csv, json, quiet, samples, seconds, groups, devices, cudaDir } = request;
  if (csv !== undefined && existsSync(csv)) {
    throw new UsageError(`--csv "${csv}": it exists; name a new file`);
  }
  if (devices.includes("tensorflow") && Math.max(...groups) > 1) {
    throw new UsageError("--device tensorflow trains one configuration at a time; use --group 1");
  }
  if (cudaDir !== undefined) setCudaFolder(cudaDir);
  const tasks: Subject[][] = [];
  for (const task of request.tasks) tasks.push(await subjectsOn(task, request));
  for (const [{ task }] of tasks) await provide((await loadTask(task)).data, request);

  const found = await lookAt(devices);
  const effort = { samples, ms: 1000 * seconds };
  const progress = showTiming(tasks, effort, quiet);
  const timings: Timing[][] = [];
  await interruptible(async (signal) => {
    for (const subjects of tasks) {
      timings.push(await timeTogether(subjects, { ...found, effort, observer: progress, signal }));
    }
  }, () => {
    progress.clear();
    process.stderr.write("optbench: interrupted; nothing is kept of what was measured\n");
  });
  progress.clear();
  if (csv !== undefined) createFile(csv, toCsv(timingRows(timings)));
  process.stdout.write(`${json ? JSON.stringify(report(timings, found), null, 2) : text(timings, found)}\n`);
  if (timings.flat().some(({ status }) => status === "measured")) return 0;
  process.stderr.write("optbench: nothing could be measured\n");
  return 1;
}

/** What is known of the devices, and why some of them cannot be used. */
interface Found {
  readonly facts: Map<DeviceName, DeviceFacts>;
  readonly unavailable: Map<DeviceName, string>;
}

/** Tries devices out, each in a process of its own. */
async function lookAt(devices: readonly DeviceName[]): Promise<Found> {
  const found: Found = { facts: new Map(), unavailable: new Map() };
  for (const device of devices) {
    try {
      const { facts } = await chooseDevice(device);
      if (facts) found.facts.set(device, facts);
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      found.unavailable.set(device, error.message);
    }
  }
  return found;
}

/**
 * What is compared on a task.
 *
 * @throws {SpaceError} for a batch that the task's data cannot fill, or that an optimizer cannot divide.
 */
async function subjectsOn(task: string, request: BenchRequest): Promise<Subject[]> {
  const { optimizers, base = DEFAULT_BASE, devices, groups, batchSize, threads } = request;
  const subjects: Subject[] = [];
  for (const device of devices) {
    for (const name of optimizers) {
      const optimizer = isWrapper(name) ? { name, base } : { name };
      const values = { lr: [LR] };
      const planned = await planStudy({ task, optimizer, values, batchSize, device, threads, jobs: 1 });
      for (const group of groups) {
        subjects.push({
          task: planned.taskChoice,
          optimizer,
          device,
          group,
          batchSize: planned.batchSize,
          threads: planned.threads,
        });
      }
    }
  }
  return subjects;
}

function text(timings: readonly Timing[][], { facts }: Found): string {
  const { columns, isTTY } = process.stdout;
  const page = { width: columns || 80, colors: isTTY && process.stdout.hasColors() };
  const devices = [...facts].map(([name, known]) => `${name}: ${describeDevice(known)}`);
  return [...devices, ...timings.map((ofTask) => timingText(ofTask, page))].join("\n\n");
}

function report(timings: readonly Timing[][], { facts }: Found): unknown {
  const processors = cpus();
  const machine = { cpu: processors[0]?.model, cores: processors.length };
  const devices = Object.fromEntries(facts);
  return { versions: versions(), machine, devices, lr: LR, timings: timingJson(timings) };
}
