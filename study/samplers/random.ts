import { Random } from "../../datasets/random.ts";
import type { Sampler } from "./sampler.ts";
import { fromUnit } from "./unit.ts";

/** Random search (Bergstra & Bengio 2012, JMLR 13): every coordinate uniform and independent of all others. */
export const random: Sampler = {
  name: "random",
  summary: "every value by chance",
  learns: false,
  propose({ dimensions, seed, draw }) {
    const stream = new Random(seed, `random ${draw}`);
    return fromUnit(dimensions, dimensions.map(() => stream.uniform()));
  },
};
