import { describe, expect, it } from 'vitest';

import { decode, encode } from '../src/decode';
import type { CurvePoint, NetworkSpec, Problem } from '../src/protocol';

import { beginning, received, type State, targetWords } from '../src/state';

const network: NetworkSpec = {
  text: '',
  parameters: 4,
  whole: true,
  inputs: [{ name: 'input.0', label: 'x' }],
  layers: [
    {
      name: 'hidden1',
      size: 1,
      activation: 'tanh',
      sources: ['input'],
      source_sizes: [1],
      weights: 0,
      biases: 1,
      labels: [],
    },
    {
      name: 'output',
      size: 1,
      activation: 'identity',
      sources: ['hidden1'],
      source_sizes: [1],
      weights: 2,
      biases: 3,
      labels: [],
    },
  ],
};

const column = (name: string, role: string) => ({ name, role, about: '', scaling: '' });
const data = {
  name: 'sine',
  rows: { train: 8, validation: 0, test: 0 },
  columns: [column('y', 'target'), column('z', 'target'), column('x', 'number')],
};
const problem = (run: number, more: object = {}) => ({
  type: 'problem',
  run,
  task: 'regression',
  code: [`run ${run}`],
  network,
  data,
  ...more,
});
const point = (step: number): CurvePoint => ({
  step,
  epoch: 1,
  train: 1 / (1 + step),
  validation: null,
  rate: 0.1,
  norm: null,
});
const frame = (run: number, step: number, curves: CurvePoint[] = []) => ({
  type: 'frame',
  run,
  step,
  curves,
});

/** The state after these messages, which come as bytes as they do on the page. */
function after(...messages: object[]): State {
  let state = beginning();
  for (const message of messages)
    state = { ...state, ...received(state, decode(encode(message as never))) };
  return state;
}

describe('received', () => {
  it('keeps the newest of each kind', () => {
    const state = after(problem(1), frame(1, 1), frame(1, 2), { type: 'surface', run: 1, step: 2 });
    expect(state.frame?.step).toBe(2);
    expect(state.surface?.step).toBe(2);
  });

  it('drops what is late: of another descent, or before there is one', () => {
    expect(after(frame(1, 1)).frame).toBeNull();
    const state = after(
      problem(2),
      frame(1, 9),
      { type: 'detail', run: 1 },
      { type: 'code', run: 1, from: 0, lines: ['x'] },
    );
    expect([state.frame, state.detail, state.code]).toEqual([null, null, ['run 2']]);
  });

  it('begins a new descent empty, and keeps all when the same is described again', () => {
    const before = [problem(1), frame(1, 3), { type: 'surface', run: 1 }];
    const other = { network: { ...network, parameters: 5 } };
    expect(after(...before, problem(2, other))).toMatchObject({ frame: null, surface: null, curves: null });
    const state = after(...before, problem(1, { code: ['changed'] }));
    expect([state.frame?.step, state.surface?.run, state.code]).toEqual([3, 1, ['changed']]);
  });

  it('keeps pictures over a restart until the next come, and nothing else', () => {
    const before = [
      problem(1),
      frame(1, 3),
      { type: 'surface', run: 1 },
      { type: 'curves', run: 1, points: [] },
    ];
    const state = after(...before, problem(2));
    expect([state.surface?.run, state.frame, state.curves]).toEqual([1, null, null]);
  });

  it('joins the points of frames to the curves', () => {
    const curves = { type: 'curves', run: 1, points: [point(0), point(1)], marks: [], best: null, of: '' };
    const state = after(problem(1), curves, frame(1, 3, [point(2), point(3)]), frame(1, 4, [point(4)]));
    expect(state.curves?.points.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4]);
  });

  it('takes the best epoch from the newest frame that tells it', () => {
    const curves = { type: 'curves', run: 1, points: [point(0)], marks: [], best: null };
    const best = { step: 1, epoch: 1, validation: 0.5 };
    const state = after(problem(1), curves, { ...frame(1, 1, [point(1)]), best }, frame(1, 2));
    expect(state.curves?.best).toEqual(best);
  });

  it('replaces the points beyond a step back when the descent goes on', () => {
    const points = [0, 1, 2, 3, 4].map(point);
    const state = after(
      problem(1),
      { type: 'curves', run: 1, points, marks: [] },
      frame(1, 2),
      frame(1, 3, [point(3)]),
    );
    expect(state.curves?.points.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
  });

  it('adds lines of code, and replaces those from where they begin', () => {
    const lines = (from: number, ...text: string[]) => ({ type: 'code', run: 1, from, lines: text });
    expect(after(problem(1), lines(1, 'a', 'b'), lines(2, 'c', 'd')).code).toEqual([
      'run 1',
      'a',
      'c',
      'd',
    ]);
  });

  it('names the targets as in a sentence', () => {
    const of = (...names: string[]) => ({ ...problem(1), data: { ...data, columns: names.map((name) => column(name, 'target')) } });
    const words = (...names: string[]) => targetWords(of(...names) as unknown as Problem);
    expect([words('y'), words('y', 'z'), words('x', 'y', 'z')]).toEqual(['y', 'y and z', 'x, y and z']);
  });

  it('lets go of what does not fit a new problem', () => {
    const state = { ...after(problem(1)), tab: 'predictions' as const, focus: 'hidden1.5' };
    const other = decode(encode(problem(2, { task: 'classification' })));
    expect(received(state, other)).toMatchObject({ tab: 'boundary', focus: null });
    expect(received({ ...state, tab: 'units', focus: 'hidden1.0' }, other)).not.toHaveProperty('tab');
    expect(received({ ...state, tab: 'units', focus: 'hidden1.0' }, other)).not.toHaveProperty('focus');
    expect(received({ ...state, target: 'z' }, other)).not.toHaveProperty('target');
    expect(received({ ...state, target: 'price' }, other)).toMatchObject({ target: null });
  });
});
