/** Where something stands in a file; the first line and column are 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What a file says, as plain values, and where it says it. */
export interface Content {
  readonly value: unknown;
  /** Where the key at the end of a path of keys stands, or the nearest one around it. */
  at(path: readonly string[]): Position;
}

/** Turns text into content, or calls `fail`, which throws. */
export type Reader = (text: string, fail: (problem: string, position: Position) => never) => Content;

/** The start of a file: where it says nothing more precise. */
export const START: Position = { line: 1, column: 1 };
