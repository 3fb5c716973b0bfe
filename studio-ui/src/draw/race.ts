/** The runners of a race in a table: who is where, in the colours of their paths. */

import '../style/draw-map.css';

import type { Decoded } from '../decode';
import { count, number } from '../lib/numbers';
import { html, say, set } from '../lib/svg';
import type { Actions, View } from '../lib/view';
import type { Frame, LaneFrame } from '../protocol';

export interface RaceShown {
  frame: Decoded<Frame> | null;
}

export function mountRace(host: HTMLElement, _actions: Actions): View<RaceShown> {
  return new RaceTable(host);
}

class RaceTable implements View<RaceShown> {
  private readonly table: HTMLTableElement;
  private readonly body: HTMLTableSectionElement;

  constructor(host: HTMLElement) {
    this.table = html(host, 'table', { class: 'map-race' });
    html(this.table, 'caption', { class: 'map-unseen' }, 'Optimizers that race from one start');
    const head = html(html(this.table, 'thead'), 'tr');
    for (const [name, style] of [['optimizer', ''], ['error', 'map-race-number'], ['steps', 'map-race-number'], ['', '']]) {
      html(head, name ? 'th' : 'td', { class: style, scope: name ? 'col' : null }, name);
    }
    this.body = html(this.table, 'tbody');
  }

  show({ frame }: RaceShown): void {
    const lanes = frame?.lanes ?? [];
    const ahead = leader(lanes);
    while (this.body.rows.length > lanes.length) this.body.deleteRow(-1);
    while (this.body.rows.length < lanes.length) newRow(this.body);
    lanes.forEach((lane, i) => {
      const [name, error, steps, state] = [...this.body.rows[i].cells];
      set(this.body.rows[i], { 'data-ahead': i === ahead ? '' : null });
      set(name.firstElementChild as Element, { class: `map-race-line map-series-${i % 8}` });
      say(name.lastElementChild as Element, lane.label);
      say(error, lane.error === null ? 'none' : number(lane.error, 3));
      say(steps, count(lane.step));
      say(state, lane.stopped ?? (i === ahead ? 'ahead' : ''));
    });
  }

  destroy(): void {
    this.table.remove();
  }
}

/** The lane of the least error; none before the first step, and where two are equal. */
export function leader(lanes: readonly Pick<LaneFrame, 'error' | 'step'>[]): number {
  const errors = lanes.map(({ error }) => (error !== null && Number.isFinite(error) ? error : Infinity));
  const least = Math.min(...errors);
  const alone = errors.filter((error) => error === least).length === 1;
  return alone && Number.isFinite(least) && lanes.some(({ step }) => step > 0) ? errors.indexOf(least) : -1;
}

function newRow(body: HTMLTableSectionElement): void {
  const row = body.insertRow();
  const name = html(row, 'th', { scope: 'row' });
  html(name, 'span', { 'aria-hidden': 'true' });
  html(name, 'span');
  html(row, 'td', { class: 'map-race-number' });
  html(row, 'td', { class: 'map-race-number' });
  html(row, 'td', { class: 'map-race-state' });
}
