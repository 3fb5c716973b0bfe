/** Around KaTeX: formulas into nodes, only those that changed, and no more often than eyes can use. */

import katex from 'katex';

export type Size = 'full' | 'small'; // of fractions

const shown = new WeakMap<HTMLElement, string>();

/** Draws a formula into a node; one that is there already stays as it is. Says whether it drew. */
export function draw(node: HTMLElement, latex: string, fallback = latex, size: Size = 'full'): boolean {
  if (shown.get(node) === latex) return false;
  shown.set(node, latex);
  try {
    katex.render(size === 'full' ? inFull(latex) : latex, node, {
      output: 'htmlAndMathml',
      throwOnError: false,
      trust: false,
      strict: 'ignore',
      maxSize: 20,
      maxExpand: 200,
    });
  } catch {
    node.textContent = fallback;
  }
  return true;
}

/** In a line of text, so that it may wrap at its signs, but with fractions in full size. */
export function inFull(latex: string): string {
  return /^\s*\\begin\{/.test(latex) ? latex : `\\displaystyle ${latex}`;
}

/** "x = a = b" in its steps, "x", "= a", "= b": cut at equals signs that stand in no group. */
export function steps(latex: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const token of tokens(latex)) {
    depth += deeper(token);
    const cut = depth === 0 && SIGNS.has(token);
    if (cut && parts[parts.length - 1].trim()) parts.push('');
    parts[parts.length - 1] += token;
  }
  return parts.map((part) => part.trim()).filter(Boolean);
}

const LONG = 90; // letters, from which on a group may wrap

/** With the outermost long brackets as plain ones, since KaTeX breaks no line between \left and \right. */
export function loose(latex: string): string {
  const all = tokens(latex);
  const open: number[] = [];
  all.forEach((token, at) => {
    if (token === '\\left') open.push(at);
    if (token !== '\\right') return;
    const begin = open.pop();
    if (begin === undefined || open.length > 0) return;
    const isRound = all[begin + 1] === '(' && all[at + 1] === ')';
    if (isRound && all.slice(begin, at).join('').length >= LONG) all[begin] = all[at] = '';
  });
  return all.join('');
}

function tokens(latex: string): string[] {
  return latex.match(/\\(?:[a-zA-Z]+|.)|[^\\]/gs) ?? [];
}

const SIGNS = new Set(['=', '\\approx']);

function deeper(token: string): number {
  if (token === '{' || token === '\\left' || token === '\\begin') return 1;
  if (token === '}' || token === '\\right' || token === '\\end') return -1;
  return 0;
}

/**
 * Calls `work` with the newest value: at once, then at most every `least` ms, and more rarely where
 * the work itself is slow, so that it takes no more than an eighth of the time.
 */
export class Paced<T> {
  private next: T | undefined;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private free = 0;

  constructor(
    private readonly work: (value: T) => void,
    private readonly least = 100,
    private readonly now: () => number = () => performance.now(),
  ) {}

  give(value: T, atOnce = false): void {
    this.next = value;
    if (atOnce) this.cancel();
    if (this.timer !== null) return;
    const wait = atOnce ? 0 : this.free - this.now();
    if (wait <= 0) this.run();
    else this.timer = setTimeout(() => this.run(), wait);
  }

  cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private run(): void {
    this.timer = null;
    const began = this.now();
    this.work(this.next as T);
    const took = this.now() - began;
    this.free = began + Math.max(this.least, 8 * took);
  }
}
