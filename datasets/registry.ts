/** Every dataset, by name. A new one is a file beside this one and a line here. */
import type { DatasetSource } from "./dataset.ts";
import { digits } from "./digits.ts";
import { mnist } from "./mnist.ts";

export const datasets = { digits, mnist } as const satisfies Record<string, DatasetSource>;

export type DatasetName = keyof typeof datasets;

export const datasetNames = Object.keys(datasets) as DatasetName[];

/** The dataset of that name, not yet read. */
export function getDataset(name: DatasetName): DatasetSource {
  return datasets[name];
}
