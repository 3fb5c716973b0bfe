/** What stands along the axes of a drawing: ticks that fit, and words. */

import type { NetworkSpec } from '../protocol';
import { elementWords, exists, parse, unitWords } from './elements';
import { type Scale, tickTexts } from './scales';

export interface Tick {
  value: number;
  at: number; // pixels
  text: string;
}

/** Ticks of a scale, at least `gap` pixels apart. */
export function ticksAlong(scale: Scale, gap: number): Tick[] {
  const length = Math.abs(scale.range[1] - scale.range[0]);
  const count = Math.max(2, Math.floor(length / gap));
  const values = scale.ticks(count).filter((value) => isWithin(scale, value));
  const texts = tickTexts(values);
  const ticks = values.map((value, i) => ({ value, at: scale.to(value), text: texts[i] }));
  return apart(ticks, 0.6 * gap);
}

function isWithin(scale: Scale, value: number): boolean {
  const [low, high] = scale.domain;
  const slack = 1e-9 * (high - low);
  return value >= low - slack && value <= high + slack;
}

/** Every second tick, or fewer still, where they would touch. */
export function apart(ticks: readonly Tick[], gap: number): Tick[] {
  const close = (found: readonly Tick[]) =>
    found.some((tick, i) => i > 0 && Math.abs(tick.at - found[i - 1].at) < gap);
  let found = [...ticks];
  while (found.length > 1 && close(found)) found = found.filter((_, i) => i % 2 === 0);
  return found;
}

/** What an axis of a surface is, in words: "weight from lot_size to price"; a direction stays as it is. */
export function axisWords(name: string, network: NetworkSpec | null): string {
  const element = parse(name);
  return element && network && exists(network, element) ? elementWords(network, element) : name.replace(/ of the path$/, '');
}

/** The same for where there is little room: "w: lot_size → price", "b: price". */
export function axisShort(name: string, network: NetworkSpec | null): string {
  const words = axisWords(name, network);
  const element = words === name ? null : parse(name);
  if (!element || !network || element.kind === 'unit') return words;
  const unit = unitWords(network, element.layer, element.j);
  if (element.kind === 'bias') return `b: ${unit}`;
  return `w: ${unitWords(network, element.source, element.i)} → ${unit}`;
}

const FILLED = 0.9; // the share of a space that a map must fill

/** The box of a map inside a space: with one scale on both axes, unless more than the rest of `filled` were lost. */
export function boxWithin(
  space: { width: number; height: number },
  span: { x: number; y: number },
  filled = FILLED,
): { width: number; height: number } {
  const ratio = span.y / span.x;
  const width = Math.min(space.width, space.height / ratio);
  const height = width * ratio;
  return width * height >= filled * space.width * space.height ? { width, height } : space;
}

export interface Epochs {
  step: number;
  epoch: number;
}

/** How many epochs each point has done, with its share of the one in progress. */
export function epochsDone(points: readonly Epochs[]): number[] {
  const done: number[] = [];
  let [begun, length] = [0, 0]; // the step at which the epoch began, and how many steps the last one had
  for (let i = 0; i < points.length; ) {
    const { epoch } = points[i];
    let last = i;
    while (last + 1 < points.length && points[last + 1].epoch === epoch) last++;
    const isLast = last === points.length - 1;
    const steps = points[last].step - begun;
    length = isLast ? Math.max(steps, length) : steps;
    for (; i <= last; i++) {
      done.push(epoch === 0 ? 0 : epoch - 1 + (length > 0 ? (points[i].step - begun) / length : 0));
    }
    begun = points[last].step;
  }
  return done;
}
