/** Beneath a picture: which mark and colour is which class, or the scale of colours, and what to know. */

import type { Rgb } from '../lib/colours';
import { compact } from '../lib/numbers';
import { html, say, set } from '../lib/svg';
import type { BoundaryView } from '../protocol';
import { colourAt, fill, packed } from './heat';
import { drawMarks, HELD, type Mark } from './marks';

const MOST = 8; // classes by name; of more the card tells
const SIDE = 16;

export function legendOf(host: HTMLElement, view: BoundaryView, colours: Rgb[]): void {
  host.replaceChildren();
  const row = html(host, 'p', { class: 'net-legend' });
  if (view.classes.length) {
    view.classes.slice(0, MOST).forEach((label, at) => item(row, label, { shape: at, colour: colours[at], open: false }));
    if (view.classes.length > MOST) html(row, 'span', {}, `and ${view.classes.length - MOST} more`);
  } else if (view.dimensions === 2) {
    scale(row, view, colours);
  }
  if (view.classes.length) partsOf(row, '--ink-soft');
  else if (view.dimensions === 1) partsOf(row, '--train', '--validation');
  else partsOf(row, '--ink-soft', '--ink-soft', HELD, false);
  noted(html(host, 'p', { class: 'net-note' }), view.note);
}

/** A note in one line; the whole of it on hover. */
export function noted(node: HTMLElement, text: string): void {
  say(node, text);
  set(node, { title: text || null });
}

/** Filled for training, open for validation; in a colour and a shape of its own, where it has them. */
export function partsOf(
  row: HTMLElement, train: string, validation = train, shape = validation === train ? 0 : HELD, open = true,
): void {
  item(row, 'training', { shape: 0, colour: colourAt(row, train), open: false });
  item(row, 'validation', { shape, colour: colourAt(row, validation), open });
}

function item(row: HTMLElement, label: string, mark: Pick<Mark, 'shape' | 'colour' | 'open'>): void {
  const place = html(row, 'span');
  const canvas = html(place, 'canvas', { width: 2 * SIDE, height: 2 * SIDE, 'aria-hidden': 'true' });
  Object.assign(canvas.style, { width: `${SIDE}px`, height: `${SIDE}px` });
  const context = canvas.getContext('2d');
  context?.scale(2, 2);
  const panel = colourAt(row, '--panel');
  if (context) drawMarks(context, [{ ...mark, x: SIDE / 2, y: SIDE / 2 }], 5, panel, panel);
  html(place, 'span', {}, label);
}

function scale(row: HTMLElement, view: BoundaryView, colours: Rgb[]): void {
  const place = html(row, 'span');
  html(place, 'span', {}, `${view.output}: ${compact(view.low)}`);
  const canvas = html(place, 'canvas', { class: 'net-scale', width: 1, height: 1, 'aria-hidden': 'true' });
  fill(canvas, 1, colours.length, (pixels) => colours.forEach((colour, at) => (pixels[at] = packed(colour))));
  html(place, 'span', {}, compact(view.high));
}

