/** How far the axes of error curves reach, and what stands out on the curves. */

import type { Pair } from '../../lib/scales';
import type { CurvePoint, Curves } from '../../protocol';

const ENDS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10]; // of the step axis, within a power of ten
const BEYOND = 4; // times the first error: what is larger leaves the picture
const WORSE = 1.02; // a validation error so much above its best one has risen

export interface Best {
  step: number;
  epoch: number;
  validation: number;
  rising: boolean; // whether the validation error has been larger ever since
}

/** From the first step to a round one that the last has not reached, so that the axis rests. */
export function stepDomain(points: readonly Pick<CurvePoint, 'step'>[], lanes: readonly number[]): Pair {
  const first = Math.min(0, points[0]?.step ?? 0);
  const last = Math.max(points[points.length - 1]?.step ?? 0, ...lanes, first + 1);
  if (last <= 0) return [first, Math.max(last, first + 1)];
  const power = 10 ** Math.floor(Math.log10(last));
  const end = ENDS.find((end) => end * power >= last) ?? 10;
  return [first, Math.max(end * power, 10)];
}

/** What the error axis shows: all, but for errors that ran away. */
export function errorDomain(errors: readonly number[], logarithmic: boolean): Pair {
  const finite = errors.filter(Number.isFinite);
  if (finite.length === 0) return logarithmic ? [0.1, 1] : [0, 1];
  const roof = finite[0] > 0 ? Math.max(BEYOND * finite[0], 1e-300) : Infinity;
  const top = Math.min(largest(finite), roof);
  if (logarithmic) {
    const positive = finite.filter((error) => error > 0);
    const low = positive.length ? smallest(positive) : top / 10;
    return low < top ? [low / 1.15, top * 1.15] : [low / 2, low * 2];
  }
  const low = smallest(finite);
  const foot = low >= 0 && low < 0.6 * top ? 0 : low - 0.05 * (top - low);
  return top > foot ? [foot, top + 0.05 * (top - foot)] : [foot - 1, foot + 1];
}

/** The epoch of the least validation error: what the server knows, or what the points show since. */
export function bestOf(curves: Pick<Curves, 'points' | 'best'>): Best | null {
  let best = curves.best && { ...curves.best, rising: false };
  for (const { step, epoch, validation } of curves.points) {
    if (validation === null || !Number.isFinite(validation)) continue;
    if (!best || validation < best.validation) best = { step, epoch, validation, rising: false };
  }
  if (!best) return null;
  const later = curves.points.filter(({ step, validation }) => step > best.step && validation !== null);
  const last = later[later.length - 1];
  best.rising = later.length >= 3 && (last.validation as number) > WORSE * best.validation;
  return best;
}

/** The point at, or nearest to, a step. */
export function nearestTo(points: readonly Pick<CurvePoint, 'step'>[], step: number): number {
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].step < step) low = middle + 1;
    else high = middle;
  }
  const before = points[low - 1];
  return before && step - before.step < points[low].step - step ? low - 1 : low;
}

/** The step at which so many epochs were done, in straight lines between points. */
export function stepOf(done: readonly number[], points: readonly Pick<CurvePoint, 'step'>[], epochs: number): number {
  const after = done.findIndex((each) => each >= epochs);
  if (after <= 0) return after === 0 ? points[0].step : NaN;
  const [a, b] = [done[after - 1], done[after]];
  const share = b > a ? (epochs - a) / (b - a) : 1;
  return points[after - 1].step + share * (points[after].step - points[after - 1].step);
}

/** Heights of labels, moved apart so that each has its room; the order stays. */
export function spread(heights: readonly number[], room: number, top: number, bottom: number): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  const found = [...heights];
  let least = top;
  for (const i of order) {
    found[i] = Math.max(heights[i], least);
    least = found[i] + room;
  }
  let most = bottom;
  for (const i of order.reverse()) {
    found[i] = Math.min(found[i], most);
    most = found[i] - room;
  }
  return found;
}

function largest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}

function smallest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}
