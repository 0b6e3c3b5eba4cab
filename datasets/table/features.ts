/** The columns of a table from which the label is predicted, as numbers. */
import { quoted, readColumn, type TextColumn } from "./column.ts";
import { DatasetError } from "../error.ts";
import { standardize } from "./standardize.ts";

/** One of a model's inputs. */
export interface Feature {
  /** `age`, or `city=Rome` for a text of a column of text. */
  readonly name: string;
  /** Of each row. */
  readonly values: Float64Array;
}

const MOST_TEXTS = 100;

/**
 * A column of numbers is one feature, standardised by the training rows. A column of text is a feature for each of its
 * different texts, by code units, which is 1 in the rows that hold it and else 0.
 *
 * @param train which rows are to train on
 * @throws {DatasetError} for values that are missing, text in a column of numbers, or more than 100 different texts.
 */
export function featuresOf(file: string, column: TextColumn, train: Int32Array): Feature[] {
  const { name } = column;
  const read = readColumn(file, column);
  if (read.type === "number") return [{ name, values: standardize(read.numbers, train).values }];
  const texts = [...new Set(read.texts)].sort();
  if (texts.length > MOST_TEXTS) {
    throw new DatasetError(
      `Cannot read ${file}: column ${quoted(name)} holds ${texts.length} different texts, such as ` +
        `${quoted(texts[0])}, expected at most ${MOST_TEXTS}; drop the column or merge some of them`,
    );
  }
  return texts.map((text) => ({
    name: `${name}=${text}`,
    values: Float64Array.from(read.texts, (other) => Number(other === text)),
  }));
}
