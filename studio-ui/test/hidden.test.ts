import { expect, test } from 'vitest';
import { grown, readHidden, resized, writeHidden } from '../src/lib/hidden';

test('layers are read as they are written', () => {
  for (const text of ['none', '4 tanh', '4 tanh, 3 relu', '4 leaky_relu(slope=0.1, a=2), 3'])
    expect(writeHidden(readHidden(text)!)).toBe(text);
  expect(readHidden('')).toEqual([]);
});

test('another form is left alone', () => {
  expect(readHidden('a: 4 tanh <- input')).toBeNull();
  expect(readHidden('0 tanh')).toBeNull();
  expect(readHidden('4 tanh, ')).toBeNull();
});

test('units and layers come and go', () => {
  const layers = readHidden('4 tanh, 1 relu')!;
  expect(writeHidden(resized(layers, 0, 1))).toBe('5 tanh, 1 relu');
  expect(writeHidden(resized(layers, 1, -1))).toBe('4 tanh');
  expect(writeHidden(grown(layers, 2))).toBe('4 tanh, 1 relu, 1 relu');
  expect(writeHidden(grown(layers, 0))).toBe('4 tanh, 4 tanh, 1 relu');
  expect(writeHidden(grown([], 0))).toBe('4 tanh');
});
