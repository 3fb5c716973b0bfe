/** Marks of data points: a shape and a colour for each class, filled for training, open for validation. */

import { css, type Rgb } from '../lib/colours';

export type Shape = (context: CanvasRenderingContext2D, x: number, y: number, r: number) => void;

/** Shapes of about one size to the eye, in the order of classes. */
export const SHAPES: Shape[] = [
  (c, x, y, r) => (c.moveTo(x + r, y), c.arc(x, y, r, 0, 2 * Math.PI)),
  (c, x, y, r) => c.rect(x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r),
  (c, x, y, r) => corners(c, x, y, 1.25 * r, 3, -90),
  (c, x, y, r) => corners(c, x, y, 1.25 * r, 4, 0),
  (c, x, y, r) => corners(c, x, y, 1.25 * r, 3, 90),
  (c, x, y, r) => corners(c, x, y, 1.1 * r, 6, 0),
  (c, x, y, r) => corners(c, x, y, 1.15 * r, 5, -90),
  (c, x, y, r) => plus(c, x, y, 1.2 * r),
];

export const HELD = 3; // the shape of rows held out, where shapes are free to tell it

export interface Mark {
  x: number;
  y: number;
  shape: number;
  colour: Rgb;
  open: boolean;
}

const CROWD = 300; // marks, from which on those of a kind are drawn in one go

/** Draws the marks, each with a rim so that it stands out from a ground of its own colour. */
export function drawMarks(
  context: CanvasRenderingContext2D, marks: readonly Mark[], radius: number, rim: Rgb, inside: Rgb,
): void {
  const seen = marks.filter(({ x, y }) => Number.isFinite(x + y));
  const groups = seen.length < CROWD ? seen.map((mark) => [mark]) : [...kinds(seen).values()];
  for (const group of groups) drawAlike(context, group, radius, css(rim), css(inside));
}

function kinds(marks: readonly Mark[]): Map<string, Mark[]> {
  const groups = new Map<string, Mark[]>();
  for (const mark of marks) {
    const key = `${mark.shape} ${mark.colour} ${mark.open}`;
    const group = groups.get(key);
    if (group) group.push(mark);
    else groups.set(key, [mark]);
  }
  return groups;
}

function drawAlike(
  context: CanvasRenderingContext2D, marks: readonly Mark[], radius: number, rim: string, inside: string,
): void {
  const [{ shape, colour, open }] = marks;
  context.beginPath();
  for (const { x, y } of marks) SHAPES[shape % SHAPES.length](context, x, y, open ? radius - 0.4 : radius);
  context.lineWidth = open ? 3.4 : 2.4;
  context.strokeStyle = rim;
  context.stroke();
  context.fillStyle = open ? inside : css(colour);
  context.fill();
  if (!open) return;
  context.lineWidth = 1.8;
  context.strokeStyle = css(colour);
  context.stroke();
}

/** A radius that leaves so many points apart in a box. */
export function radiusFor(points: number, width: number, height: number, em: number): number {
  const room = Math.sqrt((width * height) / Math.max(points, 1));
  return Math.max(2, Math.min(0.34 * em, 0.16 * room));
}

function corners(context: CanvasRenderingContext2D, x: number, y: number, r: number, count: number, turn: number): void {
  for (let i = 0; i < count; i++) {
    const angle = ((turn + (360 * i) / count) * Math.PI) / 180;
    const to = [x + r * Math.cos(angle), y + r * Math.sin(angle)] as const;
    if (i === 0) context.moveTo(...to);
    else context.lineTo(...to);
  }
  context.closePath();
}

function plus(context: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  const t = 0.36 * r;
  context.rect(x - t, y - r, 2 * t, 2 * r);
  context.rect(x - r, y - t, 2 * r, 2 * t);
}
