/** Rows of bytes with a class each. */
export interface Split {
  readonly rows: number;
  /** `rows` times the dataset's shape, row-major. */
  readonly inputs: Uint8Array;
  /** One class per row, from 0. */
  readonly labels: Uint8Array;
}

/** A dataset in memory. Inputs stay bytes until a training step reads them. */
export interface Dataset {
  readonly train: Split;
  readonly test: Split;
}

/** What is known of a dataset before it is read. */
export interface DatasetSource {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** Who made it, where it comes from, its licence. */
  readonly source: string;
  /** Shape of one row's input. */
  readonly shape: readonly number[];
  readonly classes: number;
  /** A byte divided by this is the input's value. */
  readonly divisor: number;
  readonly trainRows: number;
  readonly testRows: number;
  /** @throws {Error} when the files are missing or are not what they should be, naming the file. */
  load(): Dataset;
}
