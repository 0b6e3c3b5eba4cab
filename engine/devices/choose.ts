/** Which device trials train on. */
import type { DeviceName } from "../device.ts";
import { DeviceError } from "./error.ts";
import { type Machine, thisMachine } from "./probe/machine.ts";
import { probe, probeAll } from "./probe/probe.ts";
import type { AvailableDevice, DeviceFacts, DeviceReport, UnavailableDevice } from "./probe/report.ts";

export interface ChosenDevice {
  readonly name: DeviceName;
  /** Why this one: `the fastest that works here`; undefined where it was asked for. */
  readonly because?: string;
  /** What is known of it; undefined of the CPU, which needs no looking at. */
  readonly facts?: AvailableDevice;
}

/** The fastest first. Where none of them is a GPU that works, `auto` takes the CPU: it always runs all of a study. */
const ORDER: readonly DeviceName[] = ["cuda", "webgpu", "tensorflow"];

/**
 * Settles where trials train. An accelerator is tried out first, which takes a second or so; the CPU is taken at its word.
 *
 * @throws {DeviceError} where what is asked for is not available: why not, and the command that would make it so.
 */
export async function chooseDevice(
  asked: DeviceName | "auto",
  machine: Machine = thisMachine,
): Promise<ChosenDevice> {
  if (asked === "cpu") return { name: "cpu" };
  if (asked === "auto") return fastest(await probeAll(machine));
  const report = await probe(asked, machine);
  if (!report.available) throw new DeviceError(unavailable(report));
  return { name: asked, facts: report };
}

/** What `auto` takes, of all devices. A GPU that is played by software, or may be, it never takes. */
export function fastest(reports: readonly DeviceReport[]): ChosenDevice {
  for (const name of ORDER) {
    const report = reports.find((report) => report.name === name);
    if (report?.available && report.kind === "gpu") {
      return { name, because: "the fastest that works here", facts: report };
    }
  }
  return { name: "cpu", because: "no GPU works here" };
}

function unavailable({ name, reason, command }: UnavailableDevice): string {
  return `Cannot use ${name}: ${reason}; ${
    command === undefined ? "optbench doctor shows what there is" : `try: ${command}`
  }`;
}

/** `NVIDIA H200, 140 GiB` */
export function describeDevice({ model = "unknown device", memoryBytes }: DeviceFacts): string {
  return memoryBytes === undefined ? model : `${model}, ${gibibytes(memoryBytes)}`;
}

/** `7.8 GiB` */
export function gibibytes(bytes: number): string {
  const size = bytes / 2 ** 30;
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} GiB`;
}
