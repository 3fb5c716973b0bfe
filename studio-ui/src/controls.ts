/** The controls of the panels: each has a label, a hint, and shows what the server says it is. */

import { fill, h, say, unique, type Child } from './html';
import { icon, type IconName } from './icons';
import { fromSlider, STEPS, toSlider, type Span } from './scale';

export interface Control<T> {
  element: HTMLElement;
  /** Shows a value, unless a person is just changing it. */
  show(value: T): void;
}

export interface Choice {
  value: string;
  label: string;
  hint?: string;
}

/** A label over a control, with a hint for the pointer, the focus and screen readers. */
export function field(label: string, control: HTMLElement, hint: string, ...beside: Child[]): HTMLElement {
  const id = (control.id ||= unique('field'));
  const about = h('span', { id: unique('hint'), class: 'hidden' }, hint);
  control.setAttribute('aria-describedby', about.id);
  const head = h('div', { class: 'field-head' }, h('label', { for: id }, label), ...beside);
  return h('div', { class: 'field', 'data-tip': hint }, head, control, about);
}

export function button(label: string, onclick: () => void, hint = '', kind = 'plain'): HTMLButtonElement {
  return h('button', { type: 'button', class: `button ${kind}`, onclick, 'data-tip': hint || null }, label);
}

/** A button that shows a pictogram; its label is read out, and shown with its hint. */
export function iconButton(
  name: IconName,
  label: string,
  onclick: () => void,
  hint = label,
): HTMLButtonElement {
  const attributes = {
    type: 'button',
    class: 'button quiet icon-button',
    'aria-label': label,
    'data-tip': hint,
    onclick,
  };
  return h('button', attributes, icon(name));
}

export function select(
  choices: Choice[],
  changed: (value: string) => void,
): Control<string> & {
  element: HTMLSelectElement;
  offer(choices: Choice[]): void;
} {
  const element = h('select', { class: 'select', onchange: () => changed(element.value) });
  const offer = (offered: Choice[]) => {
    const chosen = element.value;
    fill(element, ...offered.map(({ value, label }) => h('option', { value }, label)));
    if (offered.some(({ value }) => value === chosen)) element.value = chosen;
  };
  offer(choices);
  const show = (value: string) => {
    if (![...element.options].some((option) => option.value === value)) {
      element.append(h('option', { value }, value)); // a value of elsewhere, as from a link
    }
    if (element.value !== value) element.value = value;
  };
  return { element, show, offer };
}

export interface Limits {
  low: number;
  high: number;
  step?: number;
}

/** A number that is typed; what is no number within the limits is put back. */
export function numberBox(
  limits: Limits,
  changed: (value: number) => void,
): Control<number> & {
  element: HTMLInputElement;
} {
  const { low, high, step } = limits;
  const attributes = {
    type: 'number',
    class: 'number',
    min: low,
    max: high,
    step: step ?? 'any',
    inputmode: 'decimal',
  };
  const element = h('input', attributes);
  let shown = NaN;
  const show = (value: number) => {
    shown = value;
    const text = String(value);
    if (document.activeElement !== element && element.value !== text) element.value = text;
  };
  element.addEventListener('change', () => {
    const value = element.valueAsNumber;
    if (Number.isFinite(value) && value >= low && value <= high) changed(value);
    else element.value = String(shown);
  });
  element.addEventListener('blur', () => show(shown));
  return { element, show };
}

/** A slider beside the number itself, which the label names and which may go beyond the slider. */
export function sliderField(
  label: string,
  span: Span & { typed?: Limits },
  hint: string,
  changed: (value: number) => void,
  ...beside: Child[]
): Control<number> {
  const range = h('input', {
    type: 'range',
    class: 'range',
    min: 0,
    max: STEPS,
    'aria-label': `${label}, slider`,
  });
  const box = numberBox(span.typed ?? span, changed);
  let held = false;
  const place = (value: number) => range.setAttribute('aria-valuetext', String(value));
  range.addEventListener('input', () => {
    held = true;
    const value = fromSlider(range.valueAsNumber, span);
    box.element.value = String(value);
    place(value);
  });
  range.addEventListener('change', () => {
    held = false;
    changed(fromSlider(range.valueAsNumber, span));
  });
  const show = (value: number) => {
    if (held) return;
    box.show(value);
    range.value = String(toSlider(value, span));
    place(value);
  };
  const element = field(label, box.element, hint, ...beside);
  const pair = h('div', { class: 'slider' }, range);
  box.element.replaceWith(pair);
  pair.append(box.element);
  return { element, show };
}

export function toggle(label: string, hint: string, changed: (on: boolean) => void): Control<boolean> {
  const about = h('span', { id: unique('hint'), class: 'hidden' }, hint);
  const box = h('input', {
    type: 'checkbox',
    role: 'switch',
    class: 'switch',
    'aria-describedby': about.id,
    onchange: () => changed(box.checked),
  });
  const element = h(
    'div',
    { class: 'field' },
    h('label', { class: 'toggle', 'data-tip': hint }, h('span', {}, label), box),
    about,
  );
  return {
    element,
    show: (on) => {
      if (box.checked !== on) box.checked = on;
    },
  };
}

/** What few need, behind one word. */
export function more(label: string, ...children: Child[]): HTMLDetailsElement {
  return h(
    'details',
    { class: 'more' },
    h('summary', {}, label),
    h('div', { class: 'more-body' }, ...children),
  );
}

/** A line of plain words that is gone where there is nothing to say. */
export function words(kind = 'words'): Control<string> {
  const element = h('p', { class: kind, hidden: true });
  return {
    element,
    show: (text) => {
      say(element, text);
      element.hidden = text === '';
    },
  };
}
