/** The steps of a descent as a map knows them: those that came with the surface, and those since. */

import type { Decoded } from '../../decode';
import type { Frame, SurfaceView } from '../../protocol';
import { isLine, isSamePlane } from './ground';

export interface Stop {
  x: number;
  y: number;
  error: number;
  step: number;
}

/** Grows by a stop a frame, is cut where the descent steps back, and renewed with each surface. */
export class Trail {
  stops: Stop[] = [];
  age = 0; // rises whenever stops were taken away or replaced, not only added
  private view: Decoded<SurfaceView> | null = null;

  renew(view: Decoded<SurfaceView>): void {
    const told = stopsOf(view);
    const last = told.length ? told[told.length - 1].step : -1;
    const stays = this.view !== null && view.kind === 'slice' && isSamePlane(this.view, view);
    const later = stays ? this.stops.filter(({ step }) => step > last) : [];
    this.stops = [...told, ...later];
    this.view = view;
    this.age++;
  }

  /** Takes the place of a frame in; a frame of another descent is not of this plane. */
  add(frame: Frame): void {
    const { place, step } = frame;
    if (!this.view || frame.run !== this.view.run) return;
    if (this.last && step < this.last.step) {
      this.stops = this.stops.filter((stop) => stop.step <= step);
      this.age++;
    }
    const stop = place && this.stopOf(place, step);
    if (!stop || !Number.isFinite(stop.x) || !Number.isFinite(stop.y)) return;
    if (!this.last || step > this.last.step) this.stops.push(stop);
  }

  /** Where a place of a frame is drawn: over one weight, at the height of its error. */
  stopOf({ x, y, error }: NonNullable<Frame['place']>, step: number): Stop {
    const real = error ?? NaN;
    return { x, y: this.view && isLine(this.view) ? real : y, error: real, step };
  }

  get last(): Stop | undefined {
    return this.stops[this.stops.length - 1];
  }
}

function stopsOf(view: Decoded<SurfaceView>): Stop[] {
  const { path, steps } = view.arrays;
  if (!path) return [];
  const line = isLine(view);
  return Array.from({ length: path.shape[0] }, (_, i) => ({
    x: path.values[3 * i],
    y: path.values[3 * i + (line ? 2 : 1)],
    error: path.values[3 * i + 2],
    step: steps ? steps.values[i] : i,
  })).filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
}
