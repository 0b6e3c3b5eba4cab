/** `optbench data`: the files of the datasets. */
import { dirname } from "node:path";
import process from "node:process";
import type { DatasetSource } from "../../datasets/dataset.ts";
import { downloadFolder, filesOf, locate, verifyFiles } from "../../datasets/files/files.ts";
import { dataFolder, setDataFolder } from "../../datasets/files/folder.ts";
import { type DatasetName, datasetNames, getDataset } from "../../datasets/registry.ts";
import { UsageError } from "../errors.ts";
import { megabytes, provide } from "../terminal/provide.ts";
import type { DataRequest } from "../requests.ts";
import { table } from "./list.ts";

/** Does what is asked for and returns the exit code. */
export async function data(request: DataRequest): Promise<number> {
  if (request.dataDir !== undefined) setDataFolder(request.dataDir);
  switch (request.what) {
    case "list":
      return list(request.json);
    case "fetch":
      return await fetchFiles(request);
    case "verify":
      return verify(request.names);
    case "path":
      return path(request.name);
  }
}

type State = "present" | "missing" | "built in";

interface Facts {
  readonly name: string;
  readonly state: State;
  /** Where the files are, or would go. */
  readonly folder: string | null;
  /** Of the files, decompressed. */
  readonly bytes: number | null;
  readonly source: string;
}

function facts({ name, files, source }: DatasetSource): Facts {
  if (files === undefined) return { name, state: "built in", folder: null, bytes: null, source };
  const bytes = filesOf(files).reduce((sum, file) => sum + file.bytes, 0);
  const located = locate(files);
  return located === undefined
    ? { name, state: "missing", folder: downloadFolder(files), bytes, source }
    : { name, state: "present", folder: dirname(located[0].path), bytes, source };
}

function list(json: boolean): number {
  const all = datasetNames.map(getDataset).map(facts);
  const rows = all.map(({ name, state, folder, bytes, source }) => ({
    cells: [name, state, bytes === null ? "" : `${megabytes(bytes)} MB`],
    notes: folder === null ? [source] : [folder, source],
  }));
  print(json ? JSON.stringify(all, null, 2) : table(["dataset", "state", "size"], rows));
  return 0;
}

async function fetchFiles({ names, all, quiet }: DataRequest & { what: "fetch" }): Promise<number> {
  if (all === names.length > 0) {
    throw new UsageError(all ? "--all takes no names" : `fetch what? ${datasetNames.join(", ")}, or --all`);
  }
  for (const name of all ? datasetNames : names) {
    const source = getDataset(name as DatasetName);
    const isNew = await provide(source, { quiet, verify: true });
    const { state, folder } = facts(source);
    print(`${name}: ${state === "built in" ? state : `${isNew ? "fetched into" : "already in"} ${folder}`}`);
  }
  return 0;
}

/** Without names, what is there is verified; what is named has to be there too. */
function verify(names: readonly string[]): number {
  let isWrong = false;
  for (const name of names.length > 0 ? names : datasetNames) {
    const { files } = getDataset(name as DatasetName);
    const found = files && verifyFiles(files);
    if (files === undefined) print(`${name}: built in`);
    else if (found === undefined) print(`${name}: missing`);
    else if (found.problems.length === 0) print(`${name}: as published, in ${found.folder}`);
    else for (const problem of found.problems) print(`${name}: ${problem}`);
    isWrong ||= found === undefined ? files !== undefined && names.length > 0 : found.problems.length > 0;
  }
  return isWrong ? 1 : 0;
}

function path(name: string | undefined): number {
  if (name === undefined) {
    print(dataFolder());
    return 0;
  }
  const { folder } = facts(getDataset(name as DatasetName));
  if (folder === null) throw new UsageError(`${name} is built in: it has no folder`);
  print(folder);
  return 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
