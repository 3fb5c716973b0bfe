import { expect, test } from 'vitest';
import {
  elementWords, exists, indexOf, nameOf, neighbour, parse, type Direction, type Element,
} from '../src/lib/elements';
import { network } from './networks';

const named = (name: string): Element => parse(name) as Element;

test('names are read and written alike', () => {
  for (const name of ['w[input.0->hidden1.12]', 'b[output.3]', 'hidden2.7'])
    expect(nameOf(named(name))).toBe(name);
  expect(parse('w[input.0]')).toBeNull();
  expect(parse('momentum')).toBeNull();
});

test('a weight lies where the library has it', () => {
  // fl.Network.parse("2 -> 3 tanh -> 1"): name(4) is w[input.1->hidden1.1], name(12) is b[output.0]
  const net = network([2, 3, 1]);
  expect(indexOf(net, named('w[input.1->hidden1.1]'))).toBe(4);
  expect(indexOf(net, named('b[hidden1.2]'))).toBe(8);
  expect(indexOf(net, named('w[hidden1.2->output.0]'))).toBe(11);
  expect(indexOf(net, named('b[output.0]'))).toBe(12);
  expect(indexOf(net, named('hidden1.2'))).toBeNull();
  expect(indexOf(net, named('w[input.2->hidden1.0]'))).toBeNull();
  expect(indexOf(net, named('b[hidden7.0]'))).toBeNull();
});

test('rows of W follow the order of sources', () => {
  const net = network([2, 3, 1], { output: ['hidden1', 'input'] });
  expect(indexOf(net, named('w[input.0->output.0]'))).toBe(9 + 3);
  expect(exists(net, named('w[input.1->output.0]'))).toBe(true);
  expect(exists(network([2, 3, 1]), named('w[input.1->output.0]'))).toBe(false);
});

test('elements are told in words', () => {
  const net = network([2, 3, 1]);
  expect(elementWords(net, named('w[input.1->hidden1.0]'))).toBe('weight from x2 to hidden unit 1');
  expect(elementWords(net, named('b[output.0]'))).toBe('bias of y');
  net.layers[1].labels[0] = '1';
  expect(elementWords(net, named('b[output.0]'))).toBe('bias of output for 1');
  expect(elementWords(network([2, 3, 4, 1]), named('hidden2.3'))).toBe('hidden unit 4 of layer 2');
});

test.each<[string, Direction, string]>([
  ['hidden1.0', 'down', 'hidden1.1'],
  ['hidden1.2', 'down', 'hidden1.2'],
  ['hidden1.1', 'left', 'w[input.1->hidden1.1]'],
  ['hidden1.1', 'right', 'w[hidden1.1->output.0]'],
  ['input.0', 'left', 'input.0'],
  ['output.0', 'right', 'output.0'],
  ['w[input.0->hidden1.1]', 'left', 'input.0'],
  ['w[input.0->hidden1.1]', 'right', 'hidden1.1'],
  ['w[input.0->hidden1.1]', 'down', 'w[input.1->hidden1.1]'],
  ['w[input.1->hidden1.1]', 'down', 'b[hidden1.1]'],
  ['b[hidden1.1]', 'down', 'w[input.0->hidden1.2]'],
  ['w[input.0->hidden1.1]', 'up', 'b[hidden1.0]'],
  ['w[input.0->hidden1.0]', 'up', 'w[input.0->hidden1.0]'],
  ['b[hidden1.2]', 'down', 'b[hidden1.2]'],
  ['b[hidden1.1]', 'left', 'hidden1.1'],
])('from %s %s is %s', (from, to, expected) => {
  expect(nameOf(neighbour(network([2, 3, 1]), named(from), to))).toBe(expected);
});

test('arrows down reach every weight and bias of a layer', () => {
  const net = network([3, 4, 2]);
  const seen = new Set<string>();
  let at = named('w[input.0->hidden1.0]');
  for (let step = 0; step < 40; step++) {
    seen.add(nameOf(at));
    at = neighbour(net, at, 'down');
  }
  expect(seen.size).toBe(3 * 4 + 4);
});
