/** `deno task parity FILE...`: exits 1 when a case fails, 2 when a file cannot be read. */
import process from "node:process";
import { checkVectors, hasFailed, readVectors, report } from "./parity.ts";

const paths = process.argv.slice(2);
if (paths.length === 0) {
  console.error("parity: no file given: try deno task parity tests/fixtures/*.json");
  process.exit(2);
}
let failed = false;
for (const path of paths) {
  let vectors;
  try {
    vectors = readVectors(path);
  } catch (error) {
    console.error(`parity: ${(error as Error).message}`);
    process.exit(2);
  }
  const checks = await checkVectors(vectors);
  console.log(report(path, checks));
  failed ||= checks.some((check) => !check.quirk && hasFailed(check));
}
process.exit(failed ? 1 : 0);
