/**
 * Exponential and logarithm by additions, multiplications and divisions alone, which IEEE 754 defines to the last
 * bit. `Math.exp` and `Math.log` differ between runtimes in the last bit, and a search makes another point of it.
 */

/** The first 33 bits of ln 2: their product with an exponent is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

const LARGEST = 708;
const POWERS_OF_TWO = powersOfTwo(1022);
/** 1 / n!, from n = 14 down: what a Taylor polynomial for |x| < 0.35 takes to be exact to rounding. */
const INVERSE_FACTORIALS = inverseFactorials(14);

/** e^x to about 1e-16 of it; 0 below x = -708 and infinity above 708, short of where float64 itself ends. */
export function exp(x: number): number {
  if (x < -LARGEST) return 0;
  if (x > LARGEST) return Infinity;
  const exponent = Math.round(x / Math.LN2);
  const rest = (x - exponent * LN2_HIGH) - exponent * LN2_LOW;
  let sum = 0;
  for (const coefficient of INVERSE_FACTORIALS) sum = sum * rest + coefficient;
  return sum * POWERS_OF_TWO[exponent + 1022];
}

const float64 = new DataView(new ArrayBuffer(8));

/**
 * The natural logarithm to about 1e-16, relative or absolute, of a positive number that is not subnormal; -Infinity
 * for anything smaller. By 2 artanh((m - 1) / (m + 1)), with m within a factor of the square root of 2 of 1.
 */
export function log(x: number): number {
  if (x < 2.2250738585072014e-308) return -Infinity;
  float64.setFloat64(0, x);
  const high = float64.getInt32(0);
  let exponent = (high >> 20) - 1023;
  float64.setInt32(0, (high & 0xfffff) | 0x3ff00000);
  let mantissa = float64.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const squared = s * s;
  let sum = 0;
  for (let n = 23; n >= 3; n -= 2) sum = (sum + 1 / n) * squared;
  return exponent * LN2_HIGH + (exponent * LN2_LOW + 2 * s * sum + 2 * s);
}

/** 2^-n to 2^n, by doubling, which is exact. */
function powersOfTwo(n: number): Float64Array {
  const powers = new Float64Array(2 * n + 1).fill(1);
  for (let i = 1; i <= n; i++) {
    powers[n + i] = powers[n + i - 1] * 2;
    powers[n - i] = powers[n - i + 1] / 2;
  }
  return powers;
}

function inverseFactorials(n: number): Float64Array {
  const inverses = new Float64Array(n + 1).fill(1);
  for (let i = n - 1, factorial = 1; i >= 0; i--) inverses[i] = 1 / (factorial *= n - i);
  return inverses;
}
