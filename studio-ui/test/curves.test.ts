import { describe, expect, it } from 'vitest';

import { bestOf, errorDomain, nearestTo, spread, stepDomain, stepOf, suitsLog } from '../src/draw/curves/domain';
import { leader } from '../src/draw/race';
import type { CurvePoint } from '../src/protocol';

const point = (step: number, train: number | null, validation: number | null = null): CurvePoint => ({
  step, epoch: step / 10, train, validation, rate: 0.1, norm: 1,
});

describe('domains of error curves', () => {
  it('end at a round step that the last has not reached', () => {
    expect(stepDomain([point(0, 1), point(137, 1)], [])).toEqual([0, 150]);
    expect(stepDomain([point(0, 1), point(151, 1)], [])).toEqual([0, 200]);
    expect(stepDomain([point(0, 1)], [400])).toEqual([0, 400]);
    expect(stepDomain([], [])).toEqual([0, 10]);
    expect(stepDomain([point(-50, 1), point(0, 1)], [])).toEqual([-50, 0]);
    expect(stepDomain([point(0, 1), point(137, 1)], [], true)).toEqual([0, 137]);
  });

  it('show all errors, from nought where they come near it', () => {
    expect(errorDomain([2, 1, 0.1], false)).toEqual([0, 2.1]);
    const [low, high] = errorDomain([10, 9.5, 9], false);
    expect(low).toBeCloseTo(8.95, 9);
    expect(high).toBeGreaterThan(10);
    expect(errorDomain([100, 1, 0, NaN], true)[0]).toBeCloseTo(1 / 1.15, 9);
    expect(errorDomain([], false)).toEqual([0, 1]);
    expect(errorDomain([0, 0], false)[1]).toBeGreaterThan(0);
    expect(errorDomain([-3, -5], false)[0]).toBeLessThan(-5);
  });

  it('let errors that ran away leave the picture', () => {
    expect(errorDomain([1, 2, 1e30, Infinity], false)[1]).toBeLessThan(5);
    expect(errorDomain([1, 2, 1e30, Infinity], true)[1]).toBeGreaterThan(1e30); // powers of ten have room
  });

  it('know when only a logarithmic axis shows all', () => {
    expect(suitsLog([point(0, 1, 1), point(1, 0.02, 0.02)])).toBe(false);
    expect(suitsLog([point(0, 1, 1), point(1, 0.009, 0.5)])).toBe(true);
    expect(suitsLog([point(0, 0), point(1, null), point(2, Infinity)])).toBe(false);
  });
});

describe('bestOf', () => {
  const series = (validations: number[]) => validations.map((validation, i) => point(10 * i, 1, validation));

  it('is the least validation error, of the server or of the points since', () => {
    expect(bestOf({ points: series([3, 2, 4]), best: null })).toMatchObject({ step: 10, epoch: 1, validation: 2 });
    const best = { step: 7, epoch: 1, validation: 1.5 };
    expect(bestOf({ points: series([3, 2, 4]), best })).toMatchObject(best);
    expect(bestOf({ points: [point(0, 1)], best: null })).toBeNull();
  });

  it('tells overfitting from a moment of noise', () => {
    const rising = (validations: number[]) => bestOf({ points: series(validations), best: null })?.rising;
    expect(rising([5, 3, 1, 2, 2, 3, 3, 4, 4])).toBe(true);
    expect(rising([5, 3, 1, 2, 2])).toBe(false);
    expect(rising([5, 3, 1, 2, 2, 3, 3, 1.01, 3])).toBe(false);
    expect(rising([5, 4, 3, 2, 1])).toBe(false);
    expect(rising([5, 3, 1, 1.02, 1.03, 1.03, 1.03, 1.03])).toBe(false);
    const diverging = series([5, 3, 1, 2, 2, 3, 3, 4, 4]).map((each, i) => ({ ...each, train: i }));
    expect(bestOf({ points: diverging, best: null })?.rising).toBe(false); // that is no overfitting
  });
});

describe('reading curves', () => {
  it('finds the nearest point', () => {
    const points = [0, 10, 20].map((step) => point(step, 1));
    expect([-5, 4, 6, 14.9, 15.1, 99].map((step) => nearestTo(points, step))).toEqual([0, 0, 1, 1, 2, 2]);
    expect(nearestTo([], 3)).toBe(0);
  });

  it('finds the step of an epoch', () => {
    const points = [0, 10, 30].map((step) => point(step, 1));
    expect(stepOf([0, 1, 2], points, 1.5)).toBe(20);
    expect(stepOf([0, 1, 2], points, 0)).toBe(0);
    expect(stepOf([0, 1, 2], points, 3)).toBeNaN();
  });

  it('moves labels apart, and keeps them inside', () => {
    expect(spread([10, 12], 5, 0, 100)).toEqual([10, 15]);
    expect(spread([12, 10], 5, 0, 100)).toEqual([15, 10]);
    expect(spread([99, 100], 5, 0, 100)).toEqual([95, 100]);
    expect(spread([50, 10], 5, 0, 100)).toEqual([50, 10]);
  });
});

describe('leader', () => {
  it('is the one lane of the least error', () => {
    const lane = (error: number | null, step = 3) => ({ error, step });
    expect(leader([lane(3), lane(1), lane(2)])).toBe(1);
    expect(leader([lane(1), lane(1)])).toBe(-1);
    expect(leader([lane(null), lane(5)])).toBe(1);
    expect(leader([lane(null), lane(NaN)])).toBe(-1);
    expect(leader([lane(3, 0), lane(1, 0)])).toBe(-1);
    expect(leader([])).toBe(-1);
  });
});
