/** Following a study that other processes run: redrawn in place on a terminal, a line for each change elsewhere. */
import process from "node:process";
import { createLogUpdate } from "log-update";
import type { ShowPart } from "../../requests.ts";
import { bestInWords, describe, progressInWords, type Subject } from "./sections.ts";
import { look, TOP } from "./view.ts";

/** Between two looks, at least; a long look is followed by as long a rest four times over. */
const LOOK_MS = 1000;
const REST = 4;

/** Shows a study whenever it changes, until it has ended, and returns the exit code. */
export async function follow(subject: Subject, only: readonly ShowPart[]): Promise<number> {
  const { record } = subject;
  const show = process.stdout.isTTY ? terminal(subject, only) : lines(subject);
  const keys = new Keys();
  try {
    for (let seen = "", pause = LOOK_MS; record.status === "running";) {
      const { columns, rows } = process.stdout;
      const state = [record.version, columns, rows].join();
      if (state !== seen) {
        const start = performance.now();
        show.update();
        pause = Math.max(LOOK_MS, REST * (performance.now() - start));
      }
      seen = state;
      const code = await keys.within(pause);
      if (code !== undefined) return code;
    }
    show.end();
    return 0;
  } finally {
    keys.close();
  }
}

interface Display {
  update(): void;
  /** What is shown of a study that runs no more. */
  end(): void;
}

/** Lines below which the settings are left out, and those that are not the table's rows then. */
const HIGH = 40;
const LOW_REST = 15;

function terminal(subject: Subject, only: readonly ShowPart[]): Display {
  const { choice } = subject;
  const log = createLogUpdate(process.stdout, { showCursor: true });
  const page = () => ({ width: process.stdout.columns || 80, colors: process.stdout.hasColors() });
  const withStatus: readonly ShowPart[] = only.length === 0 ? [] : ["status", ...only];
  return {
    update() {
      const rows = process.stdout.rows || 24;
      const isLow = rows < HIGH;
      const top = isLow && choice.top === undefined
        ? Math.min(TOP, Math.max(1, rows - LOW_REST))
        : choice.top;
      const parts = describe({ ...subject, choice: { ...choice, top } }, { ...page(), isLow }, withStatus);
      log(fitting(parts, rows));
    },
    end() {
      log.clear();
      process.stdout.write(`${describe(subject, page(), only).join("\n\n")}\n`);
    },
  };
}

/** The parts that fit into so many lines, and how to leave. */
function fitting(parts: readonly string[], rows: number): string {
  const heights = parts.map((part) => part.split("\n").length + 1);
  let room = rows - 2;
  const shown = parts.filter((_, i) => {
    const fits = heights[i] <= room;
    if (fits) room -= heights[i];
    return fits;
  });
  const rest = shown.length < parts.length ? "; a higher window shows more, or name parts with --only" : "";
  return [...shown, `q leaves${rest}`].join("\n\n");
}

function lines({ record, choice }: Subject): Display {
  let printed = "";
  const update = () => {
    const { settings } = record.description;
    const line = `${progressInWords(record, settings)}; ${bestInWords(look(record, choice), settings)}`;
    if (line !== printed) process.stdout.write(`${line}\n`);
    printed = line;
  };
  return {
    update,
    end() {
      update();
      process.stdout.write(`${record.status}\n`);
    },
  };
}

/** The keys that leave. */
class Keys {
  #onKey: (code: number) => void = () => {};
  readonly #listen = (typed: Uint8Array) => {
    const text = String.fromCharCode(...typed);
    if (text.includes(CTRL_C)) this.#onKey(130);
    else if (/q/i.test(text)) this.#onKey(0);
  };

  constructor() {
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(true);
    process.stdin.on("data", this.#listen).resume();
  }

  /** Waits so long, or until one is pressed: then its exit code. */
  within(ms: number): Promise<number | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms, undefined);
      this.#onKey = (code) => {
        clearTimeout(timer);
        resolve(code);
      };
    });
  }

  close(): void {
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(false);
    process.stdin.off("data", this.#listen).pause();
  }
}

const CTRL_C = "\x03";
