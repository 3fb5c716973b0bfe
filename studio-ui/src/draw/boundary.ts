/** What the network says over two inputs, or one, beside the rows that it learns from. */

import type { Decoded } from '../decode';
import { divergingRamp, mix, ramp, css, type Rgb } from '../lib/colours';
import { contours, valueAt, type Grid } from '../lib/contours';
import { number } from '../lib/numbers';
import { scaleOf, type Scale } from '../lib/scales';
import { each, set } from '../lib/svg';
import type { Actions, BoundaryShown, View } from '../lib/view';
import type { BoundaryView } from '../protocol';
import { Said } from './boundary_said';
import { colourAt, fill, packed } from './heat';
import { legendOf } from './legend';
import { drawMarks, HELD, radiusFor, type Mark } from './marks';
import { Plot, type TipRow } from './plot';

const SHADE = 0.52; // how far the ground goes to a class's colour where the network is sure
const OF_A_KIND = 0.4; // the share of the room that a picture with one scale on both axes must use
const LEVELS = 48; // colours of each class
const SERIES = 8;

export function mountBoundary(host: HTMLElement, _actions: Actions): View<BoundaryShown> {
  return new Boundary(host);
}

class Boundary implements View<BoundaryShown> {
  private readonly plot: Plot;
  private view: Decoded<BoundaryView> | null = null;
  private said: Said | null = null;
  private scales: [Scale, Scale] | null = null;
  private frame = ''; // what the axes, the points and the legend were drawn for
  private points: Float32Array | null = null;
  private shades: Uint32Array[] = [];
  private colours: Rgb[] = [];
  private inks: Rgb[] = []; // of training and validation

  constructor(host: HTMLElement) {
    this.plot = new Plot(host, 'boundary', (x, y) => this.read(x, y), () => this.resize());
  }

  show({ view }: BoundaryShown): void {
    if (!view || view === this.view) return;
    this.view = view;
    this.said = new Said(view);
    if (this.isOther(view)) this.lay(view);
    if (view.dimensions === 2) this.paint(view, this.said);
    else this.curves(view, this.said);
    this.plot.reread();
  }

  resize(): void {
    this.frame = '';
    const { view } = this;
    this.view = null;
    if (view) this.show({ problem: null, view });
  }

  destroy(): void {
    this.plot.destroy();
  }

  /** Whether the axes or the rows are others than those drawn; mostly only the network is. */
  private isOther(view: Decoded<BoundaryView>): boolean {
    const { x, points } = view.arrays;
    const frame = JSON.stringify([view.run, view.axes, view.classes, view.output, view.low, view.high, ends(x.values), view.arrays.y?.values[0]]);
    const same = frame === this.frame && equal(points.values, this.points);
    this.frame = frame;
    this.points = points.values;
    return !same;
  }

  private lay(view: Decoded<BoundaryView>): void {
    const { plot } = this;
    this.colour(view);
    legendOf(plot.foot, view, this.colours);
    const flat = view.dimensions === 2;
    const { x, y } = view.arrays;
    const across = ends(x.values);
    const upright = flat ? ends(y.values) : this.span(view);
    const span = { x: across[1] - across[0], y: upright[1] - upright[0] };
    plot.fit({ left: 4.6, right: 1, top: 0.5, bottom: 3.2 }, flat ? span : null, OF_A_KIND);
    const { width, height } = plot.inner;
    this.scales = [scaleOf('linear', across, [0, width]), scaleOf('linear', upright, [height, 0])];
    plot.axis(...this.scales, view.axes);
    plot.heat.hidden = view.dimensions === 1;
    plot.label(words(view));
    this.marks(view);
  }

  /** The height of a curve's picture: the rows' numbers, or shares from 0 to 1, and some room. */
  private span(view: Decoded<BoundaryView>): [number, number] {
    const { values } = view.arrays.points;
    let [low, high] = [view.low, view.high];
    for (let at = 1; at < values.length; at += 2) [low, high] = [Math.min(low, values[at]), Math.max(high, values[at])];
    const room = 0.06 * (high - low || 1);
    return [low - room, high + room];
  }

