/** The files that `deno task parity` reads: parity vectors, as another implementation computed them. */

/** `null` means none: no gradient, or no state yet. */
export type Vectors = Readonly<Record<string, readonly number[] | null>>;
export type Settings = Readonly<Record<string, unknown>>;

export interface VectorParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: readonly number[];
}

export type VectorLoss =
  | {
    readonly type: "polynomial";
    readonly terms: Readonly<Record<string, Readonly<Record<"a" | "b" | "c", readonly number[]>>>>;
  }
  | {
    readonly type: "mlp_cross_entropy";
    readonly inputs: readonly (readonly number[])[];
    readonly labels: readonly number[];
  };

export interface VectorStep {
  /** One for each group. */
  readonly lr: readonly number[];
  /** Without a loss: the gradients that are given to the optimizer. */
  readonly gradients?: Vectors;
  /** With a loss: the parameters that are left out of it. */
  readonly inactive?: readonly string[];
}

export interface ExpectedStep {
  readonly params: Vectors;
  readonly state: Readonly<Record<string, Readonly<Record<string, readonly number[] | number | null>>>>;
  readonly loss?: number;
  readonly gradients?: Vectors;
  readonly gradient_norm?: number;
  readonly perturbed?: Vectors;
  readonly perturbed_loss?: number;
  readonly perturbed_gradients?: Vectors;
}

export interface VectorCase {
  readonly name: string;
  readonly optimizer: string;
  readonly kind: string;
  readonly note: string;
  readonly hyper: Settings;
  readonly base?: Settings & { readonly type: string };
  readonly groups: readonly { readonly overrides: Settings; readonly params: readonly VectorParameter[] }[];
  readonly loss?: VectorLoss;
  readonly steps: readonly VectorStep[];
  readonly expected: Readonly<Record<string, readonly ExpectedStep[]>>;
}

export interface VectorFile {
  readonly schema: "optimizer-parity/1";
  readonly dtypes: readonly string[];
  readonly cases: readonly VectorCase[];
}

export interface DigitsRun {
  readonly optimizer: string;
  readonly hyper: Settings;
  readonly base?: Settings & { readonly type: string };
  readonly expected: {
    readonly loss: readonly number[];
    readonly perturbed_loss?: readonly number[];
    readonly final: Readonly<Record<string, number | Readonly<Record<string, number>>>>;
  };
}

export interface DigitsFile {
  readonly schema: "optimizer-parity-digits/1";
  readonly network: {
    readonly layers: readonly number[];
    readonly hidden: string;
    readonly train_rows: readonly [number, number];
    readonly test_rows: readonly [number, number];
    readonly input_scale: number;
    readonly steps: number;
    readonly dtype: string;
    readonly parameters: readonly VectorParameter[];
  };
  readonly runs: readonly DigitsRun[];
}
