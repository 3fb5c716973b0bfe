// @vitest-environment jsdom
import { expect, test, vi } from 'vitest';
import { draw, inFull, loose, Paced, steps } from '../src/lib/latex';

test('a formula is drawn once, and again only when it changes', () => {
  const node = document.createElement('span');
  expect(draw(node, 'w = 0.5')).toBe(true);
  const first = node.firstChild;
  expect(node.querySelector('math')).not.toBeNull();
  expect(draw(node, 'w = 0.5')).toBe(false);
  expect(node.firstChild).toBe(first);
  expect(draw(node, 'w = 0.6')).toBe(true);
});

test('what KaTeX cannot read, or what would link, is shown and not followed', () => {
  const node = document.createElement('span');
  expect(() => draw(node, '\\frac{1')).not.toThrow();
  expect(node.textContent).toContain('frac');
  draw(node, '\\href{javascript:alert(1)}{x}');
  expect(node.querySelector('a')).toBeNull();
});

test('equations in lines keep their own style', () => {
  expect(inFull('a')).toBe('\\displaystyle a');
  expect(inFull('\\begin{aligned} a \\end{aligned}')).toBe('\\begin{aligned} a \\end{aligned}');
});

test('an equation is cut at the signs that stand in no group', () => {
  expect(steps('h = b + w x = 0.1 + 0.2 = 0.3')).toEqual(['h', '= b + w x', '= 0.1 + 0.2', '= 0.3']);
  expect(steps('\\sum_{i=1}^{n} x_i \\approx 0.3')).toEqual(['\\sum_{i=1}^{n} x_i', '\\approx 0.3']);
  expect(steps('f\\left(a = b\\right) = 1')).toEqual(['f\\left(a = b\\right)', '= 1']);
  expect(steps('\\{ = \\}')).toEqual(['\\{', '= \\}']);
});

test('long brackets are let loose so that they wrap, short and inner ones stay', () => {
  const sum = Array.from({ length: 8 }, () => '\\left(-0.25\\right) \\cdot 1.5').join(' + ');
  expect(loose(`-\\left(${sum}\\right) = 0.1`)).toBe(`-(${sum}) = 0.1`);
  expect(loose('f\\left(x\\right)')).toBe('f\\left(x\\right)');
  expect(loose(`\\left\\{${sum}\\right\\}`)).toBe(`\\left\\{${sum}\\right\\}`);
});

test('newer values wait for their turn, and the newest is drawn', () => {
  vi.useFakeTimers();
  const seen: number[] = [];
  const paced = new Paced<number>((value) => seen.push(value), 100, () => Date.now());
  [1, 2, 3].forEach((value) => paced.give(value));
  expect(seen).toEqual([1]);
  vi.advanceTimersByTime(100);
  expect(seen).toEqual([1, 3]);
  paced.give(4);
  paced.give(5, true);
  expect(seen.at(-1)).toBe(5);
  vi.advanceTimersByTime(500);
  expect(seen).toEqual([1, 3, 5]);
  vi.useRealTimers();
});

test('slow work is done more rarely', () => {
  vi.useFakeTimers();
  let clock = 0;
  const seen: number[] = [];
  const paced = new Paced<number>((value) => { seen.push(value); clock += 50; }, 100, () => clock);
  paced.give(1);
  clock = 200;
  paced.give(2);
  expect(seen).toEqual([1]);
  clock = 400;
  vi.advanceTimersByTime(400);
  expect(seen).toEqual([1, 2]);
  vi.useRealTimers();
});
