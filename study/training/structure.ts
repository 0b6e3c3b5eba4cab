/** A configuration as a program takes it: what the program is built for, and what it is fed. */
import type { Scalar } from "@tensorflow/tfjs";
import type { Specs } from "../../engine/compile.ts";
import { splitCoefficients } from "../../optim/coefficients.ts";
import { type ParameterGroup, withOverrides } from "../../optim/groups.ts";
import type { HyperValues } from "../../optim/hyperparameter.ts";
import type { Coefficient, Description, Group, Tensors } from "../../optim/optimizer.ts";
import { coefficientName } from "./names.ts";

/** A group's structure: which parameters it has, its literal coefficients, the names of those that are fed. */
export interface GroupStructure {
  readonly parameters: readonly string[];
  readonly literals: Readonly<Record<string, boolean | number>>;
  readonly inputs: readonly string[];
}

export interface SplitConfiguration {
  readonly groups: readonly GroupStructure[];
  /** By the names of the program's inputs. */
  readonly coefficients: Readonly<Record<string, number>>;
}

/**
 * @param lrScale what the learning rate is multiplied by.
 */
export function splitConfiguration(
  optimizer: Description,
  parameterGroups: readonly ParameterGroup[],
  values: HyperValues,
  lrScale = 1,
): SplitConfiguration {
  const coefficients: Record<string, number> = {};
  const groups = parameterGroups.map(({ parameters, overrides }, index) => {
    const own = withOverrides(values, overrides);
    const { literals, inputs } = splitCoefficients(optimizer, { ...own, lr: own.lr as number * lrScale });
    for (const [name, value] of Object.entries(inputs)) coefficients[coefficientName(index, name)] = value;
    return { parameters, literals, inputs: Object.keys(inputs) };
  });
  return { groups, coefficients };
}

export function coefficientSpecs(groups: readonly GroupStructure[]): Specs {
  const names = groups.flatMap(({ inputs }, group) => inputs.map((name) => coefficientName(group, name)));
  return Object.fromEntries(names.map((name) => [name, { shape: [], dtype: "float" }]));
}

/** The groups with their coefficients as an optimizer takes them. */
export function hyperGroups(groups: readonly GroupStructure[], inputs: Tensors): Group[] {
  return groups.map(({ parameters, literals, inputs: names }, group) => {
    const hyper: Record<string, Coefficient> = { ...literals };
    for (const name of names) hyper[name] = inputs[coefficientName(group, name)] as Scalar;
    return { parameters, hyper };
  });
}
