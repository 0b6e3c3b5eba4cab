/** How numbers, configurations and studies read to people. */
import type { HyperValue } from "../optim/hyperparameter.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import { varies } from "../study/space/domain.ts";
import type { Configuration, OptimizerChoice } from "../study/trial.ts";

/**
 * A number as people write it: `digits` significant digits without trailing zeros, but never fewer than stand
 * before the point, and an exponent below 0.001 and from a million upwards: 0.9, 0.02154, 12346, 1e-4, 2.5e7.
 */
export function formatNumber(x: number, digits = 4): string {
  const size = Math.abs(x);
  if (x === 0 || !Number.isFinite(x)) return String(x);
  if (size < 1e-3 || size >= 1e6) {
    return x.toExponential(digits - 1).replace(/\.?0*e\+?/, "e");
  }
  return String(size >= 10 ** digits ? Math.round(x) : Number(x.toPrecision(digits)));
}

/** `sgd`, or `sam over sgd`. */
export function optimizerLabel({ name, base }: OptimizerChoice): string {
  return base === undefined ? name : `${name} over ${base}`;
}

/** What a study trains, as in `sam over sgd on digits_mlp`. */
export function studyTitle({ optimizer, task }: Pick<StudySettings, "optimizer" | "task">): string {
  return `${optimizerLabel(optimizer)} on ${task}`;
}

/** A hyper-parameter in a study. */
export interface HyperColumn {
  readonly name: string;
  /** Whether it takes more than one value in the study. */
  readonly varies: boolean;
  /** Whether its only value is the one that it has where none is given. */
  readonly isDefault: boolean;
  /** Its values as text, with as many digits as tell them apart, four at least. */
  format(value: HyperValue): string;
}

/** The hyper-parameters of some configurations of a study, in the order of their declaration. */
export function hyperColumns(
  configurations: readonly Configuration[],
  { defaults, space }: Pick<StudySettings, "defaults" | "space">,
): HyperColumn[] {
  return Object.entries(space).map(([name, domain]) => {
    const values = [...new Set(configurations.map((configuration) => configuration.values[name]))];
    let digits = 4;
    while (digits < 17 && new Set(values.map((value) => formatValue(value, digits))).size < values.length) {
      digits++;
    }
    const isVaried = varies(domain);
    const isDefault = !isVaried && values[0] === defaults[name];
    return { name, varies: isVaried, isDefault, format: (value) => formatValue(value, digits) };
  });
}

/** What sets a configuration apart from the study's others, or from the defaults, as in `lr 0.1, momentum 0.9`. */
export function configurationLabel(columns: readonly HyperColumn[], { values }: Configuration): string {
  const varying = columns.filter(({ varies }) => varies);
  return (varying.length > 0 ? varying : columns.filter(({ isDefault }) => !isDefault))
    .map(({ name, format }) => `${name} ${format(values[name])}`).join(", ");
}

/** A hyper-parameter's value, a number with so many significant digits. */
export function formatValue(value: HyperValue, digits = 4): string {
  return typeof value === "number" ? formatNumber(value, digits) : String(value);
}

/** Breaks a comma-separated list between its items. */
export function wrap(text: string, width: number): string {
  const lines: string[] = [];
  for (const item of text.split(/(?<=,) /)) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + item.length <= width) {
      lines[lines.length - 1] = `${line} ${item}`;
    } else lines.push(item);
  }
  return lines.join("\n");
}
