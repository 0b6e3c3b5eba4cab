/** Datasets of four IDX files: images and their labels, to train and to test, named as those of MNIST. */
import {
  classifiedColumns,
  type ClassifiedSource,
  classifiedSplit,
  type Dataset,
  type Split,
} from "./dataset.ts";
import { type FileSet, readDataFile, requireFiles } from "./files/files.ts";
import { parseIdx } from "./idx.ts";

const LARGEST_BYTE = 255;

export type IdxSettings =
  & Pick<ClassifiedSource, "name" | "summary" | "source" | "shape" | "classes" | "trainRows" | "testRows">
  & { readonly files: FileSet };

/** The files are read when they are first asked for. The inputs are views into what was read, no copies. */
export function idxSource(settings: IdxSettings): ClassifiedSource {
  let loaded: Dataset | undefined;
  return {
    ...settings,
    columns: classifiedColumns(settings.shape),
    divisor: LARGEST_BYTE,
    load: () => loaded ??= read(settings),
  };
}

function read({ name, files, shape, classes, trainRows, testRows }: IdxSettings): Dataset {
  const locate = requireFiles(name, files);
  const split = (prefix: string, rows: number): Split => {
    const images = locate(`${prefix}-images-idx3-ubyte`);
    const labels = locate(`${prefix}-labels-idx1-ubyte`);
    const classOfRow = parseIdx(labels.path, readDataFile(labels), [rows]);
    const wrong = classOfRow.find((label) => label >= classes);
    if (wrong !== undefined) {
      throw new Error(`Invalid label ${wrong} in ${labels.path}: expected 0 to ${classes - 1}`);
    }
    return classifiedSplit(parseIdx(images.path, readDataFile(images), [rows, ...shape]), classOfRow);
  };
  return { train: split("train", trainRows), test: split("t10k", testRows) };
}
