/** The drawings in their frames: network, error curves, error surface. */

import { button, toggle } from '../controls';
import { h, say } from '../html';
import { mountCurves } from '../draw/curves';
import { bestOf, suitsLog } from '../draw/curves/domain';
import { mountNetwork } from '../draw/network';
import { mountSurface } from '../draw/surface';
import { latest } from '../latest';
import { count, number } from '../lib/numbers';
import type { Page } from '../page';
import type { Problem } from '../protocol';
import { type State, targetWords } from '../state';
import { drawing, framed } from './frame';

export function networkStage(page: Page): HTMLElement {
  const about = h('p', { class: 'panel-note' });
  const { host } = drawing(
    page,
    mountNetwork,
    ['problem', 'frame', 'units', 'focus', 'hello'],
    (state) => ({
      problem: state.problem,
      frame: state.frame,
      units: state.units,
      focus: state.focus,
      limits: state.hello?.limits ?? null,
    }),
  );
  page.store.on(['problem'], ({ problem }) => say(about, problem ? shape(problem) : ''));
  return framed('panel-network', 'Network diagram', [about], host);
}

function shape(problem: Problem): string {
  const { network } = problem;
  const sizes = [network.inputs.length, ...network.layers.map(({ size }) => size)];
  return `${sizes.join(' → ')}, predicts ${targetWords(problem)}`;
}

export function curvesStage(page: Page): HTMLElement {
  const { host } = drawing(page, mountCurves, ['curves', 'frame', 'logarithmic'], (state) => ({
    curves: state.curves,
    frame: state.frame,
    logarithmic: isLogarithmic(state),
  }));
  const log = toggle('Log axis', 'Shows errors by powers of ten, so that small ones are seen too.', (on) =>
    page.store.set({ logarithmic: on }),
  );
  page.store.on(['logarithmic', 'curves'], (state) => log.show(isLogarithmic(state)));
  return framed('panel-curves', 'Error', [bestButton(page), log.element], host, timeline(page));
}

function isLogarithmic({ logarithmic, curves }: Readonly<State>): boolean {
  return logarithmic ?? (curves !== null && suitsLog(curves.points));
}

/** The past as a slider: to any step that was taken, and on again. */
function timeline(page: Page): HTMLElement {
  const range = h('input', {
    type: 'range',
    class: 'range',
    min: 0,
    max: 0,
    step: 1,
    'aria-label': 'Go to a step',
  });
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
  const hint =
    'Move through the steps that were taken: the network, its numbers and the surface go there too.';
  return h(
    'div',
    { class: 'timeline', 'data-tip': hint },
    h('span', { class: 'timeline-label', 'aria-hidden': 'true' }, 'Past'),
    range,
  );
}

/** The way to the epoch of the least validation error, once the descent has gone past it. */
function bestButton(page: Page): HTMLElement {
  const element = button('', () => void page.send({ do: 'best' }), '', 'soft best');
  page.store.on(['frame', 'curves'], ({ frame, curves }) => {
    const best = curves && frame && frame.lanes.length === 0 ? bestOf(curves) : null;
    element.hidden = !best?.rising || frame?.step === best.step;
    if (!best || element.hidden) return;
    say(element, `Back to epoch ${count(best.epoch)}, the best`);
    element.dataset.tip =
      `There the validation error was least: ${number(best.validation)}. Since ` +
      'then the network learns its rows by heart (overfitting).';
  });
  return element;
}

export function surfaceStage(page: Page): HTMLElement {
  const { host } = drawing(
    page,
    mountSurface,
    ['surface', 'frame', 'problem', 'relief'],
    ({ surface, frame, problem, relief }) => ({ view: surface, frame, problem, relief }),
  );
  host.dataset.view = 'surface';
  return framed('panel-surface', 'Error surface', [mapOrRelief(page)], host);
}

function mapOrRelief(page: Page): HTMLElement {
  const choice = (label: string, relief: boolean, hint: string) => {
    const element = button(label, () => page.store.set({ relief }), hint, 'segment');
    page.store.on(['relief'], (state) =>
      element.setAttribute('aria-pressed', String(state.relief === relief)),
    );
    return element;
  };
  return h(
    'div',
    { class: 'segments', role: 'group', 'aria-label': 'Show the surface as' },
    choice('Map', false, 'Seen from above: darker is a larger error.'),
    choice('3-D', true, 'As a landscape: higher is a larger error. Drag to turn it.'),
  );
}
