/** An optimizer as a file of vectors describes it, over named tensors of a fixed structure. */
import type { Tensor } from "@tensorflow/tfjs";
import type { Specs } from "../../engine/compile.ts";
import { lossAndGradients } from "../../engine/gradient.ts";
import type { TensorFunction } from "../../engine/trace.ts";
import { resolve, splitCoefficients } from "../../optim/coefficients.ts";
import type { Gradients, Objective, Optimizer, Tensors } from "../../optim/optimizer.ts";
import {
  getOptimizer,
  type OptimizerName,
  optimizerNames,
  type RuleName,
  ruleNames,
} from "../../optim/registry.ts";
import { perturb } from "../../optim/sharpness/sam.ts";
import { coefficientName } from "../../study/training/names.ts";
import { flattenState, unflattenState } from "../../study/training/state.ts";
import { coefficientSpecs, type GroupStructure, hyperGroups } from "../../study/training/structure.ts";
import type { Data, Evaluation, Evaluator } from "./evaluator.ts";
import type { Settings, VectorParameter } from "./vectors.ts";

export interface SetupGroup {
  readonly settings: Settings;
  readonly parameters: readonly VectorParameter[];
}

/** The loss of a step, or the gradients it is given. */
export type Problem = {
  /** Inputs beside parameters, state and coefficients. */
  readonly specs: Specs;
  readonly data: Data;
} & ({ loss(params: Tensors, inputs: Tensors): Tensor } | { gradients(inputs: Tensors): Gradients });

/** The tensors of a training that is taken step by step, as plain numbers. */
export class Setup {
  readonly #optimizer: Optimizer;
  readonly #groups: readonly SetupGroup[];
  readonly #evaluator: Evaluator;
  readonly #params: Specs;
  #state: Specs = {};
  #values: Data;
  #steps = new Map<string, Evaluation>();

  constructor(
    optimizer: string,
    base: string | undefined,
    groups: readonly SetupGroup[],
    evaluator: Evaluator,
  ) {
    if (!optimizerNames.includes(optimizer as OptimizerName)) {
      throw new RangeError(`Unknown optimizer "${optimizer}"`);
    }
    if (base !== undefined && !ruleNames.includes(base as RuleName)) {
      throw new RangeError(`Unknown base "${base}"`);
    }
    this.#optimizer = getOptimizer(optimizer as OptimizerName, base as RuleName);
    this.#groups = groups;
    this.#evaluator = evaluator;
    const parameters = groups.flatMap(({ parameters }) => parameters);
    this.#params = Object.fromEntries(parameters.map(({ name, shape }) => [name, { shape, dtype: "float" }]));
    this.#values = Object.fromEntries(parameters.map(({ name, initial }) => [name, initial]));
  }

  /** The current value of a parameter or of a state slot (`w/momentum_buffer`); undefined where there is none. */
  value(name: string): readonly number[] | undefined {
    return this.#values[name];
  }

  #structure(lr: readonly number[] | undefined): { groups: GroupStructure[]; coefficients: Data } {
    const coefficients: Record<string, number[]> = {};
    const groups = this.#groups.map(({ settings, parameters }, group) => {
      const given = optimizerSettings(this.#optimizer.name, settings);
      const values = resolve(this.#optimizer, lr ? { ...given, lr: lr[group] } : given);
      const { literals, inputs } = splitCoefficients(this.#optimizer, values);
      for (const [name, value] of Object.entries(inputs)) {
        coefficients[coefficientName(group, name)] = [value];
      }
      return { parameters: parameters.map(({ name }) => name), literals, inputs: Object.keys(inputs) };
    });
    return { groups, coefficients };
  }

