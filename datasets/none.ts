import type { DatasetSource } from "./dataset.ts";

/** What a function that needs no data is given: a row of nothing, so that an epoch is one step. */
export const none: DatasetSource = {
  name: "none",
  summary: "no data: an epoch is one step",
  source: "nothing to load",
  columns: {},
  trainRows: 1,
  testRows: 1,
  load: () => ({ train: { rows: 1, columns: {} }, test: { rows: 1, columns: {} } }),
};
