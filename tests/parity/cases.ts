/** Running a case of lars.json or sam.json. */
import { scalar, type Tensor } from "@tensorflow/tfjs";
import type { Specs } from "../../engine/compile.ts";
import type { Tensors } from "../../optim/optimizer.ts";
import { deviation } from "./deviation.ts";
import type { Data, Evaluator } from "./evaluator.ts";
import { networkLoss } from "./network.ts";
import { type Problem, Setup } from "./setup.ts";
import type { ExpectedStep, VectorCase, VectorLoss, VectorParameter, Vectors } from "./vectors.ts";

/** The worst relative deviation of everything that a case expects, over all its steps. */
export async function runCase(vectorCase: VectorCase, evaluator: Evaluator): Promise<number> {
  const { optimizer, base, hyper, groups, steps } = vectorCase;
  const setup = new Setup(
    optimizer,
    base?.type,
    groups.map(({ overrides, params }) => ({
      settings: { ...hyper, ...base, ...overrides },
      parameters: params,
    })),
    evaluator,
  );
  const parameters = groups.flatMap(({ params }) => params);
  await setup.init(steps[0]?.lr);
  let worst = 0;
  for (const [i, step] of steps.entries()) {
    const problem = vectorCase.loss
      ? lossProblem(vectorCase.loss, parameters, step.inactive ?? [])
      : givenGradients(parameters, step.gradients ?? {});
    const key = JSON.stringify([
      step.inactive,
      Object.entries(step.gradients ?? {}).map(([, g]) => g !== null),
    ]);
    const results = await setup.step(problem, key, step.lr);
    worst = Math.max(worst, ...stepDeviations(setup, results, vectorCase.expected[evaluator.precision][i]));
  }
  return worst;
}

function stepDeviations(setup: Setup, results: Data, expected: ExpectedStep): number[] {
  const deviations: number[] = [];
  const compare = (actual: readonly number[] | undefined, vector: readonly number[] | number | null) => {
    // No gradient, or no state yet: absent, or still the zeros that it starts as.
    if (vector === null) deviations.push((actual ?? []).every((value) => value === 0) ? 0 : Infinity);
    else deviations.push(deviation(actual, typeof vector === "number" ? [vector] : vector));
  };
  const compareAll = (prefix: string, vectors: Vectors | undefined) => {
    for (const [name, vector] of Object.entries(vectors ?? {})) compare(results[`${prefix}/${name}`], vector);
  };
  for (const name of ["loss", "gradient_norm", "perturbed_loss"] as const) {
    const value = expected[name];
    if (value !== undefined) compare(results[name], value);
  }
  compareAll("gradients", expected.gradients);
  compareAll("perturbed", expected.perturbed);
  compareAll("perturbed_gradients", expected.perturbed_gradients);
  for (const [name, vector] of Object.entries(expected.params)) compare(setup.value(name), vector);
  for (const [slot, vectors] of Object.entries(expected.state)) {
    for (const [name, vector] of Object.entries(vectors)) compare(setup.value(`${name}/${slot}`), vector);
  }
  return deviations;
}

function givenGradients(parameters: readonly VectorParameter[], gradients: Vectors): Problem {
  const given = parameters.filter(({ name }) => (gradients[name] ?? null) !== null);
  return {
    specs: Object.fromEntries(given.map(({ name, shape }) => [`given/${name}`, { shape, dtype: "float" }])),
    data: Object.fromEntries(given.map(({ name }) => [`given/${name}`, gradients[name]!])),
    gradients: (inputs) =>
      Object.fromEntries(parameters.map(({ name }) => [name, inputs[`given/${name}`] ?? null])),
  };
}

function lossProblem(
  loss: VectorLoss,
  parameters: readonly VectorParameter[],
  inactive: readonly string[],
): Problem {
  switch (loss.type) {
    case "polynomial":
      return polynomial(loss.terms, parameters, inactive);
    case "mlp_cross_entropy":
      return mlpCrossEntropy(loss.inputs, loss.labels);
    default:
      throw new RangeError(`Unknown loss "${(loss as { type: string }).type}"`);
  }
}

/** L = sum over the parameters p with a term of sum(a/2 (p - c)^2 + b/4 p^4). */
function polynomial(
  terms: (VectorLoss & { type: "polynomial" })["terms"],
  parameters: readonly VectorParameter[],
  inactive: readonly string[],
): Problem {
  const specs: Record<string, Specs[string]> = {};
  const data: Record<string, readonly number[]> = {};
  const active = parameters.filter(({ name }) => name in terms && !inactive.includes(name));
  for (const { name, shape } of active) {
    for (const coefficient of ["a", "b", "c"] as const) {
      specs[`${name}.${coefficient}`] = { shape, dtype: "float" };
      data[`${name}.${coefficient}`] = terms[name][coefficient];
    }
  }
  const loss = (params: Tensors, inputs: Tensors): Tensor =>
    active.map(({ name }) => {
      const p = params[name];
      const [a, b, c] = ["a", "b", "c"].map((coefficient) => inputs[`${name}.${coefficient}`]);
      return a.mul(0.5).mul(p.sub(c).square()).add(b.mul(0.25).mul(p.square().square())).sum();
    }).reduce((sum, term) => sum.add(term), scalar(0) as Tensor);
  return { specs, data, loss };
}

/** L = mean over the rows of -log softmax(w2 tanh(w1 x + b1) + b2)[label]. */
function mlpCrossEntropy(rows: readonly (readonly number[])[], labels: readonly number[]): Problem {
  return {
    specs: {
      x: { shape: [rows.length, rows[0].length], dtype: "float" },
      labels: { shape: [rows.length], dtype: "int32" },
    },
    data: { x: rows.flat(), labels },
    loss: (params, { x, labels }) => networkLoss(params, x, labels, 2, "tanh"),
  };
}
