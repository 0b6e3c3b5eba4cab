/**
 * How a comparison that is to be published is carried out.
 *
 * `deepobs` is that of Schneider, Balles & Hennig (2019, arXiv:1903.05499, section 2.4): tune with one seed on the test
 * rows, then train the best configuration again with ten seeds. `nested` tunes on rows that are held out of the training
 * rows; the test rows are seen by the final trials alone, which train on all training rows.
 */
export const protocolNames = ["deepobs", "nested"] as const;
export type ProtocolName = typeof protocolNames[number];

export interface Protocol {
  readonly name: ProtocolName;
  /** Of the final trials. */
  readonly seeds: readonly number[];
}

/** Final trials. */
const FINAL_SEEDS = 10;

export function protocolOf(name: ProtocolName): Protocol {
  return { name, seeds: Array.from({ length: FINAL_SEEDS }, (_, i) => i + 1) };
}
