/** Training and validation error as the descent goes on, with the learning rate beneath. */

import '../style/draw-map.css';

import { apart, epochsDone, type Tick, ticksAlong } from '../lib/axes';
import { compact, number } from '../lib/numbers';
import { type Scale, scaleOf, tickTexts, ticksOf } from '../lib/scales';
import { each, emOf, html, say, set, show, svg } from '../lib/svg';
import type { Actions, CurvesShown, View } from '../lib/view';
import type { CurvePoint, LaneFrame } from '../protocol';
import { bestOf, errorDomain, spread, stepDomain, stepOf } from './curves/domain';
import { Pen, type Plot } from './curves/pen';
import { Reader } from './curves/reader';

const FEW = 3; // epochs below which the axis counts steps
const LOW = 170; // pixels of height below which a strip would take too much

export function mountCurves(host: HTMLElement, actions: Actions): View<CurvesShown> {
  return new CurvesView(host, actions);
}

interface Ending {
  text: string;
  value: number | null;
  style: string;
}

class CurvesView implements View<CurvesShown> {
  private readonly root: HTMLElement;
  private readonly image: SVGSVGElement;
  private readonly drawing: SVGGElement;
  private readonly grid: SVGGElement;
  private readonly ticks: SVGGElement;
  private readonly marks: SVGGElement;
  private readonly best: SVGGElement;
  private readonly endings: SVGGElement;
  private readonly lost: SVGTextElement; // where the descent diverged
  private readonly axis: SVGTextElement;
  private readonly rate: SVGTextElement;
  private readonly pen: Pen;
  private readonly reader: Reader;
  private size = { width: 0, height: 0, em: 12 };
  private shown: CurvesShown = { curves: null, frame: null, logarithmic: false };
  private plot: Plot | null = null;

  constructor(host: HTMLElement, actions: Actions) {
    this.root = html(host, 'div', { class: 'map-curves' });
    const canvas = html(this.root, 'canvas', { 'aria-hidden': 'true' });
    this.pen = new Pen(canvas);
    this.image = svg(this.root, 'svg', { class: 'map-image', role: 'img', 'aria-label': 'Error curves' });
    this.drawing = svg(this.image, 'g');
    this.grid = svg(this.drawing, 'g', { class: 'map-curves-grid' });
    this.best = bestMark(this.drawing);
    this.marks = svg(this.drawing, 'g', { class: 'map-curves-marks' });
    this.ticks = svg(this.drawing, 'g', { class: 'map-ticks' });
    this.axis = svg(this.drawing, 'text', { class: 'map-curves-axis', 'text-anchor': 'end' });
    this.rate = svg(this.drawing, 'text', { class: 'map-curves-rate' });
    this.endings = svg(this.drawing, 'g', { class: 'map-curves-endings' });
    this.lost = svg(this.drawing, 'text', { class: 'map-curves-lost', 'text-anchor': 'end' });
    say(this.lost, 'out of all bounds ↑');
    this.reader = new Reader(this.root, svg(this.drawing, 'g'), actions, () => this.scene());
  }

  show(value: CurvesShown): void {
    this.shown = value;
    if (this.size.width === 0) this.measure();
    this.draw();
  }

  resize(): void {
    this.measure();
    this.draw();
  }

  destroy(): void {
    this.root.remove();
  }

  private measure(): void {
    const { clientWidth: width, clientHeight: height } = this.root;
    this.size = { width, height, em: emOf(this.root) };
    set(this.image, { width, height });
    this.pen.lay(width, height);
  }

  private get narrow(): boolean {
    return this.size.width < 40 * this.size.em;
  }

  private get points(): readonly CurvePoint[] {
    return this.shown.curves?.points ?? [];
  }

  private get lanes(): readonly LaneFrame[] {
    return this.shown.frame?.lanes ?? [];
  }

  private scene(): { plot: Plot; points: readonly CurvePoint[]; lanes: readonly LaneFrame[] } | null {
    return this.plot && { plot: this.plot, points: this.points, lanes: this.lanes };
  }

