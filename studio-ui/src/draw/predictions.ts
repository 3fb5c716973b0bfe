/** Each prediction beside the truth: on the diagonal it is right. Of classes, shares by true class. */

import type { Decoded } from '../decode';
import { count, number, percent } from '../lib/numbers';
import { scaleOf, type Scale } from '../lib/scales';
import { each, html, say, set } from '../lib/svg';
import type { Actions, PredictionsShown, View } from '../lib/view';
import type { PredictionsView } from '../protocol';
import { colourAt } from './heat';
import { noted, partsOf } from './legend';
import { drawMarks, HELD, radiusFor, type Mark } from './marks';
import { Plot, type TipRow } from './plot';

const REACH = 14; // pixels, within which a row is read

export function mountPredictions(host: HTMLElement, _actions: Actions): View<PredictionsShown> {
  return new Predictions(host);
}

class Predictions implements View<PredictionsShown> {
  private readonly plot: Plot;
  private readonly parts: HTMLElement;
  private readonly score: HTMLElement;
  private readonly note: HTMLElement;
  private shown: PredictionsShown | null = null;
  private frame = '';
  private scales: [Scale, Scale] | null = null;
  private places: [number, number][] = [];

  constructor(host: HTMLElement) {
    this.plot = new Plot(host, 'predictions', (x, y) => this.read(x, y), () => this.resize());
    this.plot.heat.hidden = true;
    this.parts = html(this.plot.foot, 'p', { class: 'net-legend' });
    this.score = html(this.plot.foot, 'p', { class: 'net-score' });
    this.note = html(this.plot.foot, 'p', { class: 'net-note' });
  }

  show(shown: PredictionsShown): void {
    const { view } = shown;
    if (!view || view === this.shown?.view) return;
    this.shown = shown;
    this.lay(view);
    this.tell(view);
    this.draw(view);
    this.plot.reread();
  }

  resize(): void {
    this.frame = '';
    const { shown } = this;
    this.shown = null;
    if (shown) this.show(shown);
  }

  destroy(): void {
    this.plot.destroy();
  }

  private get classes(): string[] {
    return this.shown?.problem?.data.classes ?? [];
  }

  /** Axes hold the truth and some room, and stay while the predictions move. */
  private lay(view: Decoded<PredictionsView>): void {
    const classes = this.classes;
    const [low, high] = classes.length ? [0, 1] : ends(view.arrays.truth.values);
    const frame = JSON.stringify([view.run, low, high, classes, view.output, view.unit]);
    if (frame === this.frame) return;
    this.frame = frame;
    const { plot } = this;
    this.parts.replaceChildren();
    partsOf(this.parts, '--train', '--validation');
    plot.fit({ left: 4.6, right: 1, top: 0.5, bottom: 3.2 }, classes.length ? null : { x: 1, y: 1 });
    const { width, height } = plot.inner;
    const room = classes.length ? 0.04 : 0.18 * (high - low || 1);
    const y = scaleOf('linear', [low - room, high + room], [height, 0]);
    if (classes.length) {
      const x = scaleOf('linear', [-0.5, classes.length - 0.5], [0, width]);
      const labels = classes.map((text, at) => ({ at: x.to(at), text }));
      this.scales = [x, y];
      plot.axis(x, y, ['true class', view.output], labels.length <= 8 ? labels : undefined);
    } else {
      const x = scaleOf('linear', [low - room, high + room], [0, width]);
      const name = view.unit || view.output.replace(/^predicted /, '');
      this.scales = [x, y];
      plot.axis(x, y, [`true ${name}`, `predicted ${name}`]);
    }
    this.lines();
  }

  /** The diagonal of right predictions; of two classes the half between them. */
  private lines(): void {
    const [x, y] = this.scales as [Scale, Scale];
    const [a, b] = x.domain;
    const half = this.classes.length === 2 ? `M0 ${y.to(0.5)}H${x.range[1]}` : '';
    const d = this.classes.length ? half : `M${x.to(a)} ${y.to(a)}L${x.to(b)} ${y.to(b)}`;
    each(this.plot.lines, 'path', [d], (node, path) => set(node, { class: 'net-diagonal', d: path }));
  }

  private draw(view: Decoded<PredictionsView>): void {
    const context = this.plot.brush();
    if (!context || !this.scales) return;
    const [x, y] = this.scales;
    const { width, height } = this.plot.inner;
    const { truth, predicted, part } = view.arrays;
    const colours = ['--train', '--validation'].map((name) => colourAt(this.plot.foot, name));
    const panel = colourAt(this.plot.foot, '--panel');
    const held = (at: number, most: number): number => Math.max(3, Math.min(most - 3, at));
    const spread = this.classes.length ? 0.7 : 0;
    this.places = Array.from(truth.values, (value, row): [number, number] => [
      x.to(value + spread * (scattered(row) - 0.5)),
      held(y.to(predicted.values[row]), height),
    ]);
    const marks = this.places.map(([at, up], row): Mark => {
      const open = part.values[row] === 1;
      return { x: at, y: up, shape: open ? HELD : 0, colour: colours[open ? 1 : 0], open };
    });
    marks.sort((a, b) => Number(a.open) - Number(b.open));
    drawMarks(context, marks, radiusFor(marks.length, width, height, this.plot.em), panel, panel);
  }

  private tell(view: Decoded<PredictionsView>): void {
    const { name, train, validation } = view.score;
    const told = (score: number): string => (name === 'accuracy' ? percent(score) : number(score, 3));
    const held = validation === null ? '' : ` · validation ${told(validation)}`;
    say(this.score, `${name}: training ${told(train)}${held}`);
    noted(this.note, [view.note, this.beyond(view)].filter(Boolean).join('. '));
    this.plot.label(
      `${view.output} beside the truth, of ${count(view.arrays.truth.values.length)} rows. ` +
        `${this.score.textContent}. Arrow keys read it place by place.`,
    );
  }

  private beyond(view: Decoded<PredictionsView>): string {
    if (!this.scales || this.classes.length) return '';
    const [low, high] = this.scales[1].domain;
    const many = view.arrays.predicted.values.reduce((sum, each) => sum + (each < low || each > high ? 1 : 0), 0);
    if (many === 0) return '';
    return many === 1 ? '1 prediction lies beyond the edge' : `${count(many)} predictions lie beyond the edge`;
  }

  private read(px: number, py: number): { title: string; rows: TipRow[] } | null {
    const view = this.shown?.view;
    if (!view) return null;
    let best = -1;
    let least = REACH ** 2;
    this.places.forEach(([x, y], row) => {
      const far = (x - px) ** 2 + (y - py) ** 2;
      if (far < least) [least, best] = [far, row];
    });
    if (best < 0) return null;
    const { truth, predicted, part } = view.arrays;
    const [is, said] = [truth.values[best], predicted.values[best]];
    const title = part.values[best] === 1 ? 'A validation row' : 'A training row';
    if (this.classes.length) {
      return { title, rows: [{ label: 'true class', text: this.classes[is] ?? '' }, { label: view.output, text: number(said, 3) }] };
    }
    return {
      title,
      rows: [
        { label: 'true', text: number(is) },
        { label: 'predicted', text: number(said) },
        { label: 'off by', text: number(said - is, 3) },
      ],
    };
  }
}

function ends(values: Float32Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return low <= high ? [low, high] : [0, 1];
}

/** A place from 0 to 1 for a row, always the same, so that marks of one class do not hide one another. */
function scattered(row: number): number {
  return (row * 0.6180339887) % 1; // the golden section: even for any number of rows
}
