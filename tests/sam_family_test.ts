/** The SAM family, against the papers' formulae in plain numbers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import type { Specs } from "../engine/compile.ts";
import { runEagerly } from "./_eagerly.ts";
import { lossAndGradients } from "../engine/gradient.ts";
import type { TensorFunction } from "../engine/trace.ts";
import { resolve, splitCoefficients } from "../optim/coefficients.ts";
import type { Coefficient, Gradients, Group, Objective, Point, Tensors } from "../optim/optimizer.ts";
import { getOptimizer, type RuleName, rules, type WrapperName, wrapperNames } from "../optim/registry.ts";
import { assertClose, type Data, runCompiled } from "./_compiled.ts";

type Vector = readonly number[];
type Settings = Readonly<Record<string, number | boolean>>;
type GradientAt = (w: Vector) => Vector;

const family = ["sam", "asam", "gsam", "looksam", "msam", "wsam", "fisher_sam"] as const;
type Member = typeof family[number];

/** The parameters a [3] and b [2], one vector in the plain calculations. */
const start: Data = { a: [0.5, -1.25, 2], b: [-0.75, 1.5] };
const startVector = [...start.a, ...start.b];
/** What two parts of a batch differ in; the whole batch has their mean. */
const targets = [0.5, -1];

/** sum a^4 / 4 + sum a sum b + sum (b - target)^2: neither separable nor quadratic. */
function lossOf({ a, b }: Tensors, target: tf.Tensor): tf.Scalar {
  const quartic = a.square().square().sum().mul(0.25);
  return quartic.add(a.sum().mul(b.sum())).add(b.sub(target).square().sum()) as tf.Scalar;
}

function gradientFor(target: number): GradientAt {
  return ([a1, a2, a3, b1, b2]) => [
    ...[a1, a2, a3].map((a) => a ** 3 + b1 + b2),
    ...[b1, b2].map((b) => a1 + a2 + a3 + 2 * (b - target)),
  ];
}

/** On the whole batch; its gradient is that at the mean of the targets. */
const wholeTarget = (targets[0] + targets[1]) / 2;

/** The objective on the batch, which has the two targets as its parts. */
function objectiveOn(calls: { count: number } = { count: 0 }): Objective {
  const at = (target: number): Objective => (params) => {
    calls.count++;
    return lossAndGradients((params) => lossOf(params, tf.scalar(target)))(params);
  };
  return Object.assign(at(wholeTarget), {
    overParts: ((parts, evaluate) => {
      assert.equal(parts, targets.length);
      const evaluations = targets.map((target) => evaluate(at(target)));
      const mean = (tensors: tf.Tensor[]) => tf.addN(tensors).div(tensors.length);
      const gradients: Record<string, tf.Tensor> = {};
      for (const name of Object.keys(start)) {
        gradients[name] = mean(evaluations.map(({ gradients }) => gradients[name] as tf.Tensor));
      }
      return { loss: mean(evaluations.map(({ loss }) => loss)) as tf.Scalar, gradients };
    }) satisfies Objective["overParts"],
  });
}

interface Run {
  readonly member: Member | RuleName;
  readonly base?: RuleName;
  /** Of both groups: a is in the first one, b in the second. */
  readonly settings: Settings;
  readonly second?: Settings;
  readonly steps: number;
  /** What the rate is multiplied by at each step. */
  readonly factors?: readonly number[];
  readonly objective?: Objective;
}

