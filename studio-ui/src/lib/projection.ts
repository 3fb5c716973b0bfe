/** Looking at a box in three dimensions: where its points are seen, and what lies before what. */

export type Point3 = readonly [number, number, number];

/** From where it is looked at. Angles in radians; the box lies about the origin, z is up. */
export interface Eye {
  turn: number; // about the z axis; 0 looks from +x
  tilt: number; // above the ground
  distance: number; // of the eye from the origin; Infinity for parallel rays
}

export interface Seen {
  x: number; // to the right
  y: number; // upwards
  near: number; // how near: larger is nearer
}

export interface Ray {
  from: Point3;
  along: Point3; // away from the eye
}

export interface Projection {
  readonly eye: Eye;
  see(point: Point3): Seen;
  ray(x: number, y: number): Ray; // all points that are seen there
  towards(point: Point3): Point3; // the unit vector from a point to the eye
}

export function projectionOf(eye: Eye): Projection {
  const [sinTurn, cosTurn, sinTilt, cosTilt] = [
    Math.sin(eye.turn), Math.cos(eye.turn), Math.sin(eye.tilt), Math.cos(eye.tilt),
  ];
  const back: Point3 = [cosTilt * cosTurn, cosTilt * sinTurn, sinTilt];
  const right: Point3 = [-sinTurn, cosTurn, 0];
  const up: Point3 = [-sinTilt * cosTurn, -sinTilt * sinTurn, cosTilt];
  const parallel = !Number.isFinite(eye.distance);
  const at = scaled(back, parallel ? 0 : eye.distance);
  return {
    eye,
    see(point) {
      const near = dot(point, back);
      const size = parallel ? 1 : eye.distance / (eye.distance - near);
      return { x: size * dot(point, right), y: size * dot(point, up), near };
    },
    ray(x, y) {
      const through = plus(scaled(right, x), scaled(up, y));
      return parallel
        ? { from: plus(through, scaled(back, 10)), along: scaled(back, -1) }
        : { from: at, along: unit(plus(through, scaled(at, -1))) };
    },
    towards: (point) => (parallel ? back : unit(plus(at, scaled(point, -1)))),
  };
}

/**
 * The cells between `ticks` of one axis, the farthest from the eye first. Cells of a surface over a
 * grid hide one another only along both axes, so that two such orders, one within the other, paint it.
 */
export function farFirst(ticks: ArrayLike<number>, eye: number): number[] {
  const cells = Array.from({ length: ticks.length - 1 }, (_, i) => i);
  const away = (i: number) => Math.abs((ticks[i] + ticks[i + 1]) / 2 - eye);
  return cells.sort((a, b) => away(b) - away(a));
}

/** Where the eye stands above the ground, far away for parallel rays. */
export function standing({ turn, tilt, distance }: Eye): readonly [number, number] {
  const away = (Number.isFinite(distance) ? distance : 1e6) * Math.cos(tilt);
  return [away * Math.cos(turn), away * Math.sin(turn)];
}

type Height = (x: number, y: number) => number; // NaN where there is no surface

const STEPS = 96;
const HALVINGS = 12;

/** The first point of a surface over the square [-1, 1]² that a ray meets; null for none. */
export function meeting(ray: Ray, height: Height, top: number): Point3 | null {
  const span = crossing(ray, top);
  if (!span) return null;
  const above = (t: number) => gap(ray, t, height);
  let [last, known] = [span[0], above(span[0])];
  for (let i = 1; i <= STEPS; i++) {
    const t = span[0] + ((span[1] - span[0]) * i) / STEPS;
    const now = above(t);
    if (known > 0 && now <= 0) return pointOf(ray, halved(above, last, t));
    [last, known] = [t, now];
  }
  return null;
}

/** Whether the surface stands between a point and the eye; `slack` keeps its own ground from counting. */
export function isHidden(from: Point3, to: Projection, height: Height, top: number, slack: number): boolean {
  const along = to.towards(from);
  const ray: Ray = { from, along };
  const length = along[2] > 1e-6 ? Math.min(3, (top - from[2]) / along[2]) : 3;
  for (let i = 1; i <= STEPS / 3; i++) {
    const t = (length * i) / (STEPS / 3);
    if (gap(ray, t, height) < -slack) return true;
  }
  return false;
}

/** How far above the surface a ray is. */
function gap(ray: Ray, t: number, height: Height): number {
  const [x, y, z] = pointOf(ray, t);
  return z - height(x, y);
}

function halved(above: (t: number) => number, before: number, after: number): number {
  let [low, high] = [before, after];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (above(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Where a ray enters and leaves the box over [-1, 1]² from the ground to `top`. */
function crossing(ray: Ray, top: number): readonly [number, number] | null {
  let [enters, leaves] = [0, Infinity];
  const bounds = [[-1, 1], [-1, 1], [-1e-3, top + 1e-3]];
  for (let axis = 0; axis < 3; axis++) {
    const [low, high] = bounds[axis].map((bound) => (bound - ray.from[axis]) / (ray.along[axis] || 1e-12));
    enters = Math.max(enters, Math.min(low, high));
    leaves = Math.min(leaves, Math.max(low, high));
  }
  return enters < leaves ? [enters, leaves] : null;
}

function pointOf({ from, along }: Ray, t: number): Point3 {
  return plus(from, scaled(along, t));
}

function dot(a: Point3, b: Point3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function plus(a: Point3, b: Point3): Point3 {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

function scaled(a: Point3, by: number): Point3 {
  return [by * a[0], by * a[1], by * a[2]];
}

function unit(a: Point3): Point3 {
  return scaled(a, 1 / Math.sqrt(dot(a, a)));
}
