/** The path of a descent on a map: its steps, where it began, where it is, the lanes of a race. */

import type { Point } from '../../lib/contours';
import { number } from '../../lib/numbers';
import { each, say, set, show, svg } from '../../lib/svg';
import type { LaneFrame } from '../../protocol';
import type { Ground } from './ground';
import { pathOf } from './lines';
import type { Plot } from './plot';
import type { Trail } from './trail';

const OPEN = 48; // stops that may still be redrawn with every frame; older ones lie in a path of their own
const RECENT = 12; // the last ones stand out
const DOTS = 600; // beyond so many stops, dots would be a band

export class Path {
  private readonly inside: SVGSVGElement; // cuts off what leaves the plot
  private readonly old: Strokes;
  private readonly open: Strokes;
  private readonly recent: SVGPathElement;
  private readonly start: SVGCircleElement;
  private readonly lanes: SVGGElement;
  private readonly lowest: SVGGElement;
  private readonly arrow: SVGPathElement;
  private readonly ball: SVGGElement;
  private settled = 0; // stops in `old`
  private drawn = { age: -1, plot: null as Plot | null };

  constructor(root: SVGGElement) {
    this.inside = svg(root, 'svg');
    this.old = new Strokes(this.inside);
    this.open = new Strokes(this.inside);
    this.recent = svg(this.inside, 'path', { class: 'map-recent' });
    this.lanes = svg(this.inside, 'g', { class: 'map-lanes' });
    this.start = svg(root, 'circle', { class: 'map-start', r: 6 });
    this.lowest = svg(root, 'g', { class: 'map-lowest' });
    svg(this.lowest, 'circle', { r: 5.5 });
    svg(this.lowest, 'text');
    this.arrow = svg(root, 'path', { class: 'map-arrow' });
    this.ball = svg(root, 'g', { class: 'map-ball' });
    svg(this.ball, 'circle', { class: 'map-halo', r: 12 });
    svg(this.ball, 'circle', { class: 'map-core', r: 6.5 });
  }

  lay({ width, height }: Plot): void {
    set(this.inside, { width, height });
  }

  /** The black dot, with its word and its error; answers what these cover. */
  markLowest(ground: Ground, plot: Plot, busy: readonly Point[]): Point[] {
    const { error, kind } = ground.view.minimum;
    const [circle, text] = [...this.lowest.children] as [SVGElement, SVGElement];
    show(circle, kind !== 'flat');
    const at: Point = kind === 'flat' ? [plot.width / 2, 0.3 * plot.height] : lowestOn(ground, plot);
    set(this.lowest, { transform: move(at) });
    const words = `${kind} ${number(error, 3)}${kind === 'flat' ? ' everywhere in view' : ''}`;
    const spot = kind === 'flat' ? { x: 0, y: 0, anchor: 'middle', share: 0.5, wide: 0 } : freeSpot(at, words, plot, busy);
    set(text, { x: spot.x, y: spot.y, 'text-anchor': spot.anchor });
    say(text, words);
    return kind === 'flat' ? [] : [0.2, 0.5, 0.8].map((share): Point => [at[0] + spot.x + (share - spot.share) * spot.wide, at[1] + spot.y]);
  }

  draw(trail: Trail, plot: Plot): void {
    const { stops } = trail;
    const renewed = trail.age !== this.drawn.age || plot !== this.drawn.plot;
    if (renewed) this.settled = 0;
    const pixels = (from: number, to = stops.length) =>
      stops.slice(from, to).map(({ x, y }): Point => [held(plot.x.to(x)), held(plot.y.to(y))]);
    if (renewed || stops.length - this.settled > 2 * OPEN) {
      this.settled = Math.max(0, stops.length - OPEN);
      this.old.draw(pixels(0, this.settled), stops.length <= DOTS);
      this.drawn = { age: trail.age, plot };
    }
    this.open.draw(pixels(Math.max(0, this.settled - 1)), stops.length <= DOTS);
    set(this.recent, { d: dotsOf(pixels(Math.max(0, stops.length - RECENT))) });
    const begin = pixels(0, 1)[0];
    show(this.start, begin !== undefined && isWithin(begin, plot));
    if (begin) set(this.start, { cx: begin[0], cy: begin[1] });
  }

  /** The ball is hollow where the descent is beside the plane; it waits at the edge of the view. */
  place(at: Point | null, plot: Plot, off: boolean): void {
    show(this.ball, at !== null);
    if (!at) return;
    const seen: Point = [stay(at[0], plot.width), stay(at[1], plot.height)];
    const outside = !isWithin(at, plot);
    set(this.ball, { transform: move(seen), 'data-off': off ? '' : null, 'data-outside': outside ? '' : null });
  }

  /** An arrow of so many pixels from the ball in a direction; null for none. */
  point(from: Point | null, by: Point | null): void {
    show(this.arrow, from !== null && by !== null);
    if (!from || !by) return;
    const angle = (Math.atan2(by[1], by[0]) * 180) / Math.PI;
    const length = Math.hypot(by[0], by[1]);
    set(this.arrow, {
      d: `M10 0H${length}M${length - 9} -6L${length} 0L${length - 9} 6`,
      transform: `${move(from)} rotate(${angle.toFixed(1)})`,
    });
  }

