/**
 * The process that trains, one group of trials after another. It receives compiled programs, and does not load
 * TensorFlow.js but for the device of that name. It lives as long as the pipe of its requests, which ends with the study
 * however the study ends; and a thread watches over that where it cannot.
 */
import "./last_words.ts";
import { createReadStream, createWriteStream } from "node:fs";
import process from "node:process";
import { Worker } from "node:worker_threads";
import type { ModelDevice } from "../../engine/device.ts";
import { openDevice } from "../../engine/devices/open.ts";
import type { Provider } from "../../engine/lower.ts";
import { loadTask } from "../../tasks/load.ts";
import { type LoadedProgram, loadProgram } from "../training/loaded.ts";
import type { GroupOutcome } from "../training/member.ts";
import { train } from "../training/trainer.ts";
import { FrameReader, REPLIES_FD, REQUESTS_FD, toFrame } from "./frames.ts";
import type { GroupRequest, WorkerReply } from "./messages.ts";

/** Opened with the first program. */
let device: ModelDevice | undefined;
/** By their keys. One that cannot be loaded fails each of its groups, with the same reason. */
const programs = new Map<string, Promise<LoadedProgram>>();
const replies = createWriteStream("", { fd: REPLIES_FD });

function reply(message: WorkerReply): void {
  replies.write(toFrame(message));
}

async function load({ task, program, device: name, threads }: GroupRequest): Promise<LoadedProgram> {
  if ("train" in program!) {
    device ??= openDevice(name as Provider, threads);
    return loadProgram(program, device);
  }
  // Loaded where it is asked for alone: it needs TensorFlow.js.
  const { loadRecipe } = await import("../training/eager.ts");
  return loadRecipe(program!, await loadTask(task));
}

async function runGroup(request: GroupRequest): Promise<readonly GroupOutcome[]> {
  const startMs = performance.now() - request.tracingSeconds * 1000;
  const { programKey } = request;
  const isNew = !programs.has(programKey);
  if (isNew) programs.set(programKey, load(request));
  const program = await programs.get(programKey)!;
  const compileSeconds = isNew ? (performance.now() - startMs) / 1000 : 0;
  const task = await loadTask(request.task);
  reply({ kind: "alive" });
  const { members, epochs, pauseAfter, rehearsal, batchSize, shuffle, checkpointMs } = request;
  return train(
    program,
    task,
    members,
    { epochs, pauseAfter, rehearsal, batchSize, shuffle, checkpointMs, startMs, compileSeconds },
    {
      onEpoch: (member, metrics, seconds) => reply({ kind: "epoch", member, metrics, seconds }),
      onSteps: (progress) => reply({ kind: "steps", progress }),
      onCheckpoint: (checkpoints) => reply({ kind: "checkpoint", checkpoints }),
    },
  );
}

async function serve(request: GroupRequest): Promise<void> {
  let outcomes: readonly GroupOutcome[];
  try {
    outcomes = await runGroup(request);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    outcomes = request.members.map(() => ({ status: "failed", reason }));
  }
  reply({ kind: "outcomes", outcomes });
}

const reader = new FrameReader<GroupRequest>();
const requests = createReadStream("", { fd: REQUESTS_FD });
requests.on("data", (chunk) => reader.push(chunk as Uint8Array).forEach(serve));
for (const end of ["end", "error"]) requests.on(end, () => process.exit());
replies.on("error", () => process.exit());
new Worker(new URL("./watch.ts", import.meta.url), { workerData: Number(process.argv[2]) });
