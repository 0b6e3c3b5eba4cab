/** Update rules on one tensor, with gradients given, beside what is calculated by hand. */
import assert from "node:assert/strict";
import { sizeOf } from "../datasets/shape.ts";
import type { Specs } from "../engine/compile.ts";
import { runEagerly } from "./_eagerly.ts";
import type { TensorFunction } from "../engine/trace.ts";
import { resolve, splitCoefficients } from "../optim/coefficients.ts";
import type { Coefficients, Slots } from "../optim/optimizer.ts";
import { type RuleName, rules } from "../optim/registry.ts";
import { type Data, runCompiled } from "./_compiled.ts";
import { deviation } from "./parity/deviation.ts";

export type Numbers = readonly number[];
export type Given = Readonly<Record<string, number | boolean>>;

/** A training of one tensor. */
export interface Course {
  readonly shape: readonly number[];
  readonly initial: Numbers;
  /** One a step. */
  readonly gradients: readonly Numbers[];
  /** What a schedule multiplies the learning rate by, one a step. Default: 1. */
  readonly factors?: Numbers;
}

/** What a rule leaves after a step: the tensor as `w`, as it is evaluated (`evaluated`), and its slots by their names. */
export type Left = Readonly<Record<string, Numbers>>;

interface Program {
  readonly fn: TensorFunction;
  readonly specs: Specs;
  readonly data: Data;
}

/** All steps of a course, as a function of the tensor, the gradients, the factors and the coefficients. */
export function program(name: RuleName, given: Given, course: Course): Program {
  const rule = rules[name];
  const { literals, inputs } = splitCoefficients(rule, resolve(rule, given));
  const tensor = { shape: course.shape, dtype: "float" } as const;
  const scalar = { shape: [], dtype: "float" } as const;
  const specs: Record<string, Specs[string]> = { w: tensor };
  const data: Record<string, Numbers> = { w: course.initial };
  for (const [name, value] of Object.entries(inputs)) {
    specs[`hyper/${name}`] = scalar;
    data[`hyper/${name}`] = [value];
  }
  course.gradients.forEach((gradient, i) => {
    specs[`gradient/${i}`] = tensor;
    data[`gradient/${i}`] = gradient;
    specs[`factor/${i}`] = scalar;
    data[`factor/${i}`] = [course.factors?.[i] ?? 1];
  });
  const fn: TensorFunction = (tensors) => {
    const scalars = Object.keys(inputs).map((name) => [name, tensors[`hyper/${name}`]]);
    const hyper = { ...literals, ...Object.fromEntries(scalars) } as Coefficients;
    const results: Record<string, typeof tensors[string]> = {};
    let w = tensors.w;
    let slots: Slots = rule.init(w, hyper);
    course.gradients.forEach((_, i) => {
      const lr = tensors["hyper/lr"].mul(tensors[`factor/${i}`]);
      const h = { ...hyper, lr } as Coefficients;
      const updated = rule.update(w, tensors[`gradient/${i}`], slots, h);
      w = updated.w;
      slots = { ...slots, ...updated.slots };
      const left = { w, evaluated: rule.evaluated?.(w, slots, h) ?? w, ...slots };
      for (const [key, value] of Object.entries(left)) results[`${i}/${key}`] = value.clone();
    });
    return results;
  };
  return { fn, specs, data };
}

function bySteps(results: Readonly<Record<string, Numbers>>): Left[] {
  const steps: Record<string, Numbers>[] = [];
  for (const [name, value] of Object.entries(results)) {
    const slash = name.indexOf("/");
    (steps[Number(name.slice(0, slash))] ??= {})[name.slice(slash + 1)] = value;
  }
  return steps;
}

/** What is left after each step, compiled in float64. */
export async function compiled(name: RuleName, given: Given, course: Course): Promise<Left[]> {
  const { fn, specs, data } = program(name, given, course);
  return bySteps(await runCompiled(fn, specs, data, "float64"));
}

/** What is left after each step, in float32 as TensorFlow.js computes it. */
export function eager(name: RuleName, given: Given, course: Course): Left[] {
  const { fn, specs, data } = program(name, given, course);
  return bySteps(runEagerly(fn, specs, data));
}

/** Each of two courses alike but for their numbers, both trained at once in one compiled step in float64. */
async function together(
  name: RuleName,
  given: readonly [Given, Given],
  courses: readonly [Course, Course],
): Promise<[Left[], Left[]]> {
  const programs = given.map((values, i) => program(name, values, courses[i]));
  const { fn, specs } = programs[0];
  const data = Object.fromEntries(
    Object.keys(specs).map((input) => [input, programs.flatMap(({ data }) => data[input])]),
  );
  const results = await runCompiled(fn, specs, data, "float64", { size: 2, inputs: Object.keys(specs) });
  const half = (i: number) =>
    Object.fromEntries(
      Object.entries(results).map(([name, both]) => {
        const size = both.length / 2;
        return [name, both.slice(i * size, (i + 1) * size)];
      }),
    );
  return [bySteps(half(0)), bySteps(half(1))];
}

