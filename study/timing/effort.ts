/** How much is measured of each subject. */
export interface Effort {
  /** At least. */
  readonly samples: number;
  /** Milliseconds that they take together, at least. */
  readonly ms: number;
  readonly warmupSamples: number;
  readonly warmupMs: number;
  /** Milliseconds of rest before each sample. */
  readonly pauseMs: number;
}

export const DEFAULT_SAMPLES = 64;
export const DEFAULT_TIME_MS = 1000;
