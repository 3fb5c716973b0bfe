/** The error surface in three dimensions, on a plain canvas: turned by dragging, touch and keys. */

import { number } from '../lib/numbers';
import { meeting, type Point3, type Projection, projectionOf } from '../lib/projection';
import { html, say, show } from '../lib/svg';
import type { Actions } from '../lib/view';
import type { Frame, Problem } from '../protocol';
import { type Inks, paintAxes, paintFloor } from './relief/box';
import { Mountain, TOP } from './relief/mountain';
import { Track } from './relief/track';
import type { Ground } from './surface/ground';
import type { Trail } from './surface/trail';

export interface ReliefShown {
  ground: Ground;
  trail: Trail;
  frame: Frame | null;
  problem: Problem | null;
}

const DISTANCE = 6;
const TILTS = [0.12, 1.5] as const;
const TURNS = Array.from({ length: 12 }, (_, i) => ((2 * i + 1) * Math.PI) / 12);
const CLICK = 5; // pixels: a pointer that moved farther was dragged
const KEYS = 'Arrow keys turn it; with Shift they move a cursor, and Enter restarts the descent there.';
const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
};

export class Relief {
  private readonly canvas: HTMLCanvasElement;
  private readonly behind = document.createElement('canvas'); // the mountain, which few frames change
  private readonly reading: HTMLElement;
  private eye = { turn: 0, tilt: 0.56, distance: DISTANCE };
  private size = { width: 0, height: 0, em: 12, ratio: 1 };
  private inks: Inks | null = null;
  private mountain: Mountain | null = null;
  private to: Projection | null = null;
  private track: Track | null = null;
  private value: ReliefShown | null = null;
  private shown = false;
  private drag: { x: number; y: number; far: boolean } | null = null;
  private cursor: { x: number; y: number } | null = null;
  private settle = 0;

  constructor(figure: HTMLElement, private readonly actions: Actions) {
    this.canvas = html(figure, 'canvas', {
      class: 'map-relief', tabindex: 0, role: 'application',
      'aria-roledescription': 'map', 'aria-label': `Error surface in 3-D. ${KEYS}`,
    });
    this.reading = html(figure, 'p', { class: 'map-reading', 'aria-live': 'polite' });
    this.show(false);
    this.canvas.addEventListener('pointerdown', (event) => this.grab(event));
    this.canvas.addEventListener('pointermove', (event) => this.move(event));
    this.canvas.addEventListener('pointerup', (event) => this.release(event));
    this.canvas.addEventListener('pointercancel', () => (this.drag = null));
    this.canvas.addEventListener('pointerleave', () => this.point(null));
    this.canvas.addEventListener('keydown', (event) => this.key(event));
  }

  get isShown(): boolean {
    return this.shown;
  }

  show(shown: boolean): void {
    this.shown = shown;
    show(this.canvas, shown);
    show(this.reading, shown);
  }

  /** Takes a new size, and the colours of a new look. */
  lay(size: { width: number; height: number }, em: number): void {
    const ratio = window.devicePixelRatio || 1;
    this.size = { ...size, em, ratio };
    for (const canvas of [this.canvas, this.behind]) {
      canvas.width = Math.round(size.width * ratio);
      canvas.height = Math.round(size.height * ratio);
    }
    this.inks = inksOf(this.canvas, em);
    this.to = null;
  }

  draw(value: ReliefShown): void {
    this.value = value;
    if (!this.shown || !this.inks || this.size.width === 0) return;
    if (this.mountain?.ground !== value.ground) this.raise(value);
    if (!this.to) this.look(this.drag === null);
    this.paint();
  }

  destroy(): void {
    window.clearTimeout(this.settle);
  }

  /** Makes the mountain; the first of a plane is looked at from where the least of the path is hidden. */
  private raise({ ground, trail }: ReliefShown): void {
    const before = this.mountain?.ground.view;
    this.mountain = new Mountain(ground);
    this.to = null;
    if (before && before.kind === ground.view.kind && before.axes.join() === ground.view.axes.join()) return;
    this.eye = { ...this.eye, turn: bestTurn(this.mountain, trail, this.eye) };
  }

  /** Looks at it from where the eye is. */
  private look(still: boolean): void {
    const { mountain, inks, value } = this;
    const context = this.behind.getContext('2d');
    if (!mountain || !inks || !value || !context) return;
    this.to = projectionOf(this.eye);
    this.track = new Track(mountain, this.to, this.put);
    this.clear(context);
    paintFloor(context, this.put, inks);
    mountain.paint(context, this.to, this.put, still);
    paintAxes(context, mountain, this.to, this.put, { em: this.size.em, inks, problem: value.problem });
  }

