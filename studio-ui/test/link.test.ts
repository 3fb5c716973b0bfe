import { describe, expect, it } from 'vitest';

import { lessonHash, readHash, settingsHash } from '../src/link';
import type { Setup } from '../src/protocol';

const setup = { data: 'sine', target: 'höhe η', features: ['a', 'b?&#'], optimizer: { name: 'sgd', learning_rate: 0.1 }, l1: 0, start: [1e-9] } as unknown as Setup;

describe('links', () => {
  it('give back the settings that they hold', () => {
    expect(readHash(settingsHash(setup))).toEqual({ changes: setup, lesson: null });
  });

  it('hold only letters that every program leaves as they are', () => {
    expect(settingsHash(setup)).toMatch(/^#s=[A-Za-z0-9_-]+$/);
  });

  it('are base64url as others read it', () => {
    const text = settingsHash(setup).slice(3);
    expect(JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))).toEqual(setup);
  });

  it('give back a lesson', () => {
    expect(readHash(lessonHash('too large & small'))).toEqual({ changes: null, lesson: 'too large & small' });
  });

  it.each(['', '#', '#s=', '#s=!!', '#s=YWJj', '#s=WzFd', '#s=MQ', '#lesson=%E0%A4%A', '#other=1'])('ask for nothing where they are not understood: %s', (hash) => {
    expect(readHash(hash)).toEqual({ changes: null, lesson: null });
  });
});
