/** The diagram of the network: every weight and every bias, what each unit responds to, live. */

import { exists, nameOf, type Element } from '../lib/elements';
import { layOut, type Box, type Layout, type Point } from '../lib/layout';
import { html, svg } from '../lib/svg';
import { Theta } from '../lib/theta';
import type { Actions, NetworkShown, View } from '../lib/view';
import type { NetworkSpec, Problem } from '../protocol';
import { Card, cardRows, spoken, titleOf } from './net/card';
import { Controls } from './net/controls';
import { Edges } from './net/edges';
import { Matrices } from './net/matrices';
import { Nodes } from './net/nodes';
import { elementOf, Scale, type Scene } from './net/scene';
import { Selection } from './net/selection';

const READ = 100; // ms between two changes of a number, while it runs; eyes take no more
const SLOW = 4; // steps a second, up to which each step's pulse can be seen by itself

export function mountNetwork(host: HTMLElement, actions: Actions): View<NetworkShown> {
  return new Diagram(host, actions);
}

class Diagram implements View<NetworkShown> {
  private readonly root: HTMLElement;
  private readonly stage: HTMLElement;
  private readonly picture: SVGSVGElement;
  private readonly edges: Edges;
  private readonly nodes: Nodes;
  private readonly matrices: Matrices;
  private readonly controls: Controls;
  private readonly card: Card;
  private readonly selection: Selection;
  private readonly scale = new Scale();
  private scene: Scene | null = null;
  private problem: Problem | null = null;
  private shown: NetworkShown | null = null;
  private theta: Theta | null = null;
  private firsts: Record<string, number> = {};
  private step = -1;
  private written = -Infinity; // when numbers were written last

  constructor(host: HTMLElement, actions: Actions) {
    this.root = html(host, 'div', { class: 'net' });
    const scroll = html(this.root, 'div', { class: 'net-scroll' });
    this.stage = html(scroll, 'div', { class: 'net-stage' });
    const maps = html(this.stage, 'div', { class: 'net-under' });
    const grids = html(this.stage, 'div', { class: 'net-under' });
    this.picture = svg(this.stage, 'svg', { class: 'net-picture', role: 'group' });
    const [blocks, lines, discs, clear, texts] = ['blocks', 'lines', 'discs', 'clear', 'texts'].map((name) =>
      svg(this.picture, 'g', { class: `net-${name}` }),
    );
    const over = html(this.stage, 'div', { class: 'net-over' });
    const looks = html(this.stage, 'div', { class: 'net-over' });
    this.edges = new Edges(lines, clear, texts);
    this.nodes = new Nodes(discs, maps);
    this.matrices = new Matrices(blocks, grids, looks, (layer) => actions.focus(`${layer}.0`));
    this.controls = new Controls(over, actions, (layer, first) => this.turn(layer, first));
    this.card = new Card(this.stage);
    this.selection = new Selection(this.picture, {
      find: (event) => this.find(event),
      node: (element) => this.node(element),
      changed: () => this.chosen(),
      focus: (name) => actions.focus(name),
    });
    legend(this.root);
  }

  show(shown: NetworkShown): void {
    this.shown = shown;
    if (!shown.problem) return;
    if (shown.problem !== this.problem) this.begin(shown.problem);
    const frame = shown.frame?.run === shown.problem.run ? shown.frame : null;
    this.theta = new Theta(shown.problem.network, frame);
    this.scale.follow(shown.problem.network, this.theta);
    const texts = this.isDue(frame?.running === true);
    this.edges.show(this.theta, this.scale, texts);
    this.matrices.show(this.theta);
    this.nodes.show(shown.units?.run === shown.problem.run ? shown.units : null);
    if (frame && frame.step !== this.step) this.stepped(frame.step, frame.running && frame.steps_per_second > SLOW);
    this.selection.outside(shown.focus);
    if (texts) this.tellCard();
  }

  resize(): void {
    if (this.problem) this.lay(this.problem);
    if (this.shown) this.show(this.shown);
  }

  destroy(): void {
    this.selection.stop();
    this.root.remove();
  }

  /** Whether numbers are to be written anew: always at rest, else now and then. */
  private isDue(running: boolean): boolean {
    const now = performance.now();
    if (running && now - this.written < READ) return false;
    this.written = now;
    return true;
  }

  private begin(problem: Problem): void {
    const before = this.problem;
    this.problem = problem;
    if (before?.run !== problem.run) this.scale.forget();
    if (!before || before.setup.net !== problem.setup.net || !alike(before.network, problem.network)) this.lay(problem);
  }

  private lay(problem: Problem): void {
    const { network } = problem;
    const layout = layOut(network, this.box(problem), this.firsts);
    const scene = { network, layout };
    this.scene = scene;
    this.sized(layout);
    this.edges.lay(scene);
    this.matrices.lay(scene);
    this.nodes.lay(scene);
    this.controls.lay(scene, problem, this.shown?.limits ?? null);
    this.written = -Infinity;
    this.picture.setAttribute('aria-label', this.words(problem));
    const first: Element = { kind: 'unit', layer: 'input', j: layout.columns[0].first };
    this.selection.renew(network, (element) => exists(network, element), first);
    this.light();
  }

