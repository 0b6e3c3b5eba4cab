#!/usr/bin/env bun
/** The command `optbench`. Only what a command needs is loaded, so that help, completion and errors come at once. */
import process from "node:process";
import { reportError } from "./errors.ts";
import { parseWithConfig } from "./config/command_line.ts";

async function main(args: readonly string[]): Promise<number> {
  const { isTTY, columns } = process.stdout;
  // A width of 0 means that it is unknown; below 22 columns Optique lays no help out.
  const width = Math.max(columns || 80, 40);
  const request = await parseWithConfig(args, { width, colors: isTTY && process.stdout.hasColors() });
  switch (request.command) {
    case "print":
      process.stdout.write(request.text);
      return 0;
    case "list":
      return (await import("./commands/list.ts")).list(request);
    case "data":
      return (await import("./commands/data.ts")).data(request);
    case "sweep":
    case "tune":
      return (await import("./commands/search.ts")).search(request);
    case "resume":
      return (await import("./commands/resume.ts")).resume(request);
    case "show":
      return (await import("./commands/show.ts")).show(request);
    case "export":
      return (await import("./commands/export.ts")).exportResults(request);
    case "merge":
      return (await import("./commands/merge.ts")).merge(request);
    case "ls":
      return (await import("./commands/ls.ts")).ls(request);
    case "compare":
      return (await import("./commands/compare.ts")).compare(request);
    case "bench":
      return (await import("./commands/bench.ts")).bench(request);
    case "doctor":
      return (await import("./commands/doctor.ts")).doctor(request);
    case "rank":
      return (await import("./commands/rank.ts")).rank(request);
    case "run":
      return (await import("./commands/run.ts")).run(request);
  }
}

// Nobody may be reading the progress any more: that is no reason to stop.
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

// A reader that has seen enough, such as head, is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error);
}
