import { createRequire } from "node:module";
import process from "node:process";
process.on("exit", () => {
  const loaded = Object.keys(createRequire(import.meta.url).cache).filter((p) => /tensorflow|onnxruntime/.test(p));
  process.stderr.write(`${loaded.length} ${loaded.slice(0,2)} ${"_tfengine" in globalThis}\n`);
});
await import("../cli/main.ts");
if (process.env.HEAVY) { await import("@tensorflow/tfjs"); await import("onnxruntime-node"); }
