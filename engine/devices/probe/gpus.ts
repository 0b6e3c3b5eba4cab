/** What the system knows of its GPUs, whatever can use them. */
import type { Machine } from "./machine.ts";

export interface Card {
  readonly model: string;
  readonly memoryBytes?: number;
  /** Version of the driver. */
  readonly driver?: string;
}

/** The cards that NVIDIA's driver has; none where there is no driver. */
export async function nvidiaCards(machine: Machine): Promise<Card[]> {
  const query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"];
  const rows = (await machine.ask("nvidia-smi", query))?.trim().split("\n").map((row) => row.split(", "));
  const told = rows?.filter((cells) => cells.length === 3) ?? [];
  if (told.length > 0) {
    return told.map(([model, mebibytes, driver]) => ({
      model,
      memoryBytes: Number(mebibytes) * 2 ** 20 || undefined,
      driver,
    }));
  }
  const folder = "/proc/driver/nvidia";
  const driver = machine.read(`${folder}/version`)?.match(/^NVRM version:.*?\s(\d+\.[\d.]+)/m)?.[1];
  return machine.list(`${folder}/gpus`).map((name) => {
    const model = machine.read(`${folder}/gpus/${name}/information`)?.match(/^Model:\s*(.+)$/m)?.[1];
    return { model: model ?? "NVIDIA GPU", driver };
  });
}

/** What is common to some cards: it is not known which of them is used. */
export function common(cards: readonly Card[]): Partial<Card> {
  const [{ model, memoryBytes, driver }] = cards;
  const models = [...new Set(cards.map((card) => card.model))];
  return models.length === 1 ? { model, memoryBytes, driver } : { model: models.join(" or "), driver };
}

const VENDORS = { "0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel" } as const;
export type Vendor = typeof VENDORS[keyof typeof VENDORS];

/** Who made the GPUs on the PCI bus, on Linux. A display of a virtual machine is none. */
export function vendors(machine: Machine): Set<Vendor> {
  const devices = machine.list("/sys/bus/pci/devices").map((name) => `/sys/bus/pci/devices/${name}`);
  // Class 3 is that of display controllers (PCI Code and ID Assignment Specification).
  const displays = devices.filter((path) => machine.read(`${path}/class`)?.startsWith("0x03"));
  const ids = displays.map((path) => machine.read(`${path}/vendor`)?.trim() as keyof typeof VENDORS);
  return new Set(ids.flatMap((id) => VENDORS[id] ?? []));
}

/** The memory of the only card of AMD's kernel driver. */
export function amdMemory(machine: Machine): number | undefined {
  const sizes = machine.list("/sys/class/drm").filter((name) => /^card\d+$/.test(name))
    .flatMap((name) => machine.read(`/sys/class/drm/${name}/device/mem_info_vram_total`) ?? []);
  return sizes.length === 1 ? Number(sizes[0]) : undefined;
}