  private sized({ width, height }: Layout): void {
    Object.assign(this.stage.style, { width: `${width}px`, height: `${height}px` });
    this.picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.picture.setAttribute('width', String(width));
    this.picture.setAttribute('height', String(height));
  }

  private words({ network }: Problem): string {
    return (
      `Network ${network.text} with ${network.parameters} weights and biases. ` +
      'The arrow keys go along units and weights, Enter holds one, Escape lets go.'
    );
  }

  private box({ network }: Problem): Box {
    const style = getComputedStyle(this.root);
    const em = parseFloat(style.fontSize) || 14;
    const target = parseFloat(style.getPropertyValue('--net-target')) || 26; // height of a button
    this.controls.target = target;
    const { clientWidth, clientHeight } = this.stage.parentElement as HTMLElement;
    const width = clientWidth || 640;
    const room = (labels: string[]): number => {
      const longest = Math.max(0, ...labels.map((label) => label.length));
      return Math.min(Math.max(3.4 * em, (0.58 * longest + 3) * em), Math.max(5 * em, 0.22 * width));
    };
    return {
      width,
      height: Math.max(clientHeight || 400, 15 * em),
      em,
      left: room(network.inputs.map((input) => input.label)),
      right: room(network.layers[network.layers.length - 1].labels),
      top: 2.1 * em + Math.max(target, 1.5 * em),
      gap: Math.max(5.4 * em, 2 * target + 1.7 * em),
    };
  }

  private find(event: PointerEvent | MouseEvent): Element | null {
    const found = elementOf(event.target);
    if (found && !(event.target as Element & SVGElement).classList?.contains('net-cursor')) return found;
    const box = this.picture.getBoundingClientRect();
    return this.matrices.at(event.clientX - box.left, event.clientY - box.top) ?? found;
  }

  private node(element: Element): SVGElement | null {
    const name = nameOf(element);
    const there = (): SVGElement | null =>
      this.nodes.node(name) ?? this.edges.node(name) ?? this.matrices.node(element);
    const node = there();
    if (node || element.kind !== 'unit' || !this.problem || !exists(this.problem.network, element)) return node;
    this.turn(element.layer, element.j - 1);
    return there();
  }

  /** Shows another part of a layer that is too tall. */
  private turn(layer: string, first: number): void {
    if (!this.problem || !this.shown) return;
    this.firsts[layer] = Math.max(0, first);
    this.lay(this.problem);
    this.show(this.shown);
  }

  private stepped(step: number, fast: boolean): void {
    const forward = this.step >= 0 && step > this.step;
    this.step = step;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (forward && !fast && !still && this.theta) this.edges.pulse(this.theta);
  }

  private chosen(): void {
    this.light();
    this.tellCard();
  }

  private light(): void {
    const { now, chosen } = this.selection;
    this.picture.toggleAttribute('data-some', now !== null);
    this.edges.light(now, chosen);
    this.matrices.light(now ?? chosen);
    const unit = now ?? chosen;
    this.nodes.light(unit?.kind === 'unit' ? nameOf(unit) : null);
  }

  private tellCard(): void {
    const element = this.selection.now;
    if (!element || !this.problem || !this.theta || !exists(this.problem.network, element)) {
      this.card.hide();
      return;
    }
    const { network } = this.problem;
    const rows = cardRows(network, element, this.theta, this.shown?.frame?.arrays.units?.values ?? null);
    this.card.say(titleOf(network, element), rows);
    const { pointer } = this.selection;
    if (!this.card.stands(`${nameOf(element)} ${pointer?.x} ${pointer?.y} ${rows.length}`)) {
      const scroll = this.stage.parentElement as HTMLElement;
      const sight = { left: scroll.scrollLeft, width: scroll.clientWidth, height: scroll.clientHeight };
      this.card.place(this.spot(element), sight);
    }
    const node = pointer ? null : document.activeElement;
    if (node instanceof SVGElement && node.dataset.element === nameOf(element) && !this.shown?.frame?.running) {
      node.setAttribute('aria-label', spoken(network, element, rows));
    }
  }

  /** Where the card goes: to the pointer, or to the middle of the element. */
  private spot(element: Element): Point {
    if (this.selection.pointer) return this.selection.pointer;
    const node = this.node(element);
    if (!node || !this.scene) return { x: 0, y: 0 };
    const [part, whole] = [node.getBoundingClientRect(), this.picture.getBoundingClientRect()];
    return { x: part.left + part.width / 2 - whole.left, y: part.top + part.height / 2 - whole.top };
  }
}

/** Whether two descriptions are of the same network, so that what is drawn of one holds for the other. */
function alike(a: NetworkSpec, b: NetworkSpec): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function legend(host: HTMLElement): void {
  const row = html(host, 'p', { class: 'net-legend' });
  for (const [kind, words] of [['positive', 'positive weight'], ['negative', 'negative weight']]) {
    const item = html(row, 'span');
    const line = svg(item, 'svg', { width: 30, height: 8, 'aria-hidden': 'true' });
    svg(line, 'line', { class: `net-edge net-${kind}`, x1: 1, x2: 29, y1: 4, y2: 4, 'stroke-width': 3 });
    html(item, 'span', {}, words);
  }
  html(row, 'span', {}, 'thicker: larger');
}

