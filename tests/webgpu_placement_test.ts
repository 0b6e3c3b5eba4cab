import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runScript } from "./cli.ts";
import { follow } from "./_running.ts";
import { testOnWebGpu } from "./_webgpu.ts";

/** The operators of each model that the runtime places on the CPU, as it says itself. */
async function nodesOnCpu(): Promise<Record<string, string[]>> {
  const script = fileURLToPath(new URL("webgpu/placements.ts", import.meta.url));
  const { code, stderr } = await follow(
    spawn(process.execPath, [...runScript, script], { stdio: ["ignore", "pipe", "pipe"] }),
  ).ended;
  assert.equal(code, 0, stderr.slice(-1000));
  const [, ...models] = stderr.split(/^MODEL /m);
  return Object.fromEntries(models.map((text) => [text.split("\n", 1)[0], onCpu(text)]));
}

/** From lines such as `Node(s) placed on [CPUExecutionProvider]. Number of nodes: 1`, followed by `LogSoftmax ()`. */
function onCpu(log: string): string[] {
  const placements = log.split("VerifyEachNodeIsAssignedToAnEp]").map((line) =>
    line.split("\n", 1)[0].trim()
  );
  let provider = "";
  const operators: string[] = [];
  for (const line of placements) {
    provider = /placed on \[(\w+)\]/.exec(line)?.[1] ?? provider;
    const operator = /^(\w+) \(/.exec(line)?.[1];
    if (operator && provider === "CPUExecutionProvider") operators.push(operator);
  }
  return /All nodes placed on \[CPU/.test(log) ? ["all"] : operators;
}

await testOnWebGpu(import.meta.url, {
  async "no node of any task, with any optimizer, is computed on the CPU"() {
    const { control, ...models } = await nodesOnCpu();
    assert.deepEqual(control, ["all"]);
    assert.ok(Object.keys(models).length > 200, `${Object.keys(models).length} models`);
    assert.deepEqual(Object.entries(models).filter(([, operators]) => operators.length > 0), []);
  },
});
