/** What bench/gpu.ts compares. */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { deviceEnvironment } from "../../engine/devices/environment.ts";
import { scriptCommand } from "../../engine/script.ts";
import type { Side } from "../peer_process.ts";

export interface SideOptions {
  /** Where PyTorch runs. */
  readonly device: "cuda" | "cpu";
  readonly python: string;
  /** Of torch.compile. */
  readonly compileMode: string;
  readonly threads: number;
}

/** @throws {DeviceError} where the folder of CUDA's libraries cannot be used. */
export async function sidesOf({ device, python, compileMode, threads }: SideOptions): Promise<Side[]> {
  const ours = (device: string, name = device, environment: Readonly<Record<string, string>> = {}): Side => ({
    name: `ours, ${name}`,
    command: [...scriptCommand(new URL("./ours.ts", import.meta.url)), device, String(threads)],
    environment,
  });
  const script = fileURLToPath(new URL("../gpu.py", import.meta.url));
  const pytorch = (name: string, ...args: string[]): Side => ({
    name: `PyTorch, ${name}`,
    command: [python, script, "--device", device, "--threads", String(threads), ...args],
  });
  const compiled = compileMode === "default" ? "compile" : `compile ${compileMode}`;
  const compile = ["--compile", compileMode];
  if (device === "cpu") return [ours("cpu"), pytorch("eager"), pytorch(compiled, ...compile)];
  const { variables, remove } = await deviceEnvironment("cuda");
  process.on("exit", remove);
  // ONNX Runtime itself takes TF32 for all products.
  const { NVIDIA_TF32_OVERRIDE: _, ...withTf32 } = variables;
  return [
    ours("webgpu"),
    ours("cuda", "cuda", variables),
    ours("cuda", "cuda, TF32", withTf32),
    pytorch("eager"),
    pytorch("eager, TF32", "--tf32"),
    pytorch(compiled, ...compile),
    pytorch(`${compiled}, TF32`, ...compile, "--tf32"),
  ];
}