  private colour(view: BoundaryView): void {
    const host = this.plot.foot;
    const panel = colourAt(host, '--panel');
    this.inks = ['--train', '--validation'].map((name) => colourAt(host, name));
    if (view.classes.length === 0) {
      const words = (name: string): string => css(colourAt(host, name));
      this.colours = divergingRamp(words('--negative'), words('--panel'), words('--positive'));
      this.shades = [Uint32Array.from(this.colours, (colour) => packed(colour))];
      return;
    }
    const order = view.classes.length === 2 ? [1, 0] : view.classes.map((_, at) => at % SERIES);
    this.colours = order.map((at) => colourAt(host, `--series-${at}`));
    this.shades = this.colours.map((colour) => {
      const ends = [mix(panel, colour, 0.06), mix(panel, colour, SHADE)].map((end) => css(end));
      return Uint32Array.from(ramp(ends, LEVELS), (shade) => packed(shade));
    });
  }

  private marks(view: Decoded<BoundaryView>): void {
    const context = this.plot.brush();
    if (!context || !this.scales) return;
    const { points, truth, part } = view.arrays;
    const count = truth.values.length;
    const { width, height } = this.plot.inner;
    const marks = Array.from({ length: count }, (_, at): Mark => {
      const code = truth.values[at];
      return {
        x: this.scales![0].to(points.values[2 * at]),
        y: this.scales![1].to(points.values[2 * at + 1]),
        ...this.look(view, code, part.values[at] === 1),
      };
    });
    const host = this.plot.foot;
    const rim = view.classes.length || view.dimensions === 1 ? '--panel' : '--ink';
    drawMarks(context, marks, radiusFor(count, width, height, this.plot.em), colourAt(host, rim), colourAt(host, '--panel'));
  }

  /** Of classes the shape tells the class; of amounts it tells training from validation. */
  private look(view: BoundaryView, truth: number, held: boolean): Pick<Mark, 'shape' | 'colour' | 'open'> {
    if (view.classes.length) return { shape: truth, colour: this.colours[truth] ?? this.colours[0], open: held };
    const shape = held ? HELD : 0;
    if (view.dimensions === 1) return { shape, colour: this.inks[held ? 1 : 0], open: held };
    const last = this.colours.length - 1;
    const place = Math.round(((truth - view.low) / (view.high - view.low || 1)) * last);
    return { shape, colour: this.colours[Math.max(0, Math.min(last, place))], open: false };
  }

  private paint(view: Decoded<BoundaryView>, said: Said): void {
    const [rows, columns] = view.arrays.values.shape;
    const [shades] = this.shades;
    fill(this.plot.heat, rows, columns, (pixels) => {
      for (let row = 0; row < rows; row++) {
        for (let column = 0, at = row * columns; column < columns; column++, at++) {
          const to = (rows - 1 - row) * columns + column;
          pixels[to] = view.classes.length
            ? this.shades[said.best[at]]?.[(said.sure[at] * (LEVELS - 1) + 0.5) | 0] ?? 0
            : shadeOf(shades, said.of(at, 0), view.low, view.high);
        }
      }
    });
    this.isolines(view, said);
  }

  /** Between classes one line each; of numbers lines at round levels. */
  private isolines(view: Decoded<BoundaryView>, said: Said): void {
    const [x, y] = this.scales as [Scale, Scale];
    const base = { x: view.arrays.x.values, y: view.arrays.y.values };
    const levels = view.classes.length ? [0] : scaleOf('linear', [view.low, view.high], [0, 1]).ticks(6);
    const paths = said.fields().map((values) => contours({ ...base, values }, levels));
    const lines = paths.flat().flatMap((contour) => contour.lines);
    const text = (line: readonly (readonly [number, number])[]): string =>
      `M${line.map(([a, b]) => `${x.to(a).toFixed(1)} ${y.to(b).toFixed(1)}`).join('L')}`;
    const kind = view.classes.length ? 'net-boundary-line' : 'net-level-line';
    each(this.plot.lines, 'path', [lines.map(text).join('')], (node, d) => set(node, { class: kind, d }));
  }

