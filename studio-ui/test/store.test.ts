import { describe, expect, it } from 'vitest';

import { latest } from '../src/latest';
import { Store } from '../src/store';

function stepwise() {
  const due: (() => void)[] = [];
  const store = new Store({ a: 0, b: 0 }, (run) => due.push(run));
  return { store, frames: due, draw: () => due.splice(0).forEach((run) => run()) };
}

describe('Store', () => {
  it('tells once a drawn frame, however much changed, and only what it was asked for', () => {
    const { store, frames, draw } = stepwise();
    const seen: string[] = [];
    store.on(['a'], ({ a }) => seen.push(`a${a}`));
    store.on(['b'], ({ b }) => seen.push(`b${b}`));
    expect(seen).toEqual(['a0', 'b0']);
    store.set({ a: 1 });
    store.set({ a: 2 });
    expect(frames.length).toBe(1);
    draw();
    expect(seen).toEqual(['a0', 'b0', 'a2']);
  });

  it('draws again what a listener changes', () => {
    const { store, draw } = stepwise();
    const seen: number[] = [];
    store.on(['a'], ({ a }) => a === 1 && store.set({ b: 5 }));
    store.on(['b'], ({ b }) => seen.push(b));
    store.set({ a: 1 });
    draw();
    draw();
    expect(seen).toEqual([0, 5]);
  });

  it('tells no more those who left', () => {
    const { store, draw } = stepwise();
    const seen: number[] = [];
    const leave = store.on(['a'], ({ a }) => seen.push(a));
    leave();
    store.set({ a: 1 });
    draw();
    expect(seen).toEqual([0]);
  });
});

describe('latest', () => {
  it('asks one at a time, and of those that came meanwhile only the newest', async () => {
    const asked: number[] = [];
    const answers: (() => void)[] = [];
    const ask = latest((wish: number) => {
      asked.push(wish);
      return new Promise<void>((resolve) => answers.push(resolve));
    });
    [1, 2, 3].forEach(ask);
    expect(asked).toEqual([1]);
    answers[0]();
    await new Promise((resolve) => setTimeout(resolve));
    expect(asked).toEqual([1, 3]);
    answers[1]();
    await new Promise((resolve) => setTimeout(resolve));
    ask(4);
    expect(asked).toEqual([1, 3, 4]);
  });
});
