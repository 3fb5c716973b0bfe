/** The numbers of a boundary view, read one way for every kind: amounts, two classes, many. */

import type { Decoded } from '../decode';
import { number, percent } from '../lib/numbers';
import type { BoundaryView } from '../protocol';
import type { TipRow } from './plot';

export class Said {
  readonly outputs: number;
  readonly cells: number;
  readonly best: Uint8Array; // the class that wins in each cell
  readonly sure: Float32Array; // by how much, 0 to 1
  private readonly values: Float32Array;

  constructor(private readonly view: Decoded<BoundaryView>) {
    const { values, shape } = view.arrays.values;
    this.outputs = shape[shape.length - 1];
    this.values = values;
    this.cells = values.length / this.outputs;
    this.best = new Uint8Array(this.cells);
    this.sure = new Float32Array(this.cells);
    if (view.classes.length && view.dimensions === 2) this.judge();
  }

  of(cell: number, output: number): number {
    return this.values[cell * this.outputs + output];
  }

  output(k: number): Float32Array {
    return Float32Array.from({ length: this.cells }, (_, cell) => this.of(cell, k));
  }

  /** Grids whose noughts are the lines to draw; of amounts the amounts themselves. */
  fields(): Float32Array[] {
    const { classes } = this.view;
    if (classes.length === 0) return [this.output(0)];
    if (this.isBinary) return [Float32Array.from({ length: this.cells }, (_, cell) => this.share(cell) - 0.5)];
    return Array.from({ length: this.outputs }, (_, k) =>
      Float32Array.from({ length: this.cells }, (_, cell) => this.lead(cell, k)),
    );
  }

  /** What the card says, from a function that gives the value of an output at the pointer. */
  rows(value: (k: number) => number): TipRow[] {
    const { classes, output } = this.view;
    if (classes.length === 0) return [{ label: output, text: number(value(0), 4) }];
    if (this.isBinary) {
      const share = this.scaled(value(this.outputs - 1));
      return [1, 0].map((k) => ({ label: classes[k], text: percent(k === 1 ? share : 1 - share) }));
    }
    return classes
      .map((label, k) => ({ label, value: value(k) }))
      .sort((a, b) => b.value - a.value)
      .slice(0, 4)
      .map((each) => ({ label: each.label, text: percent(each.value) }));
  }

  private get isBinary(): boolean {
    return this.view.classes.length === 2;
  }

  /** The share of the second of two classes. */
  private share(cell: number): number {
    return this.scaled(this.of(cell, this.outputs - 1));
  }

  private scaled(value: number): number {
    const { low, high } = this.view;
    return Math.max(0, Math.min(1, (value - low) / (high - low || 1)));
  }

  /** By how much a class leads the best of the others. */
  private lead(cell: number, k: number): number {
    let other = -Infinity;
    for (let at = 0; at < this.outputs; at++) if (at !== k) other = Math.max(other, this.of(cell, at));
    return this.of(cell, k) - other;
  }

  private judge(): void {
    const { outputs, best, sure } = this;
    for (let cell = 0; cell < this.cells; cell++) {
      if (this.isBinary) {
        const share = this.share(cell);
        best[cell] = share > 0.5 ? 1 : share <= 0.5 ? 0 : 255;
        sure[cell] = Math.abs(share - 0.5) * 2;
        continue;
      }
      let most = -1;
      let value = -Infinity;
      for (let k = 0; k < outputs; k++) if (this.of(cell, k) > value) [most, value] = [k, this.of(cell, k)];
      best[cell] = most < 0 ? 255 : most;
      sure[cell] = Math.max(0, Math.min(1, (value - 1 / outputs) / (1 - 1 / outputs)));
    }
  }
}
