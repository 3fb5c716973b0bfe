import { describe, expect, it } from 'vitest';

import { apart, axisShort, axisWords, boxWithin, epochsDone, ticksAlong } from '../src/lib/axes';
import { scaleOf } from '../src/lib/scales';
import type { NetworkSpec } from '../src/protocol';

const network: NetworkSpec = {
  text: '2 -> 1 identity',
  inputs: [{ name: 'input.0', label: 'lot_size' }, { name: 'input.1', label: 'rooms' }],
  layers: [
    {
      name: 'output', size: 1, activation: 'identity', sources: ['input'], source_sizes: [2],
      weights: 0, biases: 2, labels: ['price'],
    },
  ],
  parameters: 3,
  whole: true,
};

describe('ticksAlong', () => {
  it('puts round numbers on their pixels', () => {
    const ticks = ticksAlong(scaleOf('linear', [0, 10], [100, 0]), 20);
    expect(ticks.map(({ text }) => text)).toEqual(['0', '2', '4', '6', '8', '10']);
    expect(ticks.map(({ at }) => at)).toEqual([100, 80, 60, 40, 20, 0]);
  });

  it('leaves room between them', () => {
    for (const kind of ['linear', 'log', 'sqrt'] as const) {
      for (const length of [60, 150, 400]) {
        const ticks = ticksAlong(scaleOf(kind, [0.002, 7], [0, length]), 50);
        expect(ticks.length).toBeGreaterThan(0);
        ticks.slice(1).forEach((tick, i) => expect(tick.at - ticks[i].at).toBeGreaterThanOrEqual(29));
      }
    }
    expect(apart([0, 1, 2, 3, 4].map((at) => ({ at, value: at, text: '' })), 2).map(({ at }) => at)).toEqual([0, 2, 4]);
  });
});

describe('words and boxes', () => {
  it('says what an axis is', () => {
    expect(axisWords('w[input.0->output.0]', network)).toBe('weight from lot_size to price');
    expect(axisWords('b[output.0]', network)).toBe('bias of price');
    expect(axisWords('b[hidden1.0]', network)).toBe('b[hidden1.0]');
    expect(axisWords('first principal direction', network)).toBe('first principal direction');
    expect(axisShort('w[input.0->output.0]', network)).toBe('w: lot_size → price');
    expect(axisShort('b[output.0]', network)).toBe('b: price');
    expect(axisShort('b[hidden1.0]', network)).toBe('b[hidden1.0]');
    expect(axisShort('first principal direction', network)).toBe('first principal direction');
    expect(axisWords('w[input.0->output.0]', null)).toBe('w[input.0->output.0]');
  });

  it('keeps right angles where it can', () => {
    expect(boxWithin({ width: 320, height: 300 }, { x: 2, y: 2 })).toEqual({ width: 300, height: 300 });
    expect(boxWithin({ width: 400, height: 220 }, { x: 4, y: 2 })).toEqual({ width: 400, height: 200 });
    expect(boxWithin({ width: 400, height: 300 }, { x: 4, y: 2 })).toEqual({ width: 400, height: 300 });
    expect(boxWithin({ width: 400, height: 300 }, { x: 2, y: 40 })).toEqual({ width: 400, height: 300 });
    expect(boxWithin({ width: 400, height: 200 }, { x: 2, y: 2 }, 0.4)).toEqual({ width: 200, height: 200 });
    expect(boxWithin({ width: 400, height: 200 }, { x: 1, y: 5 }, 0.4)).toEqual({ width: 400, height: 200 });
  });
});

describe('epochsDone', () => {
  it('counts whole epochs and the share of the last', () => {
    const at = (step: number, epoch: number) => ({ step, epoch });
    expect(epochsDone([at(0, 0), at(10, 1), at(20, 2), at(25, 3)])).toEqual([0, 1, 2, 2.5]);
    expect(epochsDone([at(0, 0), at(2, 1), at(4, 1), at(8, 2), at(9, 3)])).toEqual([0, 0.5, 1, 2, 2.25]);
    expect(epochsDone([])).toEqual([]);
  });
});
