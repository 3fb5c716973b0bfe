/** What the page knows, and who is told of which change: once a drawn frame, however much came. */

export type Schedule = (run: () => void) => void;

export class Store<S extends object> {
  private dirty = new Set<keyof S>();
  private listeners: { keys: readonly (keyof S)[]; tell: (state: Readonly<S>) => void }[] = [];
  private due = false;

  constructor(
    readonly state: S,
    private readonly schedule: Schedule = (run) => requestAnimationFrame(run),
  ) {}

  set(changes: Partial<S>): void {
    for (const key of Object.keys(changes) as (keyof S)[]) {
      this.state[key] = changes[key] as S[typeof key];
      this.dirty.add(key);
    }
    if (this.due || this.dirty.size === 0) return;
    this.due = true;
    this.schedule(() => this.flush());
  }

  /** Tells `tell` now, and after every change of one of these; returns what ends that. */
  on(keys: readonly (keyof S)[], tell: (state: Readonly<S>) => void): () => void {
    const listener = { keys, tell };
    this.listeners.push(listener);
    tell(this.state);
    return () => {
      this.listeners = this.listeners.filter((other) => other !== listener);
    };
  }

  private flush(): void {
    this.due = false;
    const dirty = this.dirty;
    this.dirty = new Set();
    for (const { keys, tell } of this.listeners) {
      if (keys.some((key) => dirty.has(key))) tell(this.state);
    }
  }
}
