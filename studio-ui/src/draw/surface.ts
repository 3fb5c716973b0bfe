/** The error surface: a map of it, or the mountain itself, with the descent on it. */

import '../style/draw-map.css';

import type { Decoded } from '../decode';
import type { Point } from '../lib/contours';
import { number } from '../lib/numbers';
import { emOf, html, say, set, svg } from '../lib/svg';
import type { Actions, SurfaceShown, View } from '../lib/view';
import type { Frame, SurfaceView } from '../protocol';
import { Relief } from './relief';
import { type Ground, groundOf, paint, saysNothingNew } from './surface/ground';
import { Legend, widthOf } from './surface/legend';
import { Lines } from './surface/lines';
import { onPlot, Path } from './surface/path';
import { Axes, type Plot, plotOf } from './surface/plot';
import { Pointer } from './surface/pointer';
import { Tools } from './surface/tools';
import { Trail } from './surface/trail';

const ARROW = 54; // pixels
const SPOKEN = 2000; // milliseconds between two descriptions of a running descent

export function mountSurface(host: HTMLElement, actions: Actions): View<SurfaceShown> {
  return new Surface(host, actions);
}

class Surface implements View<SurfaceShown> {
  private readonly root: HTMLElement;
  private readonly figure: HTMLElement;
  private readonly clip: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly image: SVGSVGElement;
  private readonly drawing: SVGGElement;
  private readonly beside: HTMLElement;
  private readonly notes: HTMLElement;
  private readonly axes: Axes;
  private readonly lines: Lines;
  private readonly path: Path;
  private readonly legend: Legend;
  private readonly pointer: Pointer;
  private readonly tools: Tools;
  private readonly relief: Relief;
  private readonly trail = new Trail();
  private ground: Ground | null = null;
  private plot: Plot | null = null;
  private shown: SurfaceShown = { view: null, frame: null, problem: null, relief: false };
  private space = { width: 0, height: 0, em: 12 };
  private spoken = 0;

  constructor(host: HTMLElement, actions: Actions) {
    this.root = html(host, 'div', { class: 'map', 'data-state': 'waiting' });
    this.tools = new Tools(this.root, actions, () => this.scene(), () => this.update());
    this.figure = html(this.root, 'div', { class: 'map-figure' });
    this.clip = html(this.figure, 'div', { class: 'map-clip' });
    this.canvas = html(this.clip, 'canvas', { 'aria-hidden': 'true' });
    this.image = svg(this.figure, 'svg', { class: 'map-image', role: 'img', 'aria-label': 'Error surface' });
    this.drawing = svg(this.image, 'g');
    this.lines = new Lines(svg(this.drawing, 'g'));
    this.axes = new Axes(svg(this.drawing, 'g'), this.figure);
    this.legend = new Legend(svg(this.drawing, 'g'));
    this.path = new Path(svg(this.drawing, 'g'));
    this.pointer = new Pointer(this.figure, svg(this.drawing, 'g'), actions, () => this.scene());
    this.relief = new Relief(this.figure, actions);
    const foot = html(html(this.root, 'div', { class: 'map-foot' }), 'p', { tabindex: 0 });
    this.beside = html(foot, 'strong');
    this.notes = html(foot, 'span', {}, 'The error surface is on its way.');
  }

  show(value: SurfaceShown): void {
    const before = this.shown;
    this.shown = value;
    const { view, frame } = value;
    if (view && view !== this.ground?.view && view !== before.view) this.renew();
    if (frame && frame !== before.frame) this.trail.add(frame);
    if (this.isSolid !== this.relief.isShown) this.turn();
    this.update();
  }

  resize(): void {
    this.measure();
    this.layOut();
    this.update();
  }

  destroy(): void {
    this.relief.destroy();
    this.root.remove();
  }

  /** A line has no third dimension. */
  private get isSolid(): boolean {
    return this.shown.relief && !this.ground?.line;
  }

  private renew(): void {
    const { view, problem } = this.shown;
    if (!view || saysNothingNew(view, this.ground)) return;
    this.ground = groundOf(view, this.ground);
    this.trail.renew(view);
    paint(this.canvas, this.ground);
    if (this.tools.follow(this.ground, problem)) this.measure();
    say(this.notes, view.notes.join('; '));
    set(this.root, { 'data-state': view.fine ? 'fine' : 'coarse', 'data-step': view.step, 'data-line': this.ground.line ? '' : null });
    this.layOut();
  }

  private turn(): void {
    set(this.root, { 'data-relief': this.isSolid ? '' : null });
    this.relief.show(this.isSolid);
    this.measure();
    this.layOut();
  }

  /** Reads the size that there is; it costs a layout, so that nothing else does. */
  private measure(): void {
    const { figure } = this;
    figure.style.maxHeight = '';
    this.space = { width: figure.clientWidth, height: figure.clientHeight, em: emOf(figure) };
  }

