/** Tabs as the WAI-ARIA patterns describe them: arrows move among them, one is in the order of focus. */

import { h, unique } from '../html';

export interface Tab<Name extends string> {
  name: Name;
  label: string;
  hint: string;
  panel: HTMLElement;
}

export function tabs<Name extends string>(label: string, all: Tab<Name>[], chosen: (name: Name) => void) {
  const buttons = all.map(({ name, label: text, hint, panel }) => {
    panel.id ||= unique('tab-panel');
    panel.setAttribute('role', 'tabpanel');
    const button = h(
      'button',
      {
        type: 'button',
        role: 'tab',
        class: 'tab',
        id: unique('tab'),
        'aria-controls': panel.id,
        'data-tip': hint,
        onclick: () => chosen(name),
      },
      text,
    );
    panel.setAttribute('aria-labelledby', button.id);
    return button;
  });
  const list = h('div', { class: 'tabs', role: 'tablist', 'aria-label': label }, ...buttons);

  list.addEventListener('keydown', (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const open = buttons.filter((button) => !button.hidden);
    const at = open.indexOf(document.activeElement as HTMLButtonElement);
    const next = open[(at + by + open.length) % open.length];
    next.focus();
    next.click();
  });

  /** Shows one of them, and hides the tabs that do not fit what there is. */
  const show = (name: Name, offered: ReadonlySet<Name>, labels: Partial<Record<Name, string>> = {}) => {
    all.forEach((tab, at) => {
      const open = tab.name === name;
      buttons[at].hidden = !offered.has(tab.name);
      buttons[at].textContent = labels[tab.name] ?? tab.label;
      buttons[at].setAttribute('aria-selected', String(open));
      buttons[at].tabIndex = open ? 0 : -1;
      tab.panel.hidden = !open;
    });
  };
  return { element: list, show };
}
