/**
 * The folder of CUDA's libraries, and of ONNX Runtime's provider for CUDA, where these are not the system's. The layout is
 * that of Python's wheels as `pip install --target` unpacks them; a folder with all libraries side by side will do too.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import manifest from "../../package.json" with { type: "json" };
import { DeviceError } from "./error.ts";

/** What the provider for CUDA consists of. */
export const PROVIDER_LIBRARIES = [
  "libonnxruntime_providers_shared.so",
  "libonnxruntime_providers_cuda.so",
] as const;

/** The folder that OPTBENCH_CUDA names. */
export function cudaFolder(): string | undefined {
  const { OPTBENCH_CUDA } = process.env;
  return OPTBENCH_CUDA ? resolve(OPTBENCH_CUDA) : undefined;
}

/** Chooses the folder, by the environment: processes that are started later see it too. */
export function setCudaFolder(folder: string): void {
  process.env.OPTBENCH_CUDA = resolve(folder);
}

/** What is in such a folder. */
export interface CudaLibraries {
  /** Where the provider's libraries are; undefined where they are not in the folder. */
  readonly provider?: string;
  /** Every folder with libraries. */
  readonly folders: readonly string[];
  /** Of CUDA, that the provider was built for; undefined where nothing says so. */
  readonly version?: string;
}

/** @throws {DeviceError} where there is no such folder, or the provider in it is of another ONNX Runtime than ours. */
export function findCudaLibraries(folder: string): CudaLibraries {
  const fail = (reason: string): never => {
    throw new DeviceError(`Cannot use cuda: ${reason}; name another with --cuda-dir or OPTBENCH_CUDA`);
  };
  if (!existsSync(folder)) fail(`there is no folder ${JSON.stringify(folder)}`);
  const wheels = join(folder, "nvidia");
  const folders = [
    folder,
    join(folder, "onnxruntime", "capi"),
    ...existsSync(wheels) ? readdirSync(wheels).sort().map((name) => join(wheels, name, "lib")) : [],
  ].filter((path) => existsSync(path) && readdirSync(path).some((name) => /\.so(\.|$)/.test(name)));
  const provider = folders.find((path) => PROVIDER_LIBRARIES.every((name) => existsSync(join(path, name))));
  const info = join(provider ?? folder, "build_and_package_info.py");
  const text = existsSync(info) ? readFileSync(info, "utf8") : "";
  const version = (name: string) => text.match(new RegExp(`^${name} = '(.+)'$`, "m"))?.[1];
  const ours = manifest.dependencies["onnxruntime-node"];
  const theirs = version("__version__") ?? ours;
  if (theirs !== ours) {
    fail(`the folder ${JSON.stringify(folder)} has onnxruntime-gpu ${theirs}, not ${ours}`);
  }
  return { provider, folders, version: version("cuda_version") };
}
