/** Where the parts of a network's diagram lie, for any layers and any box. Plain numbers only. */

import type { LayerSpec, NetworkSpec } from '../protocol';
import { fanIn } from './elements';

export interface Box {
  width: number;
  height: number;
  em: number; // size of letters, which all that must be readable grows with
  left: number; // for the labels of inputs
  right: number; // for those of outputs
  top: number; // for what stands above each layer
  gap: number; // least distance of columns
}

export interface Point {
  x: number;
  y: number;
}

export interface Column {
  name: string;
  size: number;
  x: number;
  radius: number;
  apart: number; // distance of its units
  first: number; // of the units in sight
  units: (Point & { j: number })[]; // those in sight
  before: number; // how many are above them, not drawn
  after: number; // how many beneath
  top: number; // of the space that the column may use
  bottom: number;
}

/** How the weights into a layer are drawn: as lines, or as a matrix where they are too many. */
export interface Joint {
  layer: string;
  kind: 'lines' | 'matrix';
  area: Area; // of the matrix
  biases: Area; // of the row of biases beneath it
}

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Edge {
  row: number; // of W
  j: number;
  path: Point[]; // cubic Bézier curves: a point, then three for each
}

export interface Layout {
  width: number;
  height: number;
  em: number;
  columns: Column[];
  joints: Joint[];
}

export const MOST_LINES = 320; // of one layer; beyond it nobody follows a single one
const TIGHT = 1.2; // least distance of units, in letters
const CUT = 2.2; // the same in a layer too tall to be shown whole
const WIDE = 5.2; // largest
const CAPTION = 1.2; // letters above a matrix
const MATRIX = 9.5; // letters, the least distance of columns with a matrix between them
const LABEL = 6; // letters, the least that is left for labels beside the diagram
const LONG = 3; // of a matrix's cells, one side may be so many times the other

/** Lays the network out. `firsts` tells, by layer, the first unit to show of one too tall. */
export function layOut(network: NetworkSpec, box: Box, firsts: Record<string, number> = {}): Layout {
  const lanes = laneCount(network);
  const bottom = box.height - box.em * (0.9 + (lanes && 0.5 + 1.1 * lanes));
  const space = { top: box.top, bottom: Math.max(bottom, box.top + 3 * CUT * box.em), em: box.em };
  const named = [
    { name: 'input', size: network.inputs.length },
    ...network.layers.map(({ name, size }) => ({ name, size })),
  ];
  const kinds = network.layers.map((layer) => kindOf(layer, space));
  const { xs, right } = acrossOf(kinds, box);
  const columns = named.map(({ name, size }, at) => columnOf(name, size, xs[at], space, firsts[name] ?? 0));
  const joints = network.layers.map((layer, at): Joint => ({
    layer: layer.name,
    kind: kinds[at],
    ...matrixAreas(fanIn(layer), layer.size, columns[at], columns[at + 1], box.em),
  }));
  const width = Math.max(box.width, xs[xs.length - 1] + right);
  return { width, height: box.height, em: box.em, columns, joints };
}

/** Lines where each can be followed and both of its ends are in sight. */
function kindOf(layer: LayerSpec, space: Space): Joint['kind'] {
  const many = layer.size * fanIn(layer) > MOST_LINES;
  return many || ![layer.size, ...layer.source_sizes].every((size) => isWhole(size, space)) ? 'matrix' : 'lines';
}

function isWhole(size: number, { top, bottom, em }: Space): boolean {
  return size * TIGHT * em <= bottom - top;
}

/** The lines into a layer that the layout draws as lines, row by row of W. */
export function edgesOf(network: NetworkSpec, layout: Layout, at: number): Edge[] {
  const layer = network.layers[at];
  const target = layout.columns[at + 1];
  const edges: Edge[] = [];
  let row = 0;
  layer.sources.forEach((source, place) => {
    const from = layout.columns.findIndex((column) => column.name === source);
    const lane = from < at ? laneOf(network, at, place) : null;
    for (let i = 0; i < layer.source_sizes[place]; i++, row++) {
      const begin = layout.columns[from]?.units.find((unit) => unit.j === i);
      if (!begin) continue;
      for (const end of target.units) {
        const shift = (i - (layer.source_sizes[place] - 1) / 2) / layer.source_sizes[place];
        const path = curve(layout, from, at + 1, begin, end, lane === null ? null : lane + 0.7 * shift);
        edges.push({ row, j: end.j, path });
      }
    }
  });
  return edges;
}

