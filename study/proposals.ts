/** Where a study's configurations come from, one after another. */
import type { HyperValues } from "../optim/hyperparameter.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { getOptimizer } from "../optim/registry.ts";
import { conflictOf, grid } from "./samplers/grid.ts";
import { quasiRandomPoint } from "./samplers/quasi_random.ts";
import { getSampler } from "./samplers/registry.ts";
import type { Dimension, Observation, Point } from "./samplers/sampler.ts";
import type { StudySettings } from "./settings/settings.ts";
import { conditionally } from "./space/condition.ts";
import { dimensionsOf, valuesAt } from "./space/coordinates.ts";

export interface Proposal {
  /** How many were drawn before it. */
  readonly draw: number;
  /** Absent in a grid. */
  readonly point?: Point;
  readonly values: HyperValues;
}

/** What a proposal goes by. */
export interface Known {
  /** Its number, unless those that follow it have to be drawn in its place. */
  readonly draw: number;
  readonly observations: readonly Observation[];
  readonly pending: readonly Point[];
}

/** Where so many draws in a row bring nothing new, nothing is left. */
const MOST_DRAWS = 1000;
/** A sampler that is turned down so often may be set on points that are not legal, or taken: then it is passed over. */
const MOST_REFUSALS = 10;

/** The legal configurations of a study, none of them twice. */
export class Proposals {
  readonly #settings: StudySettings;
  readonly #optimizer: Optimizer;
  readonly #settle: (values: HyperValues) => HyperValues;
  readonly #dimensions: readonly Dimension[];
  /** Of a grid. */
  readonly #points?: readonly HyperValues[];
  readonly #taken = new Set<string>();

  constructor(settings: StudySettings) {
    const { optimizer: { name, base }, space, conditions, defaults, parameterGroups, sampler } = settings;
    this.#settings = settings;
    this.#optimizer = getOptimizer(name, base);
    this.#settle = conditionally(this.#optimizer, conditions, defaults);
    this.#dimensions = dimensionsOf(space);
    if (sampler.name === "grid") {
      this.#points = grid(this.#optimizer, space, { parameterGroups, settle: this.#settle }).points;
    }
  }

  /** Says that a configuration was chosen. */
  take(values: HyperValues): void {
    this.#taken.add(JSON.stringify(values));
  }

  /** Undefined where there is no other configuration, or none can be found. */
  next({ draw, observations, pending }: Known): Proposal | undefined {
    if (this.#points !== undefined) {
      return draw < this.#points.length ? { draw, values: this.#points[draw] } : undefined;
    }
    const { sampler: { name, seed }, space, parameterGroups } = this.#settings;
    const sampler = getSampler(name);
    for (let d = draw; d < draw + MOST_DRAWS; d++) {
      const question = { dimensions: this.#dimensions, seed, draw: d, observations, pending };
      const point = d - draw < MOST_REFUSALS
        ? sampler.propose(question)
        : quasiRandomPoint(this.#dimensions, seed, d);
      const values = this.#settle(valuesAt(space, point));
      if (this.#taken.has(JSON.stringify(values))) continue;
      if (conflictOf(this.#optimizer, values, parameterGroups) === undefined) {
        return { draw: d, point, values };
      }
    }
  }
}
