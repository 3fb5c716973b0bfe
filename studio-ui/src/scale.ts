/** From a slider's place to a number that one would write, and back. */

export const STEPS = 200;

export interface Span {
  low: number;
  high: number;
  step?: number;
  log?: boolean; // over powers of ten
  zero?: boolean; // the left end is 0
}

/** The number at a place from 0 to STEPS: rounded to two digits, or to the step of the span. */
export function fromSlider(place: number, { low, high, step, log, zero }: Span): number {
  const share = Math.min(Math.max(place / STEPS, 0), 1);
  if (zero && place <= 0) return 0;
  if (log) return Number((low * (high / low) ** share).toPrecision(2));
  const value = low + share * (high - low);
  if (!step) return Number(value.toPrecision(3));
  return Number((low + Math.round((value - low) / step) * step).toPrecision(12));
}

/** The nearest place of a number; of one outside the span, its end. */
export function toSlider(value: number, { low, high, log, zero }: Span): number {
  if (zero && value <= 0) return 0;
  const share = log
    ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
    : (value - low) / (high - low);
  return Math.round(STEPS * Math.min(Math.max(share, 0), 1));
}
