import process from "node:process";

process.stderr.write("out of luck\n", () => process.exit(7));
await new Promise(() => {});
