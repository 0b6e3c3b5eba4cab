/** Functions with known minima on the unit cube, and the search for them as a study goes about it. */
import { median } from "../results/statistics/summary.ts";
import type { Dimension, Observation, Point, Sampler } from "../study/samplers/sampler.ts";
