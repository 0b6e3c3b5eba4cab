/**
 * The IDX format, in which MNIST and its relatives are published (http://yann.lecun.com/exdb/mnist). Its header is made
 * of big-endian integers of four bytes:
 *
 *     magic number                                 0x0000TTDD: type TT (08: unsigned byte), DD dimensions
 *     length                                       once for each dimension
 *
 * and the values follow, row-major.
 */
import { sizeOf } from "./shape.ts";

const UNSIGNED_BYTE = 0x08;
const INTEGER_BYTES = 4;

/**
 * Reads the content of an IDX file of unsigned bytes.
 *
 * @param file its name, for errors
 * @param bytes its content
 * @param shape what it is expected to hold
 * @returns the values, row-major: a view into `bytes`, no copy.
 * @throws {Error} when the content is anything else, naming the file, what was found and what was expected.
 */
export function parseIdx(file: string, bytes: Uint8Array, shape: readonly number[]): Uint8Array {
  const check = (what: string, found: string, expected: string) => {
    if (found !== expected) {
      throw new Error(`Invalid IDX file ${file}: ${what} is ${found}, expected ${expected}`);
    }
  };
  const headerBytes = INTEGER_BYTES * (1 + shape.length);
  const valueBytes = sizeOf(shape);

  const magic = Array.from(bytes.subarray(0, INTEGER_BYTES), hex).join("");
  check("the magic number", `0x${magic}`, `0x0000${hex(UNSIGNED_BYTE)}${hex(shape.length)}`);
  check("the size", `${bytes.length} bytes`, `${headerBytes + valueBytes} bytes`);
  const header = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const lengths = shape.map((_, axis) => header.getUint32(INTEGER_BYTES * (1 + axis)));
  check("the shape", `[${lengths}]`, `[${shape}]`);

  return new Uint8Array(bytes.buffer, bytes.byteOffset + headerBytes, valueBytes);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
