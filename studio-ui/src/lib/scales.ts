/** Scales from numbers to pixels, and the round numbers that stand on them. */

import { scaleLinear } from 'd3-scale';

import { compact } from './numbers';

export type Kind = 'linear' | 'log' | 'sqrt';
export type Pair = readonly [number, number];

/** One axis: numbers of `domain` lie on the pixels of `range`. */
export interface Scale {
  readonly kind: Kind;
  readonly domain: Pair;
  readonly range: Pair;
  to(value: number): number;
  from(pixel: number): number;
  ticks(count: number): number[];
}

const BENT: Record<Kind, { bend(v: number): number; back(v: number): number }> = {
  linear: { bend: (v) => v, back: (v) => v },
  log: { bend: Math.log10, back: (v) => 10 ** v },
  sqrt: { bend: (v) => Math.sqrt(Math.max(v, 0)), back: (v) => v * v },
};

/** A scale; one without width is widened, so that it always has two ends. */
export function scaleOf(kind: Kind, domain: Pair, range: Pair): Scale {
  const [low, high] = widened(kind, domain);
  const { bend, back } = BENT[kind];
  const [from, to] = [bend(low), bend(high)];
  const factor = (range[1] - range[0]) / (to - from);
  return {
    kind,
    domain: [low, high],
    range,
    to: (value) => range[0] + (bend(value) - from) * factor,
    from: (pixel) => back(from + (pixel - range[0]) / factor),
    ticks: (count) => ticksOf(kind, low, high, count),
  };
}

function widened(kind: Kind, [low, high]: Pair): Pair {
  if (kind === 'log') {
    const top = high > 0 ? high : 1;
    const bottom = low > 0 && low < top ? low : top / 10;
    return [bottom, top];
  }
  if (high > low) return [low, high];
  const half = Math.abs(low) / 2 || 1;
  return [low - half, low + half];
}

/** About `count` round numbers from `low` to `high`, rising. */
export function ticksOf(kind: Kind, low: number, high: number, count: number): number[] {
  if (kind === 'log') return logTicks(low, high, count);
  if (kind === 'sqrt') return squareTicks(low, high, count);
  return evenTicks(low, high, count);
}

/** d3 gives up to twice as many as were asked for. */
function evenTicks(low: number, high: number, count: number): number[] {
  const scale = scaleLinear([low, high], [0, 1]);
  for (let asked = count; asked > 1; asked--) {
    const found = scale.ticks(asked);
    if (found.length <= count + 1) return found;
  }
  return scale.ticks(1);
}

const WITHIN_TEN = [[1, 2, 5], [1, 3], [1]];

function logTicks(low: number, high: number, count: number): number[] {
  const powers = range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)));
  const seen = (value: number) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  for (const steps of WITHIN_TEN) {
    const found = powers.flatMap((power) => steps.map((step) => timesTen(step, power))).filter(seen);
    if (found.length < 2) return evenTicks(low, high, count);
    if (found.length <= count * 1.3) return found;
  }
  const whole = powers.filter((power) => seen(timesTen(1, power)));
  const every = Math.ceil(whole.length / count);
  return whole.filter((power) => power % every === 0).map((power) => timesTen(1, power));
}

/** Round numbers whose roots are about evenly apart. */
function squareTicks(low: number, high: number, count: number): number[] {
  const [from, to] = [Math.sqrt(Math.max(low, 0)), Math.sqrt(high)];
  const gap = (to - from) / count;
  const exact = range(0, count).map((i) => (from + i * gap) ** 2);
  const rounded = exact.map((value, i) => roundTo(value, i ? value - exact[i - 1] : exact[1] - value));
  return [...new Set(rounded)].filter((value) => value >= low && value <= high);
}

function roundTo(value: number, gap: number): number {
  const unit = 10 ** Math.floor(Math.log10(gap));
  return Number((Math.round(value / unit) * unit).toPrecision(12));
}

function timesTen(step: number, power: number): number {
  return Number(`${step}e${power}`); // as it is written: 10 ** -5 is not quite 1e-5
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Texts of ticks: all with the same number of decimals, unless that would take many. */
export function tickTexts(ticks: readonly number[]): string[] {
  const decimals = Math.max(0, ...ticks.map(decimalsOf));
  const largest = Math.max(0, ...ticks.map(Math.abs));
  const even = isEven(ticks) && decimals <= 4 && largest < 1e5;
  return ticks.map((tick) => (even ? fixed(tick, decimals) : compact(tick)));
}

function isEven(ticks: readonly number[]): boolean {
  if (ticks.length === 2 && ticks[1] >= 10 * ticks[0] && ticks[0] > 0) return false; // factors apart
  const gap = ticks[1] - ticks[0];
  return ticks.every((tick, i) => i === 0 || Math.abs(tick - ticks[i - 1] - gap) < 1e-6 * Math.abs(gap));
}

function decimalsOf(tick: number): number {
  const [digits, power] = Number(tick.toPrecision(10)).toExponential().split('e');
  return Math.max(0, (digits.split('.')[1]?.length ?? 0) - Number(power));
}

function fixed(value: number, decimals: number): string {
  return value.toFixed(decimals).replace(/^-(?=.*[1-9])/, '−').replace('-', '');
}
