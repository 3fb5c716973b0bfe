import { describe, expect, it } from 'vitest';

import { scaleOf, tickTexts, ticksOf } from '../src/lib/scales';

describe('scaleOf', () => {
  it('puts the ends of the domain on those of the range', () => {
    for (const kind of ['linear', 'log', 'sqrt'] as const) {
      const scale = scaleOf(kind, [1, 100], [10, 210]);
      expect(scale.to(1)).toBeCloseTo(10, 9);
      expect(scale.to(100)).toBeCloseTo(210, 9);
      expect(scale.from(scale.to(7))).toBeCloseTo(7, 9);
    }
  });

  it('bends what lies between', () => {
    expect(scaleOf('linear', [0, 4], [0, 100]).to(1)).toBeCloseTo(25, 9);
    expect(scaleOf('log', [1, 100], [0, 100]).to(10)).toBeCloseTo(50, 9);
    expect(scaleOf('sqrt', [0, 4], [0, 100]).to(1)).toBeCloseTo(50, 9);
  });

  it('turns around, as a picture counts pixels downwards', () => {
    const scale = scaleOf('linear', [-1, 1], [200, 0]);
    expect(scale.to(1)).toBe(0);
    expect(scale.from(50)).toBeCloseTo(0.5, 9);
  });

  it('always has two ends', () => {
    expect(scaleOf('linear', [3, 3], [0, 1]).domain).toEqual([1.5, 4.5]);
    expect(scaleOf('linear', [0, 0], [0, 1]).domain).toEqual([-1, 1]);
    expect(scaleOf('log', [0, 10], [0, 1]).domain).toEqual([1, 10]);
    expect(scaleOf('log', [-1, -1], [0, 1]).domain).toEqual([0.1, 1]);
  });
});

describe('ticksOf', () => {
  it('takes round numbers', () => {
    expect(ticksOf('linear', 0, 10, 5)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticksOf('linear', -0.93, 1.2, 4)).toEqual([-0.5, 0, 0.5, 1]);
    expect(ticksOf('log', 0.01, 100, 6)).toEqual([0.01, 0.1, 1, 10, 100]);
    expect(ticksOf('log', 1, 100, 8)).toEqual([1, 2, 5, 10, 20, 50, 100]);
    expect(ticksOf('log', 1e-12, 1, 4)).toEqual([1e-12, 1e-8, 1e-4, 1]);
    expect(ticksOf('sqrt', 0, 16, 4)).toEqual([0, 1, 4, 9, 16]);
  });

  it('falls back to even ones within less than a decade', () => {
    expect(ticksOf('log', 0.21, 0.24, 3)).toEqual([0.21, 0.22, 0.23, 0.24]);
  });
});

describe('tickTexts', () => {
  it('gives all the same decimals', () => {
    expect(tickTexts([-0.5, 0, 0.5, 1])).toEqual(['−0.5', '0.0', '0.5', '1.0']);
    expect(tickTexts([0, 20, 40])).toEqual(['0', '20', '40']);
  });

  it('writes each as short as can be where they are factors apart', () => {
    expect(tickTexts([0.01, 0.1, 1, 10])).toEqual(['0.01', '0.1', '1', '10']);
    expect(tickTexts([1e-8, 1e-4, 1])).toEqual(['10⁻⁸', '0.0001', '1']);
  });
});
