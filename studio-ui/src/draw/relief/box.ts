/** The box about the mountain: its floor, and the numbers along three of its edges. */

import { axisWords, ticksAlong } from '../../lib/axes';
import { scaleOf } from '../../lib/scales';
import type { Point3, Projection } from '../../lib/projection';
import type { Problem } from '../../protocol';
import { type Mountain, TOP } from './mountain';

export interface Inks {
  text: string;
  faint: string;
  line: string;
  panel: string;
  edge: string; // around what lies on the mountain
  path: string;
  minimum: string;
  series: string[]; // of the lanes of a race
  font: string;
}

type Put = (point: Point3) => readonly [number, number];

const CORNERS: readonly [number, number][] = [[-1, -1], [1, -1], [1, 1], [-1, 1]];

/** The corner of the floor that is nearest to the eye. */
function nearest(to: Projection): readonly [number, number] {
  const [x, y] = [Math.cos(to.eye.turn), Math.sin(to.eye.turn)];
  return [x >= 0 ? 1 : -1, y >= 0 ? 1 : -1];
}

export function paintFloor(context: CanvasRenderingContext2D, put: Put, inks: Inks): void {
  context.beginPath();
  CORNERS.forEach(([x, y], i) => (i ? context.lineTo(...put([x, y, 0])) : context.moveTo(...put([x, y, 0]))));
  context.closePath();
  context.strokeStyle = inks.line;
  context.lineWidth = 1;
  context.stroke();
}

export function paintAxes(
  context: CanvasRenderingContext2D, mountain: Mountain, to: Projection, put: Put,
  { em, inks, problem }: { em: number; inks: Inks; problem: Problem | null },
): void {
  const near = nearest(to);
  const network = problem?.run === mountain.ground.view.run ? problem.network : null;
  const names = mountain.ground.view.axes.map((axis) => axisWords(axis, network));
  context.font = inks.font;
  context.textBaseline = 'middle';
  const middle = put([0, 0, 0]);
  for (const axis of [0, 1] as const) {
    const at = (t: number): readonly [number, number] => put(axis === 0 ? [t, near[1], 0] : [near[0], t, 0]);
    const scale = scaleOf('linear', axis ? mountain.ground.y : mountain.ground.x, [-1, 1]);
    const [from, end, half] = [at(-1), at(1), at(0)];
    const length = Math.max(1, Math.hypot(end[0] - from[0], end[1] - from[1]));
    const away = Math.hypot(half[0] - middle[0], half[1] - middle[1]) || 1;
    const out = [(half[0] - middle[0]) / away, (half[1] - middle[1]) / away];
    context.textAlign = out[0] > 0.35 ? 'left' : out[0] < -0.35 ? 'right' : 'center';
    const write = (text: string, [x, y]: readonly [number, number], by: number) =>
      context.fillText(text, x + by * out[0] + inward(context, text, x + by * out[0]), y + by * Math.max(out[1], 0.5));
    context.fillStyle = inks.faint;
    for (const tick of ticksAlong(scale, (2 * 5 * em) / length)) write(tick.text, at(tick.at), em);
    context.fillStyle = inks.text;
    const room = context.canvas.width / context.getTransform().a / 2 - em; // so that two names never meet
    write(shortened(context, names[axis], room), half, (2.4 + 2.6 * Math.abs(out[0])) * em);
  }
  paintHeights(context, mountain, to, put, em, inks);
}

/** Errors along the upright edge that stands farthest to the left. */
function paintHeights(
  context: CanvasRenderingContext2D, mountain: Mountain, to: Projection, put: Put, em: number, inks: Inks,
): void {
  const [x, y] = CORNERS.reduce((a, b) => (to.see([b[0], b[1], 0]).x < to.see([a[0], a[1], 0]).x ? b : a));
  const { range, up, logarithmic } = mountain.ground;
  const [foot, head] = [put([x, y, 0]), put([x, y, TOP])];
  const scale = scaleOf(logarithmic ? 'log' : 'linear', [logarithmic ? 10 ** up(range[0]) : range[0], range[1]], [0, TOP]);
  context.strokeStyle = inks.line;
  context.beginPath();
  context.moveTo(...foot);
  context.lineTo(...head);
  context.stroke();
  context.fillStyle = inks.faint;
  context.textAlign = 'right';
  const length = Math.max(1, Math.hypot(foot[0] - head[0], foot[1] - head[1]));
  for (const { at, text } of ticksAlong(scale, (TOP * 2.2 * em) / length)) {
    const [a, b] = put([x, y, at]);
    context.fillText(text, a - 0.5 * em, b);
  }
  context.fillStyle = inks.text;
  context.fillText('error', head[0] - 0.5 * em, head[1] - 1.6 * em);
}

/** As much of a text as has room. */
function shortened(context: CanvasRenderingContext2D, text: string, room: number): string {
  let shown = text;
  while (shown.length > 4 && context.measureText(shown).width > room) shown = `${shown.slice(0, -2)}…`;
  return shown;
}

/** By how much a text must move so that the canvas does not cut it off. */
export function inward(context: CanvasRenderingContext2D, text: string, x: number): number {
  const wide = context.measureText(text).width;
  const left = context.textAlign === 'left' ? x : context.textAlign === 'right' ? x - wide : x - wide / 2;
  const right = context.canvas.width / context.getTransform().a;
  return Math.max(2 - left, Math.min(0, right - 2 - left - wide));
}
