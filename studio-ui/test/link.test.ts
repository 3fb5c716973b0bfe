import { describe, expect, it } from 'vitest';

import { lessonHash, readHash, settingsHash } from '../src/link';
import type { Setup } from '../src/protocol';

const setup = {
  data: 'sine',
  target: 'höhe η',
  features: ['a', 'b?&#'],
  optimizer: { name: 'sgd', learning_rate: 0.1 },
  l1: 0,
  start: [1e-9],
} as unknown as Setup;

/** Base64url read letter by letter, as RFC 4648 writes it. */
function bytesOf(text: string): Uint8Array {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const bits = [...text].map((letter) => letters.indexOf(letter).toString(2).padStart(6, '0')).join('');
  return Uint8Array.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

describe('links', () => {
  it('give back the settings that they hold', () => {
    expect(readHash(settingsHash(setup))).toEqual({ changes: setup, lesson: null });
  });

  it('hold only letters that every program leaves as they are', () => {
    expect(settingsHash(setup)).toMatch(/^#s=[A-Za-z0-9_-]+$/);
  });

  it('are base64url as others read it', () => {
    const text = settingsHash(setup).slice(3);
    expect(JSON.parse(new TextDecoder().decode(bytesOf(text)))).toEqual(setup);
  });

  it('give back a lesson', () => {
    expect(readHash(lessonHash('too large & small'))).toEqual({
      changes: null,
      lesson: 'too large & small',
    });
  });

  it.each(['', '#', '#s=', '#s=!!', '#s=YWJj', '#s=WzFd', '#s=MQ', '#lesson=%E0%A4%A', '#other=1'])(
    'ask for nothing where they are not understood: %s',
    (hash) => {
      expect(readHash(hash)).toEqual({ changes: null, lesson: null });
    },
  );
});
