import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { contourChart } from "../results/charts/contour_chart.ts";
import { contourSvg } from "../results/charts/contour_svg.ts";
import { relief } from "../results/charts/levels.ts";
import {
  describeEnd,
  isVisible,
  type Point,
  type Trajectory,
  visibleParts,
} from "../results/charts/trajectory.ts";
import { beale, branin, rosenbrock } from "../tasks/functions.ts";
import type { Landscape } from "../tasks/task.ts";
import { assertClose } from "./_compiled.ts";

/** A round bowl, lowest at (1, 2). */
const bowl: Landscape = {
  f: (x, y) => (x - 1) ** 2 + (y - 2) ** 2,
  x: [-9, 11],
  y: [-8, 12],
  minima: [[1, 2]],
};
const spiral: Trajectory = {
  label: "spiral",
  points: Array.from({ length: 40 }, (_, i) => {
    const [angle, radius] = [i / 5, 8 * Math.exp(-i / 20)];
    return [1 + radius * Math.cos(angle), 2 + radius * Math.sin(angle)];
  }),
};
const straight: Trajectory = { label: "straight", points: [[-8, -7], [-4, -4], [0, 0]] };

const coordinate = fc.oneof(
  fc.float({ min: -12, max: 12, noNaN: true }),
  fc.float(),
  fc.constantFrom(-9, 11, -8, 12, 1, 2, NaN, Infinity, -Infinity),
);
const points = fc.array(fc.tuple(coordinate, coordinate), { maxLength: 12 });
const trajectories = fc.array(
  fc.record({ label: fc.string({ maxLength: 40, unit: "grapheme-ascii" }), points }),
  {
    maxLength: 12,
  },
);
const landscapes = [bowl, rosenbrock.landscape, beale.landscape, branin.landscape];

test("a chart: shades, paths, marks, axes and a legend", () => {
  assert.equal(
    contourChart(bowl, [spiral, straight], { width: 56, height: 16 }),
    `
y
   │▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░░░░░░░░░▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
10 ┤▒▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▒▒▒▒▒▒▒▒▒▒▒
   │▒▒▒▒▒▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▒▒▒▒▒▒▒
   │▒▒▒▒▒░░░░░░░░░░░░░░░░░░⢀⣀⠤⠤⠤⠤⠤⠤⠤⠤⣀⣀⣀░░░░░░░░░░░▒▒▒▒▒
   │▒▒▒░░░░░░░░░░░░░░::⣀⠔⠒⠉⠁:::::::::::░⠉⠉⠒⠤⣀░░░░░░░░▒▒▒
 5 ┤▒░░░░░░░░░░░░░:::⡠⠊::::::··:::::::::::░░░⠉⠒⢄░░░░░░░▒
   │░░░░░░░░░░░░░:::⡰⠁:··············::::::░░░░░⠣⡀░░░░░░
   │░░░░░░░░░░░░::::⢇:····    1⠉⠑⠢⡀···::::::░░░░░⠘⡄░░░░░
   │░░░░░░░░░░░░::::⠈⢆····    ×  ⢀⠇···::::::░░░░░░○░░░░░
 0 ┤░░░░░░░░░░░░░:::::⠑⠢⣀⣀⣀2··⣀⣀⡠⠊···::::::░░░░░░░░░░░░░
   │▒░░░░░░░░░░░░░:::::⣀⠔⠊:⠉⠉⠉·:::::::::::░░░░░░░░░░░░░▒
   │▒▒▒░░░░░░░░░░░░░⡠⠔⠊::::::::::::::::░░░░░░░░░░░░░░▒▒▒
   │▒▒▒▒▒░░░░░░░⢀⡠⠔⠉░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▒▒▒▒▒
-5 ┤▒▒▒▒▒▒▒░⣀⠤⠔⠊⠁░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▒▒▒▒▒▒▒
   │▒▒▒⢀⡠⠔⠒⠉▒▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▒▒▒▒▒▒▒▒▒▒▒
   │▒▒○⠁▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░░░░░░░░░▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
   └──────────┬────────────┬────────────┬────────────┬──
x            -5            0            5            10

1  spiral    1.295 after 39 steps
2  straight  5 after 2 steps
○ start, × minimum
Loss above the minimum: · from 3, : from 10, ░ from 30, ▒ from 100`.slice(1),
  );
});

test("colours change nothing but colours", () => {
  for (const landscape of landscapes) {
    const plain = contourChart(landscape, [spiral, straight], { colors: false });
    const colored = contourChart(landscape, [spiral, straight], { colors: true });
    assert.notEqual(colored, plain);
    assert.equal(stripVTControlCharacters(colored), plain);
  }
});

