/**
 * What an optimizer is.
 *
 * An *update rule* is a pair of pure functions on one tensor: `init` makes its state, `update` turns a gradient into
 * new values (SGD, Adam, LARS). An *optimizer* is a pure function on all tensors, which may ask for the gradient more
 * than once (SAM). Every rule is an optimizer that asks once. Both are written in TensorFlow.js operations alone, so the
 * same code is traced and compiled, or run eagerly on any backend.
 *
 * The form follows optax: https://github.com/google-deepmind/optax
 */
import type { Scalar, Tensor } from "@tensorflow/tfjs";
import {
  type Declarations,
  type FlagDeclaration,
  type HyperValue,
  type HyperValues,
  resolveHyperValues,
} from "./hyperparameter.ts";

/** Tensors by parameter name. */
export type Tensors = Readonly<Record<string, Tensor>>;
/** Gradients by parameter name; `null` where the loss does not depend on the parameter. */
export type Gradients = Readonly<Record<string, Tensor | null>>;
/** The state that an update rule keeps for one tensor, by slot name (`momentum_buffer`). */
export type Slots = Readonly<Record<string, Tensor>>;
/** Slots by parameter name. */
export type State = Readonly<Record<string, Slots>>;

/**
 * A hyper-parameter as an update rule sees it: a 0-d tensor, which is an input of the compiled step; or, for what
 * changes the step's structure, a literal: a flag, or the `0` of a term that is switched off.
 */
export type Coefficient = Scalar | 0 | boolean;

/** The coefficients of declarations `D`, and of the numbers `E` that the rule derives from them. */
export type Coefficients<D extends Declarations = Declarations, E extends string = string> =
  & {
    readonly [K in keyof D]: D[K] extends FlagDeclaration ? boolean
      : D[K] extends { readonly zeroIsOff: false } ? Scalar
      : D[K] extends { readonly zeroIsOff: true } ? Scalar | 0
      : Coefficient;
  }
  & { readonly [K in E]: string extends E ? Coefficient : Scalar };

/** Parameters that share hyper-parameters. */
export interface Group<H> {
  readonly parameters: readonly string[];
  readonly hyper: H;
}

/** The loss at `params` (0-d) and its gradients. */
export type LossAndGradients = (params: Tensors) => { loss: Scalar; gradients: Gradients };

/** A point of the training: where a step starts from, and what it returns beside the loss. */
export interface Point {
  readonly params: Tensors;
  readonly state: State;
}

/** What an optimizer says of itself. */
export interface Description<D extends Declarations = Declarations, E extends string = string> {
  /** As in `--opt`. */
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** The paper or implementation whose formula this is. */
  readonly source: string;
  readonly hyperparameters: D;
  /** Why a combination of legal values is illegal; undefined where it is fine. */
  conflict?(values: HyperValues<NoInfer<D>>): string | undefined;
  /** Further coefficients, formed in float64 whatever the precision of the training. */
  derive?(values: HyperValues<NoInfer<D>>): Readonly<Record<E, number>>;
}

/** What an update rule computes. */
export interface Formula<H = Coefficients> {
  /** The state of a tensor before its first gradient. */
  init(w: Tensor, h: H): Slots;
  /** One step of one tensor: its values `w`, its gradient `g` of the same shape, its state, its group's coefficients. */
  update(w: Tensor, g: Tensor, slots: Slots, h: H): { w: Tensor; slots: Slots };
}

export type UpdateRule = Description & Formula;

/** Types a formula by what its description declares, then forgets the details, so that rules can stand in one list. */
export function updateRule<const D extends Declarations, const E extends string = never>(
  description: Description<D, E>,
  formula: NoInfer<Formula<Coefficients<D, E>>>,
): UpdateRule {
  return { ...description, ...formula } as UpdateRule;
}

export interface Optimizer extends Description {
  /** The name of the wrapped update rule, for an optimizer that wraps one. */
  readonly base?: string;
  init(params: Tensors, groups: readonly Group<Coefficients>[]): State;
  /** One training step from a point; the loss returned is the one at that point, before the step. */
  step(
    gradient: LossAndGradients,
    point: Point,
    groups: readonly Group<Coefficients>[],
  ): Point & { readonly loss: Scalar };
}

/** The optimizer that asks for the gradient once and applies the rule. */
export function fromRule(rule: UpdateRule): Optimizer {
  return {
    ...rule,
    init: (params, groups) => initState(rule, params, groups),
    step(gradient, point, groups) {
      const { loss, gradients } = gradient(point.params);
      return { loss, ...applyRule(rule, gradients, point, groups) };
    },
  };
}

/** A rule's state for every parameter. */
export function initState(rule: UpdateRule, params: Tensors, groups: readonly Group<Coefficients>[]): State {
  const state: Record<string, Slots> = {};
  for (const { parameters, hyper } of groups) {
    for (const name of parameters) state[name] = rule.init(params[name], hyper);
  }
  return state;
}

/** Applies a rule to every parameter that has a gradient; the others keep their values and their state. */
export function applyRule(
  rule: UpdateRule,
  gradients: Gradients,
  point: Point,
  groups: readonly Group<Coefficients>[],
): Point {
  const params: Record<string, Tensor> = { ...point.params };
  const state: Record<string, Slots> = { ...point.state };
  for (const { parameters, hyper } of groups) {
    for (const name of parameters) {
      const g = gradients[name];
      if (g === null) continue;
      const updated = rule.update(params[name], g, state[name], hyper);
      params[name] = updated.w;
      state[name] = updated.slots;
    }
  }
  return { params, state };
}

/**
 * Checks a set of hyper-parameters, alone and together, and fills in the defaults.
 *
 * @throws {RangeError | TypeError} naming the argument, the value and what is legal.
 */
export function resolve(optimizer: Optimizer, given: Readonly<Record<string, unknown>>): HyperValues {
  const values = resolveHyperValues(optimizer.name, optimizer.hyperparameters, given);
  const conflict = optimizer.conflict?.(values);
  if (conflict !== undefined) {
    throw new RangeError(`Invalid hyper-parameters for ${optimizer.name}: ${conflict}`);
  }
  return values;
}

/** A set of hyper-parameters taken apart into what the compiled step is built for and what it is fed. */
export interface SplitCoefficients {
  readonly literals: Readonly<Record<string, boolean | 0>>;
  readonly inputs: Readonly<Record<string, number>>;
}

/** Splits resolved hyper-parameters: equal `literals` share one compiled step. */
export function splitCoefficients(optimizer: Optimizer, values: HyperValues): SplitCoefficients {
  const literals: Record<string, boolean | 0> = {};
  const inputs: Record<string, number> = {};
  const all: Record<string, HyperValue> = { ...values, ...optimizer.derive?.(values) };
  for (const [name, value] of Object.entries(all)) {
    const declaration = optimizer.hyperparameters[name];
    if (typeof value === "boolean") literals[name] = value;
    else if (value === 0 && declaration?.kind === "number" && declaration.zeroIsOff) literals[name] = 0;
    else inputs[name] = value;
  }
  return { literals, inputs };
}
