/** The data: which table, what of it predicts what, how it is split and scaled. */

import { button, field, more, select, sliderField, toggle } from '../controls';
import { fill, h, say } from '../html';
import { count } from '../lib/numbers';
import type { Page, Panel } from '../page';
import type { ColumnsReply, Hello, Problem } from '../protocol';
import { type State, targetWords } from '../state';
import { readable } from '../words';
import { columnsChoice } from './columns';
import { section } from './section';
import { dropZone, filePicker, send } from './upload';

export function dataPanel(page: Page): Panel {
  const upload = (file: File) => void send(page, file, (columns) => choice.offer(columns));
  const picker = filePicker(upload);
  dropZone(upload);

  const which = select([], (name) => choose(page, name, (columns) => choice.offer(columns)));
  const about = h('p', { class: 'words' });
  const choice = columnsChoice(page);
  const crossed = toggle(
    'Add crossed features',
    'Adds x₁·x₂, x₁² and x₂²: with them a straight boundary can bend.',
    (on) => void page.set({ crossed: on }),
  );
  const sample = sampleFields(page);
  const split = splitFields(page);
  const notes = h('ul', { class: 'notes' });
  const scaling = scalingTable();

  page.store.on(['hello', 'problem'], (state) => {
    const { hello, problem } = state;
    if (!hello || !problem) return;
    which.offer(tables(hello, state));
    which.show(problem.setup.data);
    say(about, `${problem.data.about} Predicts ${targetWords(problem)}.`.trim());
    choice.show(problem);
    crossed.show(problem.setup.crossed);
    sample.show(problem, hello);
    split.show(problem);
    scaling.show(problem);
    fill(notes, ...problem.data.notes.map((note) => h('li', {}, note)));
    notes.hidden = problem.data.notes.length === 0;
  });

  const element = section(
    'Data',
    field(
      'Table',
      which.element,
      'Built-in examples, or a table of your own: a CSV file may be dropped anywhere on this page.',
    ),
    about,
    button(
      'Open a CSV file…',
      () => picker.click(),
      'Your own table: it stays on this computer. You can also drop the file anywhere on this page.',
      'soft wide',
    ),
    picker,
    choice.element,
    split.bar,
    notes,
    sample.element,
    crossed.element,
    more('Split, columns and scaling', split.element, scaling.element),
  );
  return { element };
}

function tables(hello: Hello, { problem }: Readonly<State>) {
  const samples = hello.samples.map(({ name }) => ({ value: name, label: readable(name) }));
  const origin = problem?.origin;
  if (origin === 'own') samples.unshift({ value: 'own', label: problem!.data.name });
  if (origin === 'model') samples.unshift({ value: 'model', label: `${problem!.data.name} (model)` });
  return samples;
}

async function choose(page: Page, name: string, offer: (columns: ColumnsReply) => void): Promise<void> {
  if (name !== 'own') return void page.set({ data: name });
  const reply = await page.send({ do: 'columns' });
  if (reply.columns) offer(reply.columns);
}

/** How many rows of a sample, and the noise of one that is made by a formula. */
function sampleFields(page: Page) {
  const rows = sliderField(
    'Rows',
    { low: 20, high: 2000, log: true, typed: { low: 4, high: 1e5, step: 1 } },
    'How many rows there are: made by a rule, or drawn at random from a table.',
    (value) => void page.set({ rows: Math.round(value) }),
  );
  const noise = sliderField(
    'Noise',
    { low: 0, high: 0.5, step: 0.01, typed: { low: 0, high: 10 } },
    'How far the rows are scattered at random about their rule.',
    (value) => void page.set({ noise: value }),
  );
  const element = h('div', { class: 'fields' }, rows.element, noise.element);
  const show = ({ setup }: Problem, { samples }: Hello) => {
    const sample = samples.find(({ name }) => name === setup.data);
    element.hidden = !sample;
    if (!sample) return;
    rows.show(setup.rows ?? sample.rows);
    noise.element.hidden = sample.noise === null;
    if (sample.noise !== null) noise.show(setup.noise ?? sample.noise);
  };
  return { element, show };
}

/** The shares of rows for training, validation and test, as a bar and as numbers. */
function splitFields(page: Page) {
  const validation = sliderField(
    'Validation share',
    { low: 0, high: 0.5, step: 0.05, typed: { low: 0, high: 0.9 } },
    'The share of training rows that is held out, to see how the network does on rows that it does not learn from.',
    (value) => void page.set({ validation: value }),
  );
  const test = sliderField(
    'Test share',
    { low: 0, high: 0.5, step: 0.05, typed: { low: 0, high: 0.9 } },
    'The share of rows kept for a last judgement: the page never looks at them.',
    (value) => void page.set({ test: value }),
  );
  const standardize = toggle(
    'Standardize inputs',
    'Each input to mean 0 and standard deviation 1, so that one learning rate fits all of them.',
    (on) => void page.set({ standardize: on }),
  );
  const element = h('div', { class: 'fields' }, validation.element, test.element, standardize.element);
  const parts = (['train', 'validation', 'test'] as const).map((name) => ({
    name,
    bar: h('span', { class: `split-${name}` }),
  }));
  const text = h('p', { class: 'words' });
  const bar = h(
    'div',
    { class: 'split' },
    h('div', { class: 'split-bar', 'aria-hidden': 'true' }, ...parts.map((part) => part.bar)),
    text,
  );
  const show = (problem: Problem) => {
    const { rows } = problem.data;
    for (const part of parts) part.bar.style.flexGrow = String(rows[part.name]);
    const said = [`${count(rows.train)} rows to learn from`];
    if (rows.validation) said.push(`${count(rows.validation)} to check`);
    if (rows.test) said.push(`${count(rows.test)} kept for a test`);
    say(text, said.join(', '));
    validation.show(problem.setup.validation);
    test.show(problem.setup.test);
    standardize.show(problem.setup.standardize);
  };
  return { element, bar, show };
}

/** What becomes of each column, in words and with its numbers. */
function scalingTable() {
  const list = h('dl', { class: 'columns' });
  const show = (problem: Problem) => {
    fill(
      list,
      ...problem.data.columns.flatMap(({ name, role, about, scaling }) => [
        h('dt', {}, name, h('span', { class: 'role' }, role)),
        h('dd', {}, [about, scaling].filter(Boolean).join(' · ')),
      ]),
    );
  };
  return { element: list, show };
}
