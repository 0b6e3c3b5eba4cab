/** Whether a device can be used here, and what it is: found out by using it, in a process of its own. */
import { type DeviceName, deviceNames } from "../../device.ts";
import { probeCuda } from "./cuda.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { brief, type DeviceReport, ONNXRUNTIME } from "./report.ts";
import { probeTensorflow } from "./tensorflow.ts";
import { probeWebgpu } from "./webgpu.ts";

/** Reports on one device. Nothing is left of the process that tried it. */
export function probe(name: DeviceName, machine: Machine = thisMachine): Promise<DeviceReport> {
  return probes[name](machine);
}

/** Reports on every device, tried out at the same time. */
export function probeAll(machine: Machine = thisMachine): Promise<DeviceReport[]> {
  return Promise.all(deviceNames.map((name) => probe(name, machine)));
}

const probes: Readonly<Record<DeviceName, (machine: Machine) => Promise<DeviceReport>>> = {
  cpu: probeCpu,
  webgpu: probeWebgpu,
  cuda: probeCuda,
  tensorflow: probeTensorflow,
};

async function probeCpu(machine: Machine): Promise<DeviceReport> {
  const { answer } = await machine.tryOut("cpu");
  const facts = { name: "cpu", ...machine.processor, library: ONNXRUNTIME } as const;
  return answer.works
    ? { ...facts, available: true, kind: "processor" }
    : { ...facts, available: false, reason: brief(answer.error) };
}
