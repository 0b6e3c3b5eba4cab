import process from "node:process";
import task from "./announces.ts";

const GARBAGE = "\u0004\u0000\u0000\u0000garbage\n".repeat(10_000);

console.log(GARBAGE);
console.error(GARBAGE);
process.stdout.write(GARBAGE);

export default task;
