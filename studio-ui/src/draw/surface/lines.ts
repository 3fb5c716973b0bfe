/** Contour lines on a map, and numbers on a few of them. */

import { css, inkOn } from '../../lib/colours';
import type { Contour, Point } from '../../lib/contours';
import { tickTexts } from '../../lib/scales';
import { each, say, set, svg } from '../../lib/svg';
import type { Ground } from './ground';
import type { Plot } from './plot';

const LABELS = 5; // at most

interface Label {
  text: string;
  level: number;
  at: Point;
  angle: number; // degrees
}

export class Lines {
  private readonly lines: SVGGElement;
  private readonly labels: SVGGElement;
  private readonly curve: SVGPathElement; // over one weight

  constructor(root: SVGGElement) {
    this.lines = svg(root, 'g', { class: 'map-lines' });
    this.labels = svg(root, 'g', { class: 'map-labels' });
    this.curve = svg(root, 'path', { class: 'map-curve' });
  }

  /** `busy`: pixels that labels keep away from. */
  draw(ground: Ground, plot: Plot, busy: readonly Point[]): void {
    set(this.curve, { d: ground.line ? curveOf(ground, plot) : '' });
    const shown = ground.lines.map((contour) => onScreen(contour, plot));
    each(this.lines, 'path', shown, (path, { level, lines }) => {
      set(path, { d: lines.map(pathOf).join(''), stroke: css(inkOn(ground.colour(level)), 0.45) });
    });
    each(this.labels, 'text', labelsOf(shown, plot, busy), (text, { text: words, level, at, angle }) => {
      const colour = ground.colour(level);
      set(text, {
        transform: `translate(${at[0].toFixed(1)} ${at[1].toFixed(1)}) rotate(${angle.toFixed(1)})`,
        fill: css(inkOn(colour)),
        stroke: css(colour),
        dy: '0.32em',
      });
      say(text, words);
    });
  }
}

/** The error over one weight; holes lift the pen. */
function curveOf({ errors }: Ground, { x, y }: Plot): string {
  let down = false;
  return Array.from(errors.x, (at, i) => {
    const error = errors.values[i];
    const letter = down ? 'L' : 'M';
    down = Number.isFinite(error);
    return down ? `${letter}${x.to(at).toFixed(1)} ${y.to(error).toFixed(1)}` : '';
  }).join('');
}

function onScreen({ level, lines }: Contour, { x, y }: Plot): Contour {
  return { level, lines: lines.map((line) => line.map(([a, b]): Point => [x.to(a), y.to(b)])) };
}

/** A line as SVG writes it, to a tenth of a pixel. */
export function pathOf(line: readonly Point[]): string {
  return line.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}

/** Numbers on about five of the lines, each where it is in nobody's way. */
function labelsOf(contours: Contour[], plot: Plot, busy: readonly Point[]): Label[] {
  const texts = tickTexts(contours.map(({ level }) => level));
  const every = Math.ceil(contours.length / LABELS);
  const found: Label[] = [];
  contours.forEach(({ level, lines }, i) => {
    if (i % every !== 0) return;
    const longest = [...lines].sort((a, b) => b.length - a.length)[0];
    const taken = [...busy, ...found.map(({ at }) => at)];
    const spot = longest && spotOn(longest, texts[i].length * 0.6 * plot.em, plot, taken);
    if (spot) found.push({ text: texts[i], level, ...spot });
  });
  return found;
}

/** The point of a line that is farthest from what is taken and from the edges; null where none is far. */
function spotOn(
  line: readonly Point[], wide: number, plot: Plot, taken: readonly Point[],
): { at: Point; angle: number } | null {
  let best: { at: Point; angle: number; room: number } | null = null;
  const half = reach(line, wide / 2 + plot.em / 2);
  for (let i = half; i < line.length - half; i += Math.max(1, Math.floor(half / 2))) {
    const [at, before, after] = [line[i], line[i - half], line[i + half]];
    const chord = Math.hypot(after[0] - before[0], after[1] - before[1]);
    if (chord < 0.8 * wide) continue; // too bent to write along
    const room = Math.min(roomAt(at, plot), ...taken.map((point) => Math.hypot(point[0] - at[0], point[1] - at[1])));
    if (room > (best?.room ?? wide)) best = { at, angle: upright(before, after), room };
  }
  return best;
}

/** How many points of a line make up so many pixels. */
function reach(line: readonly Point[], pixels: number): number {
  let length = 0;
  for (let i = 1; i < line.length; i++) {
    length += Math.hypot(line[i][0] - line[i - 1][0], line[i][1] - line[i - 1][1]);
  }
  return Math.max(1, Math.ceil((pixels * (line.length - 1)) / Math.max(length, 1)));
}

function roomAt([x, y]: Point, { width, height }: Plot): number {
  return 1.5 * Math.min(x, y, width - x, height - y);
}

function upright([a, b]: Point, [c, d]: Point): number {
  const angle = (Math.atan2(d - b, c - a) * 180) / Math.PI;
  if (angle > 90) return angle - 180;
  return angle < -90 ? angle + 180 : angle;
}
