/** How an optimizer moved over a function of two variables, and what of it a drawing shows. */
import type { Landscape } from "../../tasks/task.ts";
import { formatNumber } from "../format.ts";

export type Point = readonly [x: number, y: number];

export interface Trajectory {
  readonly label: string;
  /** The start, then where each step led. A point that is not finite ends it. */
  readonly points: readonly Point[];
}

/** The part of a plane that is drawn: from and to. */
export type Window = Pick<Landscape, "x" | "y">;

/** The points before the first that is not finite. */
export function finitePoints({ points }: Trajectory): readonly Point[] {
  const end = points.findIndex((point) => !point.every(Number.isFinite));
  return end === -1 ? points : points.slice(0, end);
}

/** Whether a point is in the window or on its edge. */
export function isVisible([x, y]: Point, window: Window): boolean {
  return x >= window.x[0] && x <= window.x[1] && y >= window.y[0] && y <= window.y[1];
}

/** A path through the window, cut off at its edges: the points of each part that is inside, one at least. */
export function visibleParts(points: readonly Point[], window: Window): Point[][] {
  if (points.length === 1) return isVisible(points[0], window) ? [[...points]] : [];
  const parts: Point[][] = [];
  for (let i = 1; i < points.length; i++) {
    const segment = clip(points[i - 1], points[i], window);
    if (segment === undefined) continue;
    const part = parts.at(-1);
    // What was not cut off goes on where the segment before ended.
    if (part !== undefined && part.at(-1) === segment[0]) part.push(segment[1]);
    else parts.push([...segment]);
  }
  return parts;
}

/** The part of a segment that is in the window (Liang & Barsky 1984, ACM Transactions on Graphics 3:1-22). */
function clip(a: Point, b: Point, window: Window): [Point, Point] | undefined {
  // Of far points, places near the window can be told only from the other end.
  if (size(a) > size(b)) {
    const reversed = clip(b, a, window);
    return reversed && [reversed[1], reversed[0]];
  }
  let [enter, leave] = [0, 1];
  for (const axis of [0, 1] as const) {
    const [low, high] = axis === 0 ? window.x : window.y;
    const way = b[axis] - a[axis];
    if (way === 0) {
      if (a[axis] < low || a[axis] > high) return undefined;
      continue;
    }
    const crossings = [(low - a[axis]) / way, (high - a[axis]) / way];
    enter = Math.max(enter, Math.min(...crossings));
    leave = Math.min(leave, Math.max(...crossings));
  }
  if (enter > leave) return undefined;
  const at = (t: number): Point => [
    clamp(a[0] + t * (b[0] - a[0]), window.x),
    clamp(a[1] + t * (b[1] - a[1]), window.y),
  ];
  return [isVisible(a, window) ? a : at(enter), isVisible(b, window) ? b : at(leave)];
}

function size([x, y]: Point): number {
  return Math.max(Math.abs(x), Math.abs(y));
}

/** Against rounding. */
function clamp(value: number, [low, high]: readonly [number, number]): number {
  return Math.min(Math.max(value, low), high);
}

/** How a trajectory ended: `0.0684 after 100 steps`. */
export function describeEnd(trajectory: Trajectory, landscape: Landscape): string {
  const points = finitePoints(trajectory);
  const end = points.at(-1);
  if (end === undefined) return "no start";
  const steps = points.length - 1;
  if (points.length < trajectory.points.length) return `diverged at step ${steps + 1}`;
  const value = `${formatNumber(landscape.f(...end))} after ${steps} ${steps === 1 ? "step" : "steps"}`;
  return isVisible(end, landscape) ? value : `${value}, outside`;
}