  private draw(): void {
    if (this.size.width === 0 || !this.shown.curves) return;
    const plot = (this.plot = this.plotNow());
    set(this.drawing, { transform: `translate(${plot.left} ${plot.top})` });
    this.drawAxes(plot);
    this.drawMarks(plot);
    this.drawBest(plot);
    this.drawEndings(plot);
    this.pen.draw(plot, this.points, this.lanes);
    this.reader.lay(plot);
    this.reader.update();
  }

  private plotNow(): Plot {
    const { width, height, em } = this.size;
    const strip = height >= LOW && this.lanes.length === 0 ? 1.6 * em : 0;
    const [left, right, top, bottom] = [4 * em, this.endingRoom(), 0.7 * em, 1.9 * em + (strip && strip + em)];
    const box = { width: Math.max(20, width - left - right), height: Math.max(20, height - top - bottom) };
    const errors = this.lanes.length
      ? this.lanes.flatMap(({ curve }) => curve.map(([, error]) => error))
      : this.points.flatMap(({ train, validation }) => [train ?? NaN, validation ?? NaN]);
    const { logarithmic } = this.shown;
    return {
      left,
      top,
      ...box,
      em,
      x: scaleOf('linear', stepDomain(this.points, this.lanes.map(({ step }) => step), this.shown.frame?.stopped != null), [0, box.width]),
      y: scaleOf(logarithmic ? 'log' : 'linear', errorDomain(errors, logarithmic), [box.height, 0]),
      strip,
      stripTop: box.height + 2.6 * em,
    };
  }

  private drawAxes(plot: Plot): void {
    const { em, width, height } = plot;
    const up = ticksAlong(plot.y, 2.6 * em);
    const across = this.ticksAcross(plot.x, em);
    each(this.grid, 'path', up, (path, { at }) => set(path, { d: `M0 ${at.toFixed(1)}H${width}` }));
    each(this.ticks, 'text', [...up, ...across.ticks], (text, tick, i) => {
      const upright = i < up.length;
      set(text, {
        x: upright ? -0.6 * em : tick.at,
        y: upright ? tick.at + 0.35 * em : height + 1.3 * em,
        'text-anchor': upright ? 'end' : 'middle',
      });
      say(text, tick.text);
    });
    set(this.axis, { x: -0.6 * em, y: height + 1.3 * em });
    say(this.axis, across.name);
    const rate = this.shown.frame?.rate;
    show(this.rate, plot.strip > 0 && rate !== undefined);
    set(this.rate, { x: width + 0.8 * em, y: plot.stripTop + plot.strip / 2 + 0.35 * em });
    if (rate !== undefined) say(this.rate, `rate η ${compact(rate)}`);
  }

  /** Epochs, once there are a few; steps before, and where optimizers race. */
  private ticksAcross(x: Scale, em: number): { ticks: Tick[]; name: string } {
    const { points } = this;
    const epochs = points[points.length - 1]?.epoch ?? 0;
    if (epochs < FEW || this.lanes.length || points[0].step < 0) return { ticks: ticksAlong(x, 5 * em), name: 'step' };
    const done = epochsDone(points);
    const reach = Math.abs(x.to(points[points.length - 1].step) - x.to(0)) / (5 * em);
    const values = ticksOf('linear', 0, done[done.length - 1], Math.max(1, Math.floor(reach))).filter(Number.isInteger);
    const texts = tickTexts(values);
    const ticks = values.map((value, i) => ({ value, at: x.to(stepOf(done, points, value)), text: texts[i] }));
    return { ticks: apart(ticks.filter(({ at }) => Number.isFinite(at)), 3 * em), name: 'epoch' };
  }

  /** Hairlines at changes during the run; the words of the newest that fit. */
  private drawMarks(plot: Plot): void {
    const marks = (this.shown.curves?.marks ?? []).map(({ step, text }) => ({ at: plot.x.to(step), text }));
    let free = plot.width;
    const worded = [...marks].reverse().map((mark) => {
      const wide = 0.58 * plot.em * mark.text.length;
      const fits = mark.at + wide < free + 1 || mark.at - wide > 0;
      const left = mark.at + wide >= free + 1;
      if (fits) free = left ? mark.at - wide : mark.at;
      return { ...mark, left, fits };
    });
    each(this.marks, 'g', worded, (group, { at, text, left, fits }) => {
      if (!group.firstChild) {
        svg(group, 'path');
        svg(group, 'text');
      }
      const [line, words] = [...group.children];
      set(line, { d: `M${at.toFixed(1)} 0V${plot.height}` });
      set(words, { x: at + (left ? -4 : 4), y: 0.8 * plot.em, 'text-anchor': left ? 'end' : 'start' });
      say(words, fits ? text : '');
    });
  }

