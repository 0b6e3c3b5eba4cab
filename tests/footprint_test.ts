import assert from "node:assert/strict";
import { test } from "node:test";
import { footprint } from "../engine/footprint.ts";
import type { Specs } from "../engine/compile.ts";
import { trace } from "../engine/trace.ts";

const specs: Specs = { x: { shape: [100], dtype: "float" } };

test("counts inputs, and what is alive at the same time", () => {
  // sin x and its square are alive together with nothing else but x: a chain needs two of its links at a time.
  const chain = trace(({ x }) => ({ y: x.sin().square().cos().exp() }), specs);
  assert.equal(footprint(chain), 400 + 2 * 400);
});

test("counts what is used later as alive until then", () => {
  const held = trace(({ x }) => {
    const sin = x.sin();
    return { y: sin.square().cos().exp().mul(sin) };
  }, specs);
  assert.equal(footprint(held), 400 + 3 * 400);
});

test("counts bytes and truth values as one byte, numbers as four", () => {
  const bytes = trace(({ x }) => ({ y: x.toFloat() }), { x: { shape: [100], dtype: "uint8" } });
  assert.equal(footprint(bytes), 100 + 400);
});
