/** Play, steps, back, and where the descent is: the bar that is always in sight. */

import { button, iconButton } from '../controls';
import { h, say } from '../html';
import { draw, icon } from '../icons';
import { latest } from '../latest';
import { compact, count, number, percent } from '../lib/numbers';
import type { Page, Panel } from '../page';
import type { Frame } from '../protocol';

/** Steps a second that one may choose; null: as fast as the machine can. */
export const SPEEDS: (number | null)[] = [1, 2, 5, 10, 30, 100, 1000, 10000, null];

export function transportPanel(page: Page): Panel {
  const element = h(
    'div',
    { class: 'transport', role: 'group', 'aria-label': 'Descent' },
    playButton(page),
    steps(page),
    back(page),
    speed(page),
  );
  return { element };
}

/** Below it an R² says only that all is lost; its digits would need a line of their own. */
const WORST = -999;

function playButton(page: Page): HTMLButtonElement {
  const picture = icon('play');
  const text = h('span', {}, 'Play');
  const element = h(
    'button',
    {
      type: 'button',
      class: 'button primary play',
      onclick: () => toggle(page),
      'data-tip': 'Start or pause the descent (space)',
    },
    picture,
    text,
  );
  page.store.on(['frame', 'standing'], ({ frame, standing }) => {
    const running = frame?.running ?? false;
    say(text, running ? 'Pause' : 'Play');
    draw(picture, running ? 'pause' : 'play');
    element.disabled = standing.is !== 'open' || frame === null;
  });
  return element;
}

export function toggle(page: Page): void {
  void page.send({ do: page.store.state.frame?.running ? 'pause' : 'play' });
}

function steps(page: Page): HTMLElement {
  const step = (of: 'example' | 'batch' | 'epoch') => () => void page.send({ do: 'step', of });
  return h(
    'div',
    { class: 'group group-step', role: 'group', 'aria-label': 'Go on by' },
    named(
      button('Example', step('example'), 'One step on a single training row.', 'quiet'),
      'Step: one example',
    ),
    named(button('Batch', step('batch'), 'One step on one batch of rows (→).', 'quiet'), 'Step: one batch'),
    named(
      button('Epoch', step('epoch'), 'Once through all training rows (E).', 'quiet'),
      'Step: one epoch',
    ),
  );
}

function back(page: Page): HTMLElement {
  return h(
    'div',
    { class: 'group group-back', role: 'group', 'aria-label': 'Go back' },
    iconButton(
      'farBack',
      'Back one epoch',
      () => void page.send({ do: 'back', of: 'epoch' }),
      'Back to the end of the epoch before (Shift ←)',
    ),
    iconButton(
      'back',
      'Back one step',
      () => void page.send({ do: 'back', of: 'step' }),
      'Undo the last step exactly (←)',
    ),
    iconButton(
      'restart',
      'Restart',
      () => void page.send({ do: 'restart' }),
      'Begin again from the same start weights (R)',
    ),
    iconButton(
      'dice',
      'New start weights',
      () => void page.send({ do: 'reseed' }),
      'Begin again from new start weights, drawn at random (N)',
    ),
  );
}

function speed(page: Page): HTMLElement {
  const out = h('output', { class: 'speed-text', for: 'speed' });
  const range = h('input', {
    type: 'range',
    id: 'speed',
    class: 'range',
    min: 0,
    max: SPEEDS.length - 1,
    value: SPEEDS.length - 1,
  });
  const ask = latest((steps: number | null) => page.send({ do: 'speed', steps_per_second: steps }));
  let held = false;
  let told: number | null | undefined;
  const words = (value: number | null) => {
    told = value;
    const text = value === null ? 'full speed' : `${exactly(value)} step${value === 1 ? '' : 's'}/s`;
    say(out, text);
    range.setAttribute('aria-valuetext', text);
  };
  range.addEventListener('input', () => {
    held = true;
    words(SPEEDS[range.valueAsNumber]);
    ask(SPEEDS[range.valueAsNumber]);
  });
  range.addEventListener('change', () => (held = false));
  page.store.on(['frame'], ({ frame }) => {
    if (!frame || held || frame.speed === undefined) return;
    if (frame.speed === told) return;
    range.value = String(nearest(frame.speed));
    words(frame.speed);
  });
  words(null);
  const hint = 'How many steps a second the descent takes while it plays.';
  return h('div', { class: 'speed', 'data-tip': hint }, h('label', { for: 'speed' }, 'Speed'), range, out);
}