/** Steps of an optimizer, as a function of tensors with its inputs. */
function program({ member, base, settings, second, steps, factors, objective = objectiveOn() }: Run) {
  const optimizer = getOptimizer(member, base);
  const data: Record<string, readonly number[]> = { ...start };
  const specs: Record<string, Specs[string]> = {
    a: { shape: [3], dtype: "float" },
    b: { shape: [2], dtype: "float" },
  };
  const split = [settings, { ...settings, ...second }].map((values, i) => {
    const { literals, inputs } = splitCoefficients(optimizer, resolve(optimizer, values));
    for (const [name, value] of Object.entries(inputs)) {
      data[`${i}/${name}`] = [value];
      specs[`${i}/${name}`] = { shape: [], dtype: "float" };
    }
    return { literals, inputs: Object.keys(inputs) };
  });
  factors?.forEach((factor, i) => {
    data[`factor/${i}`] = [factor];
    specs[`factor/${i}`] = { shape: [], dtype: "float" };
  });
  const fn: TensorFunction = (inputs) => {
    const groupsAt = (step: number): Group[] =>
      split.map(({ literals, inputs: names }, i) => {
        const hyper: Record<string, Coefficient> = { ...literals };
        for (const name of names) hyper[name] = inputs[`${i}/${name}`] as tf.Scalar;
        if (factors) hyper.lr = (hyper.lr as tf.Scalar).mul(inputs[`factor/${step}`]) as tf.Scalar;
        return { parameters: [i === 0 ? "a" : "b"], hyper };
      });
    const params = { a: inputs.a, b: inputs.b };
    let point: Point = { params, state: optimizer.init(params, groupsAt(0)) };
    const turns = optimizer.turns?.(split[0].literals);
    for (let i = 0; i < steps; i++) {
      point = optimizer.step(objective, point, groupsAt(i), turns?.[i % turns.length]);
    }
    return { a: point.params.a, b: point.params.b };
  };
  return { fn, specs, data };
}

function eagerly(run: Run): number[] {
  const { fn, specs, data } = program(run);
  const { a, b } = runEagerly(fn, specs, data);
  return [...a, ...b];
}

async function compiled(run: Run, precision: "float32" | "float64" = "float64"): Promise<number[]> {
  const { fn, specs, data } = program(run);
  const { a, b } = await runCompiled(fn, specs, data, precision);
  return [...a, ...b];
}

const dot = (x: Vector, y: Vector) => x.reduce((sum, value, i) => sum + value * y[i], 0);
const norm = (x: Vector) => Math.sqrt(dot(x, x));
/** x + c y, for numbers or one number for each element. */
const plus = (x: Vector, c: number | Vector, y: Vector): number[] =>
  x.map((value, i) => value + (typeof c === "number" ? c : c[i]) * y[i]);
const mean = (vectors: readonly Vector[]): number[] =>
  vectors[0].map((_, i) => vectors.reduce((sum, vector) => sum + vector[i], 0) / vectors.length);

/** A base's step in plain numbers; it keeps its state. */
type PlainBase = (w: Vector, g: Vector) => number[];

function plainSgd(lr: number, momentum = 0): PlainBase {
  let buffer = [0, 0, 0, 0, 0];
  return (w, g) => {
    buffer = g.map((value, i) => momentum * buffer[i] + value);
    return plus(w, -lr, buffer);
  };
}

function plainAdam(lr: number): PlainBase {
  let [m, v, t] = [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], 0];
  return (w, g) => {
    t++;
    m = m.map((value, i) => 0.9 * value + 0.1 * g[i]);
    v = v.map((value, i) => 0.999 * value + 0.001 * g[i] ** 2);
    return w.map((value, i) =>
      value - lr * m[i] / (1 - 0.9 ** t) / (Math.sqrt(v[i] / (1 - 0.999 ** t)) + 1e-8)
    );
  };
}

/** One step of a member; `rho` has the radius of each element's group. */
type PlainStep = (
  w: Vector,
  base: PlainBase,
  parts: readonly GradientAt[],
  rho: Vector,
  lr: number,
) => number[];

const fractionOfNorm = (w: Vector, rho: Vector, g: Vector): number[] =>
  plus(w, rho, g.map((x) => x / norm(g)));

const relativeAscent = (eta: number) => (w: Vector, rho: Vector, g: Vector): number[] => {
  const t = w.map((x) => Math.abs(x) + eta);
  const length = norm(t.map((x, i) => x * g[i]));
  return plus(w, rho, t.map((x, i) => x * x * g[i] / length));
};

