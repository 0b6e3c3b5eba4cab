/**
 * `deno task bench:chaos [KILLS [MINUTES]]`: kills the processes of studies at random moments, resumes them until nothing
 * is left to run, and holds what comes of it against undisturbed runs, as tests/chaos_test.ts does in short. It ends
 * after so many kills (500 unless said) or minutes (no limit unless said), with code 1 if anything was lost.
 *
 * A table goes to stdout; the seed, and what a study lost, to stderr as it happens.
 */
import process from "node:process";
import { Random } from "../datasets/random.ts";
import { textTable } from "../results/text_table.ts";
import { type Damage, disturb, scenarios, undisturbed } from "../tests/_chaos.ts";

/** In one study. */
const KILLS = 10;

const [kills, minutes] = ["500", "Infinity"].map((most, i) => Number(process.argv[2 + i] ?? most));
if (!(kills > 0 && minutes > 0)) throw new Error("Cannot parse KILLS or MINUTES: use positive numbers");
const seed = Date.now();
const random = new Random(seed, "chaos");
process.stderr.write(`seed ${seed}\n`);

const references = [];
for (const scenario of scenarios) references.push(await undisturbed(scenario));
const damages = references.map((): Damage[] => []);
const startMs = performance.now();
for (let study = 0; killed() < kills && performance.now() - startMs < 60_000 * minutes; study++) {
  const i = study % references.length;
  const damage = await disturb(references[i], Math.min(KILLS, kills - killed()), random);
  damages[i].push(damage);
  const { name } = references[i].scenario;
  if (harm(damage) > 0) process.stderr.write(`${name}: ${JSON.stringify(damage)}\n`);
}

function killed(): number {
  return sumOf(damages.flat(), ({ kills }) => kills);
}

function harm({ lost, twice, differing, left }: Damage): number {
  return lost.length + Math.abs(twice) + differing.length + left.length;
}

function sumOf(damages: readonly Damage[], figure: (damage: Damage) => number): number {
  return damages.reduce((sum, damage) => sum + figure(damage), 0);
}

/** What is said of some studies, by column. */
const columns: Readonly<Record<string, (damage: Damage) => number>> = {
  studies: () => 1,
  kills: ({ kills }) => kills,
  resumes: ({ resumes }) => resumes,
  trials: ({ trials }) => trials,
  interrupted: ({ interrupted }) => interrupted,
  lost: ({ lost }) => lost.length,
  twice: ({ twice }) => twice,
  differing: ({ differing }) => differing.length,
  "processes left": ({ left }) => left.length,
};
const row = (name: string, damages: readonly Damage[]) => [
  name,
  ...Object.values(columns).map((figure) => String(sumOf(damages, figure))),
];
const head = ["study", ...Object.keys(columns)];
const rows = references.map(({ scenario }, i) => row(scenario.name, damages[i]));
const table = {
  head,
  rows: [...rows, row("all", damages.flat())],
  right: Object.keys(head).slice(1).map(Number),
};
process.stdout.write(`${textTable(table, Infinity)}\n`);
process.exitCode = sumOf(damages.flat(), harm) > 0 ? 1 : 0;
