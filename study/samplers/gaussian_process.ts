import { Random } from "../../datasets/random.ts";
import { maximize } from "./acquisition.ts";
import { costsOf, ranking } from "./costs.ts";
import { fit } from "./likelihood.ts";
import { logExpectedExcess, quantile } from "./normal.ts";
import { quasiRandomPoint } from "./quasi_random.ts";
import { posterior } from "./regression.ts";
import { Sobol } from "./sobol.ts";
import { log } from "./elementary.ts";
import type { Sampler } from "./sampler.ts";
const WARP = process.env.WARP ?? "raw";
const STARTUP = +(process.env.STARTUP ?? 10);
const MOST = +(process.env.MOST ?? 75);
export const gp: Sampler = {
  name: "gp", summary: "", learns: true,
  propose({ dimensions, seed, draw, observations, pending }) {
    if (observations.length < STARTUP) return quasiRandomPoint(dimensions, seed, draw);
    const c = costsOf(observations);
    const order = ranking(c);
    const keep = new Set([...order.slice(0, MOST), ...c.map((_, i) => i).slice(-MOST)]);
    const idx = c.map((_, i) => i).filter((i) => keep.has(i));
    const points = idx.map((i) => observations[i].point);
    const v = warp(idx.map((i) => c[i]));
    const hp = fit(dimensions, points, v);
    const predict = posterior(dimensions, hp, points, v, pending);
    const inc = [...points, ...pending].reduce((b, p) => Math.min(b, predict(p).mean), Infinity);
    const score = (p: readonly number[]) => { const { mean, deviation } = predict(p); return log(deviation) + logExpectedExcess((inc - mean) / deviation); };
    return maximize(dimensions, score, new Sobol(seed, `gp candidates ${draw}`, dimensions.length), new Random(seed, `gp ${draw}`), ranking(v).slice(0, 3).map((i) => points[i]));
  },
};
function standard(c: number[]) { const m = c.reduce((a, b) => a + b, 0) / c.length; const s = Math.sqrt(c.reduce((a, b) => a + (b - m) ** 2, 0) / c.length); return c.map((x) => s > 0 ? (x - m) / s : 0); }
function warp(c: number[]): number[] {
  if (WARP === "raw") return standard(c);
  const n = c.length;
  const s = [...c].sort((a, b) => a - b);
  if (WARP === "rank") { const r: number[] = []; ranking(c).forEach((i, k) => r[i] = quantile((k + 0.5) / n)); return standard(r); }
  if (WARP === "clip") { const med = s[Math.floor(n / 2)]; const lim = med + 2 * (med - s[0]); return standard(c.map((x) => Math.min(x, lim))); }
  if (WARP === "log") { const med = s[Math.floor(n / 2)]; const u = +(process.env.U ?? 0.1)*(med - s[0]); return standard(c.map((x) => log((x - s[0]) + u + 1e-300))); }
  throw 1;
}
