/** A race: two or more optimizers go down the same surface from one start. */

import { button, numberBox } from '../controls';
import { fill, h } from '../html';
import { mountRace } from '../draw/race';
import type { Page, Panel } from '../page';
import type { Hello, Setup } from '../protocol';
import { folded } from './section';
import { drawing } from './frame';

interface Lane {
  name: string;
  box: HTMLInputElement;
  entry(): { label: string; optimizer: Setup['optimizer'] };
}

const AT_FIRST = new Set(['sgd', 'adam']);

export function racePanel(page: Page): Panel {
  const lanes: Lane[] = [];
  const list = h('fieldset', { class: 'checks lanes' });
  const start = button(
    'Start the race',
    () => void begin(),
    'Each begins at the same start weights and takes the same batches.',
    'primary wide',
  );
  const end = button('End the race', () => void page.send({ do: 'race', entries: [] }), '', 'soft wide');
  const { host } = drawing(page, mountRace, ['frame'], ({ frame }) => ({ frame }));
  host.classList.add('race-table');

  const begin = async () => {
    const entries = lanes.filter(({ box }) => box.checked).map((lane) => lane.entry());
    if (entries.length < 2) return page.tell('Choose at least two optimizers to race.', 'warning');
    const reply = await page.send({ do: 'race', entries });
    if (!reply.error) void page.send({ do: 'play' });
  };
  page.store.on(['hello'], ({ hello }) => {
    if (!hello) return;
    lanes.splice(0, lanes.length, ...hello.optimizers.map(laneOf));
    fill(
      list,
      h('legend', {}, 'Who races, at which learning rate'),
      ...lanes.map(({ box }) => box.closest('.lane')),
    );
  });
  page.store.on(['frame'], ({ frame }) => {
    const racing = (frame?.lanes.length ?? 0) > 0;
    end.hidden = !racing;
    host.hidden = !racing;
    start.textContent = racing ? 'Start the race anew' : 'Start the race';
    if (racing) element.open = true;
  });
  const about = h(
    'p',
    { class: 'words' },
    'Two or more optimizers go down the same error surface from the same start.',
  );
  const element = folded('Race', about, host, end, list, start);
  element.classList.add('race');
  return { element };
}

function laneOf({ name, label, settings }: Hello['optimizers'][number]): Lane {
  const usual = settings.find((setting) => setting.name === 'learning_rate')?.default;
  const box = h('input', { type: 'checkbox', value: name, checked: AT_FIRST.has(name) });
  let rate = typeof usual === 'number' ? usual : null;
  const rateBox = numberBox({ low: 0, high: 1e6 }, (value) => (rate = value));
  rateBox.element.setAttribute('aria-label', `${label}: learning rate`);
  if (rate !== null) rateBox.show(rate);
  h(
    'div',
    { class: 'lane' },
    h('label', { class: 'check' }, box, h('span', {}, label)),
    rate !== null && rateBox.element,
  );
  const entry = () => ({
    label: rate === null ? label : `${label}, η = ${rate}`,
    optimizer: rate === null ? { name } : { name, learning_rate: rate },
  });
  return { name, box, entry };
}
