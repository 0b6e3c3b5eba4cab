/** Writes down which process it is loaded in, where it is told to. */
import { appendFileSync } from "node:fs";
import process from "node:process";
import { getTask } from "../../tasks/registry.ts";

const { PIDS_FILE } = process.env;
if (PIDS_FILE) appendFileSync(PIDS_FILE, `${process.pid}\n`);

export default getTask("digits_logreg");
