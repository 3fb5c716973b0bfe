/** How far the axes of error curves reach, and what stands out on the curves. */

import type { Pair } from '../../lib/scales';
import type { CurvePoint, Curves } from '../../protocol';

const ENDS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10]; // of the step axis, within a power of ten
const DECADES = 100; // the ratio of errors beyond which a linear axis hides the small ones
const BEYOND = 4; // times the first error: what is larger leaves the picture
const LONG = 0.2; // the share of all epochs that is a good while
const WORSE = 1.05; // a validation error so much above its best one has risen

export interface Best {
  step: number;
  epoch: number;
  validation: number;
  rising: boolean; // whether the validation error has been larger ever since
}

/** From the first step to the last; to a round one beyond it while it runs, so that the axis rests. */
export function stepDomain(points: readonly Pick<CurvePoint, 'step'>[], lanes: readonly number[], ended = false): Pair {
  const first = Math.min(0, points[0]?.step ?? 0);
  const last = Math.max(points[points.length - 1]?.step ?? 0, ...lanes, first + 1);
  if (ended || last <= 0) return [first, Math.max(last, first + 1)];
  const power = 10 ** Math.floor(Math.log10(last));
  const end = ENDS.find((end) => end * power >= last) ?? 10;
  return [first, Math.max(end * power, 10)];
}

/** What the error axis shows: all, but for errors that ran away. */
export function errorDomain(errors: readonly number[], logarithmic: boolean): Pair {
  const finite = errors.filter(Number.isFinite);
  if (finite.length === 0) return logarithmic ? [0.1, 1] : [0, 1];
  const roof = finite[0] > 0 ? Math.max(BEYOND * finite[0], 1e-300) : Infinity;
  const top = logarithmic ? largest(finite) : Math.min(largest(finite), roof);
  if (logarithmic) {
    const positive = finite.filter((error) => error > 0);
    const low = positive.length ? smallest(positive) : top / 10;
    return low < top ? [low / 1.15, top * 1.15] : [low / 2, low * 2];
  }
  const low = smallest(finite);
  const foot = low >= 0 && low < 0.6 * top ? 0 : low - 0.05 * (top - low);
  return top > foot ? [foot, top + 0.05 * (top - foot)] : [foot - 1, foot + 1];
}

/** Whether errors span so much that only a logarithmic axis shows all of them. */
export function suitsLog(points: readonly Pick<CurvePoint, 'train' | 'validation'>[]): boolean {
  let [low, high] = [Infinity, 0];
  for (const point of points) {
    for (const error of [point.train, point.validation]) {
      if (error === null || !(error > 0) || error === Infinity) continue;
      low = Math.min(low, error);
      high = Math.max(high, error);
    }
  }
  return high > DECADES * low;
}

/** The epoch of the least validation error: what the server knows, or what the points show before one has ended. */
export function bestOf(curves: Pick<Curves, 'points' | 'best'>): Best | null {
  let best = curves.best && { ...curves.best, rising: false };
  for (const { step, epoch, validation } of curves.best ? [] : curves.points) {
    if (validation === null || !Number.isFinite(validation)) continue;
    if (!best || validation < best.validation) best = { step, epoch, validation, rising: false };
  }
  if (!best) return null;
  best.rising = hasRisen(curves.points, best);
  return best;
}

/** Whether the validation error stayed above its best for a good while, as the training error fell. */
function hasRisen(points: readonly CurvePoint[], best: Pick<Best, 'step' | 'validation'>): boolean {
  const told = points.filter(({ validation }) => validation !== null);
  const later = told.filter(({ step }) => step > best.step);
  if (later.length < Math.max(5, LONG * told.length)) return false;
  const half = later.slice(Math.floor(later.length / 2));
  const then = told.find(({ step }) => step >= best.step)?.train ?? Infinity;
  const now = half[half.length - 1].train ?? Infinity;
  return now <= then && half.every(({ validation }) => (validation as number) > WORSE * best.validation);
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
