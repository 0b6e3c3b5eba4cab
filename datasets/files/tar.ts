/**
 * The tar format, as much of it as an archive of plain files needs (POSIX.1-1988 `ustar`, and what came before it): each
 * file is a header of 512 bytes and its content, filled up to a multiple of 512; a block of zeros ends the archive.
 */

const BLOCK = 512;
const FILE_TYPES = ["0", "\0"];

/** What is wrong with an archive. */
export class TarError extends Error {
  override readonly name = "TarError";
}

export interface TarEntry {
  readonly name: string;
  readonly bytes: number;
  readonly isFile: boolean;
  /** To be read to its end, or not at all, before the next entry is asked for. */
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * Reads the entries one after the other, in constant memory, and the stream to its end.
 *
 * @throws {TarError} when the archive is damaged or cut off, or an entry's name leads out of the folder.
 */
export async function* tarEntries(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new Reader(chunks);
  while (true) {
    const header = await reader.block();
    if (header.every((byte) => byte === 0)) return await reader.drain();
    const entry = parseHeader(header);
    const content = reader.content(entry.bytes);
    yield { ...entry, content };
    for await (const _ of content);
    await reader.skip((BLOCK - entry.bytes % BLOCK) % BLOCK);
  }
}

function parseHeader(header: Uint8Array): Omit<TarEntry, "content"> {
  const text = (from: number, length: number) =>
    new TextDecoder().decode(header.subarray(from, from + length)).split("\0")[0];
  const octal = (from: number, length: number) => {
    const digits = text(from, length).trim();
    return /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : NaN;
  };
  // The header's own sum is made with spaces in its place.
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  if (sum !== octal(148, 8)) throw new TarError("the tar archive has a header with a wrong sum");

  const prefix = text(257, 5) === "ustar" ? text(345, 155) : "";
  const name = prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`;
  if (/^([/\\]|[a-z]:)/i.test(name) || name.split(/[/\\]/).includes("..")) {
    throw new TarError(`the tar archive names a file outside its folder: ${JSON.stringify(name)}`);
  }
  const bytes = octal(124, 12);
  if (Number.isNaN(bytes)) throw new TarError(`the tar archive gives no size for ${JSON.stringify(name)}`);
  return { name, bytes, isFile: FILE_TYPES.includes(String.fromCharCode(header[156])) };
}

/** Takes as many bytes of a stream as asked for, however it is divided. */
class Reader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async block(): Promise<Uint8Array> {
    const block = new Uint8Array(BLOCK);
    let filled = 0;
    for await (const part of this.content(BLOCK)) {
      block.set(part, filled);
      filled += part.length;
    }
    return block;
  }

  async *content(bytes: number): AsyncGenerator<Uint8Array> {
    for (let left = bytes; left > 0;) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#chunks.next();
        if (done) throw new TarError("the tar archive is cut off");
        this.#rest = value;
      }
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  /** A stream that is left before its end would count as broken. */
  async drain(): Promise<void> {
    while (!(await this.#chunks.next()).done);
  }

  async skip(bytes: number): Promise<void> {
    for await (const _ of this.content(bytes));
  }
}
