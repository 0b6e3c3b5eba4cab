/** What is shown on stderr while trials run: redrawn in place on a terminal, plain lines elsewhere. */
import process from "node:process";
import { createLogUpdate } from "log-update";

/** Lines on stderr that follow what happens. */
export interface Progress {
  /** Shows the state of things; `line` is a plain one for where nothing can be redrawn, if it is worth one. */
  update(drawing: () => string, line?: () => string): void;
  /** Takes the drawing away. */
  clear(): void;
}

const REDRAW_MS = 80;

/** Draws in place, no more often than the eye follows. */
function terminal(): Progress {
  const log = createLogUpdate(process.stderr, { showCursor: true });
  let drawnAt = -Infinity;
  return {
    update(drawing) {
      if (performance.now() - drawnAt < REDRAW_MS) return;
      log(drawing());
      drawnAt = performance.now();
    },
    clear: () => log.clear(),
  };
}

/** Plain lines, for logs. */
function lines(everyMs: number): Progress {
  let printedAt = -Infinity;
  return {
    update(_drawing, line) {
      if (line === undefined || performance.now() - printedAt < everyMs) return;
      process.stderr.write(`${line()}\n`);
      printedAt = performance.now();
    },
    clear() {},
  };
}

/** @param everyMs how often a plain line is due, in milliseconds; 0 for every update. */
export function showProgress(quiet: boolean, everyMs: number): Progress {
  if (quiet) return { update() {}, clear() {} };
  return process.stderr.isTTY ? terminal() : lines(everyMs);
}

/** `████████░░░░` */
export function bar(fraction: number, width: number): string {
  const full = Math.round(fraction * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

/** `42 s`, `3 min 20 s`, `2 h 5 min` */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
}
