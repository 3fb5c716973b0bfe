import { describe, expect, it } from 'vitest';

import { farFirst, isHidden, meeting, type Point3, projectionOf, standing } from '../src/lib/projection';

const parallel = (turn: number, tilt: number) => projectionOf({ turn, tilt, distance: Infinity });
const close = (found: Point3 | null, wanted: Point3) =>
  wanted.forEach((value, i) => expect(found?.[i]).toBeCloseTo(value, 3));

describe('projectionOf', () => {
  it('seen from +x shows y to the right and z upwards', () => {
    const { x, y, near } = parallel(0, 0).see([3, 1, 2]);
    expect([x, y, near]).toEqual([1, 2, 3]);
  });

  it('seen from above shows the ground as it is, a quarter turned', () => {
    const { x, y } = parallel(-Math.PI / 2, Math.PI / 2).see([0.3, 0.7, 5]);
    expect(x).toBeCloseTo(0.3, 12);
    expect(y).toBeCloseTo(0.7, 12);
  });

  it('shortens by the sine and cosine of the tilt', () => {
    const seen = parallel(-Math.PI / 2, Math.PI / 6).see([1, 1, 1]);
    expect(seen.x).toBeCloseTo(1, 12);
    expect(seen.y).toBeCloseTo(Math.sin(Math.PI / 6) + Math.cos(Math.PI / 6), 12);
  });

  it('shows what is nearer larger', () => {
    const eye = projectionOf({ turn: 0, tilt: 0, distance: 4 });
    expect(eye.see([0, 1, 0]).x).toBeCloseTo(1, 12);
    expect(eye.see([2, 1, 0]).x).toBeCloseTo(2, 12);
    expect(eye.see([-4, 1, 0]).x).toBeCloseTo(0.5, 12);
  });

  it('sends a ray through every point that is seen there', () => {
    for (const distance of [Infinity, 5]) {
      const eye = projectionOf({ turn: 0.7, tilt: 0.5, distance });
      const point: Point3 = [0.3, -0.8, 0.4];
      const seen = eye.see(point);
      const { from, along } = eye.ray(seen.x, seen.y);
      const t = along.reduce((sum, part, i) => sum + part * (point[i] - from[i]), 0);
      close(from.map((part, i) => part + t * along[i]) as unknown as Point3, point);
    }
  });
});

describe('farFirst', () => {
  it('begins with the cell that is farthest from the eye', () => {
    expect(farFirst([-1, -0.5, 0, 0.5, 1], 3)).toEqual([0, 1, 2, 3]);
    expect(farFirst([-1, -0.5, 0, 0.5, 1], -3)).toEqual([3, 2, 1, 0]);
    expect(farFirst([-1, -0.5, 0, 0.5, 1], 0.1)).toEqual([0, 3, 1, 2]);
  });

  it('knows where the eye stands', () => {
    const [x, y] = standing({ turn: Math.PI / 2, tilt: Math.PI / 3, distance: 4 });
    expect(x).toBeCloseTo(0, 12);
    expect(y).toBeCloseTo(2, 12);
  });
});

describe('meeting and isHidden', () => {
  const hill = (x: number, y: number) =>
    Math.abs(x) > 1 || Math.abs(y) > 1 ? NaN : 0.8 * Math.exp(-8 * (x * x + y * y));

  it('find the point that was seen', () => {
    for (const distance of [Infinity, 5]) {
      const eye = projectionOf({ turn: 0.4, tilt: 0.6, distance });
      for (const [x, y] of [[0, 0], [0.5, 0.4], [0.7, -0.3]]) {
        const point: Point3 = [x, y, hill(x, y)];
        const seen = eye.see(point);
        close(meeting(eye.ray(seen.x, seen.y), hill, 1), point);
      }
    }
  });

  it('miss what is not there', () => {
    const eye = projectionOf({ turn: 0.4, tilt: 0.6, distance: 5 });
    expect(meeting(eye.ray(5, 0), hill, 1)).toBeNull();
  });

  it('see that a hill hides what is behind it', () => {
    const eye = projectionOf({ turn: 0, tilt: 0.3, distance: Infinity });
    expect(isHidden([-0.6, 0, hill(-0.6, 0)], eye, hill, 1, 0.02)).toBe(true);
    expect(isHidden([0.6, 0, hill(0.6, 0)], eye, hill, 1, 0.02)).toBe(false);
    expect(isHidden([-0.6, 0.8, hill(-0.6, 0.8)], eye, hill, 1, 0.02)).toBe(false);
    const above = projectionOf({ turn: 0, tilt: 1.5, distance: Infinity });
    expect(isHidden([-0.6, 0, hill(-0.6, 0)], above, hill, 1, 0.02)).toBe(false);
  });
});
