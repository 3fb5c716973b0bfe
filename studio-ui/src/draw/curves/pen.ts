/** Lines on a canvas: error curves, and the strip of learning rates beneath them. */

import type { Scale } from '../../lib/scales';
import type { CurvePoint, LaneFrame } from '../../protocol';

export interface Plot {
  left: number;
  top: number;
  width: number;
  height: number;
  em: number;
  x: Scale; // steps, in pixels of the box
  y: Scale; // errors
  strip: number; // height of that of the learning rates; 0 for none
  stripTop: number;
}

export interface Colours {
  train: string;
  validation: string;
  soft: string;
  series: string[];
}

export class Pen {
  colours: Colours = { train: '', validation: '', soft: '', series: [] };
  private readonly context: CanvasRenderingContext2D | null;
  private ratio = 1;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext('2d');
  }

  /** Takes a size, and the colours of the look. */
  lay(width: number, height: number): void {
    this.ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    const style = getComputedStyle(this.canvas);
    const token = (name: string) => style.getPropertyValue(name).trim();
    this.colours = {
      train: token('--train'),
      validation: token('--validation'),
      soft: token('--ink-soft'),
      series: Array.from({ length: 8 }, (_, i) => token(`--series-${i}`)),
    };
  }

  draw(plot: Plot, points: readonly CurvePoint[], lanes: readonly LaneFrame[]): void {
    const { context, ratio, colours } = this;
    if (!context) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(ratio, 0, 0, ratio, ratio * plot.left, ratio * plot.top);
    context.lineJoin = 'round';
    context.save();
    context.beginPath();
    context.rect(-1, 0, plot.width + 4, plot.height + 1);
    context.clip();
    lanes.forEach((lane, i) => this.stroke(lane.curve, plot, colours.series[i % 8], 2));
    if (lanes.length === 0) {
      this.stroke(points.map(({ step, validation }) => [step, validation]), plot, colours.validation, 2);
      this.stroke(points.map(({ step, train }) => [step, train]), plot, colours.train, 2.2);
    }
    context.restore();
    if (plot.strip > 0) this.rates(points, plot);
  }

  private stroke(line: readonly (readonly [number, number | null])[], { x, y }: Plot, colour: string, width: number): void {
    const context = this.context as CanvasRenderingContext2D;
    context.beginPath();
    let down = false; // a number that is none lifts the pen
    for (const [step, error] of line) {
      const at = error === null || (y.kind === 'log' && error <= 0) ? NaN : y.to(error);
      if (Number.isNaN(at)) down = false;
      else if (down) context.lineTo(x.to(step), Math.max(-50, at));
      else context.moveTo(x.to(step), Math.max(-50, at));
      if (!Number.isNaN(at)) down = true;
    }
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }

  /** Steps, as a rate holds until it changes; in its own range. */
  private rates(points: readonly CurvePoint[], { x, strip, stripTop }: Plot): void {
    const context = this.context as CanvasRenderingContext2D;
    const top = points.reduce((most, { rate }) => Math.max(most, rate), 0) || 1;
    context.beginPath();
    points.forEach(({ step, rate }, i) => {
      const at = stripTop + strip * (1 - (Number.isFinite(rate) ? rate : 0) / top);
      if (i) context.lineTo(x.to(points[i - 1].step), at);
      context.lineTo(x.to(step), at);
    });
    context.strokeStyle = context.fillStyle = this.colours.soft;
    context.lineWidth = 1.4;
    context.stroke();
    if (points.length === 0) return;
    context.lineTo(x.to(points[points.length - 1].step), stripTop + strip);
    context.lineTo(x.to(points[0].step), stripTop + strip);
    context.globalAlpha = 0.13;
    context.fill();
    context.globalAlpha = 1;
  }
}
