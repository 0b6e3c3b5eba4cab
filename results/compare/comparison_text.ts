/** A comparison for a terminal. */
import { formatNumber } from "../format.ts";
import type { Interval } from "../statistics/bootstrap.ts";
import { fold, textTable } from "../text_table.ts";
import type { ComparedPair, ComparedSide, SideComparison } from "./comparison.ts";
import type { ComparedMetric } from "./metrics.ts";
import { verdictSentence } from "./verdict.ts";

/** Tables of the sides and the pairs, the verdicts in words, and what to beware of. */
export function comparisonText(comparison: SideComparison, width: number): string {
  const { sides, pairs, warnings, metric } = comparison;
  return [
    fold(title(comparison), width),
    sideTable(sides, metric, width),
    sides.map((side) => fold(description(side), width, 2)).join("\n"),
    ...pairTables(comparison, width),
    fold(LEGEND, width),
    pairs.map((pair) => fold(`${sentence(pair, comparison)}.`, width, 2)).join("\n"),
    ...warnings.length > 0 ? [warnings.map((text) => fold(`Beware: ${text}.`, width, 2)).join("\n")] : [],
  ].join("\n\n");
}

function title({ metric, sides }: SideComparison): string {
  const settings = sides.map(({ study }) => study.description.settings);
  const each = (values: readonly number[]) => [...new Set(values)].join(" or ");
  const epochs = each(settings.map(({ epochs }) => epochs));
  const batch = each(settings.map(({ batchSize }) => batchSize));
  const unit = metric.percent ? " in %" : "";
  return `${metric.label}${unit} on ${settings[0].task}, ${metric.better} is better ` +
    `(${epochs} epochs, batch ${batch})`;
}

function sideTable(sides: readonly ComparedSide[], metric: ComparedMetric, width: number): string {
  const write = writer(sides, metric);
  const head = ["", "runs", "mean ± sd", "95 % interval", "median", "quartiles"];
  const rows = sides.map(({ name, summary }) => {
    const { runs, failed, mean, sd, interval, median, lowerQuartile, upperQuartile } = summary;
    return [
      name,
      failed === 0 ? `${runs}` : `${runs - failed} of ${runs}`,
      `${write(mean)}${sd === undefined ? "" : ` ± ${write(sd)}`}`,
      range(interval, write),
      write(median),
      lowerQuartile === undefined ? NOTHING : range({ low: lowerQuartile, high: upperQuartile! }, write),
    ];
  });
  return textTable({ head, rows, right: [1, 2, 3, 4, 5] }, width);
}

/** Which configuration a side is, and how it came to be that one. */
function description({ name, label, study, stage, rank, chosenOf }: ComparedSide): string {
  const { protocol } = study.description.settings;
  const origin = stage === "final"
    ? [`final trials of protocol ${protocol!.name} in ${study.name}`]
    : chosenOf > 1
    ? [`best of ${chosenOf} in ${study.name}`]
    : name === `#${rank}`
    ? []
    : [`row ${rank} of ${study.name}`];
  return `${name}: ${[label || "all defaults", ...origin].join("; ")}`;
}

/** A table for each side that others are compared with. */
function pairTables({ sides, pairs, metric }: SideComparison, width: number): string[] {
  const write = writer(sides, metric);
  const isFamily = pairs.length > 1;
  return sides.flatMap(({ name }, side) => {
    const own = pairs.filter((pair) => pair.sides[0] === side);
    if (own.length === 0) return [];
    const head = [
      `${name} against`,
      "difference",
      `${name} wins`,
      "p",
      ...isFamily ? ["Holm p"] : [],
      "verdict",
    ];
    const rows = own.map((pair) => {
      const { difference, superiority, p, adjustedP, verdict } = pair;
      const probability = (x: number) => x.toFixed(2);
      return [
        sides[pair.sides[1]].name,
        difference === undefined ? NOTHING : `${write(difference.mean)} ${range(difference.interval, write)}`,
        `${probability(superiority.probability)} ${range(superiority, probability)}`,
        formatP(p),
        ...isFamily ? [formatP(adjustedP)] : [],
        verdict === "no difference seen" ? "not seen" : verdict,
      ];
    });
    return [textTable({ head, rows, right: isFamily ? [1, 2, 3, 4] : [1, 2, 3] }, width)];
  });
}

/** One pair in words. */
export function sentence(pair: ComparedPair, { sides, metric }: SideComparison): string {
  const [a, b] = pair.sides.map((side) => sides[side].name);
  const { label, percent, failure } = metric;
  return verdictSentence(pair, { a, b, metric: label, percent, failure });
}

const LEGEND =
  "In brackets are 95 % intervals; wins: the probability that a run is better than one of the other side.";
const NOTHING = "-";

/** Decimals of values in per cent, and the most of others. */
const [PERCENT_DECIMALS, MOST_DECIMALS] = [2, 8];

/** Writes values with as many decimals as give half of the narrowest interval of a side two digits. */
function writer(sides: readonly ComparedSide[], { percent }: ComparedMetric): Write {
  const widths = sides.flatMap(({ summary: { interval } }) => interval ? [interval.high - interval.low] : []);
  const narrowest = Math.min(...widths.filter((width) => width > 0));
  const decimals = percent ? PERCENT_DECIMALS : Math.max(0, 1 - Math.floor(Math.log10(narrowest / 2)));
  return (x) => {
    if (x === undefined) return NOTHING;
    if (decimals > MOST_DECIMALS || narrowest === Infinity && !percent) return formatNumber(x);
    // What rounds to zero has no sign.
    return (percent ? 100 * x : x).toFixed(decimals).replace(/^-(0\.?0*)$/, "$1");
  };
}

type Write = (x: number | undefined) => string;

function range(interval: Interval | undefined, write: (x: number) => string): string {
  return interval === undefined ? "" : `[${write(interval.low)}, ${write(interval.high)}]`;
}

function formatP(p: number): string {
  return p < 0.001 ? "<0.001" : p.toFixed(3);
}
