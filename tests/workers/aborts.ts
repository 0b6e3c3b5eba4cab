import process from "node:process";

process.abort();
