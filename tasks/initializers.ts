/** How parameters start. A task names one of these for each of its parameters. */
import type { Random } from "../datasets/random.ts";
import { sizeOf } from "../datasets/shape.ts";

export interface Initializer {
  /** One line, no full stop. */
  readonly summary: string;
  /**
   * The values of a parameter of that shape, row-major.
   *
   * @throws {RangeError} when the initializer cannot serve the shape.
   */
  fill(shape: readonly number[], random: Random): Float32Array;
}

/** Every value 0. */
export function zeros(): Initializer {
  return { summary: "zeros", fill: (shape) => new Float32Array(sizeOf(shape)) };
}

/** Every value `value`. */
export function constant(value: number): Initializer {
  return { summary: `constant ${value}`, fill: (shape) => new Float32Array(sizeOf(shape)).fill(value) };
}

/**
 * Fixed values: the start of a test function, or a constant of a problem.
 *
 * @param summary what they are, on one line, no full stop
 * @param values gives them, row-major; not called before a parameter is filled
 */
export function given(summary: string, values: () => ArrayLike<number>): Initializer {
  return {
    summary,
    fill(shape) {
      const filled = Float32Array.from(values());
      if (filled.length !== sizeOf(shape)) {
        throw new RangeError(
          `Cannot fill shape [${shape}] with ${summary}: expected ${
            sizeOf(shape)
          } values, got ${filled.length}`,
        );
      }
      return filled;
    },
  };
}

/**
 * Normal with mean 0, drawn again where further than two standard deviations out, as in TensorFlow.
 *
 * @param sd standard deviation before the cut; the values' own is 0.88 of it
 */
export function truncatedNormal(sd: number): Initializer {
  return {
    summary: `truncated normal, sd ${sd}`,
    fill: (shape, random) => generate(shape, () => sd * normalWithinTwo(random)),
  };
}

/** Normal with mean 0. @param sd standard deviation */
export function normal(sd: number): Initializer {
  return {
    summary: `normal, sd ${sd}`,
    fill: (shape, random) => generate(shape, () => sd * random.normal()),
  };
}

/** Normal with variance 2 / fan-in (He, Zhang, Ren & Sun, ICCV 2015, arXiv:1502.01852, equation 10). */
export function heNormal(): Initializer {
  return {
    summary: "He normal",
    fill(shape, random) {
      const sd = Math.sqrt(2 / sizeOf(shape.slice(0, -1)));
      return generate(shape, () => sd * random.normal());
    },
  };
}

/** Uniform with variance 2 / (fan-in + fan-out) (Glorot & Bengio, AISTATS 2010, equation 16). */
export function glorotUniform(): Initializer {
  return {
    summary: "Glorot uniform",
    fill(shape, random) {
      const limit = Math.sqrt(3 * glorotVariance(shape));
      return generate(shape, () => limit * (2 * random.uniform() - 1));
    },
  };
}

/** Truncated normal with variance 2 / (fan-in + fan-out) after the cut, as TensorFlow's `glorot_normal`. */
export function glorotNormal(): Initializer {
  return {
    summary: "Glorot normal",
    fill(shape, random) {
      const sd = Math.sqrt(glorotVariance(shape)) / SD_WITHIN_TWO;
      return generate(shape, () => sd * normalWithinTwo(random));
    },
  };
}

/** Standard deviation of a standard normal that is cut at two: sqrt(1 - 4 pdf(2) / (cdf(2) - cdf(-2))). */
const SD_WITHIN_TWO = 0.8796256610342398;

function normalWithinTwo(random: Random): number {
  let x;
  do x = random.normal(); while (Math.abs(x) > 2);
  return x;
}

/** For weights of shape [in, out] and filters of shape [height, width, in, out]. */
function glorotVariance(shape: readonly number[]): number {
  if (shape.length < 2) {
    throw new RangeError(`Cannot tell fan-in and fan-out of shape [${shape}]: expected [..., in, out]`);
  }
  const [fanIn, fanOut] = shape.slice(-2);
  return 2 / (sizeOf(shape.slice(0, -2)) * (fanIn + fanOut));
}

function generate(shape: readonly number[], draw: () => number): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = draw();
  return values;
}
