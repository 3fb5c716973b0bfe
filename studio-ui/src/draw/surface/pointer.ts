/** Reading a map and restarting from it: with mouse, finger and keys. */

import { number } from '../../lib/numbers';
import { html, say, set, show, svg } from '../../lib/svg';
import type { Actions } from '../../lib/view';
import type { Ground } from './ground';
import { onPlot } from './path';
import type { Plot } from './plot';
import type { Stop, Trail } from './trail';
import { recentred, zoomed } from './wishes';

export interface Scene {
  ground: Ground;
  plot: Plot;
  trail: Trail;
}

const NEAR = 10; // pixels at which a step is meant
const FINE = 1 / 60; // of the view, by which an arrow key moves; with shift the coarse one
const COARSE = 1 / 10;
const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
};

const KEYS = 'Arrow keys move a cursor, Enter restarts the descent there, plus and minus zoom, 0 shows all.';

export class Pointer {
  private readonly pad: HTMLElement;
  private readonly tip: HTMLElement;
  private readonly spoken: HTMLElement;
  private readonly cross: SVGPathElement;
  private cursor: { x: number; y: number } | null = null;

  constructor(
    figure: HTMLElement,
    drawing: SVGGElement,
    private readonly actions: Actions,
    private readonly scene: () => Scene | null,
  ) {
    this.cross = svg(drawing, 'path', { class: 'map-cross' });
    this.pad = html(figure, 'div', {
      class: 'map-pad', tabindex: 0, role: 'application',
      'aria-roledescription': 'map', 'aria-label': `Error surface. ${KEYS}`,
    });
    this.tip = html(figure, 'div', { class: 'map-tip', 'aria-hidden': 'true' });
    this.spoken = html(figure, 'div', { class: 'map-unseen', 'aria-live': 'polite' });
    this.hide();
    this.pad.addEventListener('pointermove', (event) => this.hover(event));
    this.pad.addEventListener('pointerleave', () => this.hide());
    this.pad.addEventListener('click', (event) => this.click(event));
    this.pad.addEventListener('keydown', (event) => this.key(event));
    this.pad.addEventListener('blur', () => this.hide());
  }

  /** Lays the pad over the plot; a view that was renewed under the cursor is read anew. */
  lay({ left, top, width, height }: Plot): void {
    const { style } = this.pad;
    [style.left, style.top, style.width, style.height] = [left, top, width, height].map((pixels) => `${pixels}px`);
    if (this.cursor) this.read(this.cursor.x, this.cursor.y);
  }

  hide(): void {
    this.cursor = null;
    show(this.tip, false);
    show(this.cross, false);
  }

  private hover(event: PointerEvent): void {
    const at = this.under(event);
    if (at) this.read(at[0], at[1]);
  }

  private click(event: MouseEvent): void {
    const at = this.under(event);
    if (at) this.place({ x: at[0], y: at[1] });
  }

  /** Restarts the descent at a point; over one weight there is no other coordinate than 0. */
  private place({ x, y }: { x: number; y: number }): void {
    void this.actions.send({ do: 'place', x, y: this.scene()?.ground.line ? 0 : y });
  }

  private under(event: MouseEvent): [number, number] | null {
    const scene = this.scene();
    if (!scene) return null;
    const box = this.pad.getBoundingClientRect();
    return [scene.plot.x.from(event.clientX - box.left), scene.plot.y.from(event.clientY - box.top)];
  }

  private key(event: KeyboardEvent): void {
    const scene = this.scene();
    if (!scene || event.ctrlKey || event.metaKey || event.altKey) return;
    const done = this.move(event, scene) || this.act(event.key, scene);
    if (done) event.preventDefault();
  }

  private move({ key, shiftKey }: KeyboardEvent, { ground, trail }: Scene): boolean {
    const by = ARROWS[key];
    if (!by) return false;
    const from = this.cursor ?? trail.last ?? { x: middle(ground.x), y: middle(ground.y) };
    const part = shiftKey ? COARSE : FINE;
    const x = stay(from.x + by[0] * part * (ground.x[1] - ground.x[0]), ground.x);
    const y = stay(from.y + by[1] * part * (ground.y[1] - ground.y[0]), ground.y);
    this.read(x, y);
    say(this.spoken, `${coordinates(ground, x, y)}: ${errorText(errorAt(ground, x, y))}`);
    return true;
  }

  private act(key: string, { ground }: Scene): boolean {
    if ((key === 'Enter' || key === ' ') && this.cursor) {
      this.place(this.cursor);
    } else if (key === 'Escape') this.hide();
    else if (key === '+' || key === '=') void this.actions.send(zoomed(ground, 1 / 1.6));
    else if (key === '-') void this.actions.send(zoomed(ground, 1.6));
    else if (key === '0') void this.actions.send(recentred(ground));
    else return false;
    return true;
  }

  /** Says what is at a point, or at the step beside it. */
  private read(x: number, y: number): void {
    const scene = this.scene();
    if (!scene) return;
    const { ground, plot, trail } = scene;
    this.cursor = { x, y };
    const [a, b] = onPlot(plot, x, ground.line ? errorAt(ground, x, y) : y);
    const stop = nearest(trail, plot, a, b);
    const title = stop ? `step ${stop.step}` : 'here';
    const error = stop ? errorText(stop.error) : errorText(errorAt(ground, x, y));
    const [u, v] = stop ? [stop.x, stop.y] : [x, y];
    say(this.tip, `${title}: ${error}\n${coordinates(ground, u, v)}\nclick: restart here`);
    show(this.tip, true);
    show(this.cross, Number.isFinite(b));
    if (Number.isFinite(b)) set(this.cross, { d: `M${a - 9} ${b}h18M${a} ${b - 9}v18` });
    const right = a > plot.width - 13 * plot.em;
    this.tip.style.transform =
      `translate(${plot.left + a + (right ? -14 : 14)}px, ${plot.top + (Number.isFinite(b) ? b : 0) + 14}px) translateX(${right ? '-100%' : '0'})`;
  }
}

function errorAt(ground: Ground, x: number, y: number): number {
  return ground.error(x, ground.line ? 0 : y);
}

function coordinates({ line }: Ground, x: number, y: number): string {
  return line ? `w ${number(x, 3)}` : `x ${number(x, 3)}, y ${number(y, 3)}`;
}

function errorText(error: number): string {
  return Number.isFinite(error) ? `error ${number(error, 4)}` : 'the error is no finite number';
}

/** The step whose dot is under a pixel. */
function nearest({ stops }: Trail, { x, y }: Plot, a: number, b: number): Stop | null {
  let [best, least]: [Stop | null, number] = [null, NEAR * NEAR];
  for (const stop of stops) {
    const away = (x.to(stop.x) - a) ** 2 + (y.to(stop.y) - b) ** 2;
    if (away <= least) [best, least] = [stop, away];
  }
  return best;
}

function middle([low, high]: readonly [number, number]): number {
  return (low + high) / 2;
}

function stay(value: number, [low, high]: readonly [number, number]): number {
  return Math.max(low, Math.min(high, value));
}
