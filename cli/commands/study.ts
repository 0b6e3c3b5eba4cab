/** Running a study from the command line, however it was begun: progress, an ending whatever happens, a report. */
import process from "node:process";
import { chooseDevice, type ChosenDevice } from "../../engine/devices/choose.ts";
import { setCudaFolder } from "../../engine/devices/cuda_folder.ts";
import type { DeviceName } from "../../engine/device.ts";
import { exportStudy } from "../../results/export/export.ts";
import type { StudyStore } from "../../results/store/store.ts";
import type { StudySettings } from "../../study/settings/settings.ts";
import { runStudy } from "../../study/study.ts";
import { loadTask } from "../../tasks/load.ts";
import type { Task } from "../../tasks/task.ts";
import { interruptible } from "../terminal/interrupt.ts";
import { provide, type ProvideOptions } from "../terminal/provide.ts";
import { StudyProgress } from "../terminal/study_progress.ts";
import { humanReport, machineReport } from "../terminal/study_report.ts";

interface Output {
  readonly quiet: boolean;
  readonly json: boolean;
}

interface DeviceOptions {
  readonly device?: DeviceName | "auto";
  readonly cudaDir?: string;
}

/**
 * Where a study trains: on the CPU, unless something else is asked for.
 *
 * @throws {DeviceError} where that is not available.
 */
export function settleDevice({ device = "cpu", cudaDir }: DeviceOptions): Promise<ChosenDevice> {
  if (cudaDir !== undefined) setCudaFolder(cudaDir);
  return chooseDevice(device);
}

/** The task of a study, its data at hand. */
export async function prepare({ taskChoice }: StudySettings, options: ProvideOptions): Promise<Task> {
  const task = await loadTask({ ...taskChoice, heldOut: undefined });
  await provide(task.data, options);
  return task;
}

/** Runs what is left, and returns the exit code. */
export async function runToEnd(
  store: StudyStore,
  settings: StudySettings,
  { landscape }: Task,
  { quiet, json }: Output,
): Promise<number> {
  const { record } = store;
  const directory = store.directory!;
  const progress = new StudyProgress(store, settings, quiet);
  try {
    await interruptible(async (signal) => {
      await runStudy(settings, store, progress, signal);
      if (!signal.aborted) return store.complete();
      store.note("interrupted");
      exportStudy(record, directory, { landscape });
      store.close();
    }, () => {
      progress.clear();
      process.stderr.write(
        `optbench: interrupted; ${progress.ended} of ${progress.planned} trials are kept; go on with: ` +
          `optbench resume ${directory}\n`,
      );
    });
  } finally {
    progress.clear();
  }
  const files = exportStudy(record, directory, { landscape });
  const trials = record.trials();
  process.stdout.write(
    json
      ? `${JSON.stringify(machineReport(directory, settings, trials), null, 2)}\n`
      : humanReport(record, settings, trials, files),
  );
  const failed = trials.filter(({ state }) => state === "failed");
  if (failed.length > 0) {
    process.stderr.write(
      `optbench: ${failed.length} of ${trials.length} trials failed: ${failed[0].reason}; ` +
        `try them again with: optbench resume ${directory} --retry-failed\n`,
    );
  }
  store.close();
  return trials.length > 0 && failed.length === trials.length ? 1 : 0;
}
