/** Runs the command line, then names on stderr the slow packages that it loaded. */
import { createRequire } from "node:module";
import process from "node:process";

process.on("exit", () => {
  const files = Object.keys(createRequire(import.meta.url).cache).join("\n");
  for (const name of ["tfjs", "onnxruntime"]) {
    if (files.includes(name)) process.stderr.write(`${name}\n`);
  }
});
await import("../cli/main.ts");
