/** Weights too many for lines: a matrix of colours between two layers, a row for each source. */

import { fanIn, nameOf, rowOf, sourceOf, type Element } from '../../lib/elements';
import type { Area, Joint } from '../../lib/layout';
import { html, svg } from '../../lib/svg';
import type { Theta } from '../../lib/theta';
import type { LayerSpec, NetworkSpec } from '../../protocol';
import { paint, signedTable, type Table } from '../heat';
import { touchable, type Scene } from './scene';

interface Matrix {
  layer: LayerSpec;
  joint: Joint;
  weights: HTMLCanvasElement;
  biases: HTMLCanvasElement | null;
  cursor: SVGRectElement;
  away: HTMLButtonElement;
}

export class Matrices {
  private matrices: Matrix[] = [];
  private network: NetworkSpec | null = null;
  private table: Table | null = null;

  constructor(
    private readonly group: SVGGElement,
    private readonly under: HTMLElement,
    private readonly over: HTMLElement,
    private readonly look: (layer: string) => void,
  ) {}

  lay(scene: Scene): void {
    for (const part of [this.group, this.under, this.over]) part.replaceChildren();
    this.table = null;
    this.network = scene.network;
    this.matrices = scene.network.layers.flatMap((layer, at) =>
      scene.layout.joints[at].kind === 'matrix' ? [this.matrix(scene, layer, at)] : [],
    );
  }

  private matrix(scene: Scene, layer: LayerSpec, at: number): Matrix {
    const joint = scene.layout.joints[at];
    const { area, biases } = joint;
    const text = `${fanIn(layer)} × ${layer.size} weights`;
    this.brace(scene, at, area);
    const caption = svg(this.group, 'text', { class: 'net-caption', x: area.x + area.width / 2, y: area.y - 8 });
    caption.textContent = text;
    const cursor = svg(this.group, 'rect', { class: 'net-cursor', display: 'none' });
    touchable(cursor, scene.network, { kind: 'weight', source: layer.sources[0], i: 0, layer: layer.name, j: 0 });
    const canvas = (place: Area): HTMLCanvasElement => {
      const made = html(this.under, 'canvas', { class: 'net-matrix', width: 1, height: 1, 'aria-hidden': 'true' });
      laid(made, place);
      return made;
    };
    const away = html(this.over, 'button', { class: 'net-button net-look', type: 'button' }, `Show ${text}`);
    laid(away, { ...area, height: Math.min(area.height, 60) });
    away.addEventListener('click', () => this.look(layer.name));
    return { layer, joint, cursor, away, weights: canvas(area), biases: layer.biases === null ? null : canvas(biases) };
  }

  /** From the units of the layer before to the matrix, and on to those of its own. */
  private brace({ layout }: Scene, at: number, area: Area): void {
    const [from, to] = [layout.columns[at], layout.columns[at + 1]];
    const [right, left] = [from.x + from.radius + 3, to.x - to.radius - 3];
    const [first, last] = [from.units[0].y, from.units[from.units.length - 1].y];
    const [top, bottom] = [area.y, area.y + area.height];
    const [begin, end] = [to.units[0].y, to.units[to.units.length - 1].y];
    svg(this.group, 'path', { class: 'net-brace', d: `M${right} ${first}L${area.x - 2} ${top}V${bottom}L${right} ${last}Z` });
    svg(this.group, 'path', { class: 'net-brace', d: `M${area.x + area.width + 2} ${top}L${left} ${begin}V${end}L${area.x + area.width + 2} ${bottom}Z` });
  }

  show(theta: Theta): void {
    this.table ??= signedTable(this.group);
    for (const { layer, weights, biases, away } of this.matrices) {
      const rows = fanIn(layer);
      const begin = theta.place(layer.weights);
      away.hidden = begin !== null;
      weights.hidden = begin === null;
      if (biases) biases.hidden = begin === null;
      if (begin === null) continue;
      const most = theta.largest(layer.weights, (rows + (biases ? 1 : 0)) * layer.size);
      const grid = { values: theta.values, stride: 1, columns: layer.size, rising: false };
      paint(weights, { ...grid, begin, rows }, -most, most, this.table);
      if (biases) paint(biases, { ...grid, begin: begin + rows * layer.size, rows: 1 }, -most, most, this.table);
    }
  }

  /** The weight or bias under a point of the diagram. */
  at(x: number, y: number): Element | null {
    for (const { layer, joint, biases } of this.matrices) {
      const j = Math.floor(((x - joint.area.x) / joint.area.width) * layer.size);
      if (j < 0 || j >= layer.size) continue;
      const row = Math.floor(((y - joint.area.y) / joint.area.height) * fanIn(layer));
      const from = row >= 0 ? sourceOf(layer, row) : null;
      if (from) return { kind: 'weight', ...from, layer: layer.name, j };
      const strip = joint.biases;
      if (biases && y >= strip.y && y <= strip.y + strip.height) return { kind: 'bias', layer: layer.name, j };
    }
    return null;
  }

  /** Frames an element's cell, and gives the frame as the node that stands for it. */
  node(element: Element): SVGElement | null {
    const matrix = this.matrices.find(({ layer }) => layer.name === element.layer);
    const area = matrix && this.network ? cellOf(matrix, element) : null;
    if (!matrix || !area || !this.network) return null;
    if (matrix.cursor.dataset.element !== nameOf(element)) {
      const tab = matrix.cursor.getAttribute('tabindex') ?? '-1';
      touchable(matrix.cursor, this.network, element);
      matrix.cursor.setAttribute('tabindex', tab);
    }
    for (const [name, value] of Object.entries(area)) matrix.cursor.setAttribute(name, String(value));
    matrix.cursor.setAttribute('display', 'inline'); // what is not displayed takes no focus
    return matrix.cursor;
  }

  light(element: Element | null): void {
    for (const { layer, cursor } of this.matrices) {
      const lit = element?.layer === layer.name && element.kind !== 'unit';
      if (lit && element) this.node(element);
      cursor.setAttribute('display', lit ? 'inline' : 'none');
      cursor.toggleAttribute('data-lit', lit);
    }
  }
}

function cellOf({ layer, joint }: Matrix, element: Element): Area | null {
  if (element.kind === 'unit') return null;
  const row = element.kind === 'weight' ? rowOf(layer, element.source, element.i) : 0;
  if (row === null) return null;
  const area = element.kind === 'weight' ? joint.area : joint.biases;
  const rows = element.kind === 'weight' ? fanIn(layer) : 1;
  const [width, height] = [area.width / layer.size, area.height / rows];
  const [wide, tall] = [Math.max(width, 6), Math.max(height, 6)];
  return {
    x: area.x + (element.j + 0.5) * width - wide / 2,
    y: area.y + (row + 0.5) * height - tall / 2,
    width: wide,
    height: tall,
  };
}

function laid(node: HTMLElement, { x, y, width, height }: Area): void {
  Object.assign(node.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
}
