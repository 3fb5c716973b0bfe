/** The numbers of weights and biases, as the last frame brought them. */

import type { Decoded } from '../decode';
import type { Frame, NetworkSpec } from '../protocol';
import { layerOf } from './elements';

export interface Numbers {
  value: number;
  gradient: number | null; // of the step that led here; null at the start
  move: number | null;
}

export class Theta {
  readonly values: Float32Array;
  readonly gradients: Float32Array | null;
  readonly moves: Float32Array | null;
  private readonly base: number; // the index in θ of the first number that came

  constructor(network: NetworkSpec, frame: Decoded<Frame> | null) {
    const array = (name: string): Float32Array | null => frame?.arrays[name]?.values ?? null;
    this.values = array('theta') ?? new Float32Array(0);
    const moved = frame !== null && frame.last !== null;
    this.gradients = moved ? array('gradient') : null;
    this.moves = moved ? array('move') : null;
    this.base = frame?.layer ? (layerOf(network, frame.layer)?.weights ?? 0) : 0;
  }

  /** Where the number of an index in θ lies in what came; null where it did not come. */
  place(index: number): number | null {
    const at = index - this.base;
    return at >= 0 && at < this.values.length ? at : null;
  }

  at(index: number): Numbers | null {
    const at = this.place(index);
    if (at === null) return null;
    const { gradients, moves } = this;
    return {
      value: this.values[at],
      gradient: gradients && at < gradients.length ? gradients[at] : null,
      move: moves && at < moves.length ? moves[at] : null,
    };
  }

  /** The largest |θ| among `count` numbers from an index on that is finite; 0 where none came. */
  largest(index: number, count: number): number {
    const from = this.place(index);
    if (from === null) return 0;
    let largest = 0;
    const end = Math.min(from + count, this.values.length);
    for (let at = from; at < end; at++) {
      const size = Math.abs(this.values[at]);
      if (size > largest && size < Infinity) largest = size;
    }
    return largest;
  }
}
