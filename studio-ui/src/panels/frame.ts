/** A frame around a drawing: its title, its tools, and room that the drawing fills. */

import { h, unique, type Child } from '../html';
import type { Mount, View } from '../lib/view';
import type { Page } from '../page';
import type { State } from '../state';

/** `kind` names the part of the layout that it takes. */
export function framed(kind: string, title: string, tools: Child[], ...parts: Child[]): HTMLElement {
  const heading = h('h2', { id: unique('panel') }, title);
  const head = h('header', { class: 'panel-head' }, heading, h('div', { class: 'panel-tools' }, ...tools));
  return h('section', { class: `panel ${kind}`, 'aria-labelledby': heading.id }, head, ...parts);
}

/** A drawing that is shown what `pick` takes of the state, while it can be seen. */
export function drawing<T>(
  page: Page,
  mount: Mount<T>,
  keys: (keyof State)[],
  pick: (state: Readonly<State>) => T,
): { host: HTMLElement; view: View<T> } {
  const host = h('div', { class: 'drawing' });
  const view = mount(host, page);
  let seen = false; // told by the observer: to ask the host would lay out the page at every frame
  const show = () => {
    if (seen) view.show(pick(page.store.state));
  };
  page.store.on(keys, show);
  new ResizeObserver(([{ contentRect }]) => {
    seen = contentRect.width > 0;
    view.resize?.();
    show();
  }).observe(host);
  onLook(() => {
    view.resize?.();
    show();
  });
  return { host, view };
}

const lookers: (() => void)[] = [];

/** Called when colours or sizes of the whole page change. */
function onLook(changed: () => void): void {
  lookers.push(changed);
}

export function looked(): void {
  for (const tell of lookers) tell();
}
