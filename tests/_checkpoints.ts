/**
 * A program that runs the study in a folder, or goes on with it: long trials with a checkpoint after every call into the
 * runtime, which no command line asks for.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { exportStudy } from "../results/export/export.ts";
import { DATABASE_FILE } from "../results/store/record.ts";
import { StudyStore } from "../results/store/store.ts";
import { planStudy } from "../study/settings/plan.ts";
import { runStudy } from "../study/study.ts";

const [directory] = process.argv.slice(2);
const asked = await planStudy({
  optimizer: { name: "adam" },
  task: "digits_mlp",
  values: { lr: [0.003, 0.01], schedule: ["cosine"] },
  epochs: 40,
  jobs: 1,
});
const settings = { ...asked, checkpointMinutes: 0 };
const store = existsSync(join(directory, DATABASE_FILE))
  ? StudyStore.resume(directory, {}).store
  : StudyStore.create({ directory, settings });
await runStudy(settings, store);
store.complete();
exportStudy(store.record, directory);
store.close();
