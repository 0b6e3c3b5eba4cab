/** Machines of the tests' own, for what probes find on them. */
import type { DeviceName } from "../engine/device.ts";
import assert from "node:assert/strict";
import type { Machine } from "../engine/devices/probe/machine.ts";
import type { Answer, Attempt } from "../engine/devices/probe/try_out.ts";
import { probe } from "../engine/devices/probe/probe.ts";
import type { UnavailableDevice } from "../engine/devices/probe/report.ts";

interface Setup extends Partial<Pick<Machine, "platform" | "arch" | "isRoot">> {
  /** Texts, by path. Folders follow from them. */
  readonly files?: Readonly<Record<string, string>>;
  /** What programs print. */
  readonly programs?: Readonly<Record<string, string>>;
  /** What comes of trying devices out. Default: they work, and nothing is said. */
  readonly attempts?: Readonly<Partial<Record<DeviceName, Attempt>>>;
}

/** A machine with a processor, and what is given; and which devices were tried out on it. */
export function machineWith({ files = {}, programs = {}, attempts = {}, ...others }: Setup = {}) {
  const tried: DeviceName[] = [];
  const machine: Machine = {
    platform: "linux",
    arch: "x64",
    isRoot: false,
    processor: { model: "Processor", memoryBytes: 2 ** 33 },
    ...others,
    read: (path) => files[path],
    list: (folder) => {
      const prefix = folder === "/" ? "/" : `${folder}/`;
      const inside = Object.keys(files).filter((path) => path.startsWith(prefix));
      return [...new Set(inside.map((path) => path.slice(prefix.length).split("/")[0]))].sort();
    },
    ask: (program) => Promise.resolve(programs[program]),
    tryOut: (device) => {
      tried.push(device);
      return Promise.resolve(attempts[device] ?? worked());
    },
  };
  return { machine, tried };
}

export function worked(said = "", answer: Partial<Answer> = {}): Attempt {
  return { answer: { works: true, ...answer } as Answer, said };
}

export function failed(error: string, said = ""): Attempt {
  return { answer: { works: false, error }, said };
}

/** A GPU on the PCI bus. */
export function onBus(vendor: "0x10de" | "0x1002" | "0x8086" | "0x1234"): Record<string, string> {
  const device = "/sys/bus/pci/devices/0000:01:00.0";
  return { [`${device}/class`]: "0x030000\n", [`${device}/vendor`]: `${vendor}\n` };
}

/** What nvidia-smi prints of a card. */
export const H200 = { "nvidia-smi": "NVIDIA H200, 143771, 580.95.05\n" };

/** What Vulkan's loader says of the device that is used. */
export function using(model: string, file: string): string {
  return `[Vulkan Loader] DRIVER:                Using "${model}" with driver: "${file}"\n`;
}

export const NO_LOADER = failed(
  "Failed to get a WebGPU adapter: No supported adapters",
  "Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file: No such file or directory",
);

export const NO_DRIVER = failed(
  "Failed to get a WebGPU adapter: No supported adapters",
  "ERROR | DRIVER: vkCreateInstance: Found no drivers!",
);

/** What a device lacks, and the command that helps. */
export async function lack(name: DeviceName, machine: Machine): Promise<[reason: string, command?: string]> {
  const report = await probe(name, machine) as UnavailableDevice;
  assert.equal(report.available, false, name);
  return [report.reason, report.command];
}

/** The file by which a distribution of Linux is known. */
export const release = (text: string) => ({ "/etc/os-release": text });
export const debian = release('PRETTY_NAME="Debian GNU/Linux 13"\nID=debian\n');
export const ubuntu = release("ID=ubuntu\nID_LIKE=debian\n");
export const rocky = release('ID="rocky"\nID_LIKE="rhel centos fedora"\n');
export const arch = release("ID=arch\n");
