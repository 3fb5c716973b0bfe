/** Small pictures side by side: what each unit responds to, linked with the diagram by the focus. */

import type { Decoded } from '../decode';
import { parse, unitWords } from '../lib/elements';
import { compact } from '../lib/numbers';
import { html, say } from '../lib/svg';
import type { Actions, UnitsShown, View } from '../lib/view';
import type { Problem, UnitsView } from '../protocol';
import { signedTable, type Table } from './heat';
import { response } from './net/nodes';

interface Tile {
  name: string;
  button: HTMLButtonElement;
  canvas: HTMLCanvasElement;
  range: HTMLElement;
}

export function mountUnits(host: HTMLElement, actions: Actions): View<UnitsShown> {
  return new Units(host, actions);
}

class Units implements View<UnitsShown> {
  private readonly root: HTMLElement;
  private readonly groups: HTMLElement;
  private readonly note: HTMLElement;
  private tiles: Tile[] = [];
  private names = '';
  private view: Decoded<UnitsView> | null = null;
  private problem: Problem | null = null;
  private table: Table | null = null;

  constructor(host: HTMLElement, private readonly actions: Actions) {
    this.root = html(host, 'div', { class: 'net-units' });
    this.groups = html(this.root, 'div', { class: 'net-units-groups' });
    this.note = html(this.root, 'p', { class: 'net-note' });
    this.root.addEventListener('keydown', (event) => this.pressed(event));
  }

  show({ view, problem, focus }: UnitsShown): void {
    if (!view || !problem || view.run !== problem.run) return;
    const names = [problem.run, view.dimensions, ...view.units.map(({ name }) => name)].join(' ');
    if (names !== this.names || problem.network !== this.problem?.network) this.lay(view, problem);
    [this.names, this.problem] = [names, problem];
    if (view !== this.view) this.paint(view);
    this.view = view;
    const element = focus ? parse(focus) : null;
    const lit = element ? `${element.layer}.${element.j}` : null;
    for (const { name, button } of this.tiles) button.toggleAttribute('data-lit', name === lit);
  }

  resize(): void {
    this.table = null;
    if (this.view) this.paint(this.view);
  }

  destroy(): void {
    this.root.remove();
  }

  private lay(view: UnitsView, problem: Problem): void {
    this.groups.replaceChildren();
    this.tiles = [];
    const layers = new Map<string, UnitsView['units']>();
    for (const unit of view.units) {
      const layer = parse(unit.name)?.layer ?? '';
      layers.set(layer, [...(layers.get(layer) ?? []), unit]);
    }
    for (const [layer, units] of layers) {
      const group = html(this.groups, 'section', { class: 'net-units-layer' });
      group.style.setProperty('--units', String(units.length));
      html(group, 'h3', {}, heading(problem, layer));
      const grid = html(group, 'div', { class: 'net-units-grid', role: 'group', 'aria-label': heading(problem, layer) });
      units.forEach(({ name }) => this.tiles.push(this.tile(grid, name, problem)));
    }
    say(this.note, view.dimensions === 2
      ? "Each picture is one unit's output over the same two inputs as the boundary: blue positive, orange negative."
      : "Each picture is one unit's output over the input; the thin line is nought.");
    this.tiles[0]?.button.setAttribute('tabindex', '0');
  }

  private tile(host: HTMLElement, name: string, problem: Problem): Tile {
    const unit = parse(name);
    const words = unit ? unitWords(problem.network, unit.layer, unit.j) : name;
    const button = html(host, 'button', { class: 'net-unit-tile', type: 'button', tabindex: -1, title: words });
    const canvas = html(button, 'canvas', { width: 1, height: 1, 'aria-hidden': 'true' });
    const place = html(button, 'span', { class: 'net-unit-name' });
    html(place, 'span', { class: 'net-unseen' }, `${words}: picture `);
    html(place, 'span', {}, String((unit?.j ?? 0) + 1));
    const range = html(button, 'span', { class: 'net-unit-range' });
    const focus = (): void => this.actions.focus(name);
    button.addEventListener('pointerenter', (event) => event.pointerType === 'mouse' && focus());
    button.addEventListener('focus', () => this.took(button, focus));
    button.addEventListener('click', focus);
    return { name, button, canvas, range };
  }

  private took(button: HTMLElement, focus: () => void): void {
    for (const tile of this.tiles) tile.button.setAttribute('tabindex', tile.button === button ? '0' : '-1');
    focus();
  }

  private paint(view: Decoded<UnitsView>): void {
    this.table ??= signedTable(this.root);
    this.tiles.forEach(({ canvas, range }, at) => {
      response(canvas, view, at, this.table as Table);
      const { low, high } = view.units[at];
      say(range, `${compact(low, 2)} … ${compact(high, 2)}`);
    });
  }

  private pressed(event: KeyboardEvent): void {
    const at = this.tiles.findIndex(({ button }) => button === event.target);
    if (at < 0) return;
    const next = this.beside(at, event.key);
    if (event.key === 'Escape') this.actions.focus(null);
    if (next === null) return;
    event.preventDefault();
    this.tiles[next].button.focus();
  }

  /** Left and right go along; up and down to the tile above or beneath. */
  private beside(at: number, key: string): number | null {
    const last = this.tiles.length - 1;
    if (key === 'ArrowLeft') return Math.max(0, at - 1);
    if (key === 'ArrowRight') return Math.min(last, at + 1);
    if (key === 'Home') return 0;
    if (key === 'End') return last;
    if (key !== 'ArrowUp' && key !== 'ArrowDown') return null;
    const here = this.tiles[at].button.getBoundingClientRect();
    const by = key === 'ArrowUp' ? -1 : 1;
    for (let to = at + by; to >= 0 && to <= last; to += by) {
      const there = this.tiles[to].button.getBoundingClientRect();
      if (there.top !== here.top && Math.abs(there.left - here.left) < here.width / 2) return to;
    }
    return at;
  }
}

function heading({ network }: Problem, layer: string): string {
  const at = network.layers.findIndex(({ name }) => name === layer);
  const last = at === network.layers.length - 1;
  const spec = network.layers[at];
  if (!spec) return layer;
  const name = last ? 'Output' : network.layers.length > 2 ? `Hidden layer ${at + 1}` : 'Hidden layer';
  return `${name}, ${spec.activation}`;
}
