// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { begin } from '../src/begin';
import { encode } from '../src/decode';
import type { WireEvents } from '../src/socket';
import { frame, hello, problem, settle } from './fake';

/** A server of a few lines: it answers every command, with an error where it is told to. */
function studio(errors: Record<string, string> = {}) {
  const told: Record<string, unknown>[] = [];
  let wire!: WireEvents;
  const root = document.createElement('div');
  const { page, server } = begin(root, (events) => {
    wire = events;
    const send = (text: string) => {
      const command = JSON.parse(text) as { id: number; do: string };
      told.push(command);
      events.message(encode({ type: 'reply', id: command.id, error: errors[command.do] ?? null }));
    };
    return { send, close: () => events.close(1000) };
  });
  server.connect();
  wire.open();
  return {
    page,
    root,
    told,
    say: (message: object) => wire.message(encode(message as never)),
    wire: () => wire,
  };
}

const drawn = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));

describe('the page and its server', () => {
  beforeEach(() => vi.stubGlobal('CSS', { escape: String }));

  it('is ready when there is something to see, and not before', async () => {
    const { root, say } = studio();
    for (const message of [hello, problem({})]) say(message);
    await drawn();
    expect(root.dataset.ready).toBeUndefined();
    say(frame({}));
    await drawn();
    expect(root.dataset.ready).toBe('true');
  });

  it('changes during the descent what can be changed there, and begins anew for all else', async () => {
    const { page, told } = studio();
    await page.set({ batch_size: 1, l2: 0.1 });
    await page.set({ batch_size: 1, net: '3 relu' });
    expect(told).toEqual([
      { id: 1, do: 'change', changes: { batch_size: 1, l2: 0.1 } },
      { id: 2, do: 'setup', changes: { batch_size: 1, net: '3 relu' } },
    ]);
  });

  it('tells an error to the person, and lets the controls show what is', async () => {
    const { page } = studio({ setup: 'no such table' });
    const shown = vi.fn();
    page.store.on(['problem'], shown);
    expect((await page.set({ data: 'x' })).error).toBe('no such table');
    await drawn();
    expect(page.store.state.notice).toMatchObject({ kind: 'error', text: 'no such table' });
    expect(shown).toHaveBeenCalledTimes(2);
  });

  it('watches what is in the focus, once, and again for a server that came back', async () => {
    const { page, told, wire } = studio();
    page.focus('hidden1.0');
    page.focus('hidden1.0');
    await settle();
    expect(told).toEqual([{ id: 1, do: 'watch', element: 'hidden1.0', row: null }]);
    wire().close(1006);
    await new Promise((resolve) => setTimeout(resolve, 300));
    wire().open();
    await drawn();
    expect(told.at(-1)).toMatchObject({ do: 'watch', element: 'hidden1.0' });
    expect(told.length).toBe(2);
  });
});
