/** Light or dark, and the large type of a lecture hall. Kept by the browser for the next time. */

import { iconButton } from './controls';
import { draw } from './icons';
import { keep, kept } from './kept';

const LOOK = 'fallline-look';
const CLASSROOM = 'fallline-classroom';

/** Before anything is drawn: what was chosen last, or what the system prefers. */
export function beginLook(root: HTMLElement, changed: () => void): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    root.dataset.look = kept(LOOK) ?? (prefersDark(dark.matches) ? 'dark' : 'light');
    changed();
  };
  dark.addEventListener('change', apply);
  if (kept(CLASSROOM)) root.dataset.classroom = '';
  apply();
}

export function lookButton({ dataset }: HTMLElement, changed: () => void): HTMLElement {
  const isDark = () => dataset.look === 'dark';
  const element = iconButton('moon', 'Dark look', () => {
    dataset.look = isDark() ? 'light' : 'dark';
    keep(LOOK, dataset.look);
    show();
    changed();
  });
  const show = () => {
    const label = isDark() ? 'Light look' : 'Dark look';
    element.setAttribute('aria-label', label);
    element.dataset.tip = label;
    draw(element.querySelector('svg')!, isDark() ? 'sun' : 'moon');
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);
  show();
  return element;
}

export function classroomButton({ dataset }: HTMLElement, changed: () => void): HTMLElement {
  const element = iconButton(
    'letters',
    'Classroom: large type',
    () => {
      const on = dataset.classroom === undefined;
      if (on) dataset.classroom = '';
      else delete dataset.classroom;
      keep(CLASSROOM, on ? 'on' : null);
      show();
      changed();
    },
    'Large type, to be read from the last row',
  );
  const show = () => element.setAttribute('aria-pressed', String(dataset.classroom !== undefined));
  show();
  element.classList.add('classroom');
  return element;
}

/** A notebook has a look of its own, whatever the system prefers. */
function prefersDark(system: boolean): boolean {
  const { dataset, classList } = document.body;
  if (dataset.jpThemeLight !== undefined) return dataset.jpThemeLight === 'false';
  if (classList.contains('vscode-light')) return false;
  return classList.contains('vscode-dark') || system;
}
