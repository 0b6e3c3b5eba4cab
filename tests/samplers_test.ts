import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eigen } from "../study/samplers/eigen.ts";
import { exp, log } from "../study/samplers/elementary.ts";
import { evolve, populationSize, startEvolution } from "../study/samplers/evolution.ts";
import { fit } from "../study/samplers/likelihood.ts";
import { cumulative, logExpectedExcess, quantile } from "../study/samplers/normal.ts";
import { parzen } from "../study/samplers/parzen.ts";
import { getSampler, type SamplerName, samplerNames, samplers } from "../study/samplers/registry.ts";
import { posterior } from "../study/samplers/regression.ts";
import type { Dimension, Observation, Point, Question } from "../study/samplers/sampler.ts";
import { Sobol, sobolBits } from "../study/samplers/sobol.ts";
import { Random } from "../datasets/random.ts";
import { continuous, mixed, search } from "./_minima.ts";

const learning = samplerNames.filter((name) => samplers[name].learns);

function assertClose(actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-12) {
  assert.equal(actual.length, expected.length);
  expected.forEach((x, i) =>
    assert.ok(Math.abs(actual[i] - x) <= tolerance * Math.max(1, Math.abs(x)), `${actual[i]} is not ${x}`)
  );
}

function isLegalPoint(dimensions: readonly Dimension[], point: Point): boolean {
  return point.length === dimensions.length &&
    dimensions.every((dimension, j) =>
      dimension.kind === "continuous"
        ? point[j] >= 0 && point[j] <= 1
        : Number.isInteger(point[j]) && point[j] >= 0 && point[j] < dimension.levels
    );
}

const anyDimension: fc.Arbitrary<Dimension> = fc.oneof(
  fc.constant({ name: "c", kind: "continuous" } as const),
  fc.record({
    name: fc.constant("o"),
    kind: fc.constant("ordered" as const),
    levels: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({
    name: fc.constant("x"),
    kind: fc.constant("choice" as const),
    levels: fc.integer({ min: 1, max: 5 }),
  }),
);

function anyPoint(dimensions: readonly Dimension[]): fc.Arbitrary<Point> {
  return fc.tuple(
    ...dimensions.map((dimension) =>
      dimension.kind === "continuous"
        ? fc.double({ min: 0, max: 1, noNaN: true })
        : fc.integer({ min: 0, max: dimension.levels - 1 })
    ),
  );
}

const anyQuestion: fc.Arbitrary<Question> = fc.array(anyDimension, { minLength: 1, maxLength: 12 }).chain(
  (dimensions) => {
    const point = anyPoint(dimensions);
    const cost = fc.option(fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -2, max: 2 })), {
      nil: undefined,
    });
    return fc.record({
      dimensions: fc.constant(dimensions),
      seed: fc.integer(),
      draw: fc.nat(),
      observations: fc.array(fc.record({ point, cost }), { maxLength: 40, size: "max" }),
      pending: fc.array(point, { maxLength: 8 }),
    });
  },
);

for (const name of samplerNames) {
  test(`${name} proposes legal points whatever the space and the observations, and the same ones if asked again`, () => {
    fc.assert(
      fc.property(anyQuestion, (question) => {
        const point = getSampler(name).propose(question);
        assert.ok(isLegalPoint(question.dimensions, point), `${point}`);
        assert.deepEqual(getSampler(name).propose(question), point);
      }),
      { numRuns: 40 },
    );
  });

  test(`${name} proposes other points for another seed, and for another draw`, () => {
    const question = { dimensions: continuous(3), seed: 1, draw: 0, observations: [], pending: [] };
    const point = getSampler(name).propose(question);
    assert.notDeepEqual(getSampler(name).propose({ ...question, seed: 2 }), point);
    assert.notDeepEqual(getSampler(name).propose({ ...question, draw: 1 }), point);
  });

  test(`${name} searches a space of which nothing can be chosen, and where every training fails`, () => {
    const dimensions: Dimension[] = [
      { name: "a", kind: "ordered", levels: 1 },
      { name: "b", kind: "choice", levels: 1 },
    ];
    const found = search(getSampler(name), { dimensions, cost: () => undefined }, { seed: 1, trials: 30 });
    assert.ok(found.every(({ point }) => point[0] === 0 && point[1] === 0));
  });
}

