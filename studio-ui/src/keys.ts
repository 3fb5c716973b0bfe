/** The keyboard: one key for each thing that is done often. */

import type { Page } from './page';
import { toggle } from './panels/transport';

export interface Shortcut {
  key: string; // as KeyboardEvent.key has it
  shown: string;
  does: string;
  run(page: Page): void;
}

export const SHORTCUTS: Shortcut[] = [
  { key: ' ', shown: 'Space', does: 'Play or pause', run: toggle },
  {
    key: 'ArrowRight',
    shown: '→',
    does: 'One batch on',
    run: (page) => void page.send({ do: 'step', of: 'batch' }),
  },
  {
    key: 'ArrowLeft',
    shown: '←',
    does: 'One step back',
    run: (page) => void page.send({ do: 'back', of: 'step' }),
  },
  {
    key: 'Shift+ArrowLeft',
    shown: 'Shift ←',
    does: 'One epoch back',
    run: (page) => void page.send({ do: 'back', of: 'epoch' }),
  },
  {
    key: 'x',
    shown: 'X',
    does: 'One example on',
    run: (page) => void page.send({ do: 'step', of: 'example' }),
  },
  {
    key: 'e',
    shown: 'E',
    does: 'One epoch on',
    run: (page) => void page.send({ do: 'step', of: 'epoch' }),
  },
  {
    key: 'r',
    shown: 'R',
    does: 'Restart with the same start weights',
    run: (page) => void page.send({ do: 'restart' }),
  },
  {
    key: 'n',
    shown: 'N',
    does: 'Restart with new start weights',
    run: (page) => void page.send({ do: 'reseed' }),
  },
  { key: 'b', shown: 'B', does: 'Back to the best epoch', run: (page) => void page.send({ do: 'best' }) },
  {
    key: '3',
    shown: '3',
    does: 'Surface as map or in 3-D',
    run: ({ store }) => store.set({ relief: !store.state.relief }),
  },
];

export function beginKeys(page: Page, help: () => void): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector('dialog[open]') || usesKeys(event.target as Element, event.key)) return;
    if (event.key === '?') return help();
    const found = shortcut(event.key, event.shiftKey);
    if (!found) return;
    event.preventDefault();
    found.run(page);
  });
}

/** The shortcut of a key; letters count whether large or small. */
export function shortcut(key: string, shift: boolean): Shortcut | undefined {
  const name = key.length === 1 ? key.toLowerCase() : `${shift ? 'Shift+' : ''}${key}`;
  return SHORTCUTS.find((each) => each.key === name);
}

/** Whether what has the focus needs the key for itself. */
function usesKeys(target: Element, key: string): boolean {
  if (target.matches('input:not([type=checkbox], [type=range]), select, textarea, [contenteditable]'))
    return true;
  if (key === ' ' && target.matches('button, a, summary, input, [role=button], [role=tab]')) return true;
  return key.startsWith('Arrow') && target.matches('[type=range], [role=tab], .drawing *, .code');
}
