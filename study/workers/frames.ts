/**
 * Messages on a pipe: each is a frame, which is the length of its body (four bytes, little-endian) and the body, the
 * message as `node:v8` serializes it. That keeps typed arrays and maps; but both ends must be of one runtime.
 */
import { deserialize, serialize } from "node:v8";

/** The pipes of a worker, by file descriptor. The standard ones are left to what prints. */
export const REQUESTS_FD = 3;
export const REPLIES_FD = 4;

const HEADER_BYTES = 4;

/**
 * A message as a frame.
 *
 * @throws {Error} when the message holds what cannot be serialized, a function for one.
 */
export function toFrame(message: unknown): Uint8Array {
  const body = serialize(message);
  const frame = new Uint8Array(HEADER_BYTES + body.length);
  new DataView(frame.buffer).setUint32(0, body.length, true);
  frame.set(body, HEADER_BYTES);
  return frame;
}

/** Puts messages together again from the chunks in which their frames arrive. */
export class FrameReader<Message> {
  /** The header or the body that is being filled. */
  #part = new Uint8Array(HEADER_BYTES);
  #isBody = false;
  #filled = 0;

  /** The messages that a chunk completes. */
  push(chunk: Uint8Array): Message[] {
    const messages: Message[] = [];
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + this.#part.length - this.#filled);
      this.#part.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled < this.#part.length) break;
      if (this.#isBody) {
        // The body is a buffer of its own: what is read from it may go on using its memory, in place.
        messages.push(deserialize(this.#part));
        this.#expect(HEADER_BYTES);
      } else {
        this.#expect(new DataView(this.#part.buffer).getUint32(0, true));
      }
      this.#isBody = !this.#isBody;
    }
    return messages;
  }

  #expect(bytes: number): void {
    this.#part = new Uint8Array(bytes);
    this.#filled = 0;
  }
}