// Math.exp and Math.log would fail this on one runtime or the other.
test("searches end in the same point to the last bit on every runtime", () => {
  const last: Record<SamplerName, Point> = {
    random: [0.6032829593980823, 3, 1, 0.30030719028286135],
    "quasi-random": [0.11503439547959715, 0, 0, 0.6012307034106925],
    tpe: [0.7458323717033938, 3, 2, 0.17325280612374794],
    gp: [0.6947097129655901, 3, 2, 0.42036640790756785],
    "cma-es": [0.6962183389952411, 3, 1, 0.22308105482325719],
  };
  for (const name of samplerNames) {
    assert.deepEqual(search(getSampler(name), mixed, { seed: 3 }).at(-1)!.point, last[name], name);
  }
});

test("learning samplers leave a region where trainings diverge", () => {
  const dimensions = continuous(2);
  const cost = ([x, y]: Point) => x > 0.5 ? undefined : (y - 0.5) * (y - 0.5);
  for (const name of learning) {
    const found = Array.from(
      { length: 10 },
      (_, seed) => search(getSampler(name), { dimensions, cost }, { seed }).slice(25),
    );
    const diverged = found.flat().filter(({ cost }) => cost === undefined).length / found.flat().length;
    assert.ok(diverged < 0.35, `${name}: ${diverged} of the later trials diverged`);
  }
});

test("samplers that heed pending points do not heed their order, and propose no pending point again", () => {
  const observations = search(getSampler("random"), mixed, { seed: 1, trials: 30 });
  const pending = search(getSampler("random"), mixed, { seed: 2, trials: 6 }).map(({ point }) => point);
  for (const name of ["tpe", "gp"] as const) {
    const question = { dimensions: mixed.dimensions, seed: 1, draw: 36, observations };
    const point = getSampler(name).propose({ ...question, pending });
    assertClose(
      getSampler(name).propose({ ...question, pending: pending.toReversed() }),
      point as number[],
      1e-2,
    );
    const next = getSampler(name).propose({ ...question, pending: [...pending, point] });
    assert.notDeepEqual(next, point);
  }
});

test("a sampler that does not exist is refused with the names of those that do", () => {
  assert.throws(() => getSampler("sobol"), {
    name: "RangeError",
    message: 'Cannot find sampler "sobol"; expected one of random, quasi-random, tpe, gp, cma-es',
  });
});

// scipy.stats.qmc.Sobol(64, scramble=False) visits the same points in the order of a Gray code.
test("the Sobol sequence is SciPy's", () => {
  const expected = [
    [0, 0, 0, 0, 0, 0],
    [0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    [0.75, 0.25, 0.25, 0.75, 0.25, 0.75],
    [0.25, 0.75, 0.75, 0.25, 0.75, 0.25],
    [0.375, 0.375, 0.625, 0.125, 0.875, 0.125],
    [0.875, 0.875, 0.125, 0.625, 0.375, 0.625],
    [0.625, 0.125, 0.875, 0.875, 0.625, 0.875],
    [0.125, 0.625, 0.375, 0.375, 0.125, 0.375],
  ];
  expected.forEach((point, i) => {
    assert.deepEqual([0, 1, 2, 5, 40, 63].map((j) => sobolBits(i ^ (i >> 1), j) / 2 ** 32), point);
  });
});

test("of the first 2^k scrambled points, each 2^-k of every axis holds one", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 9 }), (seed, k) => {
      const sequence = new Sobol(seed, "test", 64);
      const points = Array.from({ length: 2 ** k }, (_, i) => sequence.at(i));
      for (let j = 0; j < 64; j++) {
        assert.equal(new Set(points.map((point) => Math.floor(point[j] * 2 ** k))).size, 2 ** k);
      }
    }),
    { numRuns: 20 },
  );
});

test("the first 2^k scrambled points of two dimensions are a net: each rectangle of area 2^-k holds one", () => {
  const points = Array.from({ length: 256 }, (_, i) => new Sobol(5, "test", 2).at(i));
  for (let wide = 0; wide <= 8; wide++) {
    const cells = points.map(([x, y]) => `${Math.floor(x * 2 ** wide)} ${Math.floor(y * 2 ** (8 - wide))}`);
    assert.equal(new Set(cells).size, 256);
  }
});

test("scrambled points are uniform: over the seeds, the first one has the moments of a uniform distribution", () => {
  const first = Array.from({ length: 4000 }, (_, seed) => new Sobol(seed, "test", 1).at(0)[0]);
  const moment = (k: number) => first.reduce((sum, x) => sum + x ** k, 0) / first.length;
  assertClose([moment(1), moment(2), moment(3)], [1 / 2, 1 / 3, 1 / 4], 0.02);
});

