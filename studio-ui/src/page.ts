/** What every panel is given: what the page knows, and what it can ask for. */

import type { Actions } from './lib/view';
import type { Reply, Setup } from './protocol';
import type { State } from './state';
import type { Store } from './store';

export interface Page extends Actions {
  root: HTMLElement; // carries the look and what is in sight, as data attributes
  store: Store<State>;
  /** Changes settings: during the descent where all of them can be, else by a new descent. */
  set(changes: Partial<Setup>): Promise<Reply>;
  /** Waits until what was asked for is done, so that what is taken from the page holds it. */
  settled(): Promise<void>;
  /** Says something to the person, for a while. */
  tell(text: string, kind?: 'info' | 'warning' | 'error'): void;
}

export interface Panel {
  element: HTMLElement;
}

const HOT: ReadonlySet<string> = new Set(['optimizer', 'schedule', 'batch_size', 'l1', 'l2', 'epochs']);

export function isHot(changes: Partial<Setup>): boolean {
  return Object.keys(changes).every((name) => HOT.has(name));
}
