/** The small card beside a weight, a bias or a unit: its numbers at once, without asking the server. */

import { elementWords, indexOf, layerOf, sizeOf, unitWords, type Element } from '../../lib/elements';
import type { Point } from '../../lib/layout';
import { number, signed } from '../../lib/numbers';
import { html, say } from '../../lib/svg';
import type { Theta } from '../../lib/theta';
import type { NetworkSpec } from '../../protocol';

export interface Row {
  label: string;
  text: string;
  sign?: number;
}

/** What the card says of an element: a line for each number. */
export function cardRows(network: NetworkSpec, element: Element, theta: Theta, sizes: Float32Array | null): Row[] {
  if (element.kind === 'unit') return unitRows(network, element.layer, element.j, theta, sizes);
  const index = indexOf(network, element);
  const numbers = index === null ? null : theta.at(index);
  if (!numbers) return [{ label: 'its layer is not in sight', text: '' }];
  const letter = element.kind === 'bias' ? 'b' : 'w';
  const rows: Row[] = [
    { label: element.kind === 'bias' ? 'bias b' : 'weight w', text: signed(numbers.value, 5), sign: Math.sign(numbers.value) },
  ];
  if (numbers.gradient !== null) rows.push({ label: `gradient ∂E/∂${letter}`, text: signed(numbers.gradient) });
  if (numbers.move !== null) rows.push({ label: `last step Δ${letter}`, text: signed(numbers.move) });
  return rows;
}

function unitRows(network: NetworkSpec, name: string, j: number, theta: Theta, sizes: Float32Array | null): Row[] {
  const layer = layerOf(network, name);
  if (!layer) return [{ label: 'an input of the network', text: '' }];
  const rows: Row[] = [{ label: 'activation', text: layer.activation }];
  const before = network.layers.slice(0, network.layers.indexOf(layer)).reduce((sum, { size }) => sum + size, 0);
  const mean = sizes?.[before + j];
  if (mean !== undefined) rows.push({ label: 'mean size of its output', text: number(mean) });
  const bias = layer.biases === null ? null : theta.at(layer.biases + j);
  if (bias) rows.push({ label: 'bias b', text: signed(bias.value, 5), sign: Math.sign(bias.value) });
  return rows;
}

/** The same in one sentence, for those who hear it. */
export function spoken(network: NetworkSpec, element: Element, rows: Row[]): string {
  return [elementWords(network, element), ...rows.map(({ label, text }) => `${label} ${text}`.trim())].join(', ');
}

export function titleOf(network: NetworkSpec, element: Element): string {
  if (element.kind !== 'weight') return capital(elementWords(network, element));
  const from = unitWords(network, element.source, element.i);
  const to = unitWords(network, element.layer, element.j);
  return sizeOf(network, element.source) > 0 ? `${capital(from)} → ${to}` : capital(to);
}

function capital(text: string): string {
  return text.startsWith('hidden') || text.startsWith('bias') ? text[0].toUpperCase() + text.slice(1) : text;
}

export class Card {
  private readonly node: HTMLElement;
  private readonly title: HTMLElement;
  private readonly list: HTMLElement;
  private key = '';

  constructor(host: HTMLElement) {
    this.node = html(host, 'div', { class: 'net-card', 'aria-hidden': 'true', hidden: '' });
    this.title = html(this.node, 'p', { class: 'net-card-title' });
    this.list = html(this.node, 'dl');
  }

  hide(): void {
    this.node.hidden = true;
  }

  say(title: string, rows: Row[]): void {
    say(this.title, title);
    while (this.list.children.length > 2 * rows.length) this.list.lastElementChild?.remove();
    while (this.list.children.length < 2 * rows.length) html(this.list, this.list.children.length % 2 ? 'dd' : 'dt');
    rows.forEach(({ label, text, sign }, at) => {
      const value = this.list.children[2 * at + 1] as HTMLElement;
      say(this.list.children[2 * at], label);
      say(value, text);
      const kind = sign ? (sign > 0 ? 'net-plus' : 'net-minus') : '';
      if (value.className !== kind) value.className = kind;
    });
  }

  /** Whether it stands for `key` already: then it stays where it is, and nothing need be measured. */
  stands(key: string): boolean {
    const same = key === this.key && !this.node.hidden;
    this.key = key;
    return same;
  }

  /** Beside a point, within the part of the box that is in sight. */
  place(at: Point, box: { left: number; width: number; height: number }): void {
    this.node.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.node;
    const right = at.x + 18 + width <= box.left + box.width;
    const x = right ? at.x + 18 : Math.max(box.left, at.x - 18 - width);
    const y = at.y + 14 + height <= box.height ? at.y + 14 : Math.max(0, at.y - 14 - height);
    this.node.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }
}