/** A point of a path of curves, at `t` of it from 0 to 1 (each curve counts the same). */
export function pointAt(path: Point[], t: number): Point {
  const curves = (path.length - 1) / 3;
  const at = Math.min(Math.floor(t * curves), curves - 1);
  const u = t * curves - at;
  const [a, b, c, d] = path.slice(3 * at, 3 * at + 4);
  const of = (get: (p: Point) => number): number =>
    (1 - u) ** 3 * get(a) + 3 * (1 - u) ** 2 * u * get(b) + 3 * (1 - u) * u * u * get(c) + u ** 3 * get(d);
  return { x: of((p) => p.x), y: of((p) => p.y) };
}

/**
 * Places for a text of one size on each path, so that none touches another; null where not all fit.
 * Tried from the middle of each path outwards.
 */
export function placesFor(paths: Point[][], text: { width: number; height: number }): Point[] | null {
  const placed: Point[] = [];
  for (const path of paths) {
    const spot = TRIED.map((t) => pointAt(path, t)).find(({ x, y }) =>
      placed.every((other) => Math.abs(other.x - x) >= text.width || Math.abs(other.y - y) >= text.height),
    );
    if (!spot) return null;
    placed.push(spot);
  }
  return placed;
}

const TRIED = [0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8];

/** A path of curves as SVG writes it. */
export function pathText(path: Point[]): string {
  const word = ({ x, y }: Point): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
  let text = `M${word(path[0])}`;
  for (let at = 1; at + 2 < path.length; at += 3)
    text += `C${word(path[at])} ${word(path[at + 1])} ${word(path[at + 2])}`;
  return text;
}

/** Where the small edge of a unit's bias begins, beneath the unit, and ends, at its rim. */
export function biasLine(column: Column, unit: Point): { begin: Point; end: Point; dot: number } {
  const space = column.apart - 2 * column.radius;
  const dot = Math.max(1.5, Math.min(7, space * 0.19));
  const length = Math.max(2.2, Math.min(15, space * 0.44));
  const rim = unit.y + column.radius;
  return { begin: { x: unit.x, y: rim + length }, end: { x: unit.x, y: rim }, dot };
}

/** Lines that pass over layers, of all layers together. */
function laneCount(network: NetworkSpec): number {
  const order = ['input', ...network.layers.map((layer) => layer.name)];
  return network.layers.reduce(
    (sum, layer, at) => sum + layer.sources.filter((source) => order.indexOf(source) < at).length,
    0,
  );
}

/** Which lane, from the lowest unit down, the lines of a source that passes over layers take. */
function laneOf(network: NetworkSpec, at: number, place: number): number {
  const before = { ...network, layers: network.layers.slice(0, at) };
  const order = ['input', ...network.layers.map((layer) => layer.name)];
  const own = network.layers[at].sources.slice(0, place).filter((source) => order.indexOf(source) < at);
  return laneCount(before) + own.length;
}

/** Where the columns stand, and what is right of the last: matrices get more of the width than lines. */
function acrossOf(kinds: Joint['kind'][], box: Box): { xs: number[]; right: number } {
  const shares = kinds.map((kind) => (kind === 'matrix' ? 1.5 : 1));
  const leasts = kinds.map((kind) => (kind === 'matrix' ? Math.max(box.gap, MATRIX * box.em) : box.gap));
  const [left, right] = labelRooms(box, sum(leasts));
  const room = box.width - left - right;
  const even = shares.map((share) => (room * share) / sum(shares));
  const spare = Math.max(0, room - sum(leasts));
  const fits = even.every((gap, at) => gap >= leasts[at]);
  const gaps = fits ? even : leasts.map((least, at) => least + (spare * shares[at]) / sum(shares));
  return { xs: gaps.reduce((xs, gap) => [...xs, xs[xs.length - 1] + gap], [left]), right };
}

