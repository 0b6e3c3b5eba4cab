/** What the environment of a process has to have from its start, where it is to use a device: libraries read it in C. */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import type { DeviceName } from "../device.ts";
import { cudaFolder, type CudaLibraries, findCudaLibraries, PROVIDER_LIBRARIES } from "./cuda_folder.ts";

/** Variables for processes that use a device. */
export interface DeviceEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** Removes what the variables refer to, once these processes have ended. */
  remove(): void;
}

/**
 * @param threads that one operation may use, on the CPU.
 * @throws {DeviceError} where the folder of CUDA's libraries cannot be used.
 */
export function deviceEnvironment(device: DeviceName, threads = 1): DeviceEnvironment {
  switch (device) {
    case "cuda":
      return cudaEnvironment(cudaFolder());
    case "tensorflow":
      return { variables: tensorflowVariables(threads), remove() {} };
    default:
      return { variables: {}, remove() {} };
  }
}

function tensorflowVariables(threads: number): Record<string, string> {
  return {
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: "1",
    // Otherwise the first process takes all memory of the GPU.
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
    // Errors alone: it has advice on how to build it.
    TF_CPP_MIN_LOG_LEVEL: "2",
  };
}

/** Unless the user has said otherwise, products of matrices are float32 ones, and not of TF32, which has 10 bits. */
function cudaEnvironment(folder: string | undefined): DeviceEnvironment {
  const { NVIDIA_TF32_OVERRIDE = "0", LD_LIBRARY_PATH } = process.env;
  if (folder === undefined) return { variables: { NVIDIA_TF32_OVERRIDE }, remove() {} };
  const found = findCudaLibraries(folder);
  const links = found.provider === undefined ? undefined : linkProvider(found.provider);
  const path = [links, ...found.folders, LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
  return {
    variables: { NVIDIA_TF32_OVERRIDE, LD_LIBRARY_PATH: path },
    remove: () => links && rmSync(links, { recursive: true, force: true }),
  };
}

/**
 * ONNX Runtime looks for its providers in the folder that it was itself loaded from, and LD_LIBRARY_PATH comes before the
 * addon's own path (RUNPATH, ld.so(8)): so a folder with links to all three libraries brings them together, and nothing is
 * written into the package.
 */
function linkProvider(provider: Required<CudaLibraries>["provider"]): string {
  const links = mkdtempSync(join(tmpdir(), "optbench-cuda-"));
  const script = createRequire(import.meta.url).resolve("onnxruntime-node");
  const runtime = join(dirname(script), "..", "bin", "napi-v6", process.platform, process.arch);
  symlinkSync(join(runtime, "libonnxruntime.so.1"), join(links, "libonnxruntime.so.1"));
  for (const name of PROVIDER_LIBRARIES) symlinkSync(join(provider, name), join(links, name));
  return links;
}
