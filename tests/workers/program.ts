/** A program whose pool has one worker that trains without end and one that waits, until it ends as it is told to. */
import process from "node:process";
import { WorkerPool } from "../../study/workers/pool.ts";
import { ENDLESS, moduleTask, request } from "./request.ts";

const [way] = process.argv.slice(2);
const pool = new WorkerPool(2);
const sound = request({ task: moduleTask("announces") });
let epochs = 0;

const endings: Record<string, () => unknown> = {
  closes: () => pool.close(),
  exits: () => process.exit(3),
  throws: () => {
    throw new Error("over");
  },
};

const endless = pool.run({ ...sound, epochs: ENDLESS }, { onEpoch: () => epochs++ });
endless.then(([{ status }]) => console.log(status));
await pool.run(sound);
while (epochs === 0) await new Promise((resolve) => setTimeout(resolve, 5));
if (way in endings) setTimeout(endings[way]);
process.on("SIGINT", async () => {
  const before = epochs;
  while (epochs < before + 50) await new Promise((resolve) => setTimeout(resolve, 5));
  console.log("went on");
  await pool.close();
  process.exit();
});
console.log("ready");
