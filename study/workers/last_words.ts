/**
 * What a worker says before an error that nothing caught ends it: the runtimes would show code and a stack, and the
 * study keeps one line. The worker imports this first, so that it holds while everything else loads.
 */
import { writeSync } from "node:fs";
import process from "node:process";

const STDERR = 2;

function die(error: unknown): never {
  writeSync(STDERR, `${String(error).replaceAll(/\s+/g, " ")}\n`);
  process.exit(1);
}

process.on("uncaughtException", die);
process.on("unhandledRejection", die);