  private curves(view: Decoded<BoundaryView>, said: Said): void {
    const [x, y] = this.scales as [Scale, Scale];
    const xs = view.arrays.x.values;
    const outputs = view.classes.length === 2 ? [said.outputs - 1] : Array.from({ length: said.outputs }, (_, k) => k);
    each(this.plot.lines, 'path', outputs, (node, k) => {
      let d = '';
      for (let at = 0; at < xs.length; at++) {
        const value = said.of(at, k);
        if (Number.isFinite(value)) d += `${d ? 'L' : 'M'}${x.to(xs[at]).toFixed(1)} ${y.to(value).toFixed(1)}`;
      }
      const colour = view.classes.length > 2 ? css(this.colours[k]) : 'var(--path)';
      set(node, { class: 'net-curve', d });
      node.style.stroke = colour;
    });
  }

  private read(px: number, py: number): { title: string; rows: TipRow[] } | null {
    const { view, said, scales } = this;
    if (!view || !said || !scales) return null;
    const [x, y] = [scales[0].from(px), scales[1].from(py)];
    const rows: TipRow[] = [{ label: view.axes[0], text: number(x, 3) }];
    if (view.dimensions === 2) rows.push({ label: view.axes[1], text: number(y, 3) });
    const value = (k: number): number => {
      if (view.dimensions === 2) return valueAt(this.grid(view, said.output(k)), x, y);
      const xs = view.arrays.x.values;
      const at = Math.round(((x - xs[0]) / (xs[xs.length - 1] - xs[0])) * (xs.length - 1));
      return said.of(Math.max(0, Math.min(xs.length - 1, at)), k);
    };
    rows.push(...said.rows(value));
    const near = this.nearest(view, px, py);
    if (near !== null) rows.push({ label: near.part, text: near.text });
    return { title: '', rows };
  }

  private grid(view: Decoded<BoundaryView>, values: ArrayLike<number>): Grid {
    return { x: view.arrays.x.values, y: view.arrays.y.values, values };
  }

  private nearest(view: Decoded<BoundaryView>, px: number, py: number): { part: string; text: string } | null {
    const [x, y] = this.scales as [Scale, Scale];
    const { points, truth, part } = view.arrays;
    let best = -1;
    let least = 18 ** 2;
    for (let at = 0; at < truth.values.length; at++) {
      const far = (x.to(points.values[2 * at]) - px) ** 2 + (y.to(points.values[2 * at + 1]) - py) ** 2;
      if (far < least) [least, best] = [far, at];
    }
    if (best < 0) return null;
    const of = part.values[best] === 1 ? 'validation row here' : 'training row here';
    const code = truth.values[best];
    return { part: of, text: view.classes.length ? (view.classes[code] ?? '') : number(code, 4) };
  }
}

function shadeOf(table: Uint32Array, value: number, low: number, high: number): number {
  const place = ((value - low) / (high - low || 1)) * (table.length - 1);
  if (!(place === place)) return 0;
  return table[place <= 0 ? 0 : place >= table.length - 1 ? table.length - 1 : (place + 0.5) | 0];
}

function words(view: Decoded<BoundaryView>): string {
  const over = view.dimensions === 2 ? `${view.axes[0]} and ${view.axes[1]}` : view.axes[0];
  const rows = view.arrays.truth.values.length;
  return `What the network says of ${view.output} over ${over}, and ${rows} rows. Arrow keys read it place by place.`;
}

function ends(axis: Float32Array): readonly [number, number] {
  return [axis[0], axis[axis.length - 1]];
}

function equal(a: Float32Array, b: Float32Array | null): boolean {
  if (!b || a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

