import { random } from "./random.ts";
import { quasiRandom } from "./quasi_random.ts";
import { tpe } from "./tpe.ts";
import { cmaEs } from "./cma_es.ts";
import type { Sampler } from "./sampler.ts";

export type SamplerName = "random" | "quasi-random" | "tpe" | "gp" | "cma-es";

/** Every sampler, by name. A new one is a file beside this one and a line here. */
export const samplers: Readonly<Record<SamplerName, Sampler>> = {
  random,
  "quasi-random": quasiRandom,
  tpe,
  gp: tpe,
  "cma-es": cmaEs,
};

export const samplerNames = Object.keys(samplers) as SamplerName[];

/** @throws {RangeError} for a name that is not registered. */
export function getSampler(name: string): Sampler {
  const sampler = samplers[name as SamplerName];
  if (sampler === undefined) throw new RangeError(`Unknown sampler "${name}"`);
  return sampler;
}