const fisherAscent = (eta: number) => (w: Vector, rho: Vector, g: Vector): number[] => {
  const natural = g.map((x) => x / (1 + eta * x * x));
  return plus(w, rho, natural.map((x) => x / Math.sqrt(dot(g, natural))));
};

/** A base step with the mean of the gradients where each part ascends to. */
const withAscent =
  (ascend: (w: Vector, rho: Vector, g: Vector) => number[]): PlainStep => (w, base, parts, rho) =>
    base(w, mean(parts.map((gradient) => gradient(ascend(w, rho, gradient(w))))));

const gsamStep = (alpha: number): PlainStep => (w, base, parts, rho) =>
  base(
    w,
    mean(parts.map((gradient) => {
      const g = gradient(w);
      const ascended = gradient(fractionOfNorm(w, rho, g));
      const across = plus(g, -dot(g, ascended) / dot(ascended, ascended), ascended);
      return plus(ascended, -alpha, across);
    })),
  );

/** The means of the gradients before and after the ascent. */
const bothMeans = (w: Vector, parts: readonly GradientAt[], rho: Vector): [number[], number[]] => [
  mean(parts.map((gradient) => gradient(w))),
  mean(parts.map((gradient) => gradient(fractionOfNorm(w, rho, gradient(w))))),
];

const decoupledWsam = (gamma: number): PlainStep => (w, base, parts, rho, lr) => {
  const [g, ascended] = bothMeans(w, parts, rho);
  return plus(base(w, g), -lr * gamma / (1 - gamma), plus(ascended, -1, g));
};

const coupledWsam = (gamma: number): PlainStep => (w, base, parts, rho) => {
  const [g, ascended] = bothMeans(w, parts, rho);
  return base(w, g.map((x, i) => (1 - 2 * gamma) / (1 - gamma) * x + gamma / (1 - gamma) * ascended[i]));
};

function looksamSteps(every: number, alpha: number): PlainStep {
  let taken = 0;
  let g_v: number[] = [];
  return (w, base, parts, rho) => {
    const [g, ascended] = bothMeans(w, parts, rho);
    if (taken++ % every !== 0) return base(w, plus(g, alpha * norm(g) / norm(g_v), g_v));
    g_v = plus(ascended, -dot(g, ascended) / dot(g, g), g);
    return base(w, ascended);
  };
}

function msamSteps(momentum: number): PlainStep {
  let v = [0, 0, 0, 0, 0];
  return (w, base, [gradient], rho) => {
    const direction = norm(v) === 0 ? v : v.map((x) => x / norm(v));
    const g = gradient(plus(w, rho.map((x) => -x), direction));
    v = plus(g, momentum, v);
    return base(w, g);
  };
}

interface Case {
  readonly member: Member;
  readonly settings: Settings;
  readonly plain: () => PlainStep;
}

const cases: readonly Case[] = [
  { member: "sam", settings: { adaptive: false }, plain: () => withAscent(fractionOfNorm) },
  { member: "sam", settings: { adaptive: true }, plain: () => withAscent(relativeAscent(0)) },
  { member: "asam", settings: { eta: 0.125 }, plain: () => withAscent(relativeAscent(0.125)) },
  { member: "fisher_sam", settings: { eta: 0.75 }, plain: () => withAscent(fisherAscent(0.75)) },
  { member: "gsam", settings: { alpha: 0.3 }, plain: () => gsamStep(0.3) },
  { member: "looksam", settings: { every: 3, alpha: 0.7 }, plain: () => looksamSteps(3, 0.7) },
  { member: "msam", settings: { perturbation_momentum: 0.8 }, plain: () => msamSteps(0.8) },
  { member: "wsam", settings: { gamma: 0.8 }, plain: () => decoupledWsam(0.8) },
  {
    member: "wsam",
    settings: { gamma: 0.8, decoupled_sharpness: false },
    plain: () => coupledWsam(0.8),
  },
];

