/**
 * The process in which one subject is timed: what crashes it, or hangs in a driver, is nobody else's end. It lives as long
 * as the pipe of its requests, and a thread watches over that where it cannot.
 */
import "../workers/last_words.ts";
import { createReadStream, createWriteStream } from "node:fs";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { FrameReader, REPLIES_FD, REQUESTS_FD, toFrame } from "../workers/frames.ts";
import type { TimingReply, TimingRequest } from "./messages.ts";
import { prepare, type Prepared } from "./prepare.ts";

let prepared: Prepared | undefined;

async function answer(request: TimingRequest): Promise<TimingReply> {
  try {
    if (request.kind === "sample") return { value: await prepared!.sample() };
    prepared = await prepare(request.subject);
    return { value: prepared.preparation };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

const replies = createWriteStream("", { fd: REPLIES_FD });
const reader = new FrameReader<TimingRequest>();
const requests = createReadStream("", { fd: REQUESTS_FD });
requests.on("data", async (chunk) => {
  for (const request of reader.push(chunk as Uint8Array)) replies.write(toFrame(await answer(request)));
});
for (const end of ["end", "error"]) requests.on(end, () => process.exit());
replies.on("error", () => process.exit());
new Worker(new URL("../workers/watch.ts", import.meta.url), { workerData: Number(process.argv[2]) });
