import { expect, test } from 'vitest';
import { compact, count, number, percent, signed } from '../src/lib/numbers';

test.each([
  [0, '0'],
  [-0, '0'],
  [0.531, '0.5310'],
  [-0.02, '−0.02000'],
  [1, '1.000'],
  [9.99996, '10.00'],
  [999.96, '1,000'],
  [12345.678, '12,346'],
  [-1234567, '−1,234,567'],
  [0.00012346, '0.0001235'],
  [0.000012346, '1.235×10⁻⁵'],
  [1.5e-300, '1.500×10⁻³⁰⁰'],
  [23456789, '2.346×10⁷'],
  [NaN, 'not a number'],
  [null, 'not a number'],
  [undefined, 'not a number'],
  [Infinity, '>\u00a010³⁸'],
  [-Infinity, '<\u00a0−10³⁸'],
])('number(%s) is %s', (value, text) => expect(number(value)).toBe(text));

test('digits can be asked for', () => {
  expect(number(Math.PI, 2)).toBe('3.1');
  expect(number(2 / 3, 6)).toBe('0.666667');
  expect(number(123.456, 2)).toBe('123');
});

test('a sign is said of what has one', () => {
  expect(signed(0.25, 2)).toBe('+0.25');
  expect(signed(-0.25, 2)).toBe('−0.25');
  expect(signed(0)).toBe('0');
  expect(signed(NaN)).toBe('not a number');
});

test.each([
  [0.25, '0.25'],
  [1200, '1200'],
  [12000, '12k'],
  [1.234e6, '1.23M'],
  [-2.5e9, '−2.5G'],
  [3e-6, '3×10⁻⁶'],
  [1e-6, '10⁻⁶'],
  [1e20, '10²⁰'],
  [0.1 + 0.2, '0.3'],
  [Infinity, '>\u00a010³⁸'],
])('compact(%s) is %s', (value, text) => expect(compact(value)).toBe(text));

test('whole numbers have their thousands apart', () => {
  expect([0, 999, 1000, 1234567, -45000].map(count)).toEqual(['0', '999', '1,000', '1,234,567', '−45,000']);
});

test('a share is all only when it is all', () => {
  expect([0, 0.004, 0.5, 0.934, 0.9996, 1].map(percent)).toEqual(
    ['0 %', '0.4 %', '50 %', '93 %', '99.9 %', '100 %'],
  );
  expect(percent(null)).toBe('–');
});
