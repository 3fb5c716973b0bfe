/** The box of a map: where it lies, and its scales; and its axes. */

import { axisWords, boxWithin, type Tick, ticksAlong } from '../../lib/axes';
import type { Point } from '../../lib/contours';
import { number } from '../../lib/numbers';
import { type Scale, scaleOf } from '../../lib/scales';
import { each, html, say, set, svg } from '../../lib/svg';
import type { Problem } from '../../protocol';
import type { Ground } from './ground';

export interface Plot {
  left: number;
  top: number;
  width: number;
  height: number;
  em: number; // size of small letters
  roomy: boolean; // whether the axes' names have room outside the box
  x: Scale; // in pixels of the box
  y: Scale;
}

const ROOMY = 30; // letters of height from which on names stand outside

/** The plot inside a figure; `legend` pixels are left free on its right. */
export function plotOf(ground: Ground, figure: { width: number; height: number }, em: number, legend: number): Plot {
  const roomy = ground.line || figure.height > ROOMY * em; // a curve leaves its corners to nobody
  const [left, top, bottom] = [4.2 * em, (roomy ? 2.2 : 0.5) * em, (roomy ? 3.4 : 1.9) * em];
  const space = {
    width: Math.max(40, figure.width - left - legend),
    height: Math.max(40, figure.height - top - bottom),
  };
  const sides = { x: ground.x[1] - ground.x[0], y: ground.y[1] - ground.y[0] };
  const { width, height } = ground.line ? space : boxWithin(space, sides);
  return {
    left: left + (space.width - width) / 2,
    top,
    width,
    height,
    em,
    roomy,
    x: scaleOf('linear', ground.x, [0, width]),
    y: scaleOf(ground.line && ground.logarithmic ? 'log' : 'linear', ground.y, [height, 0]),
  };
}

/** Ticks and names along both axes, each name with the value of now. */
export class Axes {
  private readonly ticks: SVGGElement;
  private readonly names: [HTMLElement, HTMLElement];

  constructor(root: SVGGElement, figure: HTMLElement) {
    this.ticks = svg(root, 'g', { class: 'map-ticks' });
    this.names = [newName(figure), newName(figure)];
  }

  draw(plot: Plot): void {
    const { em, height } = plot;
    const across = ticksAlong(plot.x, 5.5 * em);
    const up = ticksAlong(plot.y, 3.5 * em);
    const all = [...across.map(onX(height, em)), ...up.map(onY(em))];
    each(this.ticks, 'text', all, (text, { at, anchor, tick }) => {
      set(text, { x: at[0], y: at[1], 'text-anchor': anchor });
      say(text, tick.text);
    });
    this.layNames(plot);
  }

  /** Under and above the box, or in its corners where there is no room. */
  private layNames({ left, top, width, height, em, roomy }: Plot): void {
    const [across, up] = this.names;
    for (const name of this.names) {
      set(name, { 'data-inside': roomy ? null : '' });
      name.style.maxWidth = `${width - em}px`;
    }
    const below = roomy ? height + 1.7 * em : height - 2 * em;
    across.style.transform = `translate(${left + width - (roomy ? 0 : 0.4 * em)}px, ${top + below}px) translateX(-100%)`;
    up.style.transform = `translate(${roomy ? left - 3.4 * em : left + 0.4 * em}px, ${roomy ? 0.3 * em : top + 0.4 * em}px)`;
  }

  /** Says what the axes are, and where on them the descent is. */
  name(ground: Ground, problem: Problem | null, at: { x: number; y: number } | null): void {
    const network = problem?.run === ground.view.run ? problem.network : null;
    const [across, up] = ground.view.axes.map((axis) => axisWords(axis, network));
    const value = (of: number | undefined) => (of === undefined ? '' : ` = ${number(of, 4)}`);
    write(this.names[0], across, `${value(at?.x)} →`);
    write(this.names[1], `↑ ${ground.line ? 'error' : up}`, value(at?.y));
  }

  /** What the names cover of the plot. */
  busy({ width, height, em, roomy }: Plot): Point[] {
    if (roomy) return [];
    const wide = this.names.map((name) => Math.min(name.textContent?.length ?? 0, 60) * 0.58 * em);
    const along = (from: number, to: number, y: number) =>
      Array.from({ length: 8 }, (_, i): Point => [from + (i / 7) * (to - from), y]);
    return [...along(width - wide[0], width, height - em), ...along(0, wide[1], em)];
  }
}

/** A name that may be cut short, and a number that may not. */
function newName(figure: HTMLElement): HTMLElement {
  const name = html(figure, 'div', { class: 'map-name' });
  html(name, 'span');
  html(name, 'span');
  return name;
}

function write(name: HTMLElement, words: string, value: string): void {
  say(name.children[0], words);
  say(name.children[1], value);
}

interface Placed {
  at: [number, number];
  anchor: string;
  tick: Tick;
}

function onX(height: number, em: number): (tick: Tick) => Placed {
  return (tick) => ({ at: [tick.at, height + 1.35 * em], anchor: 'middle', tick });
}

function onY(em: number): (tick: Tick) => Placed {
  return (tick) => ({ at: [-0.6 * em, tick.at + 0.35 * em], anchor: 'end', tick });
}
