/** What a terminal shows after what was written to it: as much of ECMA-48 as progress displays use. */

export interface Screen {
  /** Lines from the top, scrolled off or not, without spaces at their ends, down to the cursor at least. */
  readonly lines: readonly string[];
  /** How often a line was longer than the terminal is wide. */
  readonly breaks: number;
  readonly cursor: { readonly row: number; readonly column: number; readonly visible: boolean };
}

// deno-lint-ignore no-control-regex
const SEQUENCE = /\x1b\[(\??)([\d;]*)([A-Za-z])|[\r\n\b]|[^\x00-\x1f\x7f]|[^]/gu;

/** @throws {Error} for a control sequence that it does not know. */
export function screen(written: string, columns: number): Screen {
  const rows: string[][] = [[]];
  let row = 0;
  let column = 0;
  let visible = true;
  let breaks = 0;

  const line = (i: number) => rows[i] ??= [];
  const print = (character: string) => {
    if (column === columns) {
      column = 0;
      row++;
      breaks++;
    }
    const cells = line(row);
    while (cells.length < column) cells.push(" ");
    cells[column++] = character;
  };
  const control = (mode: string, text: string, command: string) => {
    const n = Number(text || (command === "J" || command === "K" ? 0 : 1));
    if (mode === "?") {
      if (text === "25") visible = command === "h";
      return;
    }
    switch (command) {
      case "m":
        return;
      case "A":
        return row = Math.max(0, row - n);
      case "B":
        return row += n;
      case "G":
        return column = Math.max(0, n - 1);
      case "K":
        return line(row).length = text === "2" ? 0 : Math.min(column, line(row).length);
      case "J":
        line(row).length = Math.min(column, line(row).length);
        return rows.length = row + 1;
      default:
        throw new Error(`unknown control sequence ${JSON.stringify(`${mode}${text}${command}`)}`);
    }
  };

  for (const [token, mode, text, command] of written.matchAll(SEQUENCE)) {
    if (command !== undefined) control(mode, text, command);
    else if (token === "\r") column = 0;
    else if (token === "\b") column = Math.max(0, column - 1);
    else if (token === "\n") row++;
    else if (token >= " ") print(token);
    else throw new Error(`unknown control character ${JSON.stringify(token)}`);
  }
  const lines = Array.from({ length: Math.max(rows.length, row + 1) }, (_, i) => line(i).join("").trimEnd());
  while (lines.length > row + 1 && lines.at(-1) === "") lines.pop();
  return { lines, breaks, cursor: { row, column, visible } };
}
