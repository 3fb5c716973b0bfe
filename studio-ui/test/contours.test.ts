import { describe, expect, it } from 'vitest';

import {
  contours, type Grid, heightOf, knotsOf, rangeOf, rankOf, refined, slopeAt, steadyLevels, valueAt,
} from '../src/lib/contours';

type Surface = (x: number, y: number) => number;

function sampled(surface: Surface, m: number, q: number, low = -2, high = 2): Grid {
  const axis = (n: number) => Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));
  const [x, y] = [axis(m), axis(q)];
  return { x, y, values: y.flatMap((b) => x.map((a) => surface(a, b))) };
}

const bowl: Surface = (x, y) => x * x + y * y;

describe('contours', () => {
  it('of a paraboloid are circles', () => {
    for (const { level, lines } of contours(sampled(bowl, 41, 61), [0.25, 1, 2.25])) {
      expect(lines).toHaveLength(1);
      expect(lines[0][0]).toEqual(lines[0][lines[0].length - 1]);
      for (const [x, y] of lines[0]) expect(Math.hypot(x, y)).toBeCloseTo(Math.sqrt(level), 2);
    }
  });

  it('are open where they leave the picture, and reach its very edge', () => {
    const [{ lines }] = contours(sampled(bowl, 41, 41), [6.25]); // radius 2.5 of a square of half-side 2
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      for (const [x, y] of line) expect(Math.hypot(x, y)).toBeCloseTo(2.5, 2);
      for (const [x, y] of [line[0], line[line.length - 1]]) {
        expect(Math.max(Math.abs(x), Math.abs(y))).toBeCloseTo(2, 9);
      }
    }
  });

  it('of a plane are straight lines across', () => {
    const [{ lines }] = contours(sampled((x) => x, 9, 5), [0.3]);
    expect(lines).toHaveLength(1);
    for (const [x] of lines[0]) expect(x).toBeCloseTo(0.3, 9);
    expect(lines[0]).toHaveLength(5);
  });

  it('stop at holes, and never go around them', () => {
    for (const hole of [NaN, Infinity, -Infinity]) {
      const grid = sampled((x, y) => (x > 0.51 ? hole : bowl(x, y)), 41, 41);
      const [{ lines }] = contours(grid, [1]);
      expect(lines).toHaveLength(1);
      expect(lines[0].length).toBeGreaterThan(20);
      for (const [x, y] of lines[0]) {
        expect(Math.hypot(x, y)).toBeCloseTo(1, 2);
        expect(x).toBeLessThan(0.51);
      }
    }
  });

  it('are none where the level is not met, or nothing is finite', () => {
    expect(contours(sampled(bowl, 5, 5), [100])[0].lines).toEqual([]);
    expect(contours(sampled(() => NaN, 5, 5), [1])[0].lines).toEqual([]);
    expect(contours(sampled(() => 3, 5, 5), [1])[0].lines).toEqual([]);
  });
});

describe('refined', () => {
  it('keeps the points of the grid and is smooth between', () => {
    const coarse = sampled(bowl, 11, 9);
    const fine = refined(coarse, 4);
    expect(fine.x).toHaveLength(41);
    expect(fine.y).toHaveLength(33);
    for (let j = 0; j < 9; j++) {
      for (let i = 0; i < 11; i++) {
        expect(fine.values[j * 4 * 41 + i * 4]).toBeCloseTo(coarse.values[j * 11 + i] as number, 9);
      }
    }
    // Catmull-Rom is exact for squares, but at the edges, where a neighbour is guessed.
    expect(valueAt(fine, 0.1, 0.125)).toBeCloseTo(bowl(0.1, 0.125), 2);
  });

  it('leaves holes where they are', () => {
    const fine = refined(sampled((x, y) => (x > 1 ? NaN : bowl(x, y)), 5, 5), 2);
    expect(Array.from(fine.x).filter((_, i) => Number.isFinite(fine.values[i]))).toEqual([-2, -1.5, -1, -0.5, 0, 0.5, 1]);
  });
});

describe('valueAt and slopeAt', () => {
  const grid = sampled((x, y) => 3 * x - 2 * y + 1, 7, 5);

  it('read a plane exactly', () => {
    expect(valueAt(grid, 0.37, -1.21)).toBeCloseTo(3 * 0.37 + 2 * 1.21 + 1, 9);
    expect(valueAt(grid, 2, 2)).toBeCloseTo(3, 9);
    expect(valueAt(grid, 2.01, 0)).toBeNaN();
    for (const [x, y] of [[0.3, 0.3], [-2, 2], [2, -2]]) {
      const [a, b] = slopeAt(grid, x, y);
      expect(a).toBeCloseTo(3, 9);
      expect(b).toBeCloseTo(-2, 9);
    }
  });

  it('read the slope of a bowl', () => {
    const [a, b] = slopeAt(sampled(bowl, 41, 41), 0.5, -1);
    expect(a).toBeCloseTo(1, 9);
    expect(b).toBeCloseTo(-2, 9);
  });

  it('read beside a hole, but not in it', () => {
    const holed = sampled((x) => (x > 1 ? NaN : x), 5, 5);
    expect(valueAt(holed, 1, 0.3)).toBeCloseTo(1, 9);
    expect(valueAt(holed, 1.2, 0.3)).toBeNaN();
  });
});

describe('heights, ranks and levels', () => {
  it('rise by factors where the levels do', () => {
    const { up, down, floor } = heightOf('log', [0.1, 1, 10]);
    expect(up(100)).toBeCloseTo(2, 12);
    expect(up(0)).toBeCloseTo(-2, 12); // one level below the lowest
    expect(floor).toBeCloseTo(-2, 12);
    expect(down(up(3))).toBeCloseTo(3, 12);
    expect(heightOf('square', [1, 4]).up(7)).toBe(7);
  });

  it('give every band its share', () => {
    const rank = rankOf([0, 1, 4, 9]);
    expect([-1, 0, 0.5, 1, 2.5, 4, 9, 10].map(rank)).toEqual([0, 0, 1 / 6, 1 / 3, 0.5, 2 / 3, 1, 1]);
    expect(rank(NaN)).toBeNaN();
    expect(knotsOf(1, [1, 2, 3], 3)).toEqual([1, 2, 3]);
    expect(knotsOf(2, [], 2)).toEqual([1.5, 2.5]);
    expect(rangeOf([NaN, 3, -1, Infinity])).toEqual([-1, 3]);
    expect(rangeOf([NaN])).toBeNull();
  });

  it('stay while they fit', () => {
    const before = [1, 2, 3, 4, 5];
    expect(steadyLevels(before, [1.1, 2, 3, 4, 5.5])).toBe(before);
    expect(steadyLevels(before, [0.1, 0.2, 0.3])).toEqual([0.1, 0.2, 0.3]);
    expect(steadyLevels(before, [1, 2, 3, 4, 5, 6, 7, 8])).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(steadyLevels([], [1, 2])).toEqual([1, 2]);
  });
});