  race(lanes: readonly LaneFrame[], ground: Ground, plot: Plot): void {
    const spot = (a: number, b: number) => onPlot(plot, a, ground.line ? ground.error(a, 0) : b);
    each(this.lanes, 'g', lanes, (lane, { label, trail, x, y }, index) => {
      if (!lane.firstChild) newLane(lane);
      const points = trail.map(([a, b]) => spot(a, b).map(held) as unknown as Point);
      const [halo, line, head, text] = [...lane.children];
      const at = x === null || y === null ? points[points.length - 1] : spot(x, y);
      set(lane, { class: `map-lane map-series-${index % 8}` });
      set(halo, { d: pathOf(points) });
      set(line, { d: pathOf(points) });
      const seen = at !== undefined && isWithin(at, plot);
      for (const element of [head, text]) show(element, seen);
      if (!seen) return;
      set(head, { cx: held(at[0]), cy: held(at[1]) });
      const toLeft = at[0] > 0.75 * plot.width;
      set(text, { x: at[0] + (toLeft ? -9 : 9), y: at[1] - 8, 'text-anchor': toLeft ? 'end' : 'start' });
      say(text, label);
    });
  }

  /** What labels of contours keep away from. */
  busy(trail: Trail, ground: Ground, plot: Plot): Point[] {
    const every = Math.max(1, Math.floor(trail.stops.length / 60));
    const stops = trail.stops.filter((_, i) => i % every === 0).map(({ x, y }) => onPlot(plot, x, y));
    return [...stops, lowestOn(ground, plot)];
  }
}

/** A line and its dots, on a lighter edge that keeps them apart from any ground. */
class Strokes {
  private readonly edge: SVGPathElement;
  private readonly line: SVGPathElement;
  private readonly dots: SVGPathElement;

  constructor(root: SVGGElement) {
    this.edge = svg(root, 'path', { class: 'map-edge' });
    this.line = svg(root, 'path', { class: 'map-path' });
    this.dots = svg(root, 'path', { class: 'map-dots' });
  }

  draw(points: readonly Point[], dotted: boolean): void {
    const line = pathOf(points);
    set(this.edge, { d: line });
    set(this.line, { d: line });
    set(this.dots, { d: dotted ? dotsOf(points) : '' });
  }
}

function newLane(lane: SVGGElement): void {
  svg(lane, 'path', { class: 'map-edge' });
  svg(lane, 'path', { class: 'map-lane-line' });
  svg(lane, 'circle', { class: 'map-lane-head', r: 5 });
  svg(lane, 'text', { class: 'map-lane-label' });
}

// Right, left, above, below, and aslant: letters across and down, the anchor, and the words' middle in their widths.
const SPOTS = [
  [0.9, 0.35, 'start', 0.5], [-0.9, 0.35, 'end', -0.5], [0, -1, 'middle', 0], [0, 1.7, 'middle', 0],
  [0.7, 1.5, 'start', 0.5], [-0.7, 1.5, 'end', -0.5], [0.7, -0.8, 'start', 0.5], [-0.7, -0.8, 'end', -0.5],
  [0.5, 3, 'start', 0.5], [-0.5, 3, 'end', -0.5], [0.5, -2.4, 'start', 0.5], [-0.5, -2.4, 'end', -0.5],
] as const;

/** Where words beside a dot cover the least of what is busy. */
function freeSpot(
  [x, y]: Point, words: string, { width, height, em }: Plot, busy: readonly Point[],
): { x: number; y: number; anchor: string; share: number; wide: number } {
  const wide = 0.62 * em * words.length;
  const badness = ([right, down, , side]: (typeof SPOTS)[number]) => {
    const [a, b] = [x + right * em + side * wide, y + (down - 0.35) * em];
    const out = a - wide / 2 < 0 || a + wide / 2 > width || b < em / 2 || b > height - em / 2;
    return busy.filter(([u, v]) => Math.abs(u - a) < wide / 2 + 4 && Math.abs(v - b) < 0.8 * em + 4).length + (out ? 1000 : 0);
  };
  const [right, down, anchor, side] = [...SPOTS].sort((one, other) => badness(one) - badness(other))[0];
  return { x: right * em, y: down * em, anchor, share: 0.5 - side, wide };
}

/** Dots as lines of no length, whose round ends are what is seen. */
function dotsOf(points: readonly Point[]): string {
  return points.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`).join('');
}

function lowestOn({ line, view }: Ground, plot: Plot): Point {
  const { x, y, error } = view.minimum;
  return onPlot(plot, x, line ? error : y);
}

export function onPlot(plot: Plot, x: number, y: number): Point {
  return [plot.x.to(x), plot.y.to(y)];
}

/** Far outside, numbers would be too large for a renderer. */
function held(pixel: number): number {
  return Math.max(-1e4, Math.min(1e4, pixel));
}

function stay(pixel: number, size: number): number {
  return Math.max(0, Math.min(size, pixel));
}

export function isWithin([x, y]: Point, { width, height }: Plot): boolean {
  return x >= -1 && y >= -1 && x <= width + 1 && y <= height + 1;
}

function move([x, y]: Point): string {
  return `translate(${x.toFixed(1)} ${y.toFixed(1)})`;
}
