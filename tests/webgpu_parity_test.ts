import assert from "node:assert/strict";
import { compiled } from "./parity/evaluator.ts";
import { checkVectors, hasFailed, readVectors } from "./parity/parity.ts";
import { testOnWebGpu, type WebGpuTests } from "./_webgpu.ts";

const tests: WebGpuTests = Object.fromEntries(
  ([["lars.json", 75], ["sam.json", 48]] as const).map(([name, count]) => [
    `every case of ${name} agrees on WebGPU, in float32`,
    async (device) => {
      const vectors = readVectors(new URL(`fixtures/${name}`, import.meta.url).pathname);
      const checks = await checkVectors(vectors, [compiled("float32", device, "on webgpu")]);
      const cases = checks.filter(({ quirk }) => !quirk);
      assert.equal(cases.length, count);
      assert.deepEqual(cases.filter(hasFailed), []);
    },
  ]),
);

await testOnWebGpu(import.meta.url, tests);