test("a mean over 1024 scrambled points is 20 times as exact as one over random points", () => {
  const error = (next: (i: number) => number[]) => {
    let sum = 0;
    for (let i = 0; i < 1024; i++) sum += next(i).reduce((product, x) => product * (0.5 + x), 1);
    return (sum / 1024 - 1) ** 2;
  };
  let sobol = 0, random = 0;
  for (let seed = 0; seed < 20; seed++) {
    const sequence = new Sobol(seed, "test", 5);
    const stream = new Random(seed, "test");
    sobol += error((i) => sequence.at(i));
    random += error(() => Array.from({ length: 5 }, () => stream.uniform()));
  }
  assert.ok(Math.sqrt(random / sobol) > 20, `${Math.sqrt(random / sobol)} times as exact`);
});

test("beyond 64 dimensions, coordinates are still between 0 and 1", () => {
  const point = new Sobol(1, "test", 80).at(7);
  assert.equal(new Set(point).size, 80);
  assert.ok(point.every((x) => x > 0 && x < 1));
});

test("exponential and logarithm are those of Math to rounding", () => {
  fc.assert(fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
    assert.ok(Math.abs(exp(x) / Math.exp(x) - 1) < 1e-15);
    const y = Math.exp(x);
    assert.ok(Math.abs(log(y) - Math.log(y)) <= 4e-16 * Math.abs(Math.log(y)));
  }));
  assert.deepEqual([exp(0), log(1), exp(-1000), exp(1000), log(0)], [1, 0, 0, Infinity, -Infinity]);
});

// scipy.stats.norm.cdf, and log(pdf(z) + z cdf(z)) in 60 digits.
test("the normal distribution is SciPy's, far out as well", () => {
  const z = [-37, -8, -3.0001, -3, -1, 0, 1, 6];
  const below = [
    5.725571222524577e-300,
    6.220960574271784e-16,
    0.0013494549132607172,
    0.0013498980316300946,
    0.15865525393145705,
    0.5,
    0.8413447460685429,
    0.9999999990134123,
  ];
  const excess = [
    -692.6429601632705,
    -37.12236426169263,
    -7.870039297756779,
    -7.869686059603029,
    -2.4851210257126413,
    -0.9189385332046728,
    0.08002621884930694,
    1.7917594692541146,
  ];
  assertClose(z.map((x, i) => cumulative(x) / below[i]), z.map(() => 1), 1e-11);
  assertClose(z.map(logExpectedExcess), excess, 1e-11);
  assertClose(below.slice(1, 7).map(quantile), z.slice(1, 7), 1e-11);
});

test("eigenvectors and eigenvalues make up the matrix", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 25, maxLength: 25 }),
      (x) => {
        const matrix = Array.from(
          { length: 5 },
          (_, i) => Array.from({ length: 5 }, (_, j) => x[5 * i + j] + x[5 * j + i]),
        );
        const { values, vectors } = eigen(matrix);
        matrix.forEach((row, i) =>
          row.forEach((expected, j) =>
            assertClose(
              [values.reduce((sum, value, k) => sum + value * vectors[k][i] * vectors[k][j], 0)],
              [expected],
              1e-12,
            )
          )
        );
      },
    ),
  );
});

const smallSpace: Dimension[] = [
  { name: "a", kind: "continuous" },
  { name: "b", kind: "ordered", levels: 4 },
  { name: "c", kind: "choice", levels: 3 },
];
const tried: Point[] = [[0.1, 0, 0], [0.4, 1, 2], [0.75, 3, 1], [0.9, 2, 0], [0.3, 2, 1]];
const values = [1.2, -0.7, 0.4, -1.1, 0.2];

// GaussianProcessRegressor of scikit-learn 1.9.1 with Matern(nu=2.5), alpha=0.01, on the encoded points.
test("the Gaussian process predicts what scikit-learn's does, with a pending point and without", () => {
  const asked: Point[] = [[0.2, 1, 2], [0.95, 0, 1], [0.4, 1, 2]];
  const mean = [-0.05469501489362024, -0.44247555223410656, -0.6813331079262821];
  const process = { lengthScales: [0.4, 0.8, 1.5], noise: 0.01 };
  const alone = asked.map(posterior(smallSpace, process, tried, values));
  assertClose(alone.map(({ mean }) => mean), mean);
  assertClose(alone.map(({ deviation }) => deviation), [
    0.46812808550572166,
    0.8038555756485755,
    0.09902927603271443,
  ]);
  const believed = asked.map(posterior(smallSpace, process, tried, values, [asked[0]]));
  assertClose(believed.map(({ mean }) => mean), mean);
  assertClose(believed.map(({ deviation }) => deviation), [
    0.09779362462369424,
    0.8028033479538974,
    0.09814996663606851,
  ]);
});

