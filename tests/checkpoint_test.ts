import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { decodeCheckpoint, encodeCheckpoint, type TrialCheckpoint } from "../study/training/checkpoint.ts";

const plain = { noNullPrototype: true } as const;
const doubles = fc.array(fc.double(), { maxLength: 3 });
const stream = fc.record(
  { generator: fc.array(fc.integer()), spareNormal: fc.double() },
  { requiredKeys: ["generator"], ...plain },
);
const metrics = fc.record(
  { epoch: fc.nat(), trainLoss: fc.double(), testLoss: fc.double(), testAccuracy: fc.double() },
  { requiredKeys: ["epoch", "trainLoss", "testLoss"], ...plain },
);
const values = fc.oneof(fc.float32Array(), fc.float64Array(), fc.int32Array(), fc.uint8Array());
const tensor = fc.record({ shape: fc.array(fc.nat()), values }, plain);
const stepTimes = fc.record({ samples: doubles, ms: fc.double(), steps: fc.nat() }, plain);
const anyCheckpoint: fc.Arbitrary<TrialCheckpoint> = fc.record({
  epoch: fc.nat(),
  step: fc.nat(),
  alone: fc.boolean(),
  point: fc.dictionary(fc.string().filter((name) => name !== "__proto__"), tensor, plain),
  streams: fc.record({ shuffle: stream, noise: stream }, plain),
  record: fc.record({
    epochs: fc.array(metrics, { maxLength: 3 }),
    epochSeconds: doubles,
    trajectory: fc.array(fc.tuple(fc.double(), fc.double()), { maxLength: 3 }),
    steps: fc.nat(),
    lossSum: fc.double(),
    stepTimes,
  }, plain),
  seconds: fc.double(),
  compileSeconds: fc.double(),
  groupSize: fc.nat(),
}, plain);

test("the bytes of a checkpoint give it back, wherever they stand, to the sign of a zero", () => {
  fc.assert(fc.property(anyCheckpoint, fc.nat(9), (checkpoint, offset) => {
    const bytes = encodeCheckpoint(checkpoint);
    assert.deepEqual(decodeCheckpoint(bytes), checkpoint);
    const among = new Uint8Array(offset + bytes.length + 5);
    among.set(bytes, offset);
    assert.deepEqual(decodeCheckpoint(among.subarray(offset, offset + bytes.length)), checkpoint);
  }));
});

const example: TrialCheckpoint = {
  epoch: 2,
  step: 3,
  alone: false,
  point: {
    w: { shape: [2], values: Float32Array.of(NaN, -0) },
    "w/step": { shape: [], values: Int32Array.of(-7) },
  },
  streams: { shuffle: { generator: [1, -2, 3, -4] }, noise: { generator: [5, 6, 7, 8], spareNormal: -0.5 } },
  record: {
    epochs: [{ epoch: 1, trainLoss: 0.25, testLoss: -0 }],
    epochSeconds: [0.125],
    trajectory: [[0, Infinity]],
    steps: 11,
    lossSum: 1e300,
    stepTimes: { samples: [0.5], ms: 0.75, steps: 1 },
  },
  seconds: 1.5,
  compileSeconds: 0.1,
  groupSize: 2,
};

test("bytes are the same on every runtime", () => {
  const hash = createHash("sha256").update(encodeCheckpoint(example)).digest("hex");
  assert.equal(hash, "8b57e179c530025f9a1a56ed385fc11d5335115ba45a8784a18961f0abc02ede");
});

test("a checkpoint takes few bytes beside its numbers", () => {
  const w = { shape: [1000, 10], values: new Float32Array(10_000).fill(0.1) };
  assert.ok(encodeCheckpoint({ ...example, point: { w } }).length < 40_000 + 1000);
});

test("damaged bytes are refused, wherever the damage is", () => {
  const bytes = encodeCheckpoint(example);
  fc.assert(fc.property(fc.nat(bytes.length - 1), fc.nat(7), (place, bit) => {
    const damaged = bytes.slice();
    damaged[place] ^= 1 << bit;
    assert.throws(() => decodeCheckpoint(damaged), /^Error: Cannot read checkpoint/);
  }));
  fc.assert(fc.property(fc.nat(bytes.length - 1), (length) => {
    assert.throws(() => decodeCheckpoint(bytes.subarray(0, length)), /^Error: Cannot read checkpoint/);
  }));
});

test("bytes of something else, of another version, and damaged ones are told apart", () => {
  const bytes = encodeCheckpoint(example);
  assert.throws(() => decodeCheckpoint(new TextEncoder().encode("SQLite format 3")), {
    message: "Cannot read checkpoint: these 15 bytes are not one; start the trial anew",
  });
  const newer = bytes.slice();
  newer[4] = 9;
  assert.throws(() => decodeCheckpoint(newer), {
    message: "Cannot read checkpoint of version 9: this optbench reads version 1; start the trial anew",
  });
  const damaged = bytes.slice();
  damaged[20] ^= 1;
  assert.throws(() => decodeCheckpoint(damaged), {
    message: "Cannot read checkpoint: its checksum shows that it is damaged; start the trial anew",
  });
});
