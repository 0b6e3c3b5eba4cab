/**
 * What one trial needs to go on, from between two calls into the runtime, as if it had never stopped; and as bytes.
 *
 * The bytes are a signature, the version of what follows, its CRC-32, and then MessagePack. Every number is written as a
 * float64, as an integer would lose the sign of -0; typed arrays are extensions, one for each type, little-endian.
 */
import { crc32 } from "node:zlib";
import { decode, encode, ExtensionCodec } from "@msgpack/msgpack";
import type { Numbers } from "../../engine/device.ts";
import type { BatchStreams } from "./feeds.ts";
import type { SavedRecord } from "./record.ts";

/** A trial's own part of a value of the training. */
export interface SavedTensor {
  readonly shape: readonly number[];
  readonly values: Numbers;
}

/** One trial between two calls into the runtime. Plain data; it does not change when the training goes on. */
export interface TrialCheckpoint {
  /** The one at hand, from 1. */
  readonly epoch: number;
  /** How many of its steps were taken. */
  readonly step: number;
  /** Whether the trial is trained by a program for one alone, which rounds differently from one for several. */
  readonly alone: boolean;
  /** Parameters, state and buffers, by the names of the program's inputs. */
  readonly point: Readonly<Record<string, SavedTensor>>;
  readonly streams: BatchStreams;
  readonly record: SavedRecord;
  /** The trial's share of the time so far, compiling included. */
  readonly seconds: number;
  readonly compileSeconds: number;
  /** Trials that it was trained with, itself included. */
  readonly groupSize: number;
}

const SIGNATURE = new TextEncoder().encode("optb");
const VERSION = 1;
/** Where the version, the checksum and the content stand. */
const VERSION_AT = SIGNATURE.length;
const SUM_AT = VERSION_AT + 1;
const CONTENT_AT = SUM_AT + 4;

const extensionCodec = new ExtensionCodec();
[Float32Array, Float64Array, Int32Array, Uint8Array].forEach((ArrayType, type) =>
  extensionCodec.register({
    type,
    encode: (value) =>
      value instanceof ArrayType ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : null,
    // A copy, as the bytes may start where numbers of that type cannot.
    decode: (bytes) => new ArrayType(bytes.slice().buffer),
  })
);

/** As bytes, the same on every runtime; no number loses a bit. */
export function encodeCheckpoint(checkpoint: TrialCheckpoint): Uint8Array<ArrayBuffer> {
  const content = encode(checkpoint, { extensionCodec, forceIntegerToFloat: true });
  const bytes = new Uint8Array(CONTENT_AT + content.length);
  bytes.set(SIGNATURE);
  bytes[VERSION_AT] = VERSION;
  new DataView(bytes.buffer).setUint32(SUM_AT, crc32(content));
  bytes.set(content, CONTENT_AT);
  return bytes;
}

/** @throws {Error} for bytes of something else, of another version, or damaged ones. */
export function decodeCheckpoint(bytes: Uint8Array): TrialCheckpoint {
  if (bytes.length < CONTENT_AT || SIGNATURE.some((byte, i) => bytes[i] !== byte)) {
    throw new Error(`Cannot read checkpoint: these ${bytes.length} bytes are not one; start the trial anew`);
  }
  if (bytes[VERSION_AT] !== VERSION) {
    throw new Error(
      `Cannot read checkpoint of version ${bytes[VERSION_AT]}: this optbench reads version ${VERSION}; ` +
        "start the trial anew",
    );
  }
  const content = bytes.subarray(CONTENT_AT);
  if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(SUM_AT) !== crc32(content)) {
    throw new Error("Cannot read checkpoint: its checksum shows that it is damaged; start the trial anew");
  }
  return decode(content, { extensionCodec }) as TrialCheckpoint;
}
