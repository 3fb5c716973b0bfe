/** The descent: optimizer, learning rate, batches, schedule. All of it may change while it runs. */

import { button, field, more, numberBox, select, sliderField, toggle, type Control } from '../controls';
import { fill, h } from '../html';
import type { Page, Panel } from '../page';
import type { Hello, Setting, Setup } from '../protocol';
import { aboutOptimizer, readable } from '../words';
import { section } from './section';

const RATE = { low: 1e-5, high: 10, log: true, typed: { low: 0, high: 1e6 } };
const BATCHES = [1, 8, 16, 32, 64, 128];

export function descentPanel(page: Page): Panel {
  const set = (changes: Partial<Setup>) => void page.set(changes);
  const setting = (name: string, value: unknown) => {
    const { problem } = page.store.state;
    if (problem) set({ optimizer: { ...problem.setup.optimizer, [name]: value } });
  };

  const about = h('p', { class: 'words' });
  const optimizer = select([], (name) => set({ optimizer: sameRate(page, name) }));
  const rate = sliderField(
    'Learning rate η',
    RATE,
    'How far each step goes. Too small: slow. Too large: the error grows instead of falling.',
    (value) => setting('learning_rate', value),
  );
  const settings = h('div', { class: 'fields' });
  const rare = more('More of this optimizer');
  const batch = batchField(set);
  const schedule = select([], (name) => set({ schedule: name }));
  const epochs = numberBox({ low: 1, high: 1e6, step: 1 }, (value) => set({ epochs: value }));

  let described: Hello | null = null;
  let named = '';
  let controls: Record<string, Control<never>> = {};
  page.store.on(['hello', 'problem'], ({ hello, problem }) => {
    if (!hello || !problem) return;
    if (hello !== described) {
      described = hello;
      optimizer.offer(
        hello.optimizers.map(({ name, label }) => ({
          value: name,
          label: name === 'sgd' ? readable(name) : label,
        })),
      );
      schedule.offer(hello.schedules.map(({ name }) => ({ value: name, label: readable(name) })));
    }
    const { setup } = problem;
    const kind = hello.optimizers.find(({ name }) => name === setup.optimizer.name);
    if (kind && kind.name !== named) {
      named = kind.name;
      about.textContent = aboutOptimizer(kind.name);
      controls = optimizerFields(kind.settings, setting, settings, rare);
    }
    const rated = kind?.settings.some(({ name }) => name === 'learning_rate') ?? true;
    rate.element.hidden = !rated;
    optimizer.show(setup.optimizer.name);
    if (rated)
      rate.show(Number(setup.optimizer.learning_rate ?? defaultOf(kind?.settings, 'learning_rate')));
    for (const [name, control] of Object.entries(controls)) {
      control.show((setup.optimizer[name] ?? defaultOf(kind?.settings, name)) as never);
    }
    batch.show(setup.batch_size, problem.data.rows.train);
    schedule.show(scheduleName(setup.schedule));
    epochs.show(setup.epochs);
  });

  const element = section(
    'Descent',
    field(
      'Optimizer',
      optimizer.element,
      'The rule that turns a gradient into a step. It may change while the descent runs.',
    ),
    about,
    rate.element,
    settings,
    batch.element,
    more(
      'More about the descent',
      rare,
      field('Schedule', schedule.element, 'How the learning rate changes over the epochs.'),
      field(
        'Epochs',
        epochs.element,
        'Where the descent ends by itself. One epoch goes through all training rows once.',
      ),
    ),
  );
  return { element };
}

/** Another optimizer keeps the rate that was set only where both know what it means. */
function sameRate(page: Page, name: string): Setup['optimizer'] {
  const rate = page.store.state.problem?.setup.optimizer.learning_rate;
  const settings = page.store.state.hello?.optimizers.find((each) => each.name === name)?.settings;
  const usual = defaultOf(settings, 'learning_rate');
  const plain = new Set(['sgd']);
  const keeps = plain.has(name) && plain.has(String(page.store.state.problem?.setup.optimizer.name));
  if (usual === undefined) return { name };
  return { name, learning_rate: keeps ? rate : usual };
}

function defaultOf(settings: Setting[] | undefined, name: string): Setting['default'] | undefined {
  return settings?.find((each) => each.name === name)?.default;
}

/** One control for each setting: what has limits near the top, the finer ones behind a word. */
function optimizerFields(
  settings: Setting[],
  changed: (name: string, value: unknown) => void,
  main: HTMLElement,
  rare: HTMLDetailsElement,
): Record<string, Control<never>> {
  const controls: Record<string, Control<never>> = {};
  const others = settings.filter(({ name }) => name !== 'learning_rate');
  const isMain = ({ name }: Setting) => name === 'momentum' || name === 'beta1';
  for (const each of others) {
    controls[each.name] = settingControl(each, (value) => changed(each.name, value)) as Control<never>;
  }
  const elements = (chosen: Setting[]) => chosen.map(({ name }) => controls[name].element);
  fill(main, ...elements(others.filter(isMain)));
  fill(rare.querySelector('.more-body')!, ...elements(others.filter((each) => !isMain(each))));
  rare.hidden = others.every(isMain);
  return controls;
}

function settingControl(setting: Setting, changed: (value: unknown) => void): Control<never> {
  const { name, about, low, high } = setting;
  const label = readable(name);
  if (typeof setting.default === 'boolean') return toggle(label, about, changed) as Control<never>;
  if (typeof setting.default === 'string') return textField(label, about, changed) as Control<never>;
  const bounds = { low: low ?? -1e12, high: high ?? 1e12 };
  if (low !== null && high !== null && high <= 1) {
    return sliderField(label, { low, high }, about, changed) as Control<never>;
  }
  const box = numberBox(bounds, changed);
  return { element: field(label, box.element, about), show: box.show } as Control<never>;
}

function textField(label: string, about: string, changed: (value: string) => void): Control<string> {
  const input = h('input', { type: 'text', class: 'text', onchange: () => changed(input.value) });
  const show = (value: string) => {
    if (document.activeElement !== input) input.value = value;
  };
  return { element: field(label, input, about), show };
}

function scheduleName(schedule: Setup['schedule']): string {
  return typeof schedule === 'string' ? schedule : String(schedule.name ?? 'constant');
}

/** The size of a batch: usual ones by a click, any by typing. */
function batchField(set: (changes: Partial<Setup>) => void) {
  const box = numberBox({ low: 1, high: 1e9, step: 1 }, (value) => set({ batch_size: value }));
  const one = button(
    'One',
    () => set({ batch_size: 1 }),
    'One row a step: noisy, but many steps an epoch.',
    'chip',
  );
  const all = button(
    'All',
    () => set({ batch_size: 0 }),
    'All rows a step: the true gradient, one step an epoch.',
    'chip',
  );
  const known = h('datalist', { id: 'usual-batches' }, ...BATCHES.map((value) => h('option', { value })));
  box.element.setAttribute('list', known.id);
  const hint = 'How many training rows make up one step (one batch).';
  const element = field('Rows in a batch', box.element, hint);
  const row = h('div', { class: 'row' });
  box.element.replaceWith(row);
  row.append(box.element, one, all, known);
  const show = (size: number, rows: number) => {
    box.show(size === 0 ? rows : size);
    one.setAttribute('aria-pressed', String(size === 1));
    all.setAttribute('aria-pressed', String(size === 0 || size >= rows));
  };
  return { element, show };
}
