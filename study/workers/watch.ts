/**
 * A thread of a worker that ends it when the study is gone, and so another process its parent: also where the worker
 * itself cannot notice, as it is in the runtime, or in an endless loop of a user's task.
 */
import process from "node:process";
import { workerData } from "node:worker_threads";

const EVERY_MS = 500;

// The study says who it is: it may have gone before this thread could see for itself.
const study: number = workerData;
setInterval(() => {
  if (process.ppid !== study) process.kill(process.pid, "SIGKILL");
}, EVERY_MS);