const lr = 0.02;
const [rho, secondRho] = [0.3, 0.45];
const rhoOfElements = [rho, rho, rho, secondRho, secondRho];

function plainly(step: PlainStep, base: PlainBase, steps: number, parts: readonly GradientAt[]): number[] {
  let w: number[] = startVector;
  for (let i = 0; i < steps; i++) w = step(w, base, parts, rhoOfElements, lr);
  return w;
}

const bases: [RuleName, Settings, () => PlainBase][] = [
  ["sgd", { momentum: 0.9 }, () => plainSgd(lr, 0.9)],
  ["adam", {}, () => plainAdam(lr)],
];

for (const { member, settings, plain } of cases) {
  const title = `${member} ${JSON.stringify(settings)}`;
  // Two rounds of LookSAM's turns.
  const steps = 6;
  for (const [base, ofBase, plainBase] of bases) {
    const run: Run = {
      member,
      base,
      settings: { lr, rho, ...ofBase, ...settings },
      second: { rho: secondRho },
      steps,
    };
    const expected = plainly(plain(), plainBase(), steps, [gradientFor(wholeTarget)]);

    test(`${title} over ${base} steps as its formula in plain numbers, eagerly`, () => {
      assertClose(eagerly(run), expected, 2e-5);
    });

    test(`${title} over ${base} steps as its formula in plain numbers, compiled in float64`, async () => {
      assertClose(await compiled(run), expected, 1e-12);
    });
  }

  if (member === "msam") continue;
  test(`${title} perturbs each of two micro-batches with its own gradient`, async () => {
    // One step: between its ascents, LookSAM does not divide the batch.
    const run: Run = {
      member,
      settings: { lr, rho, micro_batches: 2, ...settings },
      second: { rho: secondRho },
      steps: 1,
    };
    const expected = plainly(plain(), plainSgd(lr), 1, targets.map(gradientFor));
    const whole = plainly(plain(), plainSgd(lr), 1, [gradientFor(wholeTarget)]);
    assert.ok(norm(plus(expected, -1, whole)) > 1e-4, "the parts' ascents differ from that of the batch");
    assertClose(eagerly(run), expected, 2e-5);
    assertClose(await compiled(run), expected, 1e-12);
  });
}

test("micro-batches are for the ascent of LookSAM alone", () => {
  const settings = { lr, rho, every: 2, micro_batches: 2 };
  const run: Run = { member: "looksam", settings, second: { rho: secondRho }, steps: 2 };
  const step = looksamSteps(2, 0.7);
  const base = plainSgd(lr);
  const first = step(startVector, base, targets.map(gradientFor), rhoOfElements, lr);
  assertClose(eagerly(run), step(first, base, [gradientFor(wholeTarget)], rhoOfElements, lr), 2e-5);
});

const perturbing = family.filter((member) => member !== "msam");

for (const member of perturbing) {
  test(`${member} refuses micro-batches of a batch that cannot be divided`, () => {
    const whole: Objective = (params) => objectiveOn()(params);
    const run: Run = { member, settings: { lr, micro_batches: 4 }, steps: 1, objective: whole };
    assert.throws(() => eagerly(run), {
      name: "RangeError",
      message:
        "Cannot divide the batch into 4 micro-batches: the objective has no parts; use micro_batches 1",
    });
  });
}

test("the number of micro-batches is that of all groups", () => {
  const run: Run = {
    member: "sam",
    settings: { lr, micro_batches: 2 },
    second: { micro_batches: 4 },
    steps: 1,
  };
  assert.throws(
    () => eagerly(run),
    /^RangeError: Invalid micro_batches 2 and 4: expected the same value in all groups$/,
  );
});

/** A difference in the base: state, and an update that is not linear in the gradient. */
const everyBase: [RuleName, Settings][] = [
  ["sgd", {}],
  ["sgd", { momentum: 0.9, weight_decay: 0.1 }],
  ["adam", {}],
];

