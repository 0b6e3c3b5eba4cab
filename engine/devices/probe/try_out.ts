import { spawn } from "node:child_process";
import process from "node:process";
import { setTimeout } from "node:timers";
import type { DeviceName } from "../../device.ts";
import { scriptCommand } from "../../script.ts";
import { deviceEnvironment } from "../environment.ts";
import type { Tensorflow } from "../tensorflow/package.ts";

/** What a device that was tried out had to say. */
export type Answer =
  | {
    readonly works: true;
    /** Of the device that is TensorFlow's. */
    readonly tensorflow?: Pick<Tensorflow, "name" | "version" | "libraryVersion" | "usesGpu">;
  }
  | {
    readonly works: false;
    readonly error: string;
    /** Of a package that is not installed. */
    readonly isMissing?: true;
  };

export interface Attempt {
  readonly answer: Answer;
  /** Everything that the process printed. */
  readonly said: string;
}

/** CUDA's libraries have gigabytes, which may come from a slow disk. */
const LIMIT_MS = 120_000;

/** What makes libraries say what they find. */
const TALKATIVE: Readonly<Partial<Record<DeviceName, Readonly<Record<string, string>>>>> = {
  webgpu: { VK_LOADER_DEBUG: "all" },
  tensorflow: { TF_CPP_MIN_LOG_LEVEL: "0" },
};

/**
 * Multiplies two matrices on a device, in a process of its own.
 *
 * @throws {DeviceError} where the folder of CUDA's libraries cannot be used.
 */
export async function tryOut(device: DeviceName, limitMs = LIMIT_MS): Promise<Attempt> {
  const environment = deviceEnvironment(device);
  const [runtime, ...args] = scriptCommand(new URL("./child.ts", import.meta.url));
  try {
    return await new Promise((resolve) => {
      const child = spawn(runtime, [...args, device], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...environment.variables, ...TALKATIVE[device] },
      });
      let [stdout, stderr] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
      child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
      const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
      const end = (failure: string) => {
        clearTimeout(timer);
        resolve({ answer: answerIn(stdout) ?? { works: false, error: failure }, said: stdout + stderr });
      };
      child.on("error", ({ message }) => end(`its process could not be started: ${message}`));
      child.on("close", (code, signal) =>
        end(
          signal === "SIGKILL"
            ? `it gave no answer within ${limitMs / 1000} s`
            : `its process ended with ${signal ?? `code ${code}`}`,
        ));
    });
  } finally {
    environment.remove();
  }
}

/** What comes last: a process that has answered may still die when it gives the device back. */
function answerIn(stdout: string): Answer | undefined {
  try {
    return JSON.parse(stdout.trim().split("\n").at(-1)!);
  } catch {
    return undefined;
  }
}
