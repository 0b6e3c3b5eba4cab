import { cifar10 } from "../datasets/cifar10.ts";
import { type ClassifiedSource, classifiedSplit, type Dataset } from "../datasets/dataset.ts";
import { Random } from "../datasets/random.ts";
import { sizeOf } from "../datasets/shape.ts";

const ROWS = 10_000;

let made: Dataset | undefined;

/** Random bytes of CIFAR-10's shape, with random classes: for timing, where its files are not at hand. */
export const randomPhotographs: ClassifiedSource = {
  ...cifar10,
  name: "photographs",
  summary: "random bytes of the shape of CIFAR-10",
  source: "made for measurements",
  files: undefined,
  trainRows: ROWS,
  testRows: ROWS,
  load: () => made ??= make(),
};

function make(): Dataset {
  const random = new Random(1, "photographs");
  const bytes = (length: number, below: number) =>
    Uint8Array.from({ length }, () => Math.floor(below * random.uniform()));
  const rows = classifiedSplit(bytes(ROWS * sizeOf(cifar10.shape), 256), bytes(ROWS, cifar10.classes));
  return { train: rows, test: rows };
}
