/** A page without a server: what it knows is set by the test, what it asks for is kept. */

import { vi } from 'vitest';

import type { Decoded } from '../src/decode';
import type { Page } from '../src/page';
import type { Frame, Hello, Problem, Setup } from '../src/protocol';
import { beginning, type State } from '../src/state';
import { Store } from '../src/store';
import type { Wish } from '../src/lib/view';

export interface FakePage extends Page {
  sent: Wish[];
  changed: Partial<Setup>[];
  show(changes: Partial<State>): void;
  flush(): void;
}

const rate = (value: number) => ({ name: 'learning_rate', default: value, low: 0, high: null, about: '' });

export const hello: Hello = {
  type: 'hello',
  version: '',
  schedules: [{ name: 'constant', text: '' }],
  initializers: [{ name: 'auto', text: '' }],
  samples: [
    { name: 'xor', about: '', task: 'classification', target: 'label', made: true, rows: 200, noise: 0.1 },
    { name: 'sine', about: '', task: 'regression', target: 'y', made: true, rows: 200, noise: 0.1 },
  ],
  activations: [
    { name: 'tanh', text: '' },
    { name: 'relu', text: '' },
  ],
  losses: [
    { name: 'squared_error', text: '', task: 'regression' },
    { name: 'binary_cross_entropy', text: '', task: 'classification' },
  ],
  optimizers: [
    {
      name: 'sgd',
      label: 'SGD',
      text: '',
      settings: [rate(0.01), { name: 'momentum', default: 0, low: 0, high: 1, about: '' }],
    },
    {
      name: 'adam',
      label: 'Adam',
      text: '',
      settings: [rate(0.001), { name: 'beta1', default: 0.9, low: 0, high: 1, about: '' }],
    },
  ],
  lessons: ['one', 'two', 'three'].map((name) => ({ name, title: name })),
  limits: { upload_bytes: 1000, layers: 8, units: 256, rows: 1000 } as Hello['limits'],
};

const setup: Setup = {
  data: 'xor',
  target: 'label',
  features: null,
  crossed: false,
  rows: null,
  noise: null,
  validation: 0.2,
  test: 0,
  net: '4 tanh, 3 relu',
  bias: true,
  standardize: true,
  loss: null,
  l1: 0,
  l2: 0,
  optimizer: { name: 'sgd', learning_rate: 0.1, momentum: 0 },
  schedule: 'constant',
  batch_size: 10,
  initializer: 'auto',
  start: null,
  seed: 1,
  epochs: 100,
};

export function problem(changes: Partial<Setup>, more: Partial<Problem> = {}): Problem {
  return {
    type: 'problem',
    run: 1,
    setup: { ...setup, ...changes },
    task: 'classification',
    code: [],
    lesson: null,
    origin: 'sample',
    data: {
      name: 'xor',
      about: '',
      rows: { train: 160, validation: 40, test: 0 },
      columns: [],
      classes: ['0', '1'],
      notes: [],
    },
    network: { text: '', inputs: [], layers: [], parameters: 0, whole: true },
    objective: { name: 'binary_cross_entropy', text: '', latex: '' },
    rule: { text: '', latex: '' },
    ...more,
  };
}

export function frame(changes: Partial<Frame>): Decoded<Frame> {
  return {
    type: 'frame',
    run: 1,
    step: 0,
    epoch: 1,
    row: 0,
    running: false,
    stopped: null,
    error: 1,
    validation_error: 1,
    penalty: 0,
    score: { name: 'R²', train: 0, validation: 0 },
    last: null,
    layer: null,
    place: null,
    curves: [],
    rate: 0.1,
    steps_per_second: 0,
    divergence: null,
    lanes: [],
    arrays: {},
    ...changes,
  };
}

export function fakePage(): FakePage {
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: vi.fn() }));
  vi.stubGlobal('CSS', { escape: (text: string) => text });
  const due: (() => void)[] = [];
  const flush = () => due.splice(0).forEach((run) => run());
  const store = new Store<State>(
    { ...beginning(), standing: { is: 'open' }, hello, problem: problem({}), frame: frame({}) },
    (run) => due.push(run),
  );
  const reply = () => Promise.resolve({ type: 'reply' as const, id: 1, error: null });
  const page: FakePage = {
    root: document.documentElement,
    store,
    sent: [],
    changed: [],
    flush,
    focus: (focus) => store.set({ focus }),
    tell: (text, kind = 'info') => store.set({ notice: { type: 'notice', kind, text } }),
    send: (wish) => (page.sent.push(wish), reply()),
    settled: () => Promise.resolve(),
    set: (changes) => (page.changed.push(changes), reply()),
    show: (changes) => {
      store.set(changes);
      flush();
    },
  };
  return page;
}

/** Until all that was promised is done. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