  private paint(): void {
    const context = this.canvas.getContext('2d');
    if (!context || !this.track || !this.value || !this.inks) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.behind, 0, 0);
    context.setTransform(this.size.ratio, 0, 0, this.size.ratio, 0, 0);
    this.track.paint(context, this.value.trail, this.value.frame, this.inks, this.cursor);
  }

  private clear(context: CanvasRenderingContext2D): void {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.behind.width, this.behind.height);
    context.setTransform(this.size.ratio, 0, 0, this.size.ratio, 0, 0);
  }

  /** Pixels a unit of the box: as large as fits however it is turned. */
  private get scale(): number {
    const { width, height, em } = this.size;
    const high = 2.9 * Math.sin(this.eye.tilt) + TOP * Math.cos(this.eye.tilt);
    return Math.min((width - 9 * em) / 2.9, (height - 3.4 * em) / high);
  }

  private readonly put = (point: Point3): readonly [number, number] => {
    const { x, y } = (this.to as Projection).see(point);
    return [this.size.width / 2 + this.scale * x, this.middle - this.scale * y];
  };

  /** Where the middle of the floor is seen. */
  private get middle(): number {
    const { height, em } = this.size;
    return (height - 1.6 * em) / 2 + this.scale * (0.5 * TOP * Math.cos(this.eye.tilt) - 0.22 * Math.sin(this.eye.tilt));
  }

  private turn(by: number, tilt: number): void {
    this.eye.turn += by;
    this.eye.tilt = Math.max(TILTS[0], Math.min(TILTS[1], this.eye.tilt + tilt));
    this.look(false);
    this.paint();
    window.clearTimeout(this.settle); // all of its cells again once it rests
    this.settle = window.setTimeout(() => {
      this.look(true);
      this.paint();
    }, 140);
  }

  private grab(event: PointerEvent): void {
    this.drag = { x: event.clientX, y: event.clientY, far: false };
    this.canvas.setPointerCapture(event.pointerId);
  }

  private move(event: PointerEvent): void {
    if (!this.drag) return this.point(this.under(event));
    const [right, down] = [event.clientX - this.drag.x, event.clientY - this.drag.y];
    if (!this.drag.far && Math.hypot(right, down) < CLICK) return;
    this.drag = { x: event.clientX, y: event.clientY, far: true };
    this.turn(-0.008 * right, 0.008 * down);
  }

  private release(event: PointerEvent): void {
    const clicked = this.drag && !this.drag.far;
    this.drag = null;
    const at = clicked ? this.under(event) : null;
    if (at) void this.actions.send({ do: 'place', ...at });
  }

  /** The coordinates of the surface under the pointer. */
  private under(event: PointerEvent): { x: number; y: number } | null {
    if (!this.to || !this.mountain) return null;
    const box = this.canvas.getBoundingClientRect();
    const right = (event.clientX - box.left - this.size.width / 2) / this.scale;
    const up = (this.middle - (event.clientY - box.top)) / this.scale;
    const met = meeting(this.to.ray(right, up), this.mountain.height, TOP);
    return met && this.mountain.coordinates(met);
  }

  private point(at: { x: number; y: number } | null): void {
    this.cursor = at;
    const error = at && this.mountain ? this.mountain.ground.error(at.x, at.y) : NaN;
    say(this.reading, at
      ? `x ${number(at.x, 3)}, y ${number(at.y, 3)}: error ${number(error, 3)} · click: restart here`
      : 'drag to turn');
    this.paint();
  }

  private key(event: KeyboardEvent): void {
    const by = ARROWS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (by && event.shiftKey) this.step(by);
    else if (by) this.turn(0.1 * by[0], 0.06 * by[1]);
    else if ((event.key === 'Enter' || event.key === ' ') && this.cursor) {
      void this.actions.send({ do: 'place', ...this.cursor });
    } else return;
    event.preventDefault();
  }

  /** Moves the cursor by a fortieth of the view. */
  private step([right, up]: readonly [number, number]): void {
    if (!this.value) return;
    const { ground, trail } = this.value;
    const from = this.cursor ?? trail.last ?? { x: (ground.x[0] + ground.x[1]) / 2, y: (ground.y[0] + ground.y[1]) / 2 };
    const moved = (value: number, [low, high]: readonly [number, number], steps: number) =>
      Math.max(low, Math.min(high, value + (steps * (high - low)) / 40));
    this.point({ x: moved(from.x, ground.x, right), y: moved(from.y, ground.y, up) });
  }
}

/** The side from which the least of the path and the minimum is hidden, and over the lower corner. */
function bestTurn(mountain: Mountain, trail: Trail, eye: { tilt: number; distance: number }): number {
  const every = Math.max(1, Math.floor(trail.stops.length / 30));
  const points = [mountain.ground.view.minimum, ...trail.stops.filter((_, i) => i % every === 0)];
  const hidden = (turn: number) => {
    const front = mountain.height(Math.sign(Math.cos(turn)), Math.sign(Math.sin(turn)));
    const track = new Track(mountain, projectionOf({ ...eye, turn }), () => [0, 0]);
    return track.countHidden(points) + (Number.isNaN(front) ? 1 : front / TOP);
  };
  const counts = TURNS.map(hidden);
  return TURNS[counts.indexOf(Math.min(...counts))];
}

function inksOf(element: HTMLElement, em: number): Inks {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: token('--ink'),
    faint: token('--ink-faint'),
    line: token('--line-strong'),
    panel: token('--panel'),
    edge: token('--map-edge'),
    path: token('--path'),
    minimum: token('--minimum'),
    series: Array.from({ length: 8 }, (_, i) => token(`--series-${i}`)),
    font: `${em}px ${token('--font')}`,
  };
}
