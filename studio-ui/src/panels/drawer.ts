/** Below the drawings: the formula of the element in focus, and the Python of all that was done. */

import { button, iconButton } from '../controls';
import { fill, h } from '../html';
import { mountFormula } from '../draw/formula';
import type { Page } from '../page';
import { drawing, framed } from './frame';

export function formulaStage(page: Page): HTMLElement {
  const { host } = drawing(
    page,
    mountFormula,
    ['detail', 'problem', 'focus'],
    ({ detail, problem, focus }) => ({ detail, problem, focus }),
  );
  for (const [name, value] of [
    ['tabindex', '0'],
    ['role', 'group'],
    ['aria-label', 'Formula'],
  ])
    host.setAttribute(name, value);
  return framed('panel-formula', 'Formula', [rowChoice(page)], host);
}

/** Which training row the numbers of the formula are of. */
function rowChoice(page: Page): HTMLElement {
  const text = h('span', { class: 'panel-note' });
  const go = (by: number) => {
    const { detail, problem, focus } = page.store.state;
    if (!detail || !problem) return;
    const rows = problem.data.rows.train;
    void page.send({ do: 'watch', element: focus, row: (detail.row + by + rows) % rows });
  };
  const element = h(
    'div',
    { class: 'row-choice', hidden: true },
    iconButton('minus', 'The row before', () => go(-1)),
    text,
    iconButton('plus', 'The next row', () => go(1)),
  );
  page.store.on(['detail', 'focus'], ({ detail, focus }) => {
    element.hidden = detail === null || focus === null;
    if (detail) text.textContent = `row ${detail.row + 1}`;
  });
  return element;
}

export function codeStage(page: Page): HTMLElement {
  const list = h('ol', { class: 'code-lines' });
  const box = h('div', { class: 'code', tabindex: 0, role: 'group', 'aria-label': 'Python code' }, list);
  const copy = button('Copy', () => void copied(page), 'Copies the whole program.', 'soft');
  let shown: string[] = [];
  page.store.on(['code'], ({ code }) => {
    const same = code.findIndex((line, at) => line !== shown[at]);
    const from = same < 0 ? Math.min(code.length, shown.length) : same;
    const kept = [...list.children].slice(0, from);
    fill(list, ...kept, ...code.slice(from).map(codeLine));
    shown = code;
    box.scrollTop = box.scrollHeight;
  });
  new ResizeObserver(() => (box.scrollTop = box.scrollHeight)).observe(box); // also when it comes in sight
  return framed('panel-code', 'The same in Python', [copy], box);
}

function codeLine(line: string): HTMLLIElement {
  const comment = /^(.*?)(\s*#.*)$/.exec(line);
  if (!comment || /["']/.test(comment[1])) return h('li', {}, h('code', {}, line || ' '));
  return h('li', {}, h('code', {}, comment[1], h('span', { class: 'comment' }, comment[2])));
}

async function copied(page: Page): Promise<void> {
  await page.settled();
  try {
    await navigator.clipboard.writeText(`${page.store.state.code.join('\n')}\n`);
    page.tell('The program is in the clipboard.');
  } catch {
    page.tell(
      'The browser does not let this page write to the clipboard. Use Export, Python program.',
      'warning',
    );
  }
}