  /** The epoch of the least validation error, and from there on the wash of learning by heart. */
  private drawBest(plot: Plot): void {
    const best = this.lanes.length || !this.shown.curves ? null : bestOf(this.shown.curves);
    const [wash, ring, words] = [...this.best.children];
    show(this.lost, this.shown.frame?.divergence != null);
    set(this.lost, { x: plot.width - 4, y: 0.9 * plot.em });
    show(this.best, best !== null && this.points.length > 1);
    if (!best) return;
    const [x, y] = [plot.x.to(best.step), plot.y.to(best.validation)];
    const end = plot.x.to(this.points[this.points.length - 1].step);
    show(wash, best.rising);
    set(wash, { x, y: 0, width: Math.max(0, end - x), height: plot.height });
    set(ring, { cx: x, cy: y });
    show(words, best.rising);
    const text = `best epoch ${best.epoch}, then overfitting`;
    const fits = x + 0.6 * plot.em * text.length < plot.width;
    const row = this.shown.curves?.marks.length ? 2.1 : 0.8; // under the words of marks
    set(words, { x: fits ? x + 5 : plot.width - 5, y: row * plot.em, 'text-anchor': fits ? 'start' : 'end' });
    say(words, text);
  }

  /** Each curve's name and newest number where it ends. */
  private drawEndings(plot: Plot): void {
    const shown = this.endingsNow().filter(({ value }) => value !== null && Number.isFinite(value));
    const heights = shown.map(({ value }) => Math.max(0, Math.min(plot.height, plot.y.to(value as number))));
    const room = spread(heights, 1.3 * plot.em, 0.3 * plot.em, plot.height);
    each(this.endings, 'text', shown, (text, { text: words, value, style }, i) => {
      set(text, { class: style, x: plot.width + 0.8 * plot.em, y: room[i] + 0.35 * plot.em });
      say(text, `${words} ${number(value, 3)}`);
    });
    if (shown.length) set(this.image, { 'aria-label': `Error curves. Now ${shown.map(({ text, value }) => `${text} ${number(value, 2)}`).join(', ')}.` });
  }

  private endingsNow(): Ending[] {
    return this.lanes.length ? laneEndings(this.lanes) : this.ownEndings();
  }

  /** Pixels beside the plot for the longest ending, in steps of some letters, so that it rests. */
  private endingRoom(): number {
    const longest = Math.max(0, ...this.endingsNow().map(({ text, value }) => `${text} ${number(value, 3)}`.length));
    return (1 + 0.66 * 3 * Math.ceil(longest / 3)) * this.size.em;
  }

  private ownEndings(): Ending[] {
    const { points } = this;
    const last = points[points.length - 1];
    const validation = [...points].reverse().find((point) => point.validation !== null)?.validation ?? null;
    return [
      { text: this.narrow ? 'train' : 'training', value: last?.train ?? null, style: 'map-curves-train' },
      { text: this.narrow ? 'valid.' : 'validation', value: validation, style: 'map-curves-validation' },
    ];
  }
}

function laneEndings(lanes: readonly LaneFrame[]): Ending[] {
  return lanes.map(({ label, error }, i) => ({ text: shortened(label), value: error, style: `map-series-${i % 8}` }));
}

function shortened(label: string): string {
  return label.length > 11 ? `${label.slice(0, 10)}…` : label;
}

function bestMark(drawing: SVGGElement): SVGGElement {
  const group = svg(drawing, 'g', { class: 'map-curves-best' });
  svg(group, 'rect');
  svg(group, 'circle', { r: 4.5 });
  svg(group, 'text');
  return group;
}
