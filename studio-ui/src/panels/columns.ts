/** Of a table of one's own: which column to predict, from which others. */

import { button, field, select } from '../controls';
import { fill, h, say } from '../html';
import { count } from '../lib/numbers';
import type { Page } from '../page';
import type { ColumnsReply, Problem } from '../protocol';

export function columnsChoice(page: Page) {
  let columns: ColumnsReply | null = null;
  const title = h('summary', {});
  const target = select([], () => refresh());
  const also = h('fieldset', { class: 'checks' });
  const boxes = h('fieldset', { class: 'checks' });
  const kinds = h('p', { class: 'words' });
  const start = button(
    'Use this table',
    () => void begin(),
    'Begins a new descent on these columns.',
    'primary wide',
  );
  const fields = h(
    'div',
    { class: 'more-body' },
    field('Predict', target.element, 'The column whose values the network learns to say.'),
    kinds,
    also,
    boxes,
    start,
  );
  const element = h('details', { class: 'own-table', hidden: true }, title, fields);

  const refresh = (chosen: string[] | null = null, besides: string[] = []) => {
    if (!columns) return;
    const first = columns.columns.find(({ name }) => name === target.element.value);
    const others = columns.columns.filter((each) => each !== first);
    say(kinds, first?.about ?? '');
    const numbers = first?.number ? others.filter((each) => each.number) : [];
    also.hidden = numbers.length === 0;
    fill(
      also,
      h('legend', {}, 'And with it, each by an output of its own'),
      ...numbers.map(({ name, about }) => check(name, about, besides.includes(name), exclude)),
    );
    fill(
      boxes,
      h('legend', {}, 'From'),
      ...others.map(({ name, about }) => check(name, about, chosen?.includes(name) ?? true)),
    );
    exclude();
  };
  /** What is predicted is no input. */
  const exclude = () => {
    const predicted = ticked(also);
    for (const box of boxes.querySelectorAll('input')) {
      box.disabled = predicted.includes(box.value);
      (box.parentElement as HTMLElement).hidden = box.disabled;
    }
  };
  const begin = async () => {
    const features = ticked(boxes);
    if (features.length === 0) return page.tell('Choose at least one column to predict from.', 'warning');
    const every = features.length === boxes.querySelectorAll('input:enabled').length;
    const reply = await page.set({
      data: 'own',
      target: [target.element.value, ...ticked(also)].join(', '),
      features: every ? null : features,
    });
    if (!reply.error) element.open = false;
  };
  const describe = (offered: ColumnsReply, chosen: string, features: string[] | null) => {
    columns = offered;
    say(title, `${offered.name}: ${count(offered.rows)} rows, ${offered.columns.length} columns`);
    target.offer(
      offered.columns.filter((each) => each.target).map(({ name }) => ({ value: name, label: name })),
    );
    const [first, ...besides] = named(chosen, offered);
    target.show(first);
    refresh(features, besides);
    element.hidden = false;
  };
  const offer = (offered: ColumnsReply) => {
    describe(offered, offered.suggested, null);
    element.open = true;
    element.scrollIntoView({ block: 'nearest' });
    target.element.focus();
  };
  /** A table that the server has already, as after a reload: its columns are asked for once. */
  const show = (problem: Problem) => {
    if (problem.origin !== 'own' || columns) return;
    columns = { name: problem.data.name, rows: 0, columns: [], suggested: problem.setup.target };
    void page.send({ do: 'columns' }).then((reply) => {
      if (reply.columns) describe(reply.columns, problem.setup.target, problem.setup.features);
    });
  };
  return { element, offer, show };
}

/** The columns of a target: one whose name may hold commas, or several with commas between them. */
function named(target: string, { columns }: ColumnsReply): string[] {
  return columns.some(({ name }) => name === target) ? [target] : target.split(',').map((name) => name.trim());
}

function ticked(set: HTMLElement): string[] {
  const all = [...set.querySelectorAll<HTMLInputElement>('input:enabled')];
  return all.filter((box) => box.checked).map((box) => box.value);
}

function check(name: string, about: string, checked: boolean, onchange?: () => void): HTMLElement {
  return h(
    'label',
    { class: 'check', 'data-tip': about || null },
    h('input', { type: 'checkbox', value: name, checked, onchange }),
    h('span', {}, name),
  );
}