/** Labels get what they want, or less where the columns need the width; the longer give way. */
function labelRooms({ width, left, right, em }: Box, need: number): [number, number] {
  const spare = [left, right].map((wanted) => Math.max(0, wanted - LABEL * em));
  const over = Math.max(0, left + right + need - width);
  const part = Math.min(1, over / (sum(spare) || 1));
  return [left - part * spare[0], right - part * spare[1]];
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

interface Space {
  top: number;
  bottom: number;
  em: number;
}

function columnOf(name: string, size: number, x: number, space: Space, wanted: number): Column {
  const { top, bottom, em } = space;
  const height = bottom - top;
  const whole = isWhole(size, space);
  const places = Math.floor(height / (CUT * em));
  const shown = whole ? size : places - 2; // two places tell of the others
  const first = Math.max(0, Math.min(wanted, size - shown));
  const apart = Math.min(WIDE * em, height / (whole ? size : places));
  const begin = (top + bottom) / 2 - (apart * (shown - 1)) / 2;
  const units = Array.from({ length: shown }, (_, at) => ({ j: first + at, x, y: begin + apart * at }));
  const radius = radiusOf(apart, em);
  return { name, size, x, radius, apart, first, units, before: first, after: size - first - shown, top, bottom };
}

/** Of units far apart the smaller share, so that there is room for the edges of biases. */
function radiusOf(apart: number, em: number): number {
  return Math.min(1.6 * em, apart * (apart < 2.6 * em ? 0.34 : 0.28));
}

/** A matrix between two columns: rows are sources, columns the layer's units, cells near to square. */
function matrixAreas(
  rows: number, columns: number, from: Column, to: Column, em: number,
): { area: Area; biases: Area } {
  const beside = ({ radius, before, after }: Column): number => // a cut column has wide buttons
    before + after > 0 ? Math.max(radius + em, 3.4 * em) : radius + 1.4 * em;
  const left = from.x + beside(from);
  const room = to.x - beside(to) - left;
  const top = from.top + CAPTION * em;
  const tall = from.bottom - top - 1.4 * em;
  const [wide, high] = [Math.min(room / columns, 1.4 * em), Math.min(tall / rows, 1.4 * em)];
  const width = Math.min(room, Math.max(Math.min(wide, LONG * high) * columns, 3 * em));
  const height = Math.min(tall, Math.max(Math.min(high, LONG * wide) * rows, 3 * em));
  const strip = Math.max(0.6 * em, Math.min(height / rows, em));
  const x = left + (room - width) / 2;
  const y = (top + from.bottom - height - strip - 0.4 * em) / 2;
  return {
    area: { x, y, width, height },
    biases: { x, y: y + height + 0.4 * em, width, height: strip },
  };
}

/** From rim to rim: one curve to the next column, or down, along a lane beneath all units, and up. */
function curve(
  layout: Layout, from: number, to: number, begin: Point, end: Point, lane: number | null,
): Point[] {
  const [source, target] = [layout.columns[from], layout.columns[to]];
  const a = { x: begin.x + source.radius, y: begin.y };
  const d = { x: end.x - target.radius, y: end.y };
  if (lane === null) return [a, ...bend(a, d), d];
  const [next, last] = [layout.columns[from + 1], layout.columns[to - 1]];
  const y = source.bottom + layout.em * (1.1 + 1.1 * lane);
  const b = { x: next.x - next.radius, y };
  const c = { x: last.x + last.radius, y };
  return [a, ...bend(a, b), b, { x: b.x, y }, { x: c.x, y }, c, ...bend(c, d), d];
}

function bend(a: Point, d: Point): [Point, Point] {
  const half = (d.x - a.x) * 0.5;
  return [{ x: a.x + half, y: a.y }, { x: d.x - half, y: d.y }];
}
