/** The formula of what is in focus, with its numbers filled in; without focus, what descends and how. */

import 'katex/dist/katex.min.css';

import { draw, loose, Paced, steps } from '../lib/latex';
import { count } from '../lib/numbers';
import { html, say } from '../lib/svg';
import type { Actions, FormulaShown, View } from '../lib/view';
import type { Detail, Problem } from '../protocol';

const START = 'before the first step'; // said once, in the title or below it

interface Part {
  latex: string;
  text: string;
  words: string;
}

/** All that stands on the panel, of a detail or of the descent as a whole. */
interface Page {
  title: string;
  about: string;
  values: Detail['values'];
  equations: Part[];
}

export function mountFormula(host: HTMLElement, actions: Actions): View<FormulaShown> {
  return new Formula(host, actions);
}

class Formula implements View<FormulaShown> {
  private readonly root: HTMLElement;
  private readonly title: HTMLElement;
  private readonly about: HTMLElement;
  private readonly leave: HTMLButtonElement;
  private readonly values: HTMLElement;
  private readonly list: HTMLElement;
  private readonly paced = new Paced<Page>((page) => this.write(page));
  private element: string | null = null;
  private detail: Detail | null = null;
  private problem: Problem | null = null;

  constructor(host: HTMLElement, actions: Actions) {
    this.root = html(host, 'section', { class: 'net-formula', 'aria-label': 'Formula' });
    const head = html(this.root, 'header');
    this.title = html(head, 'h3', { 'aria-live': 'polite' });
    this.about = html(head, 'p', { class: 'net-formula-about' });
    this.leave = html(head, 'button', { class: 'net-button', type: 'button', 'aria-label': 'Leave this formula' }, '×');
    this.leave.addEventListener('click', () => actions.focus(null));
    this.values = html(this.root, 'dl', { class: 'net-formula-values' });
    this.list = html(this.root, 'ol', { class: 'net-formula-steps' });
  }

  show({ problem, detail, focus }: FormulaShown): void {
    const current = focus !== null && detail && problem && detail.run === problem.run ? detail : null;
    if (current === this.detail && problem === this.problem) return;
    [this.detail, this.problem] = [current, problem];
    const element = current?.element ?? null;
    const other = element !== this.element;
    this.element = element;
    this.leave.hidden = current === null;
    this.root.toggleAttribute('data-rest', current === null);
    if (current) this.paced.give(pageOf(current), other);
    else if (problem) this.paced.give(pageOfAll(problem), true);
  }

  destroy(): void {
    this.paced.cancel();
    this.root.remove();
  }

  private write({ title, about, values, equations }: Page): void {
    say(this.title, title);
    say(this.about, about);
    this.tell(values);
    sized(this.list, equations.length, () => {
      const item = html(this.list, 'li');
      html(item, 'p');
      html(item, 'div', { class: 'net-formula-line' });
    });
    equations.forEach((part, at) => writePart(this.list.children[at] as HTMLElement, part));
  }

  private tell(values: Detail['values']): void {
    this.values.hidden = values.length === 0;
    sized(this.values, values.length, () => {
      const pair = html(this.values, 'div');
      html(pair, 'dt');
      const value = html(pair, 'dd');
      html(value, 'b');
      html(value, 'span');
    });
    values.forEach((value, at) => writeValue(this.values.children[at] as HTMLElement, value));
  }
}

/** A number with its symbol: the number first, since it is what changes. */
function writeValue(pair: HTMLElement, { label, latex, text }: Detail['values'][number]): void {
  const [name, value] = pair.children;
  const [shown, symbol] = value.children as unknown as [HTMLElement, HTMLElement];
  const [letter, ...rest] = steps(latex);
  say(name, label);
  say(shown, rest.length === 1 ? (/[^=≈]*$/.exec(text)?.[0].trim() ?? '') : '');
  draw(symbol, rest.length === 1 ? letter : latex, text, 'small');
}

/** One equation: words, then its steps, each of which may have a line of its own. */
function writePart(item: HTMLElement, { latex, text, words }: Part): void {
  const [said, line] = item.children as unknown as [HTMLElement, HTMLElement];
  said.hidden = words === '';
  say(said, words);
  const parts = steps(latex);
  sized(line, parts.length, () => html(line, 'span'));
  parts.forEach((part, at) => draw(line.children[at] as HTMLElement, loose(part), at === 0 ? text : ''));
}

function sized(parent: HTMLElement, size: number, make: () => unknown): void {
  while (parent.children.length > size) parent.lastElementChild?.remove();
  while (parent.children.length < size) make();
}

function pageOf({ title, step, rows, values, equations }: Detail): Page {
  const about = step === 0 ? (title.includes(START) ? '' : capital(START)) : `Step ${count(step)}, ${rows === 1 ? 'one row' : `${count(rows)} rows`}`;
  return { title: capital(title), about, values, equations };
}

function pageOfAll({ objective, rule }: Problem): Page {
  return {
    title: 'What descends, and how',
    about: 'Point at any weight or unit to see its own.',
    values: [],
    equations: [
      { latex: objective.latex, text: objective.text, words: `The error E: ${objective.name.replaceAll('_', ' ')}` },
      { latex: rule.latex, text: rule.text, words: 'Each step moves every weight' },
    ],
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
