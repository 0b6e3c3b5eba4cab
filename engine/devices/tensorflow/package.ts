/**
 * TensorFlow's own library, by the npm packages that bind it to JavaScript. They are optional: they are looked for where
 * the user works, and nothing of them is loaded before it is asked for.
 *
 * Such a package brings a copy of TensorFlow.js along, or uses ours. Both are the same to us: the copies of one process
 * share an engine, with its backends, and the tables of kernels and gradients, as the first of them puts these on
 * globalThis (TensorFlow.js 4.22, tfjs-core/src/engine.ts and global_util.ts). So ours has to be the first.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import util from "node:util";
import * as tf from "@tensorflow/tfjs";
import { padConvolutions } from "./padding.ts";

/** What the packages call the backend that they register. */
export const TENSORFLOW_BACKEND = "tensorflow";

/** In the order in which they are looked for. */
const NAMES = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"] as const;

/** An installed package. */
export interface TensorflowPackage {
  readonly name: typeof NAMES[number];
  readonly version: string;
  readonly folder: string;
}

/** A package that this process has loaded. */
export interface Tensorflow extends TensorflowPackage {
  /** Of libtensorflow. */
  readonly libraryVersion: string;
  /** Whether it computes on a GPU. */
  readonly usesGpu: boolean;
}

/** Where a package is looked for: the folder that OPTBENCH_TENSORFLOW names, or else the working directory. */
export function tensorflowFolder(): string {
  return resolve(process.env.OPTBENCH_TENSORFLOW ?? ".");
}

/** The package in a folder's `node_modules` or in that of a folder above, the one for GPUs first. Loads nothing. */
export function findTensorflow(from = tensorflowFolder()): TensorflowPackage | undefined {
  for (const name of NAMES) {
    for (const folder of withParents(resolve(from))) {
      const found = join(folder, "node_modules", name);
      const manifest = join(found, "package.json");
      if (existsSync(manifest)) {
        return { name, version: JSON.parse(readFileSync(manifest, "utf8")).version, folder: found };
      }
    }
  }
}

function withParents(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...withParents(parent)];
}

/**
 * Loads the package that `findTensorflow` finds; its backend is then one of ours. The active backend stays as it is.
 *
 * @throws {Error} where there is none, or where it cannot be loaded.
 */
export function loadTensorflow(from = tensorflowFolder()): Tensorflow {
  const found = findTensorflow(from);
  if (!found) {
    throw new Error(
      `Cannot use tensorflow: found no ${NAMES.join(" and no ")} in ${from} or above; ` +
        `install one there, as with npm install ${NAMES[0]}`,
    );
  }
  const { name, version, folder } = found;
  const isNew = !tf.findBackendFactory(TENSORFLOW_BACKEND);
  const previous = tf.getBackend() ?? "cpu";
  // Or the second copy of TensorFlow.js would say of each of its kernels that there is one already.
  tf.enableProdMode();
  restoreUtilities();
  try {
    createRequire(join(folder, "package.json"))(folder);
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new Error(`Cannot use tensorflow: ${name} ${version} in ${folder} does not load: ${reason.trim()}`);
  } finally {
    void tf.setBackend(previous);
  }
  if (isNew) padConvolutions(TENSORFLOW_BACKEND);
  const backend = tf.findBackend(TENSORFLOW_BACKEND) as unknown as NodeBackend;
  return { ...found, libraryVersion: backend.binding.TF_Version, usesGpu: backend.isUsingGpuDevice };
}

/** The packages' `NodeJSKernelBackend`. */
interface NodeBackend {
  readonly binding: { readonly TF_Version: string };
  readonly isUsingGpuDevice: boolean;
}

/** Version 4.22 of the packages calls functions that Node 23 took out of `node:util`, and Deno with it. */
function restoreUtilities(): void {
  if ("isNullOrUndefined" in util) return;
  Object.assign(util, {
    isArray: Array.isArray,
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  });
}
