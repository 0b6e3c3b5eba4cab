import type { DeviceName } from "../../device.ts";
import manifest from "../../../package.json" with { type: "json" };

/** What is known of a device; what is not is left out. */
export interface DeviceFacts {
  readonly name: DeviceName;
  /** What computes, as its driver or the system calls it. */
  readonly model?: string;
  readonly memoryBytes?: number;
  /** Of what runs the models: `onnxruntime 1.27.0`. */
  readonly library?: string;
  /** What that in turn uses: `CUDA 13.0`, or the package that binds TensorFlow. */
  readonly platform?: string;
  /** Its version, or else its file. */
  readonly driver?: string;
}

export interface AvailableDevice extends DeviceFacts {
  readonly available: true;
  /** Software is a processor that plays a GPU, more slowly than `cpu` is. */
  readonly kind: "gpu" | "processor" | "software" | "unknown";
}

export interface UnavailableDevice extends DeviceFacts {
  readonly available: false;
  readonly reason: string;
  /** The command that would make it available, where there is one. */
  readonly command?: string;
}

/** What a probe found. */
export type DeviceReport = AvailableDevice | UnavailableDevice;

/** `onnxruntime 1.27.0` */
export const ONNXRUNTIME = `onnxruntime ${manifest.dependencies["onnxruntime-node"]}`;

/** The reason in an error such as `Cannot use cuda: there is no folder "x"`. */
export function reasonIn(error: string): string {
  return error.replace(/^Cannot use \w+: /, "");
}

/** An error of a library as a reason: a line, and not a long one. */
export function brief(error: string): string {
  const line = error.replaceAll(/\s+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 200)}...` : line;
}
