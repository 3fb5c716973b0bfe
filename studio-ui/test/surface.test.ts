import { describe, expect, it } from 'vitest';

import type { Decoded } from '../src/decode';
import { groundOf, isSamePlane, saysNothingNew } from '../src/draw/surface/ground';
import { Trail } from '../src/draw/surface/trail';
import { alongOf, centredOn, recentred, zoomed } from '../src/draw/surface/wishes';
import type { Frame, SurfaceView } from '../src/protocol';

const array = (values: number[], ...shape: number[]) => ({ shape, values: Float32Array.from(values) });

function view(points = 21, changes: Partial<SurfaceView> = {}, shift = 0): Decoded<SurfaceView> {
  const axis = Array.from({ length: points }, (_, i) => -2 + (4 * i) / (points - 1));
  const errors = axis.flatMap((y) => axis.map((x) => (x - shift) ** 2 + y * y));
  return {
    type: 'surface', run: 1, step: 2, fine: true, axes: ['w[input.0->output.0]', 'b[output.0]'], kind: 'slice',
    names: [], low: 0, levels: [0.25, 1, 2.25, 4], scale: 'square',
    minimum: { x: shift, y: 0, error: 0, kind: 'minimum' }, notes: [],
    ...changes,
    arrays: {
      x: array(axis, points), y: array(axis, points), errors: array(errors, points, points),
      path: array([-1, 1, 2, -0.5, 0.5, 0.5, 0, 0, 0], 3, 3), steps: array([0, 1, 2], 3),
    },
  };
}

function frame(step: number, x: number, y: number, run = 1): Frame {
  return { run, step, place: { x, y, error: x * x + y * y, off: 0 } } as Frame;
}

describe('groundOf', () => {
  it('reads errors, slopes and places among the levels', () => {
    const ground = groundOf(view(41), null);
    expect(ground.error(0.5, -1)).toBeCloseTo(1.25, 5);
    const [a, b] = ground.slope(0.5, -1);
    expect(a).toBeCloseTo(1, 4);
    expect(b).toBeCloseTo(-2, 4);
    expect(ground.place(0)).toBe(0);
    expect(ground.place(1)).toBeCloseTo(2 / 5, 6);
    expect(ground.place(8)).toBe(1);
  });

  it('draws circles from a coarse grid, too', () => {
    for (const { level, lines } of groundOf(view(17), null).lines.slice(0, 3)) {
      expect(lines.length).toBeGreaterThan(0);
      for (const [x, y] of lines.flat()) expect(Math.hypot(x, y)).toBeCloseTo(Math.sqrt(level), 1);
    }
  });

  it('keeps the levels of before on the same plane only', () => {
    const before = groundOf(view(), null);
    const levels = [0.26, 1, 2.2, 4.1];
    expect(groundOf(view(21, { levels }), before).levels).toEqual(before.levels);
    expect(groundOf(view(21, { levels, run: 2 }), before).levels).toEqual(levels);
    expect(groundOf(view(21, { levels, axes: ['a', 'b'] }), before).levels).toEqual(levels);
    expect(isSamePlane(view(), view(21, { kind: 'pca' }))).toBe(false);
  });

  it('takes heights for logarithms where the levels rise by factors', () => {
    const ground = groundOf(view(21, { levels: [0.01, 0.1, 1], scale: 'log' }), null);
    expect(ground.up(0.1)).toBeCloseTo(-1, 9);
    expect(ground.place(0.1)).toBeCloseTo(2 / 4, 6);
  });
});

describe('saysNothingNew', () => {
  const shown = groundOf(view(61), null);

  it('holds a coarse view back that looks like the fine one', () => {
    expect(saysNothingNew(view(21, { fine: false, step: 9 }), shown)).toBe(true);
  });

  it('shows what is fine, what is another plane, and what changed', () => {
    expect(saysNothingNew(view(21), shown)).toBe(false);
    expect(saysNothingNew(view(21, { fine: false, run: 2 }), shown)).toBe(false);
    expect(saysNothingNew(view(21, { fine: false }, 0.7), shown)).toBe(false);
    expect(saysNothingNew(view(21, { fine: false }), null)).toBe(false);
  });
});

describe('Trail', () => {
  it('goes on from the surface with every frame', () => {
    const trail = new Trail();
    trail.add(frame(1, 0, 0)); // before there is a plane
    trail.renew(view());
    expect(trail.stops.map(({ step }) => step)).toEqual([0, 1, 2]);
    trail.add(frame(2, 0, 0));
    trail.add(frame(5, 0.25, 0));
    expect(trail.last).toEqual({ x: 0.25, y: 0, error: 0.0625, step: 5 });
    expect(trail.stops).toHaveLength(4);
  });

  it('is cut where the descent steps back', () => {
    const trail = new Trail();
    trail.renew(view());
    const { age } = trail;
    trail.add(frame(1, -0.5, 0.5));
    expect(trail.stops.map(({ step }) => step)).toEqual([0, 1]);
    expect(trail.age).toBeGreaterThan(age);
  });

  it('keeps what came after the view of a slice, but not of other planes', () => {
    for (const [kind, kept] of [['slice', 4], ['pca', 3]] as const) {
      const trail = new Trail();
      trail.renew(view(21, { kind }));
      trail.add(frame(5, 0.25, 0));
      trail.renew(view(21, { kind }));
      expect(trail.stops).toHaveLength(kept);
    }
  });

  it('leaves frames of another descent alone', () => {
    const trail = new Trail();
    trail.renew(view());
    trail.add(frame(9, 1, 1, 2));
    expect(trail.stops).toHaveLength(3);
  });
});

describe('what a map asks for', () => {
  const ground = { view: view(), x: [-2, 2] as const, y: [0, 1] as const };

  it('is the same plane, nearer or farther', () => {
    expect(zoomed(ground, 2)).toEqual({
      do: 'surface', along: ['w[input.0->output.0]', 'b[output.0]'], span: [[-4, 4], [-0.5, 1.5]],
    });
    expect(centredOn(ground, { x: 1, y: 1 })).toMatchObject({ span: [[-1, 3], [0.5, 1.5]] });
    expect(recentred(ground)).toMatchObject({ span: null });
    expect(alongOf({ kind: 'pca', axes: ['first', 'second'] })).toBe('pca');
  });
});
