/** The descent over the mountain: the parts behind a ridge are dimmed. */

import type { Point } from '../../lib/contours';
import { number } from '../../lib/numbers';
import { isHidden, type Point3, type Projection } from '../../lib/projection';
import type { Frame } from '../../protocol';
import type { Stop, Trail } from '../surface/trail';
import { type Inks, inward } from './box';
import { type Mountain, TOP } from './mountain';

const LIFT = 0.012; // above the ground, so that it does not cover what lies on it
const ASKED = 250; // points of which it is asked whether a ridge hides them
const DIM = 0.35;

type Put = (point: Point3) => readonly [number, number];

interface Plane {
  x: number;
  y: number;
}

interface Spot {
  at: readonly [number, number]; // on the canvas
  hidden: boolean;
  outside?: boolean; // of the view
}

/** Keeps where each stop is seen, until the eye moves. */
export class Track {
  private spots: Spot[] = [];
  private age = -1;

  constructor(
    private readonly mountain: Mountain,
    private readonly to: Projection,
    private readonly put: Put,
  ) {}

  paint(context: CanvasRenderingContext2D, trail: Trail, frame: Frame | null, inks: Inks, cursor: Plane | null): void {
    this.follow(trail);
    context.lineJoin = context.lineCap = 'round';
    this.line(context, inks.edge, 3.4, 0.75);
    this.line(context, inks.path, 1.8, 1);
    if (!this.spots[0]?.outside) this.mark(context, this.spots[0], 5, null, inks.path);
    this.lowest(context, inks);
    frame?.lanes.forEach((lane, i) => this.lane(context, lane.trail, inks.series[i % inks.series.length], inks.edge));
    this.ball(context, trail.last, frame, inks);
    if (cursor) this.mark(context, { at: this.put(this.ground(cursor)), hidden: false }, 4, null, inks.edge);
  }

  /** Of so many points of the surface, how many stand behind a ridge. */
  countHidden(points: readonly Plane[]): number {
    return points.filter((point) => this.hides(this.ground(point))).length;
  }

  private follow({ stops, age }: Trail): void {
    if (age !== this.age) this.spots = [];
    this.age = age;
    const every = Math.ceil(stops.length / ASKED);
    for (let i = this.spots.length; i < stops.length; i++) {
      const point = this.ground(stops[i]);
      const asked = i % every === 0 || i === 0;
      const outside = Math.max(Math.abs(point[0]), Math.abs(point[1])) > 1.001;
      const hidden = asked ? this.hides(point) : this.spots[i - 1].hidden;
      this.spots.push({ at: this.put(point), hidden, outside });
    }
  }

  private ground({ x, y }: Plane): Point3 {
    const [a, b] = [this.mountain.across(x), this.mountain.along(y)];
    const height = this.mountain.height(a, b);
    return [a, b, (Number.isNaN(height) ? 0 : height) + LIFT];
  }

  private hides(point: Point3): boolean {
    return isHidden(point, this.to, this.mountain.height, TOP, 0.03);
  }

  /** One stroke for all that is seen, and a dimmed one for the rest. */
  private line(context: CanvasRenderingContext2D, colour: string, width: number, alpha: number): void {
    for (const hidden of [true, false]) {
      context.beginPath();
      for (let i = 1; i < this.spots.length; i++) {
        if (this.spots[i].hidden !== hidden || this.spots[i].outside || this.spots[i - 1].outside) continue;
        context.moveTo(...this.spots[i - 1].at);
        context.lineTo(...this.spots[i].at);
      }
      stroke(context, colour, width, hidden ? DIM * alpha : alpha);
    }
  }

  private lane(context: CanvasRenderingContext2D, trail: readonly Point[], colour: string, edge: string): void {
    const spots = trail.map(([x, y]) => this.put(this.ground({ x, y })));
    for (const [ink, width] of [[edge, 3.4], [colour, 2]] as const) {
      context.beginPath();
      spots.forEach((spot, i) => (i ? context.lineTo(...spot) : context.moveTo(...spot)));
      stroke(context, ink, width, ink === edge ? 0.7 : 1);
    }
    const head = spots[spots.length - 1];
    if (head) this.mark(context, { at: head, hidden: false }, 5, colour, edge);
  }

  private lowest(context: CanvasRenderingContext2D, inks: Inks): void {
    const { minimum } = this.mountain.ground.view;
    if (minimum.kind === 'flat') return;
    const point = this.ground(minimum);
    const spot = { at: this.put(point), hidden: this.hides(point) };
    this.mark(context, spot, 5, inks.minimum, inks.edge);
    context.font = inks.font;
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    context.lineWidth = 3.5;
    context.strokeStyle = inks.panel;
    context.fillStyle = inks.text;
    const text = `${minimum.kind} ${number(minimum.error, 3)}`;
    const x = spot.at[0] + 10 + inward(context, text, spot.at[0] + 10);
    context.strokeText(text, x, spot.at[1] + 12);
    context.fillText(text, x, spot.at[1] + 12);
  }

  /** At its true error; where that is not the ground's, a stem leads down to the plane. */
  private ball(context: CanvasRenderingContext2D, last: Stop | undefined, frame: Frame | null, inks: Inks): void {
    const at = frame?.place ?? last;
    if (!at || Math.abs(this.mountain.across(at.x)) > 1 || Math.abs(this.mountain.along(at.y)) > 1) return;
    const foot = this.ground(at);
    const error = at.error;
    const off = frame?.place ? frame.place.off > 0 : false;
    const head: Point3 = off && error !== null && Number.isFinite(error)
      ? [foot[0], foot[1], this.mountain.lift(error) + LIFT]
      : foot;
    if (Math.abs(head[2] - foot[2]) > 0.01) {
      context.beginPath();
      context.moveTo(...this.put(foot));
      context.lineTo(...this.put(head));
      context.setLineDash([3, 3]);
      stroke(context, inks.path, 1.6, 1);
      context.setLineDash([]);
    }
    this.mark(context, { at: this.put(head), hidden: this.hides(head) }, 7, inks.path, inks.edge);
  }

  private mark(context: CanvasRenderingContext2D, spot: Spot | undefined, radius: number, fill: string | null, edge: string): void {
    if (!spot) return;
    context.globalAlpha = spot.hidden ? DIM : 1;
    context.beginPath();
    context.arc(spot.at[0], spot.at[1], radius, 0, 2 * Math.PI);
    if (fill) {
      context.fillStyle = fill;
      context.fill();
    }
    stroke(context, edge, 2, spot.hidden ? DIM : 1);
  }
}

function stroke(context: CanvasRenderingContext2D, colour: string, width: number, alpha: number): void {
  context.globalAlpha = alpha;
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
  context.globalAlpha = 1;
}