/** Special cases that hold to the last bit. */
function assertSame(title: string, special: Omit<Run, "steps">, general: Omit<Run, "steps">) {
  test(title, async () => {
    for (const [base, ofBase] of everyBase) {
      const over = (run: Omit<Run, "steps">): Run => ({
        ...run,
        ...(wrapperNames as readonly string[]).includes(run.member) ? { base } : { member: base },
        settings: { lr, ...ofBase, ...run.settings },
        steps: 4,
      });
      const expected = eagerly(over(general));
      assert.ok(norm(plus(expected, -1, startVector)) > 1e-3);
      assert.deepEqual(eagerly(over(special)), expected);
      assert.deepEqual(await compiled(over(special)), await compiled(over(general)));
    }
  });
}

const noPerturbation: [Member, Settings][] = [
  ...cases.map(({ member, settings }): [Member, Settings] => [member, settings]),
  ["gsam", { adaptive: true }],
  ["looksam", { every: 2, adaptive: true }],
  ["wsam", { adaptive: true }],
];
for (const [member, settings] of noPerturbation) {
  assertSame(
    `${member} ${JSON.stringify(settings)} with rho 0 is its base`,
    { member, settings: { ...settings, rho: 0 } },
    { member: "sgd", settings: {} },
  );
}

assertSame(
  "asam with eta 0 is the adaptive form of sam",
  { member: "asam", settings: { rho, eta: 0 }, second: { rho: secondRho } },
  { member: "sam", settings: { rho, adaptive: true }, second: { rho: secondRho } },
);
for (const adaptive of [false, true]) {
  const sam: Omit<Run, "steps"> = {
    member: "sam",
    settings: { rho, adaptive },
    second: { rho: secondRho },
  };
  const with_ = (member: Member, settings: Settings): Omit<Run, "steps"> => ({
    ...sam,
    member,
    settings: { ...sam.settings, ...settings },
  });
  const form = adaptive ? "adaptive" : "plain";
  assertSame(
    `gsam with alpha 0 and a constant rate is the ${form} sam`,
    with_("gsam", { alpha: 0, rho_min: 0.1, lr_min: 0.001 }),
    sam,
  );
  assertSame(
    `gsam with alpha 0 and rho_min = rho is the ${form} sam, whatever the rate`,
    {
      ...with_("gsam", { alpha: 0, rho_min: rho }),
      second: { rho: secondRho, rho_min: secondRho },
      factors: [1, 0.3, 0, 0.7],
    },
    { ...sam, factors: [1, 0.3, 0, 0.7] },
  );
  assertSame(
    `looksam with an ascent in every step is the ${form} sam`,
    with_("looksam", { every: 1 }),
    sam,
  );
  assertSame(
    `wsam with gamma 0.5, coupled, is the ${form} sam`,
    with_("wsam", { gamma: 0.5, decoupled_sharpness: false }),
    sam,
  );
}
assertSame(
  "decoupled wsam with gamma 0 is its base",
  { member: "wsam", settings: { gamma: 0, rho } },
  { member: "sgd", settings: {} },
);

test("fisher_sam with eta 0 is the plain sam, and so is decoupled wsam with gamma 0.5 over plain sgd", async () => {
  const sam = await compiled({ member: "sam", settings: { lr, rho, adaptive: false }, steps: 4 });
  assertClose(await compiled({ member: "fisher_sam", settings: { lr, rho, eta: 0 }, steps: 4 }), sam, 1e-14);
  assertClose(await compiled({ member: "wsam", settings: { lr, rho, gamma: 0.5 }, steps: 4 }), sam, 1e-14);
});

