/** A program whose pool has one worker that trains without end, or hangs, and one that waits, until it ends as it is told to. */
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

async function moreEpochs(count: number): Promise<void> {
  const wanted = epochs + count;
  while (epochs < wanted) await new Promise((resolve) => setTimeout(resolve, 5));
}

process.on("SIGINT", async () => {
  await moreEpochs(50);
  console.log("went on");
  await pool.close();
});

const busy = moduleTask(way === "hangs" ? "hangs" : "announces");
pool.run({ ...sound, task: busy, epochs: ENDLESS }, { onEpoch: () => epochs++ });
await pool.run(sound);
if (way !== "hangs") await moreEpochs(1);
console.log("ready");
if (way in endings) setTimeout(endings[way]);
