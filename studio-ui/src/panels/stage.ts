/** The drawings in their frames: network, error curves, error surface. */

import { button, iconButton, select, toggle } from '../controls';
import { h, say } from '../html';
import { mountCurves } from '../draw/curves';
import { mountNetwork } from '../draw/network';
import { mountSurface } from '../draw/surface';
import { latest } from '../latest';
import { number } from '../lib/numbers';
import type { Page } from '../page';
import type { Along, Problem, SurfaceView } from '../protocol';
import { drawing, framed } from './frame';

export function networkStage(page: Page, look: (layer: string) => void): HTMLElement {
  const about = h('p', { class: 'panel-note' });
  const { host } = drawing(page, (place, actions) => mountNetwork(place, actions, look), ['problem', 'frame', 'units', 'focus', 'hello'], (state) => ({
    problem: state.problem,
    frame: state.frame,
    units: state.units,
    focus: state.focus,
    limits: state.hello?.limits ?? null,
  }));
  page.store.on(['problem'], ({ problem }) => say(about, problem ? shape(problem) : ''));
  return framed('panel-network', 'Network', [about], host);
}

function shape({ network, setup }: Problem): string {
  const sizes = [network.inputs.length, ...network.layers.map(({ size }) => size)];
  return `${sizes.join(' → ')}, predicts ${setup.target}`;
}

export function curvesStage(page: Page): HTMLElement {
  const { host } = drawing(page, mountCurves, ['curves', 'frame', 'logarithmic'], ({ curves, frame, logarithmic }) => ({ curves, frame, logarithmic }));
  const log = toggle('Log axis', 'Shows errors by powers of ten, so that small ones are seen too.', (on) => page.store.set({ logarithmic: on }));
  page.store.on(['logarithmic'], ({ logarithmic }) => log.show(logarithmic));
  return framed('panel-curves', 'Error', [log.element], host, timeline(page), bestHint(page));
}

/** The past as a slider: to any step that was taken, and on again. */
function timeline(page: Page): HTMLElement {
  const range = h('input', { type: 'range', class: 'range', min: 0, max: 0, step: 1, 'aria-label': 'Go to a step' });
  const seek = latest((step: number) => page.send({ do: 'seek', step }));
  let held = false;
  range.addEventListener('input', () => {
    held = true;
    seek(range.valueAsNumber);
  });
  range.addEventListener('change', () => (held = false));
  page.store.on(['frame', 'curves'], ({ frame, curves }) => {
    if (!frame || held) return;
    const last = Math.max(frame.step, curves?.points.at(-1)?.step ?? 0);
    range.max = String(last);
    range.value = String(frame.step);
    range.disabled = last === 0;
    range.setAttribute('aria-valuetext', `step ${frame.step} of ${last}`);
  });
  const hint = 'Move through the steps that were taken: the network, its numbers and the surface go there too.';
  return h('div', { class: 'timeline', 'data-tip': hint }, h('span', { class: 'timeline-label', 'aria-hidden': 'true' }, 'Past'), range);
}

/** Since when the network learns by heart: the epoch of the least validation error, and the way there. */
function bestHint(page: Page): HTMLElement {
  const text = h('p', {});
  const go = button('Go there', () => void page.send({ do: 'best' }), 'Back to the epoch of the least validation error.', 'soft');
  const element = h('div', { class: 'best-hint', hidden: true }, text, go);
  page.store.on(['frame', 'curves'], ({ frame, curves }) => {
    const best = curves?.best;
    const past = best && frame && frame.validation_error !== null && frame.step > best.step && frame.validation_error > 1.02 * best.validation;
    element.hidden = !past;
    if (past) say(text, `The validation error was least after epoch ${best.epoch}: ${number(best.validation)}. Since then the network learns its rows by heart.`);
  });
  return element;
}

export function surfaceStage(page: Page): HTMLElement {
  const { host } = drawing(page, mountSurface, ['surface', 'frame', 'problem', 'relief'], ({ surface, frame, problem, relief }) => ({ view: surface, frame, problem, relief }));
  host.dataset.view = 'surface';
  const note = h('p', { class: 'panel-note surface-note' });
  page.store.on(['surface'], ({ surface }) => say(note, surface ? surface.notes.join(' ') : 'The surface is being computed.'));
  return framed('panel-surface', 'Error surface', [planeChoice(page), mapOrRelief(page)], host, note);
}

function mapOrRelief(page: Page): HTMLElement {
  const choice = (label: string, relief: boolean, hint: string) => {
    const element = button(label, () => page.store.set({ relief }), hint, 'segment');
    page.store.on(['relief'], (state) => element.setAttribute('aria-pressed', String(state.relief === relief)));
    return element;
  };
  return h(
    'div',
    { class: 'segments', role: 'group', 'aria-label': 'Show the surface as' },
    choice('Map', false, 'Seen from above: darker is a larger error.'),
    choice('3-D', true, 'As a landscape: higher is a larger error. Drag to turn it.'),
  );
}

const PLANES: { value: string; label: string }[] = [
  { value: 'auto', label: 'Plane: chosen for you' },
  { value: 'pca', label: 'Plane of the path' },
  { value: 'random', label: 'Random plane' },
  { value: 'pair', label: 'Two weights…' },
];

/** Which plane through the present weights is shown: by name, or by two of the weights. */
function planeChoice(page: Page): HTMLElement {
  let names: string[] = [];
  const ask = (along: Along) => void page.send({ do: 'surface', along, span: null });
  const pair = (): [string, string] => [first.element.value, second.element.value];
  const first = select([], () => ask(pair()));
  const second = select([], () => ask(pair()));
  first.element.setAttribute('aria-label', 'Weight along');
  second.element.setAttribute('aria-label', 'Weight up');
  const weights = h('span', { class: 'plane-weights', hidden: true }, first.element, second.element);
  const plane = select(PLANES, (value) => {
    weights.hidden = value !== 'pair';
    ask(value === 'pair' ? pair() : (value as Along));
  });
  plane.element.setAttribute('aria-label', 'Plane of the surface');
  plane.element.dataset.tip = 'Which two directions through all weights the picture shows.';
  const wider = iconButton('minus', 'Show more of the surface', () => zoom(page, 1.6), 'Farther away');
  const nearer = iconButton('plus', 'Show less of the surface', () => zoom(page, 1 / 1.6), 'Nearer');

  page.store.on(['surface'], ({ surface }) => {
    if (!surface) return;
    if (surface.names.join() !== names.join()) {
      names = surface.names;
      const choices = names.map((name) => ({ value: name, label: name }));
      first.offer(choices);
      second.offer(choices);
    }
    if (surface.kind !== 'slice') return;
    first.show(surface.axes[0]);
    if (surface.axes[1]) second.show(surface.axes[1]);
  });
  return h('div', { class: 'plane' }, plane.element, weights, h('span', { class: 'zoom' }, wider, nearer));
}

/** The same plane, seen from nearer or farther, about the present weights. */
function zoom(page: Page, by: number): void {
  const { surface, frame } = page.store.state;
  if (!surface) return;
  const across = (name: 'x' | 'y'): [number, number] => {
    const { values } = surface.arrays[name];
    const [low, high] = [values[0], values[values.length - 1]];
    const middle = frame?.place ? frame.place[name] : (low + high) / 2;
    const half = (by * (high - low)) / 2 || 1;
    return [middle - half, middle + half];
  };
  void page.send({ do: 'surface', along: along(surface), span: [across('x'), across('y')] });
}

function along(surface: SurfaceView): Along {
  return surface.kind === 'slice' ? surface.axes : surface.kind;
}
