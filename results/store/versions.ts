import process from "node:process";
import type { Versions } from "./identity.ts";
import manifest from "../../package.json" with { type: "json" };

/** What runs this process, for the record of a study. */
export function versions(): Versions {
  const { deno, bun, node } = process.versions;
  const runtime = deno ? `deno ${deno}` : bun ? `bun ${bun}` : `node ${node}`;
  return {
    optbench: manifest.version,
    runtime,
    onnxruntime: manifest.dependencies["onnxruntime-node"],
    tfjs: manifest.dependencies["@tensorflow/tfjs"],
    platform: `${process.platform}/${process.arch}`,
  };
}
