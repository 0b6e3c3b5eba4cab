/** Functions of several sets of inputs at once, set beside set. */
import assert from "node:assert/strict";
import type * as tf from "@tensorflow/tfjs";
import { Random } from "../datasets/random.ts";
import { sizeOf } from "../datasets/shape.ts";
import { compileFunction, type Specs } from "../engine/compile.ts";
import type { Shape } from "../engine/graph.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";

type Tensors = Record<string, tf.Tensor>;
export type TensorFunction = (tensors: Tensors) => tf.Tensor;

/** A function, and the shapes of its inputs. */
export interface Case {
  readonly fn: TensorFunction;
  readonly shapes: Readonly<Record<string, Shape>>;
}

const COUNTS = [2, 3, 5, 8, 16];
/** Sets with different numbers: all others are copies of these. */
const DISTINCT = 3;

/** What a set feeds an input. */
const numbersOf = memoized((name: string, size: number, set: number) => {
  const random = new Random(set, name);
  return Array.from({ length: size }, () => 4 * random.uniform() - 2);
});

function memoized<A extends readonly (string | number)[], R>(fn: (...args: A) => R): (...args: A) => R {
  const known = new Map<string, R>();
  return (...args) => {
    const key = String(args);
    if (!known.has(key)) known.set(key, fn(...args));
    return known.get(key)!;
  };
}

/** The bits of each case's results, one set after another. */
async function together(cases: readonly Case[], sets: readonly number[], differing: readonly string[]) {
  const inputs = cases.flatMap(({ shapes }, i) =>
    Object.entries(shapes).map(([name, shape]) => ({ name, shape, key: `${name}${i}` }))
  );
  const specs: Specs = Object.fromEntries(inputs.map(({ key, shape }) => [key, { shape, dtype: "float" }]));
  const fn = (tensors: Tensors) =>
    Object.fromEntries(cases.map(({ fn, shapes }, i) => [
      i,
      fn(Object.fromEntries(Object.keys(shapes).map((name) => [name, tensors[`${name}${i}`]]))),
    ]));
  const apart = inputs.filter(({ name }) => differing.includes(name)).map(({ key }) => key);
  const executable = await HostExecutable.load(
    compileFunction(fn, specs, "float32", { size: sets.length, inputs: apart }),
  );
  const feeds = inputs.map(({ name, shape, key }) => {
    const from = apart.includes(key) ? sets : sets.slice(0, 1);
    return [key, executable.value(key, from.flatMap((set) => numbersOf(name, sizeOf(shape), set)))];
  });
  const results = await executable.run(Object.fromEntries(feeds));
  await executable.release();
  return cases.map((_, i) => new Uint32Array(new Float32Array(numbers(results[i])).buffer));
}

/**
 * Fails where what a set gives depends on its place, on how many sets there are, or on what they share.
 *
 * @param variants the names of inputs that differ between sets; the first set gives the same in all variants
 */
export async function assertPlaceless(cases: readonly Case[], variants: readonly (readonly string[])[]) {
  const known = new Map<string, Uint32Array>();
  for (const differing of variants) {
    for (const count of differing.length > 0 ? COUNTS : [2]) {
      const sets = Array.from({ length: count }, (_, place) => place % DISTINCT);
      const results = await together(cases, sets, differing);
      for (const [i, bits] of results.entries()) {
        const size = bits.length / count;
        for (const [place, set] of sets.entries()) {
          const own = bits.subarray(place * size, (place + 1) * size);
          const key = set === 0 ? `${i}` : `${i} ${set} ${differing}`;
          const expected = known.get(key) ?? own;
          known.set(key, expected);
          const shapes = Object.values(cases[i].shapes).map((shape) => `[${shape}]`);
          const where = `${shapes}: place ${place} of ${count}, differing: ${differing}`;
          assert.ok(own.every((word, j) => word === expected[j]), where);
        }
      }
    }
  }
}
