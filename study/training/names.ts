/** What the inputs and results of programs are called, beside parameters and state, whose names have none of these. */

/** Rows of a batch, by number. */
export const ROWS = "rows";
/** What the learning rate is multiplied by at a step. */
export const LEARNING_RATE_FACTOR = "learning_rate_factor";
/** The parameters after a step. */
export const TRAJECTORY = "trajectory";

/** All rows of a column of the data. */
export function dataName(column: string): string {
  return `data/${column}`;
}

export function noiseName(name: string): string {
  return `noise/${name}`;
}

export function bufferName(name: string): string {
  return `buffer/${name}`;
}

/** A coefficient of a group of parameters. */
export function coefficientName(group: number, name: string): string {
  return `hyper/${group}/${name}`;
}
