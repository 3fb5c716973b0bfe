import { expect, test } from 'vitest';
import type { Decoded } from '../src/decode';
import { Theta } from '../src/lib/theta';
import type { Frame } from '../src/protocol';
import { network } from './networks';

function frame(fields: Partial<Frame>, arrays: Record<string, number[]>): Decoded<Frame> {
  const all = Object.entries(arrays).map(([name, values]) => [
    name, { shape: [values.length], values: Float32Array.from(values) },
  ]);
  return { layer: null, last: null, ...fields, arrays: Object.fromEntries(all) } as unknown as Decoded<Frame>;
}

const LAST = { step: 1, rows: 1, batch_error: 0, gradient_norm: 0, learning_rate: 0.1 };

test('a number is found by its index in θ, with its gradient and its last step', () => {
  const theta = new Theta(network([1, 1]), frame({ last: LAST }, { theta: [0.5, -1], gradient: [2, 0], move: [-0.25, 0] }));
  expect(theta.at(0)).toEqual({ value: 0.5, gradient: 2, move: -0.25 });
  expect(theta.at(2)).toBeNull();
});

test('before the first step there is no gradient', () => {
  const theta = new Theta(network([1, 1]), frame({}, { theta: [0.5, -1], gradient: [0, 0], move: [0, 0] }));
  expect(theta.at(1)).toEqual({ value: -1, gradient: null, move: null });
});

test('of a large network only the layer in sight is known', () => {
  const net = network([2, 3, 1]); // hidden1: θ 0 to 8, output: 9 to 12
  const theta = new Theta(net, frame({ layer: 'output' }, { theta: [1, 2, 3, 4] }));
  expect(theta.at(0)).toBeNull();
  expect(theta.at(9)?.value).toBe(1);
  expect(theta.at(12)?.value).toBe(4);
});

test('the largest size leaves out what is not finite', () => {
  const theta = new Theta(network([2, 1]), frame({}, { theta: [NaN, -3, Infinity] }));
  expect(theta.largest(0, 3)).toBe(3);
  expect(theta.largest(0, 1)).toBe(0);
  expect(new Theta(network([2, 1]), null).at(0)).toBeNull();
});
