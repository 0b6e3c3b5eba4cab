/** `optbench doctor`: which devices work here, and what the others lack. */
import process from "node:process";
import { fastest, gibibytes } from "../../engine/devices/choose.ts";
import { setCudaFolder } from "../../engine/devices/cuda_folder.ts";
import { probeAll } from "../../engine/devices/probe/probe.ts";
import type { AvailableDevice, DeviceReport } from "../../engine/devices/probe/report.ts";
import { fold } from "../../results/text_table.ts";
import type { DoctorRequest } from "../requests.ts";
import { table } from "./list.ts";

/** Tries out every device, prints what was found and returns the exit code. */
export async function doctor({ cudaDir, json }: DoctorRequest): Promise<number> {
  if (cudaDir !== undefined) setCudaFolder(cudaDir);
  const reports = await probeAll();
  process.stdout.write(`${json ? JSON.stringify(findings(reports), null, 2) : diagnosis(reports)}\n`);
  return 0;
}

/** The devices as a table, and what `--device auto` would take. */
export function diagnosis(reports: readonly DeviceReport[]): string {
  const rows = reports.map((report) => ({ cells: cellsOf(report), notes: notesOf(report) }));
  const { name, because } = fastest(reports);
  return [
    table(["device", "works", "memory", "library", "driver"], rows),
    `--device auto takes ${name}: ${because}`,
  ].join("\n\n");
}

const WORKS: Readonly<Record<AvailableDevice["kind"], string>> = {
  gpu: "yes",
  processor: "yes",
  software: "in software",
  unknown: "yes",
};

/** Of a device that does not work, what is known; of one that does, also what is not. */
function cellsOf(report: DeviceReport): string[] {
  const { name, available, memoryBytes, library = "", driver } = report;
  const memory = memoryBytes === undefined ? undefined : gibibytes(memoryBytes);
  if (!available) return [name, "no", memory ?? "", library, driver ?? ""];
  const isProcessor = report.kind === "processor";
  return [name, WORKS[report.kind], memory ?? UNKNOWN, library, driver ?? (isProcessor ? "" : UNKNOWN)];
}

const UNKNOWN = "unknown";

function notesOf(report: DeviceReport): string[] {
  const { model = UNKNOWN, platform } = report;
  const what = platform === undefined ? model : `${model}, with ${platform}`;
  if (report.available) return [what];
  const { reason, command } = report;
  const known = model === UNKNOWN ? [] : [what];
  return [...known, reason, ...command === undefined ? [] : lines(command)];
}

/** A command in lines that can be pasted: what a table's notes have room for. */
function lines(command: string): string[] {
  return fold(command, 74).split("\n").map((line, i, { length }) => i < length - 1 ? `${line} \\` : line);
}

/** The same for programs. */
function findings(reports: readonly DeviceReport[]) {
  const { name, because } = fastest(reports);
  return {
    auto: { device: name, because },
    devices: reports.map((report) => ({
      device: report.name,
      available: report.available,
      kind: report.available ? report.kind : null,
      model: report.model ?? null,
      memoryBytes: report.memoryBytes ?? null,
      library: report.library ?? null,
      platform: report.platform ?? null,
      driver: report.driver ?? null,
      reason: report.available ? null : report.reason,
      command: report.available ? null : report.command ?? null,
    })),
  };
}