test("the radius of gsam falls from rho to rho_min with the rate, and not below", async () => {
  const [rhoMin, lrMin] = [0.1, 0.005];
  const factors = [1, 0.5, 0.25, 0.125];
  const radii = [rho, rhoMin + (rho - rhoMin) * (lr / 2 - lrMin) / (lr - lrMin), rhoMin, rhoMin];
  const run: Run = {
    member: "gsam",
    settings: { lr, rho, rho_min: rhoMin, lr_min: lrMin, alpha: 0.3 },
    factors,
    steps: 4,
  };
  let w = startVector;
  factors.forEach((factor, i) => {
    const radius = w.map(() => radii[i]);
    w = gsamStep(0.3)(w, plainSgd(lr * factor), [gradientFor(wholeTarget)], radius, lr * factor);
  });
  assertClose(await compiled(run), w, 1e-12);
});

test("gsam keeps rho where the rate is lr_min throughout", () => {
  const settings = { lr, rho, adaptive: false };
  assert.deepEqual(
    eagerly({ member: "gsam", settings: { ...settings, alpha: 0, lr_min: lr, rho_min: 0.1 }, steps: 3 }),
    eagerly({ member: "sam", settings, steps: 3 }),
  );
});

const illegal: [Member, Settings, RegExp][] = [
  ["gsam", { rho_min: 0.1 }, /gsam: rho_min has to be at most rho 0.05, got rho_min 0.1$/],
  ["gsam", { lr_min: 0.5 }, /gsam: lr_min has to be at most lr 0.02, got lr_min 0.5$/],
  ["gsam", { nesterov: true }, /nesterov true needs momentum > 0/],
  ["wsam", { gamma: 1 }, /Invalid gamma 1 for wsam: expected a finite number >= 0 and < 1$/],
  ["looksam", { every: 0 }, /Invalid every 0 for looksam: expected an integer >= 1$/],
  ["sam", { micro_batches: 1.5 }, /Invalid micro_batches 1.5 for sam: expected an integer >= 1$/],
];
for (const [member, settings, message] of illegal) {
  test(`${member} refuses ${JSON.stringify(settings)}`, () => {
    assert.throws(() => resolve(getOptimizer(member), { lr, ...settings }), { name: "RangeError", message });
  });
}

test("looksam takes the ascent first, and then every so many steps", () => {
  const { turns } = getOptimizer("looksam");
  assert.deepEqual(turns?.({ every: 4 }), ["ascent", "reuse", "reuse", "reuse"]);
  assert.deepEqual(turns?.({ every: 1 }), ["ascent"]);
});

/** How many gradients a step needs. */
const costs: [Member, number, string?][] = [
  ["sam", 2],
  ["asam", 2],
  ["gsam", 2],
  ["fisher_sam", 2],
  ["wsam", 2],
  ["msam", 1],
  ["looksam", 2, "ascent"],
  ["looksam", 1, "reuse"],
];
for (const [member, cost, turn] of costs) {
  test(`${member} asks for ${cost} gradient${cost > 1 ? "s" : ""}${turn ? ` in the turn ${turn}` : ""}`, () => {
    tf.tidy(() => {
      const { optimizer, groups, point } = eagerPoint(member);
      const calls = { count: 0 };
      optimizer.step(objectiveOn(calls), point, groups, turn);
      assert.equal(calls.count, cost);
    });
  });
}

function eagerPoint(member: Member, settings: Settings = {}, params: Tensors = eagerParams(start)) {
  void tf.setBackend("cpu");
  const optimizer = getOptimizer(member);
  const { literals, inputs } = splitCoefficients(optimizer, resolve(optimizer, { lr, ...settings }));
  const scalars = Object.entries(inputs).map(([name, value]) => [name, tf.scalar(value)]);
  const groups = [{
    parameters: Object.keys(params),
    hyper: { ...literals, ...Object.fromEntries(scalars) },
  }];
  return { optimizer, groups, point: { params, state: optimizer.init(params, groups) } };
}

function eagerParams(data: Data): Tensors {
  return Object.fromEntries(Object.entries(data).map(([name, values]) => [name, tf.tensor1d([...values])]));
}

