/** Contour lines of numbers on a grid, and the smooth surface between its points. */

import { contours as isolines } from 'd3-contour';

import type { SurfaceView } from '../protocol';

export type Point = readonly [number, number];

/** Numbers at (x[i], y[j]) in row j, column i; y rises with the rows. What is not finite is a hole. */
export interface Grid {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  values: ArrayLike<number>;
}

export interface Contour {
  level: number;
  lines: Point[][]; // in the coordinates of x and y; open where they leave the grid or meet a hole
}

/** The grid with `factor` times as many cells a side, smooth between its points (Catmull and Rom). */
export function refined(grid: Grid, factor: number): Grid {
  const [columns, rows] = [grid.x.length, grid.y.length];
  const wide = (columns - 1) * factor + 1;
  const high = (rows - 1) * factor + 1;
  const across = new Float64Array(wide * rows);
  for (let j = 0; j < rows; j++) smooth(grid.values, j * columns, 1, columns, across, j * wide, 1, factor);
  const values = new Float64Array(wide * high);
  for (let i = 0; i < wide; i++) smooth(across, i, wide, rows, values, i, wide, factor);
  return { x: between(grid.x, factor), y: between(grid.y, factor), values };
}

/** Fills `to` from a line of numbers in `from`, with `factor` steps between each two of them. */
function smooth(
  from: ArrayLike<number>, at: number, stride: number, count: number,
  to: Float64Array, begin: number, step: number, factor: number,
): void {
  for (let i = 0; i < count - 1; i++) {
    const here = from[at + i * stride];
    const next = from[at + (i + 1) * stride];
    const before = finiteOr(i > 0 ? from[at + (i - 1) * stride] : NaN, 2 * here - next);
    const after = finiteOr(i < count - 2 ? from[at + (i + 2) * stride] : NaN, 2 * next - here);
    for (let k = 0; k < factor; k++) {
      to[begin + (i * factor + k) * step] = k ? spline(before, here, next, after, k / factor) : here;
    }
  }
  to[begin + (count - 1) * factor * step] = from[at + (count - 1) * stride];
}

function finiteOr(value: number, otherwise: number): number {
  return Number.isFinite(value) ? value : otherwise;
}

