/** A server on loopback that serves files as mirrors do, or as they should not; and datasets small enough for it. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Download, FileSet, Sum } from "../datasets/files/files.ts";
import type { IdxSettings } from "../datasets/idx_source.ts";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface Mirror {
  /** URL of the folder of the files. */
  readonly url: string;
  /** What was asked for: the path and, where there is one, the range. */
  readonly requests: string[];
  /** How each path is answered; other paths are not found. May be changed at any time. */
  readonly paths: Record<string, Handler>;
}

/** Starts a mirror and makes a folder for the data, for as long as the test lasts. */
export async function withMirror(
  use: (mirror: Mirror, dataDir: string) => Promise<void> | void,
): Promise<void> {
  const requests: string[] = [];
  const paths: Record<string, Handler> = {};
  const server = createServer((request, response) => {
    const path = request.url!.slice(1);
    requests.push([path, request.headers.range].filter((word) => word !== undefined).join(" "));
    const answer = paths[path] ?? failing(404);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const dataDir = mkdtempSync(join(tmpdir(), "optbench-"));
  try {
    const { port } = server.address() as AddressInfo;
    await use({ url: `http://127.0.0.1:${port}/`, requests, paths }, dataDir);
  } finally {
    rmSync(dataDir, { recursive: true });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

export function failing(status: number): Handler {
  return (_, response) => response.writeHead(status).end("<html>");
}

/** Serves bytes, and parts of them to those who ask with the right tag. */
export function serving(bytes: Uint8Array, etag = '"1"'): Handler {
  return (request, response) => {
    const { range } = request.headers;
    if (range === undefined || request.headers["if-range"] !== etag) {
      response.writeHead(200, { "Content-Length": bytes.length, ETag: etag }).end(bytes);
      return;
    }
    const from = Number(range.match(/^bytes=(\d+)-$/)![1]);
    if (from >= bytes.length) {
      response.writeHead(416, { "Content-Range": `bytes */${bytes.length}` }).end();
      return;
    }
    response.writeHead(206, {
      "Content-Length": bytes.length - from,
      "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
      ETag: etag,
    }).end(bytes.subarray(from));
  };
}

/** Announces all of the bytes, sends the first few, and does something to the connection. */
export function breaking(
  bytes: Uint8Array,
  sent: number,
  end: (response: ServerResponse) => void = (response) => response.destroy(),
): Handler {
  return (_, response) => {
    response.writeHead(200, { "Content-Length": bytes.length, ETag: '"1"' });
    response.write(bytes.subarray(0, sent), () => end(response));
  };
}

export function sum(algorithm: "sha256" | "md5", bytes: Uint8Array): Sum {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` as Sum;
}

/** A file of a dataset that is fetched gzipped. */
export function gzippedFile(name: string, content: Uint8Array, ...mirrors: string[]): Download {
  const file = { name, bytes: content.length, sum: sum("sha256", content) };
  return { name: `${name}.gz`, mirrors, files: [file] };
}

/** Some dataset, of those files. */
export function dataset(...downloads: Download[]): { name: string; files: FileSet } {
  return { name: "tiny", files: { folders: ["tiny"], downloads } };
}

/** An IDX file of bytes. */
export function idx(lengths: readonly number[], values: readonly number[]): Uint8Array {
  return Uint8Array.of(0, 0, 8, lengths.length, ...lengths.flatMap((length) => [0, 0, 0, length]), ...values);
}

/** The files of a dataset in MNIST's form: three rows of 2x2 of three classes to train, one to test. */
export const IDX_FILES: Readonly<Record<string, Uint8Array>> = {
  "train-images-idx3-ubyte": idx([3, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255]),
  "train-labels-idx1-ubyte": idx([3], [2, 0, 1]),
  "t10k-images-idx3-ubyte": idx([1, 2, 2], [0, 0, 0, 1]),
  "t10k-labels-idx1-ubyte": idx([1], [2]),
};

/** Declares a dataset of the form of `IDX_FILES`. */
export function idxSettings(mirror: string, contents = IDX_FILES): IdxSettings {
  const downloads = Object.entries(contents).map(([name, content]) => gzippedFile(name, content, mirror));
  return {
    ...dataset(...downloads),
    summary: "four images",
    source: "a test",
    shape: [2, 2],
    classes: 3,
    trainRows: 3,
    testRows: 1,
  };
}

/** Serves files gzipped. */
export function serveAll({ paths }: Mirror, contents = IDX_FILES): void {
  for (const [name, content] of Object.entries(contents)) paths[`${name}.gz`] = serving(gzipSync(content));
}