function exactly(speed: number): string {
  return Number.isInteger(speed) ? count(speed) : compact(speed);
}

/** The place of the speed that is nearest, by its ratio. */
function nearest(speed: number | null): number {
  if (speed === null) return SPEEDS.length - 1;
  const far = SPEEDS.map((each) => (each === null ? Infinity : Math.abs(Math.log(each / speed))));
  return far.indexOf(Math.min(...far));
}

function named(element: HTMLButtonElement, label: string): HTMLButtonElement {
  element.setAttribute('aria-label', label);
  return element;
}

/** The numbers that tell how it goes; large, and without a jump of their width. */
export function countersPanel(page: Page): Panel {
  const cell = (label: string, tip: string, kind = '') => {
    const value = h('dd', {}, '–');
    const [first, ...rest] = label.split(' ');
    const name = h('dt', {}, first, h('span', { class: 'wide-only' }, ...rest.map((word) => ` ${word}`)));
    return { element: h('div', { class: `counter ${kind}`, 'data-tip': tip }, name, value), name, value };
  };
  const epoch = cell(
    'Epoch',
    'An epoch is one way through all training rows; this is the one of the last step.',
  );
  const step = cell('Step', 'How many steps were taken: one for each batch.');
  const train = cell('Training error', 'The error E of the training rows at the present weights.', 'train');
  const validation = cell(
    'Validation error',
    'The error of the rows that are held out: the network does not learn from them.',
    'validation',
  );
  const score = cell(
    'Score',
    'Accuracy: the share of rows that are classed rightly. R²: the share of the variance that is ' +
      'explained. Blue dot: training rows. Orange dot: validation rows, where there are some.',
  );
  const shares = (['train', 'validation'] as const).map((rows) => {
    const value = h('span', {}, '–');
    const name = h('span', { class: 'hidden' }, rows === 'train' ? 'training ' : 'validation ');
    return { element: h('span', { class: `share ${rows}` }, name, value), value, rows };
  });
  score.value.replaceChildren(...shares.map(({ element }) => element));
  const state = h('p', { class: 'hidden', role: 'status' });

  page.store.on(['frame'], ({ frame }) => {
    if (!frame) return;
    const race = frame.lanes.map((lane) => lane.step);
    say(step.value, count(race.length ? Math.max(...race) : frame.step));
    for (const { element } of [epoch, train, score]) element.hidden = race.length > 0; // the race's table tells
    say(epoch.value, count(frame.epoch));
    say(train.value, number(frame.error, 3));
    validation.element.hidden = race.length > 0 || frame.validation_error === null;
    if (frame.validation_error !== null) say(validation.value, number(frame.validation_error, 3));
    say(score.name.firstChild as Text, scoreName(frame.score.name));
    for (const { element, value, rows } of shares) {
      const known = frame.score[rows] !== null;
      element.hidden = rows === 'validation' && !known;
      say(value, known ? scoreText(frame, frame.score[rows]) : '–');
    }
    if (!frame.running)
      say(
        state,
        `${frame.stopped ?? 'Paused'}. Epoch ${frame.epoch}, training error ${number(frame.error)}.`,
      );
    else say(state, 'The descent is running.');
  });
  const cells = [epoch, step, train, validation, score];
  return {
    element: h('div', { class: 'counters' }, h('dl', {}, ...cells.map(({ element }) => element)), state),
  };
}

function scoreName(name: string): string {
  return name.toLowerCase() === 'accuracy' ? 'Accuracy' : name;
}

function scoreText(frame: Frame, value: number | null): string {
  if (frame.score.name.toLowerCase() === 'accuracy') return percent(value);
  return value !== null && value < WORST ? `< ${number(WORST, 3)}` : number(value, 3);
}
