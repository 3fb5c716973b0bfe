/** Marks of data points: a shape and a colour for each class, filled for training, open for validation. */

import { css, type Rgb } from '../lib/colours';

export type Shape = (context: CanvasRenderingContext2D, x: number, y: number, r: number) => void;

/** Shapes of about one size to the eye, in the order of classes. */
export const SHAPES: Shape[] = [
  (c, x, y, r) => c.arc(x, y, r, 0, 2 * Math.PI),
  (c, x, y, r) => c.rect(x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r),
  (c, x, y, r) => corners(c, x, y, 1.25 * r, 3, -90),
  (c, x, y, r) => corners(c, x, y, 1.25 * r, 4, 0),
  (c, x, y, r) => corners(c, x, y, 1.25 * r, 3, 90),
  (c, x, y, r) => corners(c, x, y, 1.1 * r, 6, 0),
  (c, x, y, r) => plus(c, x, y, 1.2 * r),
  (c, x, y, r) => corners(c, x, y, 1.15 * r, 5, -90),
];

export interface Mark {
  x: number;
  y: number;
  shape: number;
  colour: Rgb;
  open: boolean;
}

/** Draws the marks, each with a rim so that it stands out from a ground of its own colour. */
export function drawMarks(
  context: CanvasRenderingContext2D, marks: readonly Mark[], radius: number, rim: Rgb, inside: Rgb,
): void {
  for (const { x, y, shape, colour, open } of marks) {
    if (!Number.isFinite(x + y)) continue;
    context.beginPath();
    SHAPES[shape % SHAPES.length](context, x, y, open ? radius - 0.4 : radius);
    context.closePath();
    context.lineWidth = open ? 3.4 : 2.4;
    context.strokeStyle = css(rim);
    context.stroke();
    context.fillStyle = css(open ? inside : colour);
    context.fill();
    if (!open) continue;
    context.lineWidth = 1.8;
    context.strokeStyle = css(colour);
    context.stroke();
  }
}

/** A radius that leaves so many points apart in a box. */
export function radiusFor(points: number, width: number, height: number, em: number): number {
  const room = Math.sqrt((width * height) / Math.max(points, 1));
  return Math.max(2, Math.min(0.34 * em, 0.16 * room));
}

function corners(context: CanvasRenderingContext2D, x: number, y: number, r: number, count: number, turn: number): void {
  for (let i = 0; i < count; i++) {
    const angle = ((turn + (360 * i) / count) * Math.PI) / 180;
    context.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
}

function plus(context: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  const t = 0.36 * r;
  for (const [a, b] of [[-t, -r], [t, -r], [t, -t], [r, -t], [r, t], [t, t], [t, r], [-t, r], [-t, t], [-r, t], [-r, -t], [-t, -t]])
    context.lineTo(x + a, y + b);
}
