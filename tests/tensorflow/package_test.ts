/** Where the packages that bind TensorFlow are looked for, and what is said where they cannot be used. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findTensorflow, loadTensorflow } from "../../engine/devices/tensorflow/package.ts";
import { inTemporaryFolder } from "../_sweeps.ts";

/** Puts a package into a folder's node_modules. */
function place(folder: string, name: string, version: string, code = ""): string {
  const path = join(folder, "node_modules", name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "package.json"), JSON.stringify({ name, version, main: "main.js" }));
  writeFileSync(join(path, "main.js"), code);
  return path;
}

test("a package is found in a folder, and in those above", () =>
  inTemporaryFolder((folder) => {
    const below = join(folder, "a", "b");
    mkdirSync(below, { recursive: true });
    assert.equal(findTensorflow(below), undefined);
    const path = place(folder, "@tensorflow/tfjs-node", "4.22.0");
    const found = { name: "@tensorflow/tfjs-node", version: "4.22.0", folder: path };
    for (const from of [folder, below]) assert.deepEqual(findTensorflow(from), found);
  }));

test("the package for GPUs comes first, wherever it is", () =>
  inTemporaryFolder((folder) => {
    const below = join(folder, "below");
    place(below, "@tensorflow/tfjs-node", "4.22.0");
    const path = place(folder, "@tensorflow/tfjs-node-gpu", "4.21.0");
    assert.deepEqual(findTensorflow(below), {
      name: "@tensorflow/tfjs-node-gpu",
      version: "4.21.0",
      folder: path,
    });
  }));

test("where there is none, the error says where it was looked for and how to install it", () =>
  inTemporaryFolder((folder) => {
    assert.throws(() => loadTensorflow(folder), {
      message:
        `Cannot use tensorflow: found no @tensorflow/tfjs-node-gpu and no @tensorflow/tfjs-node in ${folder} or above; ` +
        "install one there, as with npm install @tensorflow/tfjs-node-gpu",
    });
  }));

test("one that does not load is an error of one line", () =>
  inTemporaryFolder((folder) => {
    const path = place(
      folder,
      "@tensorflow/tfjs-node",
      "4.22.0",
      'throw new Error("The addon is missing. \\nPlease run a command");',
    );
    assert.throws(() => loadTensorflow(folder), {
      message:
        `Cannot use tensorflow: @tensorflow/tfjs-node 4.22.0 in ${path} does not load: The addon is missing.`,
    });
  }));