for (const member of family) {
  const turns = member === "looksam" ? ["ascent", "reuse"] : [undefined];

  test(`${member} leaves a parameter without a gradient, and its state, alone`, () => {
    tf.tidy(() => {
      const { optimizer, groups, point } = eagerPoint(member, {}, eagerParams({ ...start, unused: [1, 2] }));
      let next: Point = point;
      for (const turn of turns) next = optimizer.step(objectiveOn(), next, groups, turn);
      assert.equal(next.params.unused, point.params.unused);
      assert.equal(next.state.unused, point.state.unused);
      assert.notDeepEqual(next.params.a.arraySync(), start.a);
    });
  });

  test(`${member} stays where no parameter has a gradient`, () => {
    tf.tidy(() => {
      const { optimizer, groups, point } = eagerPoint(member);
      const objective: Objective = () => ({ loss: tf.scalar(1), gradients: { a: null, b: null } });
      for (const turn of turns) {
        const next = optimizer.step(objective, point, groups, turn);
        assert.equal(next.params.a, point.params.a);
        assert.equal(next.params.b, point.params.b);
      }
    });
  });

  test(`${member} stays where all gradients are zero`, () => {
    tf.tidy(() => {
      for (const a of [[0, 0, 0], [1, -2, 3]]) {
        const { optimizer, groups, point } = eagerPoint(member, {}, eagerParams({ a }));
        const objective: Objective = () => ({ loss: tf.scalar(1), gradients: { a: tf.zeros([3]) } });
        let next: Point = point;
        for (const turn of [...turns, ...turns]) next = optimizer.step(objective, next, groups, turn);
        assert.deepEqual(next.params.a.arraySync(), a);
      }
    });
  });
}

/** What a neighbourhood's radius is measured with, element by element. */
const metrics: [Member, Settings, (w: number, g: number) => number][] = [
  ["sam", { adaptive: false }, () => 1],
  ["asam", { eta: 0.5 }, (w) => 1 / (Math.abs(w) + 0.5) ** 2],
  ["fisher_sam", { eta: 2 }, (_w, g) => 1 + 2 * g * g],
];
for (const [member, settings, metric] of metrics) {
  test(`${member} perturbs to the edge of its neighbourhood, uphill`, () => {
    const element = fc.double({ min: -3, max: 3, noNaN: true }).map(Math.fround);
    const gradient = fc.tuple(element, element, element).filter((g) => norm(g) > 0.1);
    fc.assert(
      fc.property(
        fc.tuple(element, element, element),
        gradient,
        fc.double({ min: 0.1, max: 2, noNaN: true }),
        (w, g, rho) => {
          tf.tidy(() => {
            const { optimizer, groups, point } = eagerPoint(member, { ...settings, rho }, eagerParams({ w }));
            const visited: number[][] = [];
            const objective = ({ w }: Tensors) => {
              visited.push(Array.from(w.dataSync()));
              const gradients: Gradients = { w: tf.tensor1d(g) };
              return { loss: tf.scalar(0), gradients };
            };
            optimizer.step(objective, point, groups);
            const e = plus(visited[1], -1, w);
            const length = Math.sqrt(e.reduce((sum, x, i) => sum + x * x * metric(w[i], g[i]), 0));
            assertClose([length], [rho], 1e-4);
            assert.ok(dot(e, g) > 0);
          });
        },
      ),
    );
  });
}

test("no wrapper has a hyper-parameter of the same name as a rule's", () => {
  const ofRules = new Set(Object.values(rules).flatMap((rule) => Object.keys(rule.hyperparameters)));
  for (const member of family as readonly WrapperName[]) {
    const inherited = Object.keys(getOptimizer("sgd").hyperparameters);
    const own = Object.keys(getOptimizer(member).hyperparameters).filter((name) => !inherited.includes(name));
    assert.deepEqual(own.filter((name) => ofRules.has(name)), [], member);
  }
});