/** Compares what is expected after each step with what is left, relative to the largest magnitude of a tensor. */
export function assertLeft(actual: readonly Left[], expected: readonly Left[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((left, i) => {
    for (const [name, numbers] of Object.entries(left)) {
      const distance = deviation(actual[i][name], numbers);
      assert.ok(
        distance <= tolerance,
        `${name} after step ${i + 1} is ${actual[i][name]}, expected ${numbers}: off by ${distance}`,
      );
    }
  });
}

/** Asserts that a rule leaves what is expected, compiled in float64 to 1e-12 and eagerly in float32 to 1e-5. */
export async function assertSteps(
  name: RuleName,
  given: Given,
  course: Course,
  expected: readonly Left[],
): Promise<void> {
  assertLeft(await compiled(name, given, course), expected, 1e-12);
  assertLeft(eager(name, given, course), expected, 1e-5);
}

/** Asserts that two rules leave the same parameters, to the last bit of both precisions. */
export async function assertSame(
  [name, given]: readonly [RuleName, Given],
  [otherName, otherGiven]: readonly [RuleName, Given],
  course: Course,
): Promise<void> {
  const parameters = (steps: readonly Left[]) => steps.map(({ w }) => w);
  assert.deepEqual(
    parameters(await compiled(name, given, course)),
    parameters(await compiled(otherName, otherGiven, course)),
  );
  assert.deepEqual(
    parameters(eager(name, given, course)),
    parameters(eager(otherName, otherGiven, course)),
  );
}

/** Asserts that neither zero parameters, nor zero gradients, nor a rate of zero make anything else than numbers. */
export async function assertFiniteAtZeros(name: RuleName, given: Given): Promise<void> {
  const { shape, initial, gradients: [g] } = someCourse([2, 3]);
  const zeros = initial.map(() => 0);
  const courses: Course[] = [
    { shape, initial: zeros, gradients: [zeros, g, zeros] },
    { shape, initial, gradients: [zeros, zeros, g] },
    { shape, initial, gradients: [g, zeros], factors: [0, 1] },
  ];
  for (const course of courses) {
    for (const steps of [await compiled(name, given, course), eager(name, given, course)]) {
      steps.forEach((left, i) => {
        for (const [key, numbers] of Object.entries(left)) {
          assert.ok(numbers.every(Number.isFinite), `${key} after step ${i + 1} is ${numbers}`);
        }
      });
    }
  }
  const [still] = await compiled(name, given, courses[0]);
  assert.deepEqual(still.w, zeros);
}

/** Asserts that compiled and eager steps agree on tensors of every rank. */
export async function assertEveryRank(name: RuleName, given: Given): Promise<void> {
  for (const shape of [[], [3], [2, 3], [2, 2, 3, 2]]) {
    const course = someCourse(shape);
    assertLeft(eager(name, given, course), await compiled(name, given, course), 1e-5);
  }
}

/** Asserts that two courses trained at once leave what each leaves alone. */
export async function assertTogether(name: RuleName, given: readonly [Given, Given]): Promise<void> {
  const courses = [someCourse([2, 3]), someCourse([2, 3], [2, 1, 0.5], 5)] as const;
  const both = await together(name, given, courses);
  for (const i of [0, 1]) assertLeft(both[i], await compiled(name, given[i], courses[i]), 1e-13);
}

/** Numbers without a pattern, the same for the same seed, exact in float32: multiples of 1/64 from -2 to 2, none zero. */
export function someNumbers(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const number = ((i + 1) * 97 + seed * 61 + (i + 1) * (i + 1) * seed * 13) % 257;
    return (number - 128 || 1) / 64;
  });
}

/** A course of as many steps as there are factors. */
export function someCourse(shape: readonly number[], factors: Numbers = [1, 1, 1], seed = 1): Course {
  const size = sizeOf(shape);
  return {
    shape,
    initial: someNumbers(size, seed),
    gradients: factors.map((_, i) => someNumbers(size, seed + i + 1)),
    factors,
  };
}

export function norm(x: Numbers): number {
  return Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
}

/** a x + b y. */
export function combined(a: number, x: Numbers, b: number, y: Numbers): number[] {
  return x.map((value, i) => a * value + b * y[i]);
}

export function scaled(a: number, x: Numbers): number[] {
  return x.map((value) => a * value);
}
