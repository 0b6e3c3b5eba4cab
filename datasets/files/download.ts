/** Fetches one URL into a file, and goes on where an earlier attempt ended (RFC 9110, section 14: range requests). */
import { type FileHandle, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { clearTimeout, setTimeout } from "node:timers";
import { setTimeout as delay } from "node:timers/promises";

/** What a mirror did wrong; another may do better. */
export class MirrorError extends Error {
  override readonly name = "MirrorError";
}

export interface DownloadOptions {
  /** No more is ever written: whatever is larger is not the file. */
  readonly mostBytes: number;
  /** Told how much there is so far, and of how much, where the server says so. */
  readonly onProgress?: (received: number, total: number | undefined) => void;
  readonly signal?: AbortSignal;
  /** How long to wait for an answer, and for each next piece of it. Default: 30 s. */
  readonly patienceMs?: number;
}

/** Connections that bring nothing new before a mirror is given up. */
const TRIES = 3;
const PAUSE_MS = 500;

/** What `part` is a part of; kept in a file beside it. */
interface Origin {
  readonly url: string;
  /** By which the server can tell whether its file is still the same (`If-Range`). */
  readonly validator?: string;
}

/**
 * Downloads a URL whole. What is in `part` already is not asked for again if it came from this URL, and if the server
 * can tell that it is still the same file.
 *
 * @param part file to write; it stays when the connection breaks.
 * @returns whether it went on with what an earlier call had left.
 * @throws {MirrorError} when the server does not have it, or its connections break again and again.
 */
export async function download(url: string, part: string, options: DownloadOptions): Promise<boolean> {
  const before = await resumable(url, part);
  let tries = 0;
  for (let size = before;;) {
    try {
      await attempt(url, part, options);
      return before > 0;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof Broken)) throw error;
      const now = await resumable(url, part);
      tries = now > size ? 1 : tries + 1;
      if (tries >= TRIES) throw new MirrorError(error.message);
      size = now;
    }
    await delay(PAUSE_MS, undefined, { signal: options.signal });
  }
}

/** Forgets what was downloaded. */
export async function discard(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(originFile(part), { force: true });
}

/** A connection that ended too early. */
class Broken extends Error {}

async function attempt(url: string, part: string, options: DownloadOptions): Promise<void> {
  const { mostBytes, signal, onProgress } = options;
  const watch = new Watch(options.patienceMs ?? 30_000, signal);
  let file: FileHandle | undefined;
  try {
    const offset = await resumable(url, part);
    const response = await request(url, offset, (await readOrigin(part))?.validator, watch);
    const { start, total } = placement(response, offset);
    if (response.status === 416) {
      await response.body?.cancel();
      if (total === offset) return;
      await discard(part);
      throw new Broken(`it has no bytes from ${offset} on`);
    }
    if (total !== undefined && total > mostBytes) throw tooLarge(mostBytes);
    if (start === 0) await writeFile(originFile(part), JSON.stringify(originOf(url, response)));
    file = await open(part, start === 0 ? "w" : "a");

    let received = start;
    onProgress?.(received, total);
    for await (const chunk of body(response, watch)) {
      received += chunk.length;
      if (received > mostBytes) throw tooLarge(mostBytes);
      await file.writeFile(chunk);
      onProgress?.(received, total);
    }
    if (total !== undefined && received < total) {
      throw new Broken(`the connection ended after ${received} of ${total} bytes`);
    }
  } finally {
    watch.end();
    await file?.close();
  }
}

async function request(
  url: string,
  offset: number,
  validator: string | undefined,
  watch: Watch,
): Promise<Response> {
  // Bytes as they are stored: ranges count those, and a .gz file would otherwise arrive decompressed from some servers.
  const headers: Record<string, string> = { "Accept-Encoding": "identity" };
  if (offset > 0) {
    headers.Range = `bytes=${offset}-`;
    headers["If-Range"] = validator!;
  }
  const response = await watch.over(
    () => fetch(url, { headers, signal: watch.signal }),
    (reason) => new MirrorError(reason),
  );
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  throw new MirrorError(`HTTP ${response.status} ${response.statusText}`.trimEnd());
}

/** Where the body of an answer begins in the file, and how long the file is. */
function placement(
  { status, headers }: Response,
  offset: number,
): { start: number; total: number | undefined } {
  const range = headers.get("content-range");
  const [, first, length] = range?.match(/^bytes (?:(\d+)-\d+|\*)\/(\d+)$/) ?? [];
  if (status === 416) return { start: offset, total: Number(length) };
  if (status === 206) {
    if (Number(first) !== offset) throw new MirrorError(`it answered with the range ${range}`);
    return { start: offset, total: Number(length) };
  }
  const size = headers.get("content-length");
  return { start: 0, total: size === null ? undefined : Number(size) };
}

async function* body(response: Response, watch: Watch): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    while (true) {
      const { value, done } = await watch.over(() => reader.read(), (reason) => new Broken(reason));
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** How much of a URL there is and can be gone on with: nothing if the server has no way to tell that it is the same. */
async function resumable(url: string, part: string): Promise<number> {
  const origin = await readOrigin(part);
  if (origin?.url !== url || origin.validator === undefined) return 0;
  return await stat(part).then(({ size }) => size, () => 0);
}

function originOf(url: string, { headers }: Response): Origin {
  const etag = headers.get("etag");
  // A weak tag promises the same meaning, not the same bytes; content that was encoded on the way cannot be counted in.
  if (headers.get("content-encoding") !== null) return { url };
  const validator = etag !== null && !etag.startsWith("W/") ? etag : headers.get("last-modified");
  return { url, validator: validator ?? undefined };
}

async function readOrigin(part: string): Promise<Origin | undefined> {
  try {
    return JSON.parse(await readFile(originFile(part), "utf8"));
  } catch {
    return;
  }
}

function originFile(part: string): string {
  return `${part}.json`;
}

function tooLarge(mostBytes: number): MirrorError {
  return new MirrorError(`it is larger than ${mostBytes} bytes`);
}

/** Ends a request that gives no sign of life, or is no longer wanted. */
class Watch {
  readonly #controller = new AbortController();
  readonly #patienceMs: number;
  readonly #wanted: AbortSignal | undefined;
  readonly #stop = () => this.#controller.abort(this.#wanted?.reason);

  constructor(patienceMs: number, wanted: AbortSignal | undefined) {
    this.#patienceMs = patienceMs;
    this.#wanted = wanted;
    wanted?.throwIfAborted();
    wanted?.addEventListener("abort", this.#stop);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits for one sign of life; says in one line what went wrong instead. */
  async over<T>(wait: () => Promise<T>, failure: (reason: string) => Error): Promise<T> {
    const seconds = this.#patienceMs / 1000;
    const silence = new Error(`no answer for ${seconds} s`);
    const timer = setTimeout(() => this.#controller.abort(silence), this.#patienceMs);
    try {
      return await wait();
    } catch (error) {
      this.#wanted?.throwIfAborted();
      throw failure(this.signal.reason === silence ? silence.message : reasonOf(error as Error));
    } finally {
      clearTimeout(timer);
    }
  }

  end(): void {
    this.#wanted?.removeEventListener("abort", this.#stop);
  }
}

/** The innermost cause is the one that says something. Deno begins with the URL. */
function reasonOf({ cause, message }: Error): string {
  if (cause instanceof Error) return reasonOf(cause);
  return message.replace(/^error sending request for url \(\S+\): (client error \(\w+\): )?/, "");
}
