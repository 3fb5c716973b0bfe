/** One request at a time, always the newest wish: what a slider asks for while it moves. */
export function latest<T>(ask: (wish: T) => Promise<unknown>): (wish: T) => void {
  let busy = false;
  let next: { wish: T } | null = null;
  const go = async (wish: T) => {
    busy = true;
    try {
      await ask(wish);
    } finally {
      busy = false;
      const waiting = next;
      next = null;
      if (waiting) void go(waiting.wish);
    }
  };
  return (wish) => {
    if (busy) next = { wish };
    else void go(wish);
  };
}
