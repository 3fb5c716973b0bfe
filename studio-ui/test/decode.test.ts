import { describe, expect, it } from 'vitest';

import { decode, encode } from '../src/decode';

/** What Python's Message("frame", {"step": 3, "text": "η"}, {"a": [[1, 2]], "b": [0.5]}) writes. */
const WRITTEN =
  '640000007b2274797065223a226672616d65222c2273746570223a332c2274657874223a22ceb7222c226172726179' +
  '73223a7b2261223a7b226174223a302c227368617065223a5b312c325d7d2c2262223a7b226174223a322c22736861' +
  '7065223a5b315d7d7d7d0000803f000000400000003f';

function bytes(hex: string): ArrayBuffer {
  return Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16)).buffer;
}

describe('decode', () => {
  it('reads what Python writes', () => {
    const message = decode(bytes(WRITTEN)) as unknown as Record<string, never>;
    expect(message).toMatchObject({ type: 'frame', step: 3, text: 'η' });
    expect(message.arrays).toEqual({
      a: { shape: [1, 2], values: Float32Array.of(1, 2) },
      b: { shape: [1], values: Float32Array.of(0.5) },
    });
  });

  it('reads its own writing, numbers that are not finite included', () => {
    const values = [1, NaN, Infinity, -2];
    const back = decode(encode({ type: 'notice', text: 'ä' }, { theta: { shape: [4], values } }));
    expect(back.arrays.theta.values).toEqual(Float32Array.from(values));
    expect(back).toMatchObject({ type: 'notice', text: 'ä' });
  });

  it('reads a message without arrays', () => {
    expect(decode(encode({ type: 'reply', id: 1, error: null }))).toMatchObject({ arrays: {} });
  });

  it.each([0, 3, 40, 110])('refuses one that is cut off after %i bytes', (length) => {
    expect(() => decode(bytes(WRITTEN).slice(0, length))).toThrow();
  });
});
