/** Which classes are taken for which: counts and shares, of training or of validation rows. */

import type { Decoded } from '../decode';
import { count, percent } from '../lib/numbers';
import { html, say } from '../lib/svg';
import type { Actions, ConfusionShown, View } from '../lib/view';
import type { ConfusionView } from '../protocol';
import { noted } from './legend';

const PARTS = ['training', 'validation'];

export function mountConfusion(host: HTMLElement, _actions: Actions): View<ConfusionShown> {
  return new Confusion(host);
}

class Confusion implements View<ConfusionShown> {
  private readonly root: HTMLElement;
  private readonly buttons: HTMLButtonElement[];
  private readonly table: HTMLTableElement;
  private readonly score: HTMLElement;
  private readonly note: HTMLElement;
  private cells: HTMLTableCellElement[] = [];
  private classes = '';
  private view: Decoded<ConfusionView> | null = null;
  private part = 0;

  constructor(host: HTMLElement) {
    this.root = html(host, 'div', { class: 'net-confusion', hidden: '' });
    const bar = html(this.root, 'div', { class: 'net-switch', role: 'group', 'aria-label': 'Rows' });
    this.buttons = PARTS.map((name, part) => {
      const button = html(bar, 'button', { type: 'button' }, name);
      button.addEventListener('click', () => this.turn(part));
      return button;
    });
    const scroll = html(this.root, 'div', { class: 'net-confusion-scroll', tabindex: 0, role: 'group', 'aria-label': 'Confusion matrix' });
    this.table = html(scroll, 'table');
    this.score = html(this.root, 'p', { class: 'net-score' });
    this.note = html(this.root, 'p', { class: 'net-note' });
  }

  show({ view }: ConfusionShown): void {
    if (!view || view === this.view) return;
    this.view = view;
    this.root.hidden = false;
    const classes = JSON.stringify(view.classes);
    if (classes !== this.classes) this.lay(view.classes);
    this.classes = classes;
    this.tell(view);
  }

  destroy(): void {
    this.root.remove();
  }

  private turn(part: number): void {
    this.part = part;
    if (this.view) this.tell(this.view);
  }

  private lay(classes: string[]): void {
    this.table.replaceChildren();
    this.cells = [];
    this.table.toggleAttribute('data-many', classes.length > 6);
    const head = html(this.table, 'thead');
    const top = html(head, 'tr');
    html(top, 'td');
    html(top, 'th', { colspan: classes.length, scope: 'colgroup', class: 'net-confusion-side' }, 'taken for');
    const names = html(head, 'tr');
    html(names, 'th', { scope: 'col', class: 'net-confusion-side' }, 'true class');
    for (const label of classes) html(names, 'th', { scope: 'col', title: label }, label);
    const body = html(this.table, 'tbody');
    for (const [at, label] of classes.entries()) {
      const row = html(body, 'tr');
      html(row, 'th', { scope: 'row', title: label }, label);
      classes.forEach((_, to) => {
        const cell = html(row, 'td', { class: at === to ? 'net-right' : 'net-wrong' });
        html(cell, 'b');
        cell.append(' '); // heard as two numbers
        html(cell, 'span');
        this.cells.push(cell);
      });
    }
  }

  private tell(view: Decoded<ConfusionView>): void {
    const size = view.classes.length;
    const { values } = view.arrays.counts;
    const sums = PARTS.map((_, part) => sum(values, part * size * size, size * size));
    const part = sums[this.part] > 0 ? this.part : 0;
    this.buttons.forEach((button, at) => {
      button.setAttribute('aria-pressed', String(at === part));
      button.disabled = sums[at] === 0;
      say(button, `${PARTS[at]}, ${count(sums[at])} rows`);
    });
    const begin = part * size * size;
    let right = 0;
    for (let row = 0; row < size; row++) {
      const rows = sum(values, begin + row * size, size);
      right += values[begin + row * size + row];
      for (let to = 0; to < size; to++) {
        const many = values[begin + row * size + to];
        this.fill(this.cells[row * size + to], many, rows > 0 ? many / rows : NaN);
      }
    }
    say(this.score, sums[part] > 0 ? `${percent(right / sums[part])} right: ${count(right)} of ${count(sums[part])}` : '');
    noted(this.note, view.note);
  }

  private fill(cell: HTMLTableCellElement, many: number, share: number): void {
    say(cell.children[0], count(many));
    say(cell.children[1], Number.isNaN(share) ? '' : percent(share));
    cell.style.setProperty('--share', `${Number.isNaN(share) ? 0 : Math.round(45 * share)}%`);
  }
}

function sum(values: Float32Array, from: number, many: number): number {
  let total = 0;
  for (let at = from; at < from + many; at++) total += values[at];
  return total;
}