function spline(a: number, b: number, c: number, d: number, t: number): number {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

function between(axis: ArrayLike<number>, factor: number): Float64Array {
  const found = new Float64Array((axis.length - 1) * factor + 1);
  for (let i = 0; i < found.length; i++) found[i] = atPlace(axis, i / factor);
  return found;
}

/** Contour lines of the grid at each level. */
export function contours(grid: Grid, levels: readonly number[]): Contour[] {
  const [columns, rows] = [grid.x.length, grid.y.length];
  const values = Array.from(grid.values, (value) => (Number.isFinite(value) ? value : NaN));
  const draw = isolines().size([columns, rows]).smooth(true);
  return levels.map((level) => {
    const rings = draw.contour(values, level).coordinates.flat() as unknown as Point[][];
    const lines = rings.flatMap((ring) => opened(ring, (point) => isOnLine(point, columns, rows, values, level)));
    return { level, lines: lines.map((line) => line.map(([u, v]) => place(grid, u, v))) };
  });
}

/** d3 puts the first cell's middle at 0.5; outside the middles, and beside a hole, it closes rings. */
function isOnLine([u, v]: Point, columns: number, rows: number, values: readonly number[], level: number): boolean {
  const [x, y] = [u - 0.5, v - 0.5];
  if (x < 0 || y < 0 || x > columns - 1 || y > rows - 1) return false;
  const here = Math.floor(y) * columns + Math.floor(x);
  const there = Math.ceil(y) * columns + Math.ceil(x);
  if (here !== there) return Number.isFinite(values[here]) && Number.isFinite(values[there]);
  return Math.abs(values[here] - level) <= 1e-9 * Math.abs(level); // else d3 stopped before a hole
}

function place(grid: Grid, u: number, v: number): Point {
  return [atPlace(grid.x, u - 0.5), atPlace(grid.y, v - 0.5)];
}

function atPlace(axis: ArrayLike<number>, at: number): number {
  const low = Math.max(0, Math.min(Math.floor(at), axis.length - 2));
  return axis[low] + (at - low) * (axis[low + 1] - axis[low]);
}

/** The pieces of a closed ring that are kept; a ring that is kept whole stays closed. */
function opened(ring: Point[], kept: (point: Point) => boolean): Point[][] {
  const points = ring.slice(0, -1); // d3 repeats the first point
  const gap = points.findIndex((point) => !kept(point));
  if (gap < 0) return [ring];
  const pieces: Point[][] = [[]];
  for (let i = 1; i <= points.length; i++) {
    const point = points[(gap + i) % points.length];
    if (kept(point)) pieces[pieces.length - 1].push(point);
    else pieces.push([]);
  }
  return pieces.filter((piece) => piece.length > 1);
}

/** What the grid says at a point, in straight lines between its numbers; NaN outside and in holes. */
export function valueAt(grid: Grid, x: number, y: number): number {
  const [u, v] = [placeOf(grid.x, x), placeOf(grid.y, y)];
  if (u === null || v === null) return NaN;
  const columns = grid.x.length;
  const i = Math.min(Math.floor(u), columns - 2);
  const j = Math.min(Math.floor(v), grid.y.length - 2);
  const [s, t] = [u - i, v - j];
  const at = j * columns + i;
  const low = mixed(grid.values[at], grid.values[at + 1], s);
  return mixed(low, mixed(grid.values[at + columns], grid.values[at + columns + 1], s), t);
}

/** A neighbour that does not count may be a hole. */
function mixed(a: number, b: number, share: number): number {
  if (share === 0) return a;
  return share === 1 ? b : a + share * (b - a);
}

/** Where a number lies on an evenly spaced axis, in cells; null outside. */
function placeOf(axis: ArrayLike<number>, value: number): number | null {
  const [first, last] = [axis[0], axis[axis.length - 1]];
  const at = ((value - first) / (last - first)) * (axis.length - 1);
  const slack = 1e-6 * axis.length; // float32 axes
  if (!(at >= -slack && at <= axis.length - 1 + slack)) return null;
  return Math.max(0, Math.min(axis.length - 1, at));
}

/** The partial derivatives of what the grid says, by central differences of one cell. */
export function slopeAt(grid: Grid, x: number, y: number): Point {
  const along = (axis: ArrayLike<number>) => (axis[axis.length - 1] - axis[0]) / (axis.length - 1);
  const [h, k] = [along(grid.x), along(grid.y)];
  return [
    difference((by) => valueAt(grid, x + by, y), h),
    difference((by) => valueAt(grid, x, y + by), k),
  ];
}

/** One-sided where the other side is outside. */
function difference(value: (by: number) => number, h: number): number {
  const [before, here, after] = [value(-h), value(0), value(h)];
  if (Number.isNaN(before)) return (after - here) / h;
  return Number.isNaN(after) ? (here - before) / h : (after - before) / (2 * h);
}

export interface Height {
  up(error: number): number;
  down(height: number): number;
  floor: number; // the height below which nothing is drawn
}

/** How high an error is drawn: a logarithm where the levels rise by factors. */
export function heightOf(scale: SurfaceView['scale'], levels: readonly number[]): Height {
  if (scale !== 'log' || !(levels[0] > 0)) {
    return { up: (error) => error, down: (height) => height, floor: -Infinity };
  }
  const least = levels[0] * (levels.length > 1 ? levels[0] / levels[1] : 0.1); // 0 has no logarithm
  return {
    up: (error) => Math.log10(Math.max(error, least)),
    down: (height) => 10 ** height,
    floor: Math.log10(least),
  };
}

/** The place of a number among rising knots, 0 to 1, so that each band has its own colour. */
export function rankOf(knots: readonly number[]): (value: number) => number {
  const bands = knots.length - 1;
  return (value) => {
    if (!(value > knots[0])) return Number.isNaN(value) ? NaN : 0;
    if (value >= knots[bands]) return 1;
    let band = 0;
    while (value >= knots[band + 1]) band++;
    return (band + (value - knots[band]) / (knots[band + 1] - knots[band])) / bands;
  };
}

/** The least number, the levels between, and the largest: without repeats, at least two. */
export function knotsOf(low: number, levels: readonly number[], high: number): number[] {
  const knots = [low, ...levels, high].filter(Number.isFinite).sort((a, b) => a - b);
  const found = knots.filter((knot, i) => i === 0 || knot > knots[i - 1]);
  return found.length > 1 ? found : [(found[0] ?? 0) - 0.5, (found[0] ?? 0) + 0.5];
}

/** The least and the largest finite number; null where there is none. */
export function rangeOf(values: ArrayLike<number>): [number, number] | null {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return low <= high ? [low, high] : null;
}

/** The levels to draw: those drawn before, where they still fit, so that colours do not flicker. */
export function steadyLevels(before: readonly number[], asked: readonly number[]): readonly number[] {
  if (before.length < 2 || asked.length < 2) return asked;
  const [low, high] = [asked[0], asked[asked.length - 1]];
  const inside = before.filter((level) => level >= low && level <= high).length;
  const beyond = asked.filter((level) => level < before[0] || level > before[before.length - 1]).length;
  return inside >= 0.7 * before.length && beyond <= 2 ? before : asked;
}
