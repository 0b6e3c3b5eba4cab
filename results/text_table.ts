/** Plain tables of text for a terminal, without lines. */

export interface TextTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Of the columns; those not mentioned are at the left. */
  readonly right?: readonly number[];
}

/**
 * Columns two apart. Where that is wider than `width`, the first cell of each row has a line of its own
 * above the others.
 */
export function textTable(table: TextTable, width: number): string {
  const { head, rows, right = [] } = table;
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((cells) => cells[column].length)));
  const pad = (cells: readonly string[], from: number) =>
    cells.slice(from).map((text, i) =>
      right.includes(from + i) ? text.padStart(widths[from + i]) : text.padEnd(widths[from + i])
    ).join("  ").trimEnd();
  const lines = all.map((cells) => pad(cells, 0));
  if (lines.every((line) => line.length <= width)) return lines.join("\n");
  return all.map((cells) => `${cells[0]}\n  ${pad(cells, 1)}`).join("\n");
}

/** Breaks a text between words; lines after the first are indented. */
export function fold(text: string, width: number, indent = 0): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(line === undefined ? word : " ".repeat(indent) + word);
  }
  return lines.join("\n");
}