test("a chart fits its width and has the lines it is given, whatever the trajectories", () => {
  fc.assert(fc.property(
    fc.constantFrom(...landscapes),
    trajectories,
    fc.integer({ min: 48, max: 120 }),
    fc.integer({ min: 5, max: 40 }),
    (landscape, trajectories, width, height) => {
      const lines = contourChart(landscape, trajectories, { width, height }).split("\n");
      const plotted = lines.slice(1, 1 + height);
      assert.ok(plotted.every((line) => line.length === width && /[┤│]/.test(line)), plotted.join("\n"));
      assert.match(lines[1 + height], /└[─┬]+$/);
      for (const line of lines.slice(0, height + 4 + trajectories.length)) {
        assert.ok(line.length <= width, `${line.length} columns: ${line}`);
      }
    },
  ));
});

test("trajectories that end in the same place have their numbers beside each other", () => {
  const chart = contourChart(bowl, [straight, straight, straight], { width: 60, height: 12 });
  const plot = chart.split("\n").slice(1, 13).map((line) => line.slice(line.search(/[┤│]/)));
  for (const number of ["1", "2", "3"]) {
    assert.equal(plot.join("").split(number).length - 1, 1, `${number} in\n${plot.join("\n")}`);
  }
});

test("the minimum stays visible where a trajectory ends on it", () => {
  const chart = contourChart(bowl, [{ label: "a", points: [[5, 5], [1, 2]] }], { height: 12 });
  assert.match(chart, /1×|×1/);
});

test("a legend says how each trajectory ended", () => {
  const end = (points: Point[]) => describeEnd({ label: "a", points }, bowl);
  assert.equal(end([[1, 2]]), "0 after 0 steps");
  assert.equal(end([[1, 2], [2, 4]]), "5 after 1 step");
  assert.equal(end([[1, 2], [2, 4], [2, 3]]), "2 after 2 steps");
  assert.equal(end([[1, 2], [101, 2]]), "10000 after 1 step, outside");
  assert.equal(end([[1, 2], [2, 4], [Infinity, 4], [1, 2]]), "diverged at step 2");
  assert.equal(end([[1, 2], [1, NaN]]), "diverged at step 1");
  assert.equal(end([]), "no start");
});

test("a long label makes room for the end, in a chart", () => {
  const lines = contourChart(bowl, [{ ...straight, label: "label ".repeat(20) }], { width: 60 }).split("\n");
  assert.equal(
    lines.find((line) => line.startsWith("1  ")),
    "1  label label label label label label lab…  5 after 2 steps",
  );
});

test("only what is inside the window is drawn", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.float({ noNaN: true }), fc.float({ noNaN: true }))), (points) => {
      const finite = points.filter((point) => point.every(Number.isFinite));
      const drawn = visibleParts(finite, bowl).flat();
      assert.ok(drawn.every((point) => isVisible(point, bowl)), JSON.stringify(drawn));
      // And of what is inside nothing is missing.
      for (const point of finite.filter((point) => isVisible(point, bowl))) {
        assert.ok(drawn.some(([x, y]) => x === point[0] && y === point[1]), JSON.stringify(point));
      }
    }),
  );
});

test("a path that stays inside is one part, unchanged", () => {
  assert.deepEqual(visibleParts(spiral.points, bowl), [spiral.points]);
  assert.deepEqual(visibleParts([[0, 0]], bowl), [[[0, 0]]]);
  assert.deepEqual(visibleParts([[0, 0], [0, 0], [1, 0]], bowl), [[[0, 0], [0, 0], [1, 0]]]);
});

test("a path is cut at the edges, and goes on where it returns", () => {
  assert.deepEqual(
    visibleParts([[-19, 2], [1, 2], [21, 2], [21, 22], [1, 22], [1, 2]], bowl),
    [[[-9, 2], [1, 2], [11, 2]], [[1, 12], [1, 2]]],
  );
  assert.deepEqual(visibleParts([[-10, -9], [-10, 20], [20, 20]], bowl), []);
  assert.deepEqual(visibleParts([[20, 20]], bowl), []);
});

test("levels are round, ascending, evenly spaced, and not too many", () => {
  assert.deepEqual(relief(bowl, 12).levels, [2, 5, 10, 20, 50, 100]);
  assert.deepEqual(relief(bowl, 5).levels, [3, 10, 30, 100]);
  assert.deepEqual(relief(bowl, 3).levels, [10, 100]);
  assert.deepEqual(relief(beale.landscape, 4).levels, [1, 100, 10_000]);
});

test("levels of any function are within its heights", () => {
  fc.assert(fc.property(
    fc.constantFrom(...landscapes),
    fc.integer({ min: 2, max: 15 }),
    fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
    fc.double({ min: -100, max: 100, noNaN: true }),
    (landscape, most, factor, offset) => {
      const f: Landscape["f"] = (x, y) => factor * landscape.f(x, y) + offset;
      const { height, levels } = relief({ ...landscape, f }, most);
      assert.ok(levels.length >= 1 && levels.length <= most, `${levels}`);
      assert.ok(levels.every((level, i) => level > (levels[i - 1] ?? 0)), `${levels}`);
      assertClose([height(...landscape.minima[0]) / factor], [0], 1e-3);
      const corners = landscape.x.flatMap((x) => landscape.y.map((y) => height(x, y)));
      assert.ok(levels.at(-1)! <= Math.max(...corners), `${levels}`);
    },
  ));
});

