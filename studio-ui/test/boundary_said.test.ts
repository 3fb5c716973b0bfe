import { expect, test } from 'vitest';
import type { Decoded } from '../src/decode';
import { Said } from '../src/draw/boundary_said';
import type { BoundaryView } from '../src/protocol';

function view(classes: string[], outputs: number, values: number[]): Decoded<BoundaryView> {
  const cells = values.length / outputs;
  return {
    type: 'boundary', run: 1, step: 0, dimensions: 2, axes: ['a', 'b'], classes, output: 'y', low: 0, high: 1, note: '',
    arrays: { values: { shape: [1, cells, outputs], values: Float32Array.from(values) } },
  };
}

test('of two classes one share tells both, whether one output says it or two', () => {
  for (const said of [new Said(view(['no', 'yes'], 1, [0.9, 0.25])), new Said(view(['no', 'yes'], 2, [0.1, 0.9, 0.75, 0.25]))]) {
    expect([...said.best]).toEqual([1, 0]);
    expect(said.sure[0]).toBeCloseTo(0.8);
    expect(said.sure[1]).toBeCloseTo(0.5);
    const [field] = said.fields();
    expect(field[0]).toBeCloseTo(0.4);
    expect(field[1]).toBeCloseTo(-0.25);
  }
  const rows = new Said(view(['no', 'yes'], 1, [0.9])).rows(() => 0.9);
  expect(rows).toEqual([{ label: 'yes', text: '90 %' }, { label: 'no', text: '10 %' }]);
});

test('of many classes the largest wins, and is told first', () => {
  const said = new Said(view(['a', 'b', 'c'], 3, [0.2, 0.7, 0.1, 1 / 3, 1 / 3, 1 / 3]));
  expect(said.best[0]).toBe(1);
  expect(said.sure[0]).toBeCloseTo((0.7 - 1 / 3) / (2 / 3));
  expect(said.sure[1]).toBeCloseTo(0);
  expect(said.fields()[1][0]).toBeCloseTo(0.5); // 0.7 − 0.2
  expect(said.rows((k) => [0.2, 0.7, 0.1][k]).map(({ label }) => label)).toEqual(['b', 'a', 'c']);
});

test('what is not a number wins nowhere', () => {
  expect(new Said(view(['no', 'yes'], 1, [NaN])).best[0]).toBe(255);
  expect(new Said(view(['a', 'b', 'c'], 3, [NaN, NaN, NaN])).best[0]).toBe(255);
});

test('amounts are themselves', () => {
  const said = new Said(view([], 1, [3, 4]));
  expect([...said.fields()[0]]).toEqual([3, 4]);
  expect(said.rows(() => 3.5)).toEqual([{ label: 'y', text: '3.500' }]);
});
