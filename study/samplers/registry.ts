/**
 * Every search method that proposes one point after the other. A new one is a file beside this one and a line here.
 */
import { cmaEs } from "./cma_es.ts";
import { gp } from "./gaussian_process.ts";
import { quasiRandom } from "./quasi_random.ts";
import { random } from "./random.ts";
import type { Sampler } from "./sampler.ts";
import { tpe } from "./tpe.ts";

export const samplers = {
  random,
  "quasi-random": quasiRandom,
  tpe,
  gp,
  "cma-es": cmaEs,
} as const satisfies Record<string, Sampler>;

export type SamplerName = keyof typeof samplers;

export const samplerNames = Object.keys(samplers) as SamplerName[];

/**
 * The sampler of that name.
 *
 * @throws {RangeError} when there is none.
 */
export function getSampler(name: string): Sampler {
  if (Object.hasOwn(samplers, name)) return samplers[name as SamplerName];
  throw new RangeError(`Cannot find sampler "${name}"; expected one of ${samplerNames.join(", ")}`);
}
