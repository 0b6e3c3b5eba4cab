/** The y axis of learning curves: a scale that suits the values, and round ticks on it. */
import type { Metric } from "../../tasks/task.ts";
import { formatNumber } from "../format.ts";

/** An axis that begins and ends with a tick. Values stand on it at coordinates. */
export interface YAxis {
  readonly title: string;
  coordinate(value: number): number;
  /** Coordinates of the bottom and the top. */
  readonly low: number;
  readonly high: number;
  /** From the bottom to the top, and from one tick to the next. */
  readonly rows: number;
  readonly rowsPerTick: number;
  /** What stands beside the tick at a coordinate. */
  label(coordinate: number): string;
}

interface Scale extends Pick<YAxis, "title" | "coordinate"> {
  /** Distances between ticks, ascending, the last of which is wide enough for one step. */
  readonly steps: readonly number[];
  /** From one tick to the next, at least. */
  readonly leastRows: number;
  /** The highest coordinate that there can be. */
  readonly most?: number;
  label(coordinate: number, axis: Ticks): string;
}

/** Where ticks are. */
interface Ticks {
  readonly low: number;
  readonly high: number;
  readonly step: number;
}

/**
 * The axis with the finest ticks that leave some room between them: in percent for accuracies; for losses linear, or
 * logarithmic where all are positive and they span more than two decades.
 *
 * @param values finite, one at least.
 * @param height lines at most, at least 3.
 */
export function yAxis(values: readonly number[], metric: Metric, height: number): YAxis {
  const least = drawn(values.reduce((a, b) => Math.min(a, b)));
  const most = drawn(values.reduce((a, b) => Math.max(a, b)));
  const scale = metric === "accuracy"
    ? percents
    : least > 0 && most > 100 * least
    ? logarithms
    : linear(least, most);
  const from = scale.coordinate(least);
  const to = scale.coordinate(most);
  const ticks = (step: number): Ticks => {
    const low = Math.floor(from / step) * step;
    const high = Math.ceil(to / step) * step;
    if (low < high) return { low, high, step };
    return high === scale.most ? { low: low - step, high, step } : { low, high: high + step, step };
  };
  const count = ({ low, high, step }: Ticks) => Math.round((high - low) / step);
  // There is a tick at zero, whatever the step.
  const mostTicks = Math.max(from < 0 && to > 0 ? 2 : 1, Math.floor((height - 1) / scale.leastRows));
  const chosen = ticks(scale.steps.find((step) => count(ticks(step)) <= mostTicks) ?? scale.steps.at(-1)!);
  const rowsPerTick = Math.floor((height - 1) / count(chosen));
  return {
    title: scale.title,
    coordinate: scale.coordinate,
    low: chosen.low,
    high: chosen.high,
    rows: count(chosen) * rowsPerTick,
    rowsPerTick,
    label: (coordinate) => scale.label(coordinate, chosen),
  };
}

/** Losses are float32, whose smallest number is 1e-45; what is much smaller stands for 0 and is drawn there. */
const SMALLEST = 1e-100;

function drawn(value: number): number {
  return Math.abs(value) < SMALLEST ? 0 : value;
}

const percents: Scale = {
  title: "test accuracy %",
  coordinate: (accuracy) => 100 * accuracy,
  leastRows: 3,
  steps: [0.5, 1, 2, 5, 10, 20, 25, 50, 100],
  most: 100,
  label: (percent, { step }) => percent.toFixed(step < 1 ? 1 : 0),
};

const logarithms: Scale = {
  title: "test loss, logarithmic",
  coordinate: Math.log10,
  leastRows: 2,
  steps: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  label(exponent) {
    const power = Math.round(exponent);
    return power < -3 || power > 4 ? `1e${power}` : formatNumber(10 ** power);
  },
};

/** What differs by less than this part of itself is the same but for rounding. */
const ROUNDING = 1e-5;

function linear(least: number, most: number): Scale {
  const size = Math.max(Math.abs(least), Math.abs(most));
  const isFlat = most - least <= ROUNDING * size;
  const finest = size === 0 ? 0 : Math.floor(Math.log10(isFlat ? size : most - least)) - (isFlat ? 1 : 2);
  const exponents = Array.from({ length: 9 }, (_, i) => finest + i);
  return {
    title: "test loss",
    coordinate: drawn,
    leastRows: 3,
    // Not a product with a power of ten, as 10 ** -5 is no 1e-5.
    steps: exponents.flatMap((exponent) => [1, 2, 5].map((factor) => Number(`${factor}e${exponent}`))),
    label(loss, { low, high, step }) {
      const exponent = Math.floor(Math.log10(step));
      const largest = Math.max(Math.abs(low), Math.abs(high));
      // Rounding must not lead to -0.0.
      const tick = Math.abs(loss) < step / 2 ? 0 : loss;
      if (largest >= 1e-3 && largest < 1e6) return tick.toFixed(Math.max(0, -exponent));
      return tick === 0
        ? "0"
        : tick.toExponential(Math.floor(Math.log10(largest)) - exponent).replace("e+", "e");
    },
  };
}
