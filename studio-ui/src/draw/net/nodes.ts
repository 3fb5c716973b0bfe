/** The units of the diagram: discs, their names, and small maps of what they respond to. */

import type { Decoded } from '../../decode';
import { css } from '../../lib/colours';
import type { Column, Point } from '../../lib/layout';
import { html, show, svg } from '../../lib/svg';
import type { UnitsView } from '../../protocol';
import { colourAt, paint, signedTable, type Grid, type Table } from '../heat';
import { touchable, type Scene } from './scene';

interface Disc {
  name: string;
  hit: SVGElement;
  canvas: HTMLCanvasElement;
  number: SVGTextElement | null; // of a hidden unit, where there is no map of it
}

export class Nodes {
  private discs: Disc[] = [];
  private table: Table | null = null;
  private shown: Decoded<UnitsView> | null = null;
  private inputs = 0;

  constructor(private readonly group: SVGGElement, private readonly under: HTMLElement) {}

  lay(scene: Scene): void {
    this.group.replaceChildren();
    this.under.replaceChildren();
    this.discs = [];
    this.table = null;
    const { network, layout } = scene;
    this.inputs = network.inputs.length;
    layout.columns.forEach((column, at) => {
      const last = at === layout.columns.length - 1;
      for (const unit of column.units) {
        this.disc(scene, column, unit, at > 0 && !last);
        if (at === 0) this.label(network.inputs[unit.j]?.label ?? '', unit.x - column.radius - 7, unit.y, 'end', column.x - column.radius - 12, layout.em);
        if (last) this.label(network.layers[at - 1].labels[unit.j] ?? '', unit.x + column.radius + 7, unit.y, 'start', layout.width - column.x - column.radius - 12, layout.em);
      }
    });
    const shown = this.shown;
    this.shown = null;
    this.show(shown);
  }

  private disc(scene: Scene, column: Column, unit: Point & { j: number }, numbered: boolean): void {
    const { layout } = scene;
    const { x, y, j } = unit;
    const r = column.radius;
    const ground = html(this.under, 'div', { class: 'net-disc' });
    const canvas = html(this.under, 'canvas', { class: 'net-map', width: 1, height: 1, 'aria-hidden': 'true' });
    const place = { left: `${x - r}px`, top: `${y - r}px`, width: `${2 * r}px`, height: `${2 * r}px` };
    for (const part of [ground, canvas]) Object.assign(part.style, place);
    const hit = svg(this.group, 'circle', { class: 'net-unit', cx: x, cy: y, r });
    touchable(hit, scene.network, { kind: 'unit', layer: column.name, j });
    const number = numbered ? svg(this.group, 'text', { class: 'net-place', x, y, 'font-size': Math.min(r, layout.em) }) : null;
    if (number) number.textContent = String(j + 1);
    this.discs.push({ name: `${column.name}.${j}`, hit, canvas, number });
  }

  private label(text: string, x: number, y: number, anchor: string, room: number, em: number): void {
    const node = svg(this.group, 'text', { class: 'net-label', x, y, 'text-anchor': anchor });
    node.textContent = shortened(text, Math.max(3, Math.floor(room / (0.6 * em))));
    if (node.textContent !== text) svg(node, 'title').textContent = text;
  }

  node(name: string): SVGElement | null {
    return this.discs.find((disc) => disc.name === name)?.hit ?? null;
  }

  light(name: string | null): void {
    for (const disc of this.discs) disc.hit.toggleAttribute('data-lit', disc.name === name);
  }

  /** The maps, as far as there are some; it costs nothing when they are those of before. */
  show(view: Decoded<UnitsView> | null): void {
    if (view === this.shown) return;
    this.shown = view;
    this.table ??= signedTable(this.group);
    const places = new Map(view?.units.map((unit, at) => [unit.name, at]));
    for (const { name, canvas, number } of this.discs) {
      const at = places.get(name);
      const along = view?.dimensions === 2 && this.inputs === 2 ? AXES.indexOf(name) : -1;
      canvas.hidden = at === undefined && along < 0;
      if (number) show(number, canvas.hidden);
      if (view && at !== undefined) response(canvas, view, at, this.table);
      else if (along >= 0) paint(canvas, slope(along), -1, 1, this.table);
    }
  }
}

const AXES = ['input.0', 'input.1'];
const SLOPE = 16; // cells along each side

/** What an input responds to: itself, rising along its own axis. */
function slope(along: number): Grid {
  const values = Float32Array.from({ length: SLOPE * SLOPE }, (_, at) => {
    const place = along === 0 ? at % SLOPE : Math.floor(at / SLOPE);
    return (2 * place) / (SLOPE - 1) - 1;
  });
  return { values, begin: 0, stride: 1, rows: SLOPE, columns: SLOPE, rising: true };
}

/** One unit's output over the inputs: a map of two of them, a curve of one. */
export function response(canvas: HTMLCanvasElement, view: Decoded<UnitsView>, at: number, table: Table): void {
  const { values, shape } = view.arrays.values;
  const { low, high } = view.units[at];
  const most = Math.max(Math.abs(low), Math.abs(high), 1e-12);
  if (view.dimensions === 2) {
    const [, rows, columns] = shape;
    const grid = { values, begin: at * rows * columns, stride: 1, rows, columns, rising: true };
    paint(canvas, grid, -most, most, table);
    return;
  }
  curve(canvas, values.subarray(at * shape[1], (at + 1) * shape[1]), low, high);
}

const SIDE = 128; // pixels of a small curve

/** A small curve, with a line at nought where that is in sight. */
function curve(canvas: HTMLCanvasElement, values: Float32Array, low: number, high: number): void {
  if (canvas.width !== SIDE) canvas.width = canvas.height = SIDE;
  const context = canvas.getContext('2d');
  if (!context) return;
  const height = (value: number): number => SIDE * (0.8 - (0.6 * (value - low)) / (high > low ? high - low : 1));
  const stroke = (colour: string, width: number): void => {
    context.strokeStyle = css(colourAt(canvas, colour));
    context.lineWidth = width;
    context.stroke();
  };
  context.clearRect(0, 0, SIDE, SIDE);
  context.beginPath();
  context.moveTo(0, height(0));
  context.lineTo(SIDE, height(0));
  stroke('--line-strong', 2);
  context.beginPath();
  values.forEach((value, at) => {
    if (Number.isFinite(value)) context.lineTo((SIDE * at) / (values.length - 1), height(value));
  });
  stroke('--path', 6);
}

/** A name that fits into so many letters; its middle gives way, since ends tell names apart. */
export function shortened(text: string, letters: number): string {
  if (text.length <= letters) return text;
  const tail = Math.floor((letters - 1) / 3);
  return `${text.slice(0, letters - 1 - tail)}…${tail > 0 ? text.slice(-tail) : ''}`;
}