test("a function that is the same everywhere has no contours, and can be drawn", () => {
  const flat: Landscape = { f: () => 3, x: [0, 1], y: [0, 1], minima: [] };
  assert.deepEqual(relief(flat, 5).levels, []);
  assert.doesNotMatch(contourChart(flat, []), /above the minimum/);
  assertWellFormed(contourSvg(flat, [], { title: "flat" }));
});

test("where a function has no value it is infinitely high", () => {
  const half: Landscape = { f: (x) => Math.log(x), x: [-1, 1], y: [0, 1], minima: [] };
  const { height, levels } = relief(half, 5);
  assert.equal(height(-0.5, 0.5), Infinity);
  assert.ok(levels.every(Number.isFinite) && levels.length > 0);
  assertWellFormed(contourSvg(half, [], { title: "half" }));
});

/** Elements closed in the order of their opening, attributes in quotes and each once, no number that is none. */
function assertWellFormed(svg: string) {
  const open: string[] = [];
  let rest = svg;
  while (rest !== "") {
    const [all, close, name, attributes, empty, text] =
      rest.match(/^<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<>]*")*)(\/?)>|^([^<>]+)/) ?? [];
    assert.ok(all, `no element and no text: ${rest.slice(0, 80)}`);
    if (close) assert.equal(open.pop(), name);
    else if (name && !empty) open.push(name);
    for (const part of [text ?? "", attributes ?? ""]) {
      assert.doesNotMatch(part, /&(?!(amp|lt|gt|quot);)/);
    }
    const names = [...(attributes ?? "").matchAll(/ ([a-zA-Z-]+)="/g)].map(([, name]) => name);
    assert.equal(new Set(names).size, names.length, attributes);
    for (const [, value] of (attributes ?? "").matchAll(/ (?:d|x|y|cx|cy|width|height|viewBox)="([^"]*)"/g)) {
      assert.doesNotMatch(value, /NaN|Infinity|undefined|e[+-]?\d/);
    }
    rest = rest.slice(all.length);
  }
  assert.deepEqual(open, []);
}

test("an SVG is well-formed and all of its numbers are, whatever the trajectories", () => {
  for (const landscape of landscapes) {
    assertWellFormed(contourSvg(landscape, [spiral, straight], { title: "test" }));
  }
  const small: Landscape = { ...bowl, x: [-1, 3], y: [-1, 5] };
  fc.assert(
    fc.property(trajectories, fc.string({ unit: "grapheme-ascii" }), (trajectories, title) => {
      assertWellFormed(contourSvg(small, trajectories, { title }));
    }),
    { numRuns: 20 },
  );
});

test("titles and labels are text in an SVG, not markup", () => {
  const svg = contourSvg(bowl, [{ label: '<b> & "c"', points: [[0, 0]] }], { title: "1 < 2 & 3" });
  assert.ok(svg.includes(">1 &lt; 2 &amp; 3</text>"));
  assert.ok(svg.includes("<title>&lt;b&gt; &amp; &quot;c&quot;</title>"));
});

test("contours of a round bowl are circles of the levels' radii", () => {
  const svg = contourSvg(bowl, [], { title: "bowl" });
  const [, inner] = svg.match(/(<svg x=[^]*?<\/svg>)/)!;
  const [, width, height] = inner.match(/viewBox="0 0 (\d+) (\d+)"/)!.map(Number);
  const paths = [...inner.matchAll(/<path [^>]*d="([^"]*)"/g)].map(([, d]) => d);
  const { levels } = relief(bowl, 12);
  assert.equal(paths.length, levels.length);
  paths.forEach((d, i) => {
    // Areas above a level: the first ring is outside the window, the second the circle.
    const [, circle] = d.split("z").map((ring) =>
      ring.slice(1).split("l").map((step) => step.split(" ").map(Number))
    );
    let [x, y] = [0, 0];
    for (const [right, down] of circle) {
      [x, y] = [x + right, y + down];
      const radius = Math.hypot(-9 + 20 * x / width - 1, 12 - 20 * y / height - 2);
      assertClose([radius], [Math.sqrt(levels[i])], 0.02);
    }
  });
});

test("an SVG has a path, an end and a number for each trajectory, and a cross for each minimum", () => {
  const svg = contourSvg(branin.landscape, [
    { label: "a", points: [[2.5, 12.5], [0, 10], [1, 9]] },
    { label: "b", points: [[2.5, 12.5], [5, 5]] },
  ], { title: "branin" });
  const count = (text: string) => svg.split(text).length - 1;
  assert.equal(count("<title>"), 2);
  // In the plot and in the legend.
  assert.equal(count('font-weight="600" text-anchor="middle">1</text>'), 2);
  assert.equal(count('font-weight="600" text-anchor="middle">2</text>'), 2);
  // Two strokes each: three minima, and one in the legend.
  assert.equal(count("l12 12m-12 0l12 -12"), 2 * (3 + 1));
  // The start, which they share, and one in the legend.
  assert.equal(count('r="5.5"'), 1 + 1);
  assert.equal(count('r="5"'), 2 + 1);
});
