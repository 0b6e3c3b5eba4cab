/**
 * Two independent standard normal numbers (polar method, Marsaglia & Bray 1964). Runtimes may differ in the last bit of
 * the float64, as their `Math.log` does.
 *
 * @param uniform draws from [0, 1)
 */
export function normalPair(uniform: () => number): [number, number] {
  let x, y, squared;
  do {
    x = 2 * uniform() - 1;
    y = 2 * uniform() - 1;
    squared = x * x + y * y;
  } while (squared >= 1 || squared === 0);
  const scale = Math.sqrt(-2 * Math.log(squared) / squared);
  return [x * scale, y * scale];
}
