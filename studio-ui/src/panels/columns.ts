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
    boxes,
    start,
  );
  const element = h('details', { class: 'own-table', hidden: true }, title, fields);

  const refresh = (chosen: string[] | null = null) => {
    if (!columns) return;
    const others = columns.columns.filter(({ name }) => name !== target.element.value);
    say(kinds, columns.columns.find(({ name }) => name === target.element.value)?.about ?? '');
    fill(
      boxes,
      h('legend', {}, 'From'),
      ...others.map(({ name, about }) => check(name, about, chosen?.includes(name) ?? true)),
    );
  };
  const begin = async () => {
    const all = [...boxes.querySelectorAll('input')];
    const features = all.filter((box) => box.checked).map((box) => box.value);
    if (features.length === 0) return page.tell('Choose at least one column to predict from.', 'warning');
    const every = features.length === all.length;
    const reply = await page.set({
      data: 'own',
      target: target.element.value,
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
    target.show(chosen);
    refresh(features);
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

function check(name: string, about: string, checked: boolean): HTMLElement {
  return h(
    'label',
    { class: 'check', 'data-tip': about || null },
    h('input', { type: 'checkbox', value: name, checked }),
    h('span', {}, name),
  );
}
