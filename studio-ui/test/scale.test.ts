import { describe, expect, it } from 'vitest';

import { fromSlider, STEPS, toSlider } from '../src/scale';

const rate = { low: 1e-5, high: 10, log: true };
const penalty = { ...rate, low: 1e-6, zero: true };

describe('sliders', () => {
  it('go over powers of ten, to numbers that one would write', () => {
    expect(fromSlider(0, rate)).toBe(1e-5);
    expect(fromSlider(STEPS, rate)).toBe(10);
    expect(fromSlider(STEPS / 2, rate)).toBe(0.01);
    expect(String(fromSlider(123, rate)).replace(/^[0.]*/, '').length).toBeLessThanOrEqual(2);
  });

  it('find their place again, to less than a pixel', () => {
    for (let place = 0; place <= STEPS; place += 1) {
      expect(Math.abs(toSlider(fromSlider(place, rate), rate) - place)).toBeLessThanOrEqual(1);
    }
  });

  it('have an end for 0 where there is one', () => {
    expect(fromSlider(0, penalty)).toBe(0);
    expect(toSlider(0, penalty)).toBe(0);
    expect(fromSlider(1, penalty)).toBeGreaterThan(0);
  });

  it('keep to the steps of their span, without remainders of binary numbers', () => {
    const share = { low: 0, high: 0.5, step: 0.05 };
    const values = new Set(Array.from({ length: STEPS + 1 }, (_, place) => fromSlider(place, share)));
    expect([...values].sort((a, b) => a - b)).toEqual([
      0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5,
    ]);
  });

  it('show numbers beyond their ends at their ends', () => {
    expect(toSlider(1e9, rate)).toBe(STEPS);
    expect(toSlider(1e-12, rate)).toBe(0);
    expect(toSlider(7, { low: 0, high: 1 })).toBe(STEPS);
  });
});
