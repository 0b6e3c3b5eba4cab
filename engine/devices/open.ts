import type { Provider } from "../lower.ts";
import type { ModelDevice } from "../device.ts";
import { HostDevice } from "./host.ts";
import { WebGpuDevice } from "./webgpu.ts";

/** @param threads that one operation may use, on the CPU. */
export function openDevice(name: Provider, threads: number): ModelDevice {
  return name === "webgpu" ? new WebGpuDevice() : new HostDevice({ provider: name, threads });
}
