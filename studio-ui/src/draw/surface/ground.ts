/** An error surface made ready for drawing: smooth between its points, with levels and colours. */

import type { Decoded } from '../../decode';
import { ERROR_RAMP, errorColour, type Rgb } from '../../lib/colours';
import {
  type Contour, contours, type Grid, heightOf, knotsOf, rangeOf, rankOf, refined, slopeAt, steadyLevels,
  valueAt, type Point,
} from '../../lib/contours';
import type { Pair } from '../../lib/scales';
import type { SurfaceView } from '../../protocol';

export interface Ground {
  view: Decoded<SurfaceView>;
  line: boolean; // over one weight: what would be y is the error itself
  x: Pair; // what is in view
  y: Pair;
  errors: Grid; // as they came
  heights: Grid; // smooth, and logarithms where levels rise by factors
  levels: readonly number[];
  lines: Contour[]; // of each level, at their errors
  range: Pair; // of finite errors
  logarithmic: boolean; // whether heights are powers of ten
  up(error: number): number; // the height of an error
  rank(height: number): number; // the place of a height among the levels, 0 to 1
  place(error: number): number; // that of an error
  colour(error: number): Rgb;
  error(x: number, y: number): number; // NaN outside and in holes
  slope(x: number, y: number): Point;
}

const FINE = 100; // cells a side that look smooth

// The ramp as a canvas keeps it: red is the lowest byte.
const PIXELS = Uint32Array.from(ERROR_RAMP, ([r, g, b]) => {
  const [red, green, blue] = [Math.round(r), Math.round(g), Math.round(b)];
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
});

/** The ground of a view; levels stay those of `before` where they still fit the same plane. */
export function groundOf(view: Decoded<SurfaceView>, before: Ground | null): Ground {
  const { x, errors } = view.arrays;
  const line = isLine(view);
  const grid = gridOf(view);
  const levels = levelsOf(view, before);
  const range = rangeOf(errors.values) ?? [0, 1];
  const { up, down, floor } = heightOf(view.scale, levels);
  const heights = refined(lifted(grid, up), line ? 1 : Math.max(1, Math.round(FINE / (x.values.length - 1))));
  const rank = rankOf(knotsOf(up(range[0]), levels.map(up), up(range[1])));
  const place = (error: number) => rank(up(error));
  return {
    view,
    line,
    x: ends(grid.x),
    y: line ? room(range, up, down) : ends(grid.y),
    errors: grid,
    heights,
    levels,
    lines: line ? [] : contours(heights, levels.map(up)).map((each, i) => ({ ...each, level: levels[i] })),
    range,
    logarithmic: floor > -Infinity,
    up,
    rank,
    place,
    colour: (error) => errorColour(place(error)),
    error: (a, b) => {
      const rough = valueAt(grid, a, b);
      return !line && up(rough) > floor ? down(valueAt(heights, a, b)) : rough; // 0 has no logarithm
    },
    slope: (a, b) => slopeAt(grid, a, b),
  };
}

/** Whether a view is over one weight only. */
export function isLine(view: Decoded<SurfaceView>): boolean {
  return view.arrays.y.values.length === 1;
}

/** What came as a grid; that of a line is made two rows wide, so that it can be read like the others. */
function gridOf(view: Decoded<SurfaceView>): Grid {
  const { x, y, errors } = view.arrays;
  if (!isLine(view)) return { x: x.values, y: y.values, values: errors.values };
  return { x: x.values, y: [-1, 1], values: [...errors.values, ...errors.values] };
}

/** The range of errors, with some room above and below. */
function room([low, high]: Pair, up: Ground['up'], down: (height: number) => number): Pair {
  const [from, to] = [up(low), up(high)];
  const half = (to - from || Math.abs(from) || 1) / 12;
  return [down(from - half), down(to + half)];
}

function levelsOf(view: Decoded<SurfaceView>, before: Ground | null): readonly number[] {
  const same = before && isSamePlane(before.view, view) && before.view.scale === view.scale;
  return same ? steadyLevels(before.levels, view.levels) : view.levels;
}

/** Whether two views are of the same axes, so that one may stand for the other for a moment. */
export function isSamePlane(one: SurfaceView, other: SurfaceView): boolean {
  return one.run === other.run && one.kind === other.kind && one.axes.every((axis, i) => axis === other.axes[i]);
}

/** Whether a coarse view says nothing that the finer one on the screen does not show as well. */
export function saysNothingNew(view: Decoded<SurfaceView>, shown: Ground | null): boolean {
  if (view.fine || !shown?.view.fine || !isSamePlane(view, shown.view)) return false;
  const { x, y, errors } = view.arrays;
  const slack = 1e-4 * (shown.x[1] - shown.x[0] + shown.y[1] - shown.y[0]);
  const apart = (a: Pair, b: Pair) => Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]);
  if (apart(ends(x.values), shown.x) + apart(ends(y.values), shown.y) > slack) return false;
  return errors.values.every((error, at) => {
    const here = shown.error(x.values[at % x.values.length], y.values[Math.floor(at / x.values.length)]);
    return Math.abs(shown.place(error) - shown.place(here)) < 0.04 || (!Number.isFinite(error) && Number.isNaN(here));
  });
}

function lifted(grid: Grid, up: (error: number) => number): Grid {
  const values = Float64Array.from(grid.values, (error) => (Number.isFinite(error) ? up(error) : NaN));
  return { ...grid, values };
}

function ends(axis: ArrayLike<number>): Pair {
  return [axis[0], axis[axis.length - 1]];
}

/** Paints the ground, one pixel a point of the smooth grid; holes stay clear. */
export function paint(canvas: HTMLCanvasElement, ground: Ground): void {
  const { x, y, values } = ground.heights;
  const [wide, high] = [x.length, y.length];
  canvas.width = wide;
  canvas.height = high;
  const context = canvas.getContext('2d');
  if (!context) return;
  const image = context.createImageData(wide, high);
  const pixels = new Uint32Array(image.data.buffer);
  for (let j = 0; j < high; j++) {
    for (let i = 0; i < wide; i++) {
      const place = ground.rank(values[(high - 1 - j) * wide + i]);
      if (!Number.isNaN(place)) pixels[j * wide + i] = PIXELS[Math.round(place * (PIXELS.length - 1))];
    }
  }
  context.putImageData(image, 0, 0);
}
