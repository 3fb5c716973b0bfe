/** A quiet section of the rail of settings. */

import { h, unique, type Child } from '../html';

export function section(title: string, ...children: Child[]): HTMLElement {
  const heading = h('h2', { id: unique('section') }, title);
  return h('section', { class: 'section', 'aria-labelledby': heading.id }, heading, ...children);
}

/** One that is closed until it is wanted. */
export function folded(title: string, ...children: Child[]): HTMLDetailsElement {
  const heading = h('h2', {}, title);
  return h(
    'details',
    { class: 'section folded' },
    h('summary', {}, heading),
    h('div', { class: 'section-body' }, ...children),
  );
}
