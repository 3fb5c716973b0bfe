import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { encode } from '../src/decode';
import { Server, type Standing, type WireEvents } from '../src/socket';

/** A server at the other end of a wire: what it was told, and what it says. */
class Fake {
  wires: WireEvents[] = [];
  told: string[] = [];
  standings: Standing[] = [];
  messages: string[] = [];
  server = new Server(
    (events) => {
      this.wires.push(events);
      return { send: (text) => this.told.push(text), close: () => events.close(1000) };
    },
    {
      message: (message) => this.messages.push(message.type),
      standing: (standing) => this.standings.push(standing),
    },
  );
  get wire(): WireEvents {
    return this.wires[this.wires.length - 1];
  }
  reply(id: number, error: string | null = null): void {
    this.wire.message(encode({ type: 'reply', id, error }));
  }
}

describe('Server', () => {
  let fake: Fake;
  beforeEach(() => {
    vi.useFakeTimers();
    fake = new Fake();
    fake.server.connect();
  });
  afterEach(() => vi.useRealTimers());

  it('gives each command its number, and each reply to who asked', async () => {
    fake.wire.open();
    const first = fake.server.request({ do: 'play' });
    const second = fake.server.request({ do: 'step', of: 'epoch' });
    expect(fake.told.map((text) => JSON.parse(text))).toEqual([
      { id: 1, do: 'play' },
      { id: 2, do: 'step', of: 'epoch' },
    ]);
    fake.reply(2, 'no');
    fake.reply(1);
    expect((await first).error).toBeNull();
    expect((await second).error).toBe('no');
  });

  it('is settled when all is answered, in whatever order, or can no longer be', async () => {
    const settled = vi.fn();
    await fake.server.settled();
    fake.wire.open();
    void fake.server.request({ do: 'play' });
    void fake.server.request({ do: 'pause' });
    void fake.server.settled().then(settled);
    fake.reply(2);
    await vi.runAllTimersAsync();
    expect(settled).not.toHaveBeenCalled();
    fake.reply(1);
    await vi.runAllTimersAsync();
    expect(settled).toHaveBeenCalledOnce();
    void fake.server.request({ do: 'play' });
    fake.wire.close(1006);
    await fake.server.settled();
  });

  it('passes on every other message', () => {
    fake.wire.open();
    fake.wire.message(encode({ type: 'notice', kind: 'info', text: 'x' }));
    fake.reply(7);
    expect(fake.messages).toEqual(['notice']);
  });

  it('answers with a sentence what cannot be sent, and what was not answered when the wire broke', async () => {
    expect((await fake.server.request({ do: 'play' })).error).toMatch(/lost/);
    fake.wire.open();
    const waiting = fake.server.request({ do: 'pause' });
    fake.wire.close(1006);
    expect((await waiting).error).toMatch(/lost/);
  });

  it('comes back by itself, waiting longer each time, and again from the start after it was there', () => {
    const waits = [250, 500, 1000, 2000, 4000, 4000];
    for (const wait of waits) {
      const tries = fake.wires.length;
      fake.wire.close(1006);
      vi.advanceTimersByTime(wait - 1);
      expect(fake.wires.length).toBe(tries);
      vi.advanceTimersByTime(1);
      expect(fake.wires.length).toBe(tries + 1);
    }
    fake.wire.open();
    fake.wire.close(1006);
    vi.advanceTimersByTime(250);
    expect(fake.wires.length).toBe(waits.length + 2);
    expect(fake.standings.map(({ is }) => is)).toContain('open');
  });

  it('tries at once when it is hurried, and only while it waits', () => {
    fake.server.hurry();
    expect(fake.wires.length).toBe(1);
    fake.wire.close(1006);
    fake.server.hurry();
    expect(fake.wires.length).toBe(2);
    vi.advanceTimersByTime(10_000);
    expect(fake.wires.length).toBe(2);
  });

  it.each([1008, 1013, 4000])('does not come back where it was refused with %i, and says why', (code) => {
    fake.wire.open();
    fake.wire.close(code);
    vi.advanceTimersByTime(60_000);
    expect(fake.wires.length).toBe(1);
    expect(fake.standings.at(-1)).toMatchObject({ is: 'refused', why: expect.stringMatching(/\.$/) });
  });
});
