import { basename } from "node:path";
import { amdMemory, type Card, nvidiaCards, vendors } from "./gpus.ts";
import type { Machine } from "./machine.ts";
import {
  containerCommand,
  driverCommand,
  installCommand,
  nvidiaVulkanCommand,
  type Package,
} from "./packages.ts";
import { type AvailableDevice, brief, type DeviceFacts, type DeviceReport, ONNXRUNTIME } from "./report.ts";

/** Reports on `webgpu`: on Vulkan, Metal or Direct3D 12, as the system has it. */
export async function probeWebgpu(machine: Machine): Promise<DeviceReport> {
  const { answer, said } = await machine.tryOut("webgpu");
  if (!answer.works) {
    const [reason, command] = await explain(machine, answer.error, said);
    return { name: "webgpu", available: false, reason, command };
  }
  const facts = await describe(machine, said);
  return { name: "webgpu", available: true, kind: kindOf(facts), ...facts, library: ONNXRUNTIME };
}

/** SwiftShader, Mesa's llvmpipe, Windows' WARP. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|microsoft basic render/i;

function kindOf({ model }: Partial<DeviceFacts>): AvailableDevice["kind"] {
  return model === undefined ? "unknown" : SOFTWARE.test(model) ? "software" : "gpu";
}

function describe(machine: Machine, said: string): Promise<Partial<DeviceFacts>> {
  switch (machine.platform) {
    case "darwin":
      return describeMac(machine);
    case "win32":
      return describeWindows(machine);
    default:
      return describeVulkan(machine, said);
  }
}

/** Vulkan's loader says which device is used, and by which driver's file; versions come from tools, where there are some. */
async function describeVulkan(machine: Machine, said: string): Promise<Partial<DeviceFacts>> {
  const used = [...said.matchAll(/Using "(.+)" with driver: "(.+)"/g)].at(-1);
  if (used === undefined) return {};
  const [, model, file] = used;
  const card = (await nvidiaCards(machine)).find((card) => card.model === model);
  if (card) return card;
  const summary = await machine.ask("vulkaninfo", ["--summary"]);
  const entry = summary?.split(/^GPU\d+:/m).find((entry) => /deviceName\s*= (.*)/.exec(entry)?.[1] === model);
  const version = entry?.match(/driverInfo\s*= (.+)/)?.[1].replace(/ \(.*\)$/, "");
  const memoryBytes = /radeon|amdvlk/.test(file) ? amdMemory(machine) : undefined;
  return { model, memoryBytes, driver: version ?? basename(file) };
}

/** Metal's devices, where there is one alone. */
async function describeMac(machine: Machine): Promise<Partial<DeviceFacts>> {
  const text = await machine.ask("system_profiler", ["SPDisplaysDataType", "-json"]);
  const cards: { sppci_model?: string }[] = text === undefined
    ? []
    : JSON.parse(text).SPDisplaysDataType ?? [];
  return cards.length === 1 ? { model: cards[0].sppci_model } : {};
}

/** Windows' devices, where there is one alone. What it says of their memory ends at 4 GB. */
async function describeWindows(machine: Machine): Promise<Partial<DeviceFacts>> {
  const query =
    "@(Get-CimInstance Win32_VideoController | Select-Object Name, DriverVersion) | ConvertTo-Json";
  const text = await machine.ask("powershell", ["-NoProfile", "-Command", query]);
  const told: Controller | Controller[] = text?.trim() ? JSON.parse(text) : [];
  const [first, ...others] = Array.isArray(told) ? told : [told];
  if (first === undefined || others.length > 0) return {};
  const card = (await nvidiaCards(machine)).find(({ model }) => model === first.Name);
  return card ?? { model: first.Name, driver: first.DriverVersion };
}

interface Controller {
  readonly Name: string;
  readonly DriverVersion: string;
}

/** Why there is no device, and what to do. */
async function explain(
  machine: Machine,
  error: string,
  said: string,
): Promise<[reason: string, command?: string]> {
  const isLoaderMissing = said.includes("Couldn't load Vulkan");
  if (!isLoaderMissing && !said.includes("Found no drivers!")) {
    return [brief(error.match(/Failed to get a WebGPU \w+: (.*)/s)?.[1] ?? error)];
  }
  const reason = isLoaderMissing ? "there is no Vulkan loader (libvulkan.so.1)" : noDriver(said);
  const loader: Package[] = isLoaderMissing ? ["vulkanLoader"] : [];
  const [card] = await nvidiaCards(machine);
  const makers = vendors(machine);
  if (card) {
    const needs: Package[] = [...loader, "nvidiaNeeds"];
    return [reason, isLoaderMissing ? installCommand(machine, needs) : nvidiaCommand(machine, said, card)];
  }
  if (makers.has("amd") || makers.has("intel")) return [reason, installCommand(machine, [...loader, "mesa"])];
  if (makers.has("nvidia")) return [`${reason}, and no driver of the NVIDIA GPU`, driverCommand(machine)];
  return [
    `${reason}, and no GPU that the system knows of; Mesa's driver would run on the processor`,
    installCommand(machine, [...loader, "mesa"]),
  ];
}

/** Drivers that do not load are none for the loader; why not is in its log. */
function noDriver(said: string): string {
  const library = said.match(/(\S+): cannot open shared object file/)?.[1];
  const missing = library === undefined ? "" : ` (${basename(library)} is not there)`;
  return `there is no Vulkan driver that loads${missing}`;
}

/** Folders where NVIDIA's driver may put its manifest, and the loader does not look. */
const ELSEWHERE = ["/usr/local/nvidia/share/vulkan/icd.d", "/usr/local/nvidia/vulkan/icd.d"];

/** With NVIDIA's driver there, but none for Vulkan that loads. */
function nvidiaCommand(machine: Machine, said: string, { driver }: Card): string | undefined {
  if (/icd\.d\/nvidia\S*\.json/.test(said)) return installCommand(machine, ["nvidiaNeeds"]);
  const folder = ELSEWHERE.find((folder) => machine.list(folder).includes("nvidia_icd.json"));
  if (folder !== undefined) return `export VK_DRIVER_FILES=${folder}/nvidia_icd.json`;
  return containerCommand(machine) ?? nvidiaVulkanCommand(machine, driver);
}