test("length scales tell the dimension that matters from the one that does not", () => {
  const sequence = new Sobol(1, "test", 2);
  const points = Array.from({ length: 40 }, (_, i) => sequence.at(i));
  const { lengthScales, noise } = fit(
    continuous(2),
    points,
    points.map(([x]) => Math.SQRT2 * Math.sin(9 * x)),
  );
  assert.ok(lengthScales[1] > 5 * lengthScales[0], `${lengthScales}`);
  assert.ok(noise < 1e-3, `${noise}`);
});

// CMA of cmaes 0.13.1, told the same three generations.
test("CMA-ES moves as the Python package cmaes does", () => {
  const points = [
    [0.549, 0.715, 0.603],
    [0.545, 0.424, 0.646],
    [0.438, 0.892, 0.964],
    [0.383, 0.792, 0.529],
    [0.568, 0.926, 0.071],
    [0.087, 0.02, 0.833],
    [0.778, 0.87, 0.979],
    [0.799, 0.461, 0.781],
    [0.118, 0.64, 0.143],
    [0.945, 0.522, 0.415],
    [0.265, 0.774, 0.456],
    [0.568, 0.019, 0.618],
    [0.612, 0.617, 0.944],
    [0.682, 0.36, 0.437],
    [0.698, 0.06, 0.667],
    [0.671, 0.21, 0.129],
    [0.315, 0.364, 0.57],
    [0.439, 0.988, 0.102],
    [0.209, 0.161, 0.653],
    [0.253, 0.466, 0.244],
    [0.159, 0.11, 0.656],
  ];
  const cost = ([x, y, z]: Point) => (x - 0.2) ** 2 + 3 * (y - 0.7) ** 2 + 10 * (z - 0.4) ** 2;
  assert.equal(populationSize(3), 7);
  let state = startEvolution(3);
  for (let start = 0; start < 21; start += 7) {
    state = evolve(state, points.slice(start, start + 7).sort((a, b) => cost(a) - cost(b)));
  }
  assertClose(state.mean, [0.29376001358557824, 0.499571981170856, 0.32220256004767167], 1e-9);
  assertClose([state.sigma], [0.22693785527343002], 1e-9);
  assertClose(state.covariance.flat(), [
    0.9648376669718034,
    0.0786836880774627,
    0.03921916929432652,
    0.07868368807746272,
    0.7264059084052488,
    0.11242823938319112,
    0.03921916929432656,
    0.11242823938319112,
    0.7659064995928948,
  ], 1e-7);
  assertClose(state.covariancePath, [-1.0914991168112076, -0.7907430133806377, -0.9721701259308229], 1e-9);
  assertClose(state.sigmaPath, [-1.163923243093992, -0.7666759072901188, -1.1798775150710847], 1e-7);
});

test("a Parzen estimator is a density: it sums to 1 over levels and integrates to 1 over the interval", () => {
  const { logDensity } = parzen(smallSpace, tried, values.map(() => 1), 0.2);
  const steps = 400;
  let sum = 0;
  for (let level = 0; level < 4; level++) {
    for (let choice = 0; choice < 3; choice++) {
      for (let i = 0; i < steps; i++) sum += Math.exp(logDensity([(i + 0.5) / steps, level, choice])) / steps;
    }
  }
  assertClose([sum], [1], 1e-4);
});

test("a Parzen estimator draws points as often as its density says", () => {
  const mixture = parzen(smallSpace, tried, [1, 5, 1, 1, 1], 0.1);
  const random = new Random(1, "test");
  const drawn = Array.from({ length: 4000 }, () => mixture.sample(random));
  const steps = 200;
  let expected = 0;
  for (let i = 0; i < steps; i++) expected += Math.exp(mixture.logDensity([(i + 0.5) / steps, 1, 2])) / steps;
  const share = drawn.filter(([, level, choice]) => level === 1 && choice === 2).length / drawn.length;
  assertClose([share], [expected], 0.03);
});

test("a long history costs what a short one does: only its best and its latest observations count", () => {
  const observations: Observation[] = search(getSampler("random"), mixed, { seed: 1, trials: 300 });
  const worst = Math.max(...observations.map(({ cost }) => cost!));
  const forgotten = observations.findIndex(({ cost }) => cost === worst);
  const question = { dimensions: mixed.dimensions, seed: 1, draw: 300, observations, pending: [] };
  const others = observations.toSpliced(forgotten, 1, { point: [0, 0, 0, 0], cost: worst });
  assert.deepEqual(
    getSampler("gp").propose({ ...question, observations: others }),
    getSampler("gp").propose(question),
  );
});
