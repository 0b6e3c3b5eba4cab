/** Every dataset, by name. A new one is a file beside this one and a line here. */
import type { DatasetSource } from "./dataset.ts";
import { cifar10 } from "./cifar10.ts";
import { digits } from "./digits.ts";
import { fmnist } from "./fmnist.ts";
import { mnist } from "./mnist.ts";
import { none } from "./none.ts";
import { quadratic } from "./quadratic.ts";
import { shakespeare } from "./text.ts";

export const datasets = {
  digits,
  mnist,
  fmnist,
  cifar10,
  none,
  quadratic,
  shakespeare,
} as const satisfies Record<
  string,
  DatasetSource
>;

export type DatasetName = keyof typeof datasets;

export const datasetNames = Object.keys(datasets) as DatasetName[];

/** The dataset of that name, not yet read. */
export function getDataset(name: DatasetName): DatasetSource {
  return datasets[name];
}
