/** Running a training of digits.json. */
import { digits } from "../../datasets/digits.ts";
import { sizeOf } from "../../datasets/shape.ts";
import type { Specs } from "../../engine/compile.ts";
import type { Precision } from "../../engine/lower.ts";
import type { Tensors } from "../../optim/optimizer.ts";
import { deviation } from "./deviation.ts";
import { type Data, evaluators } from "./evaluator.ts";
import { networkLogits, networkLoss } from "./network.ts";
import { Setup } from "./setup.ts";
import type { DigitsFile, DigitsRun } from "./vectors.ts";

/** Rounding grows along a training: multiplying its start by 1 + 1e-12 changes the curves by up to 5e-12. */
export const curveTolerance: Readonly<Record<Precision, number>> = { float32: 1e-3, float64: 1e-9 };

/** The worst relative deviation of the loss curves and of the final figures. */
export async function runDigits(file: DigitsFile, run: DigitsRun): Promise<number> {
  const { network } = file;
  const evaluator = evaluators.find(({ label }) => label === `${network.dtype} compiled`);
  if (!evaluator) throw new RangeError(`Unknown dtype "${network.dtype}": expected float32 or float64`);
  const layers = network.layers.length - 1;
  const train = rows(network.train_rows, network.input_scale);
  const test = rows(network.test_rows, network.input_scale);
  const specs = (data: Data): Specs => ({
    x: { shape: [data.labels.length, network.layers[0]], dtype: "float" },
    labels: { shape: [data.labels.length], dtype: "int32" },
  });
  const settings = { ...run.hyper, ...run.base };
  const setup = new Setup(
    run.optimizer,
    run.base?.type,
    [{ settings, parameters: network.parameters }],
    evaluator,
  );
  const problem = {
    specs: specs(train),
    data: train,
    loss: (params: Tensors, { x, labels }: Tensors) => networkLoss(params, x, labels, layers, network.hidden),
  };

  await setup.init();
  const curves: Record<"loss" | "perturbed_loss", number[]> = { loss: [], perturbed_loss: [] };
  for (let i = 0; i < network.steps; i++) {
    const results = await setup.step(problem, "");
    curves.loss.push(results.loss[0]);
    curves.perturbed_loss.push(results.perturbed_loss?.[0]);
  }
  const final: Record<string, number> = {
    ...prefixed("train", await evaluation(train)),
    ...prefixed("test", await evaluation(test)),
  };
  const norms = Object.fromEntries(
    network.parameters.map(({ name }) => [name, Math.hypot(...setup.value(name)!)]),
  );

  const { expected } = run;
  const pointwise = (actual: readonly number[], curve: readonly number[]) =>
    curve.length === actual.length
      ? Math.max(...curve.map((value, i) => deviation([actual[i]], [value])))
      : Infinity;
  return Math.max(
    pointwise(curves.loss, expected.loss),
    expected.perturbed_loss ? pointwise(curves.perturbed_loss, expected.perturbed_loss) : 0,
    ...Object.entries(expected.final).map(([name, value]) =>
      typeof value === "number"
        ? deviation([final[name]], [value])
        : Math.max(...Object.entries(value).map(([parameter, norm]) => deviation([norms[parameter]], [norm])))
    ),
  );

  async function evaluation(
    data: Data,
  ): Promise<{ loss: number; correct: number; count: number; accuracy: number }> {
    const params: Specs = Object.fromEntries(
      network.parameters.map(({ name, shape }) => [name, { shape, dtype: "float" }]),
    );
    const evaluate = await evaluator!.prepare(({ x, labels, ...params }) => ({
      loss: networkLoss(params, x, labels, layers, network.hidden),
      correct: networkLogits(params, x, layers, network.hidden).argMax(1).equal(labels).toFloat().sum(),
    }), { ...params, ...specs(data) });
    const values = Object.fromEntries(network.parameters.map(({ name }) => [name, setup.value(name)!]));
    const { loss: [loss], correct: [correct] } = await evaluate({ ...values, ...data });
    return { loss, correct, count: data.labels.length, accuracy: correct / data.labels.length };
  }
}

function prefixed(prefix: string, figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${prefix}_${name}`, value]));
}

/** Rows of the whole dataset, training rows first, as the file counts them. */
function rows([from, to]: readonly [number, number], scale: number): { x: number[]; labels: number[] } {
  const { train, test } = digits.load();
  const all = (column: string) => [...train.columns[column], ...test.columns[column]];
  const size = sizeOf(digits.shape);
  return {
    x: Array.from(all("inputs").slice(from * size, to * size), (pixel) => pixel * scale),
    labels: all("labels").slice(from, to),
  };
}
