/** Search methods: what each is asked and what it answers. */

/** A coordinate of the space that a sampler searches. */
export type Dimension =
  /** Anything from 0 to 1, in which equal distances matter equally: a learning rate is on it by its logarithm. */
  | { readonly name: string; readonly kind: "continuous" }
  /** One of some values in their order, by number: 0 to levels - 1. */
  | { readonly name: string; readonly kind: "ordered"; readonly levels: number }
  /** One of some values without an order, by number. */
  | { readonly name: string; readonly kind: "choice"; readonly levels: number };

/** By dimension: a number from 0 to 1, or that of a level. */
export type Point = readonly number[];

/** A point that was tried. */
export interface Observation {
  readonly point: Point;
  /** The lower the better; undefined where the training diverged or failed. */
  readonly cost: number | undefined;
}

/** What a sampler goes by. The same question always has the same answer, which is what makes a search repeatable. */
export interface Question {
  readonly dimensions: readonly Dimension[];
  readonly seed: number;
  /** Points asked for before this one, those included that were turned down. */
  readonly draw: number;
  /** In the order in which their points were proposed, whatever the order in which they ended. */
  readonly observations: readonly Observation[];
  /** Points that were proposed, and are not observed yet. */
  readonly pending: readonly Point[];
}

export interface Sampler {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** Whether it looks at observations. */
  readonly learns: boolean;
  propose(question: Question): Point;
}