  async init(lr?: readonly number[]): Promise<void> {
    const { groups, coefficients } = this.#structure(lr);
    const specs = { ...this.#params, ...coefficientSpecs(groups) };
    const state: Record<string, Specs[string]> = {};
    const fn: TensorFunction = (inputs) => {
      const slots = flattenState(this.#optimizer.init(this.#pickParams(inputs), hyperGroups(groups, inputs)));
      for (const [name, { shape }] of Object.entries(slots)) state[name] = { shape, dtype: "float" };
      // The runtime refuses a model without results.
      return { ...this.#pickParams(inputs), ...slots };
    };
    const evaluate = await this.#evaluator.prepare(fn, specs);
    this.#values = await evaluate({ ...this.#values, ...coefficients });
    this.#state = state;
  }

  /**
   * Takes one step, and returns everything that was computed on the way: `loss`, `gradients/w`, `gradient_norm`, and
   * for a second gradient `perturbed/w`, `perturbed_loss`, `perturbed_gradients/w`.
   *
   * @param key names the problem's structure: equal keys share one compiled step
   */
  async step(
    problem: Problem,
    key: string,
    lr?: readonly number[],
  ): Promise<Record<string, readonly number[]>> {
    const { groups, coefficients } = this.#structure(lr);
    const structure = JSON.stringify([key, groups]);
    let evaluate = this.#steps.get(structure);
    if (!evaluate) {
      const specs = { ...this.#params, ...this.#state, ...coefficientSpecs(groups), ...problem.specs };
      evaluate = await this.#evaluator.prepare(this.#stepFunction(problem, groups), specs);
      this.#steps.set(structure, evaluate);
    }
    const results = await evaluate({ ...this.#values, ...coefficients, ...problem.data });
    const names = [...Object.keys(this.#params), ...Object.keys(this.#state)];
    this.#values = Object.fromEntries(names.map((name) => [name, results[`next/${name}`]]));
    return results;
  }

  #stepFunction(problem: Problem, groups: readonly GroupStructure[]): TensorFunction {
    return (inputs) => {
      const results: Record<string, Tensor> = {};
      const hyper = hyperGroups(groups, inputs);
      const record = (prefix: string, tensors: Gradients) => {
        for (const [name, tensor] of Object.entries(tensors)) {
          if (tensor) results[`${prefix}/${name}`] = tensor;
        }
      };
      let calls = 0;
      const objective: Objective = (params) => {
        if ("gradients" in problem) {
          // There is no loss; any scalar will do in its place, as nothing looks at it.
          return { loss: inputs[coefficientName(0, "lr")] as never, gradients: problem.gradients(inputs) };
        }
        const { loss, gradients } = lossAndGradients((params) => problem.loss(params, inputs) as never)(
          params,
        );
        if (calls++ === 0) {
          results.loss = loss;
          record("gradients", gradients);
          const { norm } = "rho" in hyper[0].hyper ? perturb(params, gradients, hyper) : { norm: null };
          if (norm) results.gradient_norm = norm;
        } else {
          results.perturbed_loss = loss;
          record("perturbed", params);
          record("perturbed_gradients", gradients);
        }
        return { loss, gradients };
      };
      const state = unflattenState(inputs, Object.keys(this.#params), Object.keys(this.#state));
      const next = this.#optimizer.step(objective, { params: this.#pickParams(inputs), state }, hyper);
      record("next", { ...next.params, ...flattenState(next.state) });
      return results;
    };
  }

  #pickParams(inputs: Tensors): Tensors {
    return Object.fromEntries(Object.keys(this.#params).map((name) => [name, inputs[name]]));
  }
}

/** PyTorch's names that mean something else in the whole of optbench, to ours. */
const renamed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  rmsprop: { alpha: "smoothing" },
  adadelta: { rho: "smoothing" },
  asgd: { alpha: "power" },
};

/** Names as PyTorch has them, to ours. */
function optimizerSettings(optimizer: string, { betas, type: _type, ...rest }: Settings): Settings {
  const settings = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [renamed[optimizer]?.[name] ?? name, value]),
  );
  if (betas === undefined) return settings;
  const [beta1, beta2] = betas as [number, number];
  return { ...settings, beta1, beta2 };
}
