/** Checking a file of parity vectors, and saying how it went. */
import { readFileSync } from "node:fs";
import { runCase } from "./cases.ts";
import { tolerance } from "./deviation.ts";
import { curveTolerance, runDigits } from "./digits.ts";
import { type Evaluator, evaluators } from "./evaluator.ts";
import type { DigitsFile, VectorFile } from "./vectors.ts";

/** One case run in one way. */
export interface Check {
  readonly name: string;
  /** A case where another implementation might reasonably differ: it fails nothing. */
  readonly quirk: boolean;
  /** As in `float64 compiled`. */
  readonly way: string;
  /** Infinity where the case could not be run. */
  readonly deviation: number;
  readonly tolerance: number;
  /** Why it could not be run. */
  readonly error?: string;
}

export function hasFailed({ deviation, tolerance }: Check): boolean {
  return !(deviation <= tolerance);
}

/** @throws {Error} when the file is not a file of parity vectors. */
export function readVectors(path: string): VectorFile | DigitsFile {
  let file;
  try {
    file = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`Cannot read ${path}: ${(error as Error).message}`);
  }
  if (file?.schema !== "optimizer-parity/1" && file?.schema !== "optimizer-parity-digits/1") {
    throw new Error(
      `Cannot check ${path}: expected schema optimizer-parity/1 or optimizer-parity-digits/1, found ${
        JSON.stringify(file?.schema)
      }`,
    );
  }
  return file;
}

/** @param ways to evaluate; a training on the digits is compiled, whatever they are. */
export async function checkVectors(
  file: VectorFile | DigitsFile,
  ways: readonly Evaluator[] = evaluators,
): Promise<Check[]> {
  const checks: Check[] = [];
  const check = async (
    labels: { name: string; quirk: boolean; way: string; tolerance: number },
    run: () => Promise<number>,
  ) => {
    try {
      checks.push({ ...labels, deviation: await run() });
    } catch (error) {
      checks.push({ ...labels, deviation: Infinity, error: (error as Error).message });
    }
  };
  if (file.schema === "optimizer-parity-digits/1") {
    const { dtype } = file.network;
    for (const run of file.runs) {
      const labels = { name: `digits-${run.optimizer}`, quirk: false, way: `${dtype} compiled` };
      await check(
        { ...labels, tolerance: curveTolerance[dtype as keyof typeof curveTolerance] },
        () => runDigits(file, run),
      );
    }
    return checks;
  }
  for (const vectorCase of file.cases) {
    for (const evaluator of ways.filter(({ precision }) => file.dtypes.includes(precision))) {
      const labels = { name: vectorCase.name, quirk: vectorCase.kind === "quirk", way: evaluator.label };
      await check(
        { ...labels, tolerance: tolerance[evaluator.precision] },
        () => runCase(vectorCase, evaluator),
      );
    }
  }
  return checks;
}

/** Cases run, cases failed and the worst relative deviation in each precision; quirks apart. */
export function report(path: string, checks: readonly Check[]): string {
  const lines = [path];
  for (const quirk of [false, true]) {
    const chosen = checks.filter((check) => check.quirk === quirk);
    if (chosen.length === 0) continue;
    const names = new Set(chosen.map(({ name }) => name));
    const failed = new Set(chosen.filter(hasFailed).map(({ name }) => name));
    lines.push(
      quirk
        ? `  quirks: ${names.size} run, ${failed.size} that optbench defines otherwise`
        : `  cases: ${names.size} run, ${failed.size} failed`,
    );
    for (const way of new Set(chosen.map((check) => check.way))) {
      const ofThisWay = chosen.filter((check) => check.way === way);
      const worst = ofThisWay.reduce((a, b) => b.deviation > a.deviation ? b : a);
      lines.push(
        `    ${way.padEnd(16)}  worst relative deviation ${worst.deviation.toExponential(1)}` +
          ` (tolerance ${worst.tolerance.toExponential(0)}), in ${worst.name}`,
      );
    }
    for (const check of chosen.filter(hasFailed)) {
      const reason = check.error ?? `deviation ${check.deviation.toExponential(1)}`;
      lines.push(`    ${quirk ? "differs" : "FAILED"}: ${check.name} (${check.way}): ${reason}`);
    }
  }
  return lines.join("\n");
}
