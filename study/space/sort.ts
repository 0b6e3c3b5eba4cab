/** The order of rows: what `--sort lr,-test_accuracy` means. */
import { findName, unknownName } from "./expression.ts";
import { present, type Row } from "./expression_tree.ts";
import { SpaceError } from "./values.ts";

/** An order of rows, for `toSorted`. */
export interface Order {
  /** As it was typed. */
  readonly text: string;
  /** The columns, the first deciding before the second. */
  readonly keys: readonly { readonly name: string; readonly isDescending: boolean }[];
  /** Negative where the first row comes first; 0 where the order leaves it open. */
  compare(a: Row, b: Row): number;
}

/**
 * Reads an order: names between commas, each ascending, or descending after a dash. Rows without a value come last in
 * either direction; false comes before true, and texts are in the order of their characters.
 *
 * @throws {SpaceError} for an unknown or repeated name.
 */
export function parseSort(text: string, names: readonly string[]): Order {
  const fail = (problem: string): never => {
    throw new SpaceError(`Cannot parse sort ${JSON.stringify(text)}: ${problem}`);
  };
  const keys = text.split(",").map((item) => item.trim()).map((item) => {
    const typed = item.replace(/^-/, "").trim();
    if (typed === "") fail("a name is missing; write it as lr or lr,-test_accuracy");
    return {
      name: findName(typed, names) ?? fail(unknownName(typed, names)),
      isDescending: item.startsWith("-"),
    };
  });
  keys.forEach(({ name }, i) => {
    if (keys.findIndex((key) => key.name === name) < i) fail(`${name} is given twice; drop one`);
  });
  const compare = (a: Row, b: Row) => {
    for (const { name, isDescending } of keys) {
      const sign = compareValues(present(a[name]), present(b[name]), isDescending ? -1 : 1);
      if (sign !== 0) return sign;
    }
    return 0;
  };
  return { text, keys, compare };
}

function compareValues(a: unknown, b: unknown, direction: 1 | -1): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  // Values of different types have an order too, so that sorting is the same whatever the rows' first order.
  const [x, y] = typeof a === typeof b ? [a as number, b as number] : [typeof a, typeof b];
  return x < y ? -direction : x > y ? direction : 0;
}
