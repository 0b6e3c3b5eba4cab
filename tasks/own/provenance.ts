import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A file of the user's own that a study depends on: what has to be the same for the study to be repeated. */
export interface Provenance {
  /** Its path, as it was given. */
  readonly file: string;
  /** SHA-256 of its content, in hexadecimal digits. */
  readonly sha256: string;
}

/** @throws {Error} when the file cannot be read. */
export function provenanceOf(file: string): Provenance {
  return { file, sha256: createHash("sha256").update(readFileSync(file)).digest("hex") };
}