  /** Puts all in its place for the size that there is. */
  private layOut(): void {
    const { ground, figure, trail } = this;
    if (this.space.width === 0) this.measure();
    const { width, height, em } = this.space;
    if (!ground || width === 0) return;
    const plot = plotOf(ground, { width, height }, em, widthOf(ground, em));
    this.plot = plot;
    if (!this.isSolid) figure.style.maxHeight = `${plot.top + plot.height + (plot.roomy ? 3.4 : 1.9) * em}px`; // words follow at once
    set(this.image, { width, height });
    set(this.drawing, { transform: `translate(${plot.left} ${plot.top})` });
    this.path.lay(plot);
    this.layGround(ground, plot);
    this.axes.draw(plot);
    this.axes.name(ground, this.shown.problem, trail.last ?? null);
    const busy = [...this.path.busy(trail, ground, plot), ...this.axes.busy(plot)];
    this.legend.draw(ground, plot);
    const words = this.path.markLowest(ground, plot, busy);
    this.lines.draw(ground, plot, [...busy, ...words]);
    this.pointer.lay(plot);
    this.relief.lay({ width, height }, em);
  }

  /** Pixels' middles lie on the grid's points, so that half of the outermost ones is cut off. */
  private layGround(ground: Ground, plot: Plot): void {
    const [m, q] = [ground.heights.x.length - 1, ground.heights.y.length - 1];
    place(this.clip, plot.left, plot.top, plot.width, plot.height);
    const [a, b] = [plot.width / m, plot.height / q];
    place(this.canvas, -a / 2, -b / 2, plot.width + a, plot.height + b);
  }

  /** What changes with every frame. */
  private update(): void {
    const { ground, plot, trail, shown } = this;
    if (!ground || !plot) return;
    const frame = shown.frame?.run === ground.view.run ? onItsPlane(shown.frame, ground.view) : null;
    const at = frame?.place ? trail.stopOf(frame.place, frame.step) : (trail.last ?? null);
    set(this.root, { 'data-old': shown.frame && !frame ? '' : null });
    this.axes.name(ground, shown.problem, at);
    if (this.isSolid) this.relief.draw({ ground, trail, frame, problem: shown.problem });
    else this.drawPath(ground, plot, frame, at);
    this.tell(ground, frame);
  }

  private drawPath(ground: Ground, plot: Plot, frame: Frame | null, at: { x: number; y: number } | null): void {
    const pixel = at && onPlot(plot, at.x, at.y);
    this.path.draw(this.trail, plot);
    this.path.place(pixel, plot, frame !== null && aside(ground, frame) !== null);
    this.path.point(pixel, this.tools.arrow && at ? steepest(ground, plot, at) : null);
    this.path.race(frame?.lanes ?? [], ground, plot);
  }

  private tell(ground: Ground, frame: Frame | null): void {
    if (!frame) return;
    const off = aside(ground, frame);
    say(this.beside, off ? `${asideText(frame, off)} ` : '');
    const now = performance.now();
    if (frame.running && now - this.spoken < SPOKEN) return;
    this.spoken = now;
    const { axes, minimum } = ground.view;
    const here = `Now step ${frame.step}: error ${number(frame.place?.error ?? frame.error, 4)}.`;
    set(this.image, {
      'aria-label': `Error surface over ${axes.join(' and ')}; ${minimum.kind}: ${number(minimum.error, 3)}. ${here}`,
    });
  }

  private scene(): { ground: Ground; plot: Plot; trail: Trail } | null {
    const { ground, plot, trail } = this;
    return ground && plot ? { ground, plot, trail } : null;
  }
}

/** A map goes through the weights of its own step, so that it knows their place; a frame may be of a plane before. */
function onItsPlane(frame: Frame, view: Decoded<SurfaceView>): Frame {
  const { path, steps } = view.arrays;
  const last = (steps?.values.length ?? 0) - 1;
  if (last < 0 || frame.step !== view.step || steps.values[last] !== view.step) return frame;
  const [x, y, error] = path.values.subarray(3 * last, 3 * last + 3);
  return { ...frame, place: { x, y, error, off: 0 } };
}

/** "0.8 off this plane: true error 0.21, on the plane 0.35." */
function asideText({ place, error }: Frame, { away, plane }: { away: number; plane: number }): string {
  const real = number(place?.error ?? error, 3);
  return `${number(away, 2)} off this plane: true error ${real}, on the plane ${number(plane, 3)}.`;
}

/** How far from the plane the descent is and what the plane shows there; null where it matters to no eye. */
function aside(ground: Ground, { place, error }: Frame): { away: number; plane: number } | null {
  if (!place || !(place.off > 0)) return null;
  const plane = ground.error(place.x, place.y);
  const real = place.error ?? error;
  const differs = real === null || Math.abs(ground.place(plane) - ground.place(real)) > 0.02;
  return differs && Number.isFinite(plane) ? { away: place.off, plane } : null;
}

/** Pixels along the steepest descent of the plane, or of the tangent; null where it is level or unknown. */
function steepest(ground: Ground, plot: Plot, { x, y }: { x: number; y: number }): Point | null {
  const [a, b] = ground.slope(x, ground.line ? 0 : y);
  const small = (1e-3 * (ground.x[1] - ground.x[0])) / (Math.hypot(a, b) || 1);
  const [from, to] = [onPlot(plot, x, y), onPlot(plot, x - small * a, y - small * (ground.line ? a * a : b))];
  const [right, down] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(right, down);
  return length > 0 && Number.isFinite(length) ? [(ARROW * right) / length, (ARROW * down) / length] : null;
}

function place(element: HTMLElement, left: number, top: number, width: number, height: number): void {
  const { style } = element;
  [style.left, style.top, style.width, style.height] = [left, top, width, height].map((pixels) => `${pixels}px`);
}
