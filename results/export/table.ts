/** A value in a table. Undefined and numbers that are not finite are nothing: an empty cell, or null. */
export type Cell = string | number | boolean | undefined;

/** Rows of cells under their names. The rows can be gone through once. */
export interface Table {
  readonly name: string;
  readonly header: readonly string[];
  readonly rows: Iterable<readonly Cell[]>;
  /** Whether all cells are numbers, or undefined. Default: false. */
  readonly isNumeric?: boolean;
}
