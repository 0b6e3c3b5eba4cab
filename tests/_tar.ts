/** Makes tar archives, good ones and others. */
import { Buffer } from "node:buffer";

export interface Member {
  readonly name: string;
  readonly content: Uint8Array;
  /** Default: `0`, a file. */
  readonly type?: string;
}

const BLOCK = 512;

/** An archive of POSIX.1-1988's form. */
export function tar(...members: Member[]): Uint8Array {
  const blocks = members.flatMap(({ name, content, type = "0" }) => [
    tarHeader(name, content.length, type),
    content,
    new Uint8Array((BLOCK - content.length % BLOCK) % BLOCK),
  ]);
  return Buffer.concat([...blocks, new Uint8Array(2 * BLOCK)]);
}

function tarHeader(name: string, bytes: number, type: string): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write(`${bytes.toString(8).padStart(11, "0")} `, 124);
  header.write(" ".repeat(8), 148);
  header.write(type, 156);
  header.write("ustar\0", 257);
  header.write("00", 263);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}
