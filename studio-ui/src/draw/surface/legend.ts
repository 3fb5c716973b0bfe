/** Which colour stands for which error: a bar beside the map. */

import { apart, type Tick } from '../../lib/axes';
import { css, ERROR_RAMP } from '../../lib/colours';
import { tickTexts } from '../../lib/scales';
import { each, say, set, show, svg } from '../../lib/svg';
import type { Ground } from './ground';
import type { Plot } from './plot';

const BANDS = 48;

export class Legend {
  private readonly root: SVGGElement;
  private readonly bar: SVGGElement;
  private readonly ticks: SVGGElement;
  private readonly title: SVGTextElement;

  constructor(drawing: SVGGElement) {
    this.root = svg(drawing, 'g', { class: 'map-legend' });
    this.title = svg(this.root, 'text', { class: 'map-axis' });
    this.bar = svg(this.root, 'g');
    this.ticks = svg(this.root, 'g', { class: 'map-ticks' });
    say(this.title, 'error');
  }

  /** Draws it as high as the plot, to its right; a flat surface needs none. */
  draw(ground: Ground, { width, height, em, roomy }: Plot): void {
    show(this.root, !isPlain(ground));
    set(this.root, { transform: `translate(${width + 1.2 * em} 0)` });
    show(this.title, roomy);
    set(this.title, { x: 0, y: -0.9 * em });
    const band = height / BANDS;
    each(this.bar, 'rect', Array.from({ length: BANDS }), (rect, _, i) => {
      const colour = ERROR_RAMP[Math.round((i / (BANDS - 1)) * (ERROR_RAMP.length - 1))];
      set(rect, { x: 0, y: height - (i + 1) * band, width: 0.9 * em, height: band + 0.5, fill: css(colour) });
    });
    each(this.ticks, 'text', ticksOf(ground, height, em), (text, tick) => {
      set(text, { x: 1.3 * em, y: tick.at + 0.35 * em });
      say(text, tick.text);
    });
  }
}

/** Whether no colours stand for errors. */
function isPlain({ line, view }: Ground): boolean {
  return line || view.minimum.kind === 'flat';
}

/** Pixels that it takes beside the plot. */
export function widthOf(ground: Ground, em: number): number {
  const longest = Math.max(0, ...tickTexts(ground.levels).map((text) => text.length));
  return isPlain(ground) ? em : (2.8 + 0.62 * longest) * em;
}

function ticksOf(ground: Ground, height: number, em: number): Tick[] {
  const texts = tickTexts(ground.levels);
  const inside = ground.levels
    .map((value, i) => ({ value, at: height * (1 - ground.place(value)), text: texts[i] }))
    .filter(({ value }) => value >= ground.range[0] && value <= ground.range[1]);
  return apart(inside, 1.4 * em);
}
