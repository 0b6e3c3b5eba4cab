import process from "node:process";

process.kill(process.pid, "SIGKILL");
await new Promise(() => {});
