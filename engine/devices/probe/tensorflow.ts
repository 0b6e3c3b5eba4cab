import { nvidiaCards } from "./gpus.ts";
import type { Machine } from "./machine.ts";
import { brief, type DeviceReport, reasonIn } from "./report.ts";

/** Reports on `tensorflow`, whose package is looked for where the user works: engine/devices/tensorflow/package.ts. */
export async function probeTensorflow(machine: Machine): Promise<DeviceReport> {
  const { answer, said } = await machine.tryOut("tensorflow");
  if (!answer.works) {
    const command = answer.isMissing ? await packageCommand(machine) : undefined;
    return { name: "tensorflow", available: false, reason: brief(reasonIn(answer.error)), command };
  }
  const { name, version, libraryVersion, usesGpu } = answer.tensorflow!;
  return {
    name: "tensorflow",
    available: true,
    kind: usesGpu ? "gpu" : "processor",
    ...usesGpu ? gpuIn(said) : machine.processor,
    library: `TensorFlow ${libraryVersion}`,
    platform: `${name} ${version}`,
  };
}

async function packageCommand(machine: Machine): Promise<string> {
  const hasGpu = (await nvidiaCards(machine)).length > 0;
  return `npm install @tensorflow/tfjs-node${hasGpu ? "-gpu" : ""}`;
}

/** From TensorFlow's log of the devices that it makes. */
function gpuIn(said: string): { model?: string; memoryBytes?: number } {
  const [, mebibytes, model] = said.match(/with (\d+) MB memory: .*?name: (.+?), pci bus id/) ?? [];
  return model === undefined ? {} : { model, memoryBytes: Number(mebibytes) * 2 ** 20 };
}
