/** The talk with the server: commands and their replies, messages, and coming back after a loss. */

import { decode, type Decoded } from './decode';
import type { Wish } from './lib/view';
import type { Message, Reply } from './protocol';

/** How the talk stands: `refused` is for good, with a sentence that says why. */
export type Standing = { is: 'connecting' | 'open' | 'lost' } | { is: 'refused'; why: string };

export interface Wire {
  send(text: string): void;
  close(): void;
}

export interface WireEvents {
  open(): void;
  message(bytes: ArrayBuffer): void;
  close(code: number): void;
}

/** Opens a wire: a WebSocket on the page, a widget's messages in a notebook, a fake in tests. */
export type OpenWire = (events: WireEvents) => Wire;

export interface ServerEvents {
  message(message: Decoded<Message>): void;
  standing(standing: Standing): void;
}

const WAITS = [250, 500, 1000, 2000, 4000];
const LOST = 'The connection to the studio was lost, so this was not done.';
const REFUSED: Record<number, string> = {
  1008: 'This tab may not steer the studio. Open the link that the terminal printed.',
  1013: 'Too many tabs are open on this studio. Close one and reload this page.',
  4000: 'This tab sent too many messages at once. Reload the page to go on.',
};

export class Server {
  private wire: Wire | null = null;
  private open = false;
  private tries = 0;
  private nextId = 1;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waiting = new Map<number, (reply: Reply) => void>();
  private done: Promise<unknown> = Promise.resolve(); // all that was asked for until now

  constructor(
    private readonly openWire: OpenWire,
    private readonly events: ServerEvents,
  ) {}

  connect(): void {
    clearTimeout(this.timer);
    this.events.standing({ is: this.tries ? 'lost' : 'connecting' });
    this.wire = this.openWire({
      open: () => this.opened(),
      message: (bytes) => this.received(bytes),
      close: (code) => this.closed(code),
    });
  }

  /** Tries again at once where a wait is under way: the tab was hidden, or a person asks. */
  hurry(): void {
    if (this.open || this.timer === undefined) return;
    this.tries = 1;
    this.connect();
  }

  /** Ends the talk for good. */
  close(): void {
    clearTimeout(this.timer);
    this.open = false;
    this.wire?.close();
  }

  request(wish: Wish): Promise<Reply> {
    const id = this.nextId++;
    if (!this.open || !this.wire) return Promise.resolve(failed(id));
    const reply = new Promise<Reply>((resolve) => this.waiting.set(id, resolve));
    this.wire.send(JSON.stringify({ id, ...wish }));
    const before = this.done;
    this.done = reply.then(() => before);
    return reply;
  }

  /** Waits until all that was asked for has been answered. */
  async settled(): Promise<void> {
    await this.done;
  }

  private opened(): void {
    this.open = true;
    this.tries = 0;
    this.timer = undefined;
    this.events.standing({ is: 'open' });
  }

  private received(bytes: ArrayBuffer): void {
    const message = decode(bytes);
    if (message.type !== 'reply') return this.events.message(message);
    this.waiting.get(message.id)?.(message);
    this.waiting.delete(message.id);
  }

  private closed(code: number): void {
    this.open = false;
    this.wire = null;
    for (const [id, answer] of this.waiting) answer(failed(id));
    this.waiting.clear();
    if (REFUSED[code]) return this.events.standing({ is: 'refused', why: REFUSED[code] });
    this.tries += 1;
    this.events.standing({ is: 'lost' });
    this.timer = setTimeout(() => this.connect(), WAITS[Math.min(this.tries, WAITS.length) - 1]);
  }
}

function failed(id: number): Reply {
  return { type: 'reply', id, error: LOST };
}

/** A wire to the server that this page came from. */
export function webSocket(page: string): OpenWire {
  return (events) => {
    const socket = new WebSocket(new URL('socket', page.replace(/^http/, 'ws')));
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => events.open();
    socket.onmessage = (event) => events.message(event.data as ArrayBuffer);
    socket.onclose = (event) => events.close(event.code);
    return { send: (text) => socket.send(text), close: () => socket.close() };
  };
}
