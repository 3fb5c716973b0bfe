/** Above each layer its name and, where the network is a plain chain, units and layers to add or take. */

import { grown, readHidden, resized, writeHidden, type Hidden } from '../../lib/hidden';
import type { Column, Layout } from '../../lib/layout';
import { count } from '../../lib/numbers';
import { html } from '../../lib/svg';
import type { Actions } from '../../lib/view';
import type { Hello, Problem } from '../../protocol';
import type { Scene } from './scene';

export type Limits = Hello['limits'] | null;

export class Controls {
  target = 26; // height of a button
  private limits: Limits = null;

  constructor(
    private readonly host: HTMLElement,
    private readonly actions: Actions,
    private readonly turn: (layer: string, first: number) => void,
  ) {}

  lay(scene: Scene, problem: Problem, limits: Limits): void {
    this.limits = limits;
    const held = this.heldKey();
    this.host.replaceChildren();
    const hidden = chainOf(problem);
    scene.layout.columns.forEach((column, at) => {
      this.head(scene, column, at, hidden);
      this.turns(column, at, scene);
      if (hidden && at > 0) this.between(scene, at, hidden);
    });
    this.host.querySelector<HTMLElement>(`[data-key="${held}"]`)?.focus({ preventScroll: true });
  }

  /** Which control has the keyboard, so that it has it again when all are made anew. */
  private heldKey(): string {
    const active = document.activeElement;
    return active instanceof HTMLElement && this.host.contains(active) ? (active.dataset.key ?? '') : '';
  }

  private head({ network, layout }: Scene, column: Column, at: number, hidden: Hidden[] | null): void {
    const layer = network.layers[at - 1];
    const last = at === layout.columns.length - 1;
    const head = html(this.host, 'div', { class: 'net-head' });
    head.style.left = `${column.x}px`;
    const name = at === 0 ? 'inputs' : last ? 'output' : network.layers.length > 2 ? `hidden ${at}` : 'hidden layer';
    const kind = at === 0 ? '' : layer.activation;
    const room = this.room(layout, at) / layout.em;
    const beside = room >= (2 * this.target) / layout.em + 0.55 * kind.length + 3.2; // the activation has room beside the buttons
    const inner = hidden !== null && at > 0 && !last;
    const first = html(head, 'span', { class: 'net-head-name' });
    if (!inner || beside || room >= 0.6 * (name.length + kind.length) + 1.5) html(first, 'b', {}, name);
    if (inner && !beside) html(first, 'span', {}, kind);
    const row = html(head, 'span', { class: 'net-head-size' });
    if (!hidden || at === 0 || last) {
      html(row, 'span', {}, at === 0 ? unitCount(column.size) : `${count(column.size)} ${kind}`);
      return;
    }
    const place = at - 1;
    const gone = column.size === 1;
    this.button(row, '−', gone ? `Remove ${name}` : `One unit fewer in ${name}`, `less${at}`, () => this.setup(resized(hidden, place, -1)));
    const told = html(row, 'span', { 'aria-label': `${unitCount(column.size)}, ${kind}` });
    html(told, 'b', { class: 'net-count' }, count(column.size));
    if (beside) html(told, 'span', {}, ` ${kind}`);
    const more = this.button(row, '+', `One unit more in ${name}`, `more${at}`, () => this.setup(resized(hidden, place, 1)));
    more.disabled = column.size >= (this.limits?.units ?? Infinity);
  }

  /** How wide a heading may be before it meets that of a neighbour. */
  private room({ columns }: Layout, at: number): number {
    const apart = columns.slice(1).map((column, i) => column.x - columns[i].x);
    return Math.min(apart[at - 1] ?? Infinity, apart[at] ?? Infinity);
  }

  private between({ layout }: Scene, at: number, hidden: Hidden[]): void {
    const [left, right] = [layout.columns[at - 1].x, layout.columns[at].x];
    if (right - left < 3.4 * this.target + 5.5 * layout.em) return; // the settings of the page have it too
    const x = (left + right) / 2;
    const place = html(this.host, 'div', { class: 'net-between' });
    place.style.left = `${x}px`;
    const words = hidden.length === 0 ? 'Add a hidden layer' : 'Add a hidden layer here';
    const more = this.button(place, '+', words, `layer${at}`, () => this.setup(grown(hidden, at - 1)));
    more.disabled = hidden.length >= (this.limits?.layers ?? Infinity);
  }

  /** Where a layer is taller than the picture: the units above and beneath, a page at a time. */
  private turns(column: Column, at: number, { network }: Scene): void {
    const layer = at === 0 ? 'the inputs' : at === network.layers.length ? 'the output' : `hidden layer ${at}`;
    const page = column.units.length;
    const turn = (many: number, y: number, first: number, key: string): void => {
      if (many === 0) return;
      const up = key === 'up';
      const place = html(this.host, 'div', { class: 'net-turn' });
      Object.assign(place.style, { left: `${column.x}px`, top: `${y}px` });
      const text = `${up ? '↑' : '↓'} ${count(many)} more`;
      this.button(place, text, `${count(many)} more units of ${layer} ${up ? 'above' : 'below'}: show some`, `${key}${at}`, () =>
        this.turn(column.name, first),
      );
    };
    turn(column.before, column.units[0].y - column.apart, column.first - page, 'up');
    turn(column.after, column.units[page - 1].y + column.apart, column.first + page, 'down');
  }

  private button(host: HTMLElement, text: string, words: string, key: string, click: () => void): HTMLButtonElement {
    const button = html(host, 'button', {
      class: 'net-button', type: 'button', 'aria-label': words, title: words, 'data-key': key,
    }, text);
    button.addEventListener('click', click);
    return button;
  }

  private setup(layers: Hidden[]): void {
    void this.actions.send({ do: 'setup', changes: { net: writeHidden(layers) } });
  }
}

function unitCount(size: number): string {
  return size === 1 ? '1 unit' : `${count(size)} units`;
}

/** The hidden layers, where each feeds only the next and the text of the setup says so. */
export function chainOf({ setup, network }: Problem): Hidden[] | null {
  const hidden = readHidden(setup.net);
  const inner = network.layers.slice(0, -1);
  const matches = hidden?.length === inner.length && inner.every((layer, at) => hidden[at].size === layer.size);
  const plain = network.layers.every((layer) => layer.sources.length === 1);
  if (!hidden || !matches || !plain) return null;
  return hidden.map((each, at) => ({ ...each, activation: each.activation || inner[at].activation }));
}
