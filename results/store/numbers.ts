/** Arrays of numbers as a database keeps them: little-endian float64. */

export function toBlob(numbers: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Float64Array.from(numbers).buffer);
}

export function fromBlob(blob: Uint8Array): Float64Array {
  // Where the bytes start need not be where a float64 can.
  const { buffer, byteOffset, byteLength } = byteOffsetFits(blob) ? blob : blob.slice();
  return new Float64Array(buffer, byteOffset, byteLength / 8);
}

function byteOffsetFits({ byteOffset }: Uint8Array): boolean {
  return byteOffset % 8 === 0;
}
