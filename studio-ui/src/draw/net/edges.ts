/** The lines of the diagram: one for every weight, and a small one for every bias. */

import { sourceOf, type Element } from '../../lib/elements';
import { biasLine, edgesOf, pathText, placesFor, type Point } from '../../lib/layout';
import { signed } from '../../lib/numbers';
import { svg } from '../../lib/svg';
import type { Theta } from '../../lib/theta';
import { touchable, touches, type Scale, type Scene } from './scene';

const THIN = 0.8; // pixels, of a weight of nought
const THICK = 7;
const MOST_NUMBERS = 12; // written on the lines of one layer, if there is room for all

interface Line {
  element: Element;
  index: number; // in θ
  line: SVGElement;
  hit: SVGElement; // wide and clear, so that a thin line can be met
  number: SVGTextElement | null;
  width: number;
  sign: number;
  written: string;
}

export class Edges {
  private lines: Line[] = [];
  private hits: Map<string, SVGElement> = new Map();

  constructor(private readonly drawn: SVGGElement, private readonly clear: SVGGElement, private readonly texts: SVGGElement) {}

  lay(scene: Scene): void {
    for (const group of [this.drawn, this.clear, this.texts]) group.replaceChildren();
    this.lines = [];
    this.hits.clear();
    scene.network.layers.forEach((_, at) => {
      if (scene.layout.joints[at].kind === 'lines') this.weights(scene, at);
      this.biases(scene, at);
    });
  }

  private weights({ network, layout }: Scene, at: number): void {
    const layer = network.layers[at];
    const edges = edgesOf(network, layout, at);
    const size = { width: 3.6 * layout.em, height: 1.25 * layout.em };
    const spots = edges.length <= MOST_NUMBERS ? placesFor(edges.map(({ path }) => path), size) : null;
    edges.forEach(({ row, j, path }, place) => {
      const from = sourceOf(layer, row);
      if (!from) return;
      const element: Element = { kind: 'weight', ...from, layer: layer.name, j };
      const words = pathText(path);
      const line = svg(this.drawn, 'path', { class: 'net-edge', d: words });
      const hit = svg(this.clear, 'path', { class: 'net-hit', d: words });
      touchable(hit, network, element);
      this.add(element, layer.weights + row * layer.size + j, line, hit, spots ? spots[place] : null);
    });
  }

  private biases({ network, layout }: Scene, at: number): void {
    const layer = network.layers[at];
    const column = layout.columns[at + 1];
    if (layer.biases === null) return;
    for (const unit of column.units) {
      const { begin, end, dot } = biasLine(column, unit);
      const element: Element = { kind: 'bias', layer: layer.name, j: unit.j };
      const line = svg(this.drawn, 'line', {
        class: 'net-edge', x1: begin.x, y1: begin.y, x2: end.x, y2: end.y,
      });
      const middle = { x: begin.x, y: begin.y + dot };
      svg(this.drawn, 'circle', { class: 'net-one', cx: middle.x, cy: middle.y, r: dot });
      if (dot >= 4.5) {
        svg(this.drawn, 'text', { class: 'net-one-text', x: middle.x, y: middle.y, 'font-size': 1.7 * dot }).textContent = '1';
      }
      const hit = svg(this.clear, 'line', {
        class: 'net-hit', x1: begin.x, y1: middle.y + dot, x2: end.x, y2: end.y,
      });
      touchable(hit, network, element);
      this.add(element, layer.biases + unit.j, line, hit, null);
    }
  }

  private add(element: Element, index: number, line: SVGElement, hit: SVGElement, spot: Point | null): void {
    const number = spot ? svg(this.texts, 'text', { class: 'net-number', x: spot.x, y: spot.y }) : null;
    this.lines.push({ element, index, line, hit, number, width: -1, sign: 0, written: '' });
    this.hits.set(hit.dataset.element as string, hit);
  }

  node(name: string): SVGElement | null {
    return this.hits.get(name) ?? null;
  }

  /** Thickness, colour and dashes by the weights now, and numbers if so; only what changed is touched. */
  show(theta: Theta, scale: Scale, numbers: boolean): void {
    for (const each of this.lines) {
      const at = theta.place(each.index);
      const value = at === null ? 0 : theta.values[at];
      const width = Math.round(4 * (THIN + (THICK - THIN) * scale.of(value))) / 4;
      if (width !== each.width) {
        each.width = width;
        each.line.setAttribute('stroke-width', String(width));
        each.line.setAttribute('stroke-opacity', String(Math.min(1, 0.4 + width / THICK)));
        each.line.style.setProperty('--dash', `${5 + 1.5 * width} ${3 + 0.5 * width}`);
      }
      const sign = value > 0 ? 1 : value < 0 ? -1 : value === 0 ? 2 : 3;
      if (sign !== each.sign) {
        each.sign = sign;
        each.line.setAttribute('class', `net-edge ${SIGNS[sign] ?? 'net-negative'}`);
      }
      if (each.number && numbers) this.write(each, at === null ? '' : signed(value, 2));
    }
  }

  private write(line: Line, text: string): void {
    if (text === line.written) return;
    line.written = text;
    (line.number as SVGTextElement).textContent = text;
  }

  /** A brief glow of what a step moved, the stronger the further it moved. */
  pulse(theta: Theta): void {
    const moves = this.lines.map(({ index }) => theta.at(index)?.move ?? 0);
    const largest = Math.max(...moves.map(Math.abs));
    if (!(largest > 0 && largest < Infinity)) return;
    this.lines.forEach(({ hit }, at) => {
      const share = Math.abs(moves[at]) / largest;
      if (share < 0.05 || !hit.animate) return;
      const stroke = `var(${moves[at] > 0 ? '--positive' : '--negative'})`;
      hit.animate(
        [{ stroke, strokeOpacity: 0.1 + 0.35 * share }, { stroke, strokeOpacity: 0 }],
        { duration: 700, easing: 'ease-out' },
      );
    });
  }

  /** Brings the edges of an element forward; those of none leave all alike. Marks the chosen one. */
  light(element: Element | null, chosen: Element | null): void {
    for (const { element: own, line, hit, number } of this.lines) {
      const lit = element !== null && touches(own, element);
      line.toggleAttribute('data-lit', lit);
      number?.toggleAttribute('data-lit', lit);
      hit.toggleAttribute('data-chosen', chosen !== null && chosen.kind !== 'unit' && touches(own, chosen));
    }
  }
}

const SIGNS: Record<number, string> = { 1: 'net-positive', [-1]: 'net-negative', 2: 'net-nought', 3: 'net-broken' };
