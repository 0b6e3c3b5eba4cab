import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FrameReader, toFrame } from "../study/workers/frames.ts";

/** Bytes one after the other, cut at some places. */
function chunksOf(frames: readonly Uint8Array[], cuts: readonly number[]): Uint8Array[] {
  const bytes = Buffer.concat(frames);
  const bounds = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return bounds.slice(1).map((to, i) => bytes.subarray(bounds[i], to));
}

const numbers = fc.oneof(
  fc.float64Array(),
  fc.float32Array(),
  fc.int32Array(),
  fc.uint8Array(),
);
const message = fc.oneof(
  fc.string(),
  fc.double(),
  fc.constant(undefined),
  fc.array(fc.record({ name: fc.string(), numbers }, { requiredKeys: ["name"], noNullPrototype: true })),
  fc.array(fc.tuple(fc.integer(), numbers)).map((entries) => new Map(entries)),
);

test("messages arrive as they were sent, however the pipe divides their frames", () => {
  fc.assert(fc.property(fc.array(message), fc.array(fc.nat()), (messages, cuts) => {
    const reader = new FrameReader();
    const arrived = chunksOf(messages.map(toFrame), cuts).flatMap((chunk) => reader.push(chunk));
    assert.deepStrictEqual(arrived, messages);
  }));
});

test("a message arrives with the last byte of its frame, not before", () => {
  const reader = new FrameReader();
  const frame = toFrame("whole");
  assert.deepEqual(reader.push(frame.subarray(0, -1)), []);
  assert.deepEqual(reader.push(frame.subarray(-1)), ["whole"]);
});

test("numbers that arrived can be written to without touching the pipe's memory", () => {
  const reader = new FrameReader<Float64Array>();
  const chunk = toFrame(Float64Array.of(1, 2));
  const before = chunk.slice();
  const [first] = reader.push(chunk);
  first.fill(NaN);
  assert.deepEqual(chunk, before);
  assert.deepEqual(reader.push(chunk), [Float64Array.of(1, 2)]);
});

test("a message of many megabytes arrives", () => {
  const reader = new FrameReader<{ bytes: Uint8Array }>();
  const bytes = Uint8Array.from({ length: 5_000_001 }, (_, i) => i % 251);
  const [{ bytes: arrived }] = reader.push(toFrame({ bytes }));
  assert.equal(Buffer.compare(arrived, bytes), 0);
});

test("what cannot be serialized is refused by the sender", () => {
  assert.throws(() => toFrame({ f: () => 1 }));
});
