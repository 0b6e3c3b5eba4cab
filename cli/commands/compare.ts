/** `optbench compare` */
import { existsSync } from "node:fs";
import process from "node:process";
import { compareSides } from "../../results/compare/comparison.ts";
import { comparisonJson, comparisonRows } from "../../results/compare/comparison_data.ts";
import { comparisonText } from "../../results/compare/comparison_text.ts";
import { type Operand, parseOperand, sideNamed } from "../../results/compare/operands.ts";
import { bestAndNext, bestByValue, type Side } from "../../results/compare/sides.ts";
import { readStudy } from "../../results/compare/study.ts";
import { toCsv } from "../../results/export/csv.ts";
import { createFile } from "../../results/store/files.ts";
import { UsageError } from "../errors.ts";
import type { CompareRequest } from "../requests.ts";

/** Configurations that the best of a study is compared with. */
const NEXT = 5;

/** Prints which side is better, and returns the exit code. */
export function compare(request: CompareRequest): number {
  const { csv, json } = request;
  if (csv !== undefined && existsSync(csv)) {
    throw new UsageError(`--csv "${csv}": it exists; name a new file`);
  }
  const comparison = compareSides(sidesOf(request), request);
  if (csv !== undefined) createFile(csv, toCsv(comparisonRows(comparison)));
  const text = json
    ? JSON.stringify(comparisonJson(comparison), null, 2)
    : comparisonText(comparison, process.stdout.columns || 80);
  process.stdout.write(`${text}\n`);
  return 0;
}

function sidesOf({ studies, by, top }: CompareRequest): Side[] {
  const operands = studies.map(parseOperand);
  const [only, ...others] = operands;
  if (others.length > 0) {
    const option = by !== undefined ? "--by" : top !== undefined ? "--top" : undefined;
    if (option !== undefined) {
      throw new UsageError(`${option} compares one study within itself; name one alone`);
    }
    return operands.map(sideNamed);
  }
  if (isConfiguration(only)) {
    throw new UsageError(`compare "${only.typed}" with what? name another configuration or study`);
  }
  const study = readStudy(only.folder);
  return by === undefined ? bestAndNext(study, top ?? NEXT) : bestByValue(study, by, top);
}

function isConfiguration({ rank, values }: Operand): boolean {
  return rank !== undefined || values !== undefined;
}
