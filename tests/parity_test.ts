import assert from "node:assert/strict";
import { test } from "node:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runtime } from "./cli.ts";
import { deviation } from "./parity/deviation.ts";
import { checkVectors, hasFailed, readVectors } from "./parity/parity.ts";
import type { VectorFile } from "./parity/vectors.ts";

const fixture = (name: string) => new URL(`fixtures/${name}`, import.meta.url).pathname;

for (const [name, count] of [["lars.json", 75 * 3], ["sam.json", 48 * 3], ["digits.json", 2]] as const) {
  test(`every case of ${name} agrees, in every precision`, async () => {
    const checks = (await checkVectors(readVectors(fixture(name)))).filter(({ quirk }) => !quirk);
    assert.equal(checks.length, count);
    assert.deepEqual(checks.filter(hasFailed), []);
  });
}

test("a case with a wrong number fails", async () => {
  const vectors = readVectors(fixture("sam.json")) as VectorFile;
  const chosen = structuredClone(
    vectors.cases.find(({ name }) => name === "sam-none-gradient-some-steps-adam")!,
  );
  for (const steps of Object.values(chosen.expected)) {
    const norms = steps[4] as { gradient_norm: number };
    norms.gradient_norm *= 1.0001;
  }
  const checks = await checkVectors({ ...vectors, cases: [chosen] });
  assert.equal(checks.length, 3);
  assert.ok(checks.every(hasFailed));
});

test("state where none is expected fails", async () => {
  const vectors = readVectors(fixture("lars.json")) as VectorFile;
  const chosen = structuredClone(vectors.cases.find(({ name }) => name === "lars-zero-parameter-m0.9")!);
  for (const steps of Object.values(chosen.expected)) {
    (steps[4].state.momentum_buffer as Record<string, null>).z = null;
  }
  assert.ok((await checkVectors({ ...vectors, cases: [chosen] })).every(hasFailed));
});

test("deviation is relative to the largest magnitude, and exact for zeros", () => {
  assert.equal(deviation([1, 2.2], [1, 2]), (2.2 - 2) / 2);
  assert.equal(deviation([0, 0], [0, 0]), 0);
  assert.equal(deviation([0, 1e-30], [0, 0]), Infinity);
  assert.equal(deviation([NaN], [1]), Infinity);
  assert.equal(deviation([1], [1, 1]), Infinity);
  assert.equal(deviation(undefined, [1]), Infinity);
});

test("the command reports cases, failures and the worst deviation in each precision", () => {
  const { code, stdout } = runtime("parity/main.ts", [fixture("lars.json")]);
  assert.equal(code, 0);
  assert.match(stdout, /cases: 75 run, 0 failed/);
  for (const way of ["float32 compiled", "float32 eager", "float64 compiled"]) {
    assert.match(stdout, new RegExp(`${way} +worst relative deviation \\d\\.\\de-\\d+`));
  }
  assert.match(stdout, /quirks: 2 run/);
});

test("the command exits with 1 when a case fails, and with 2 when a file cannot be read", () => {
  const folder = mkdtempSync(join(tmpdir(), "optbench-"));
  try {
    const vectors = readVectors(fixture("lars.json")) as VectorFile;
    const [wrong] = structuredClone(vectors.cases);
    (wrong.expected.float64[0].params.w as number[])[0] += 1e-6;
    writeFileSync(join(folder, "wrong.json"), JSON.stringify({ ...vectors, cases: [wrong] }));
    writeFileSync(join(folder, "other.json"), JSON.stringify({ schema: "other/1" }));
    const failed = runtime("parity/main.ts", [join(folder, "wrong.json")]);
    assert.equal(failed.code, 1);
    assert.match(failed.stdout, /cases: 1 run, 1 failed/);
    for (const name of ["other.json", "missing.json"]) {
      const { code, stderr } = runtime("parity/main.ts", [join(folder, name)]);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`^parity: Cannot (check|read) .*${name}: .+\\n$`));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
