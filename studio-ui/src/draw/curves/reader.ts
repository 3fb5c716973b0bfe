/** Reading error curves, and going back to any of their steps: with mouse, finger and keys. */

import { count, number } from '../../lib/numbers';
import { html, say, set, show, svg } from '../../lib/svg';
import type { Actions } from '../../lib/view';
import type { CurvePoint, LaneFrame } from '../../protocol';
import { nearestTo } from './domain';
import type { Plot } from './pen';

export interface Scene {
  plot: Plot;
  points: readonly CurvePoint[];
  lanes: readonly LaneFrame[];
}

const FAR = 10; // points by which a key moves with shift

export class Reader {
  private readonly pad: HTMLElement;
  private readonly tip: HTMLElement;
  private readonly line: SVGPathElement;
  private step: number | null = null;

  constructor(
    host: HTMLElement,
    drawing: SVGGElement,
    private readonly actions: Actions,
    private readonly scene: () => Scene | null,
  ) {
    this.line = svg(drawing, 'path', { class: 'map-curves-hair' });
    this.pad = html(host, 'div', {
      class: 'map-curves-pad', tabindex: 0, role: 'slider', 'aria-orientation': 'horizontal',
      'aria-label': 'Error curves. Arrow keys read them, Enter goes back to that step.',
      'aria-valuemin': 0, 'aria-valuemax': 0, 'aria-valuenow': 0,
    });
    this.tip = html(host, 'div', { class: 'map-tip', 'aria-hidden': 'true' });
    this.hide();
    this.pad.addEventListener('pointermove', (event) => this.hover(event));
    this.pad.addEventListener('pointerleave', () => this.hide());
    this.pad.addEventListener('blur', () => this.hide());
    this.pad.addEventListener('click', () => this.go());
    this.pad.addEventListener('keydown', (event) => this.key(event));
  }

  lay({ left, top, width, height }: Plot): void {
    const { style } = this.pad;
    [style.left, style.top, style.width, style.height] = [left, top, width, height].map((pixels) => `${pixels}px`);
  }

  /** Follows curves that grow under a still pointer. */
  update(): void {
    if (this.step !== null) this.read(this.step);
  }

  private hide(): void {
    this.step = null;
    show(this.tip, false);
    show(this.line, false);
  }

  private hover(event: PointerEvent): void {
    const scene = this.scene();
    if (!scene) return;
    const box = this.pad.getBoundingClientRect();
    this.read(scene.plot.x.from(event.clientX - box.left));
  }

  private go(): void {
    if (this.step !== null) void this.actions.send({ do: 'seek', step: this.step });
  }

  private key(event: KeyboardEvent): void {
    const points = this.scene()?.points;
    if (!points?.length || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.step === null ? points.length - 1 : nearestTo(points, this.step);
    const by = event.shiftKey ? FAR : 1;
    const to: Record<string, number> = {
      ArrowLeft: at - by, ArrowDown: at - by, ArrowRight: at + by, ArrowUp: at + by, Home: 0, End: points.length - 1,
    };
    if (event.key === 'Enter' || event.key === ' ') this.go();
    else if (event.key in to) this.read(points[Math.max(0, Math.min(points.length - 1, to[event.key]))].step);
    else return;
    event.preventDefault();
  }

  private read(step: number): void {
    const scene = this.scene();
    if (!scene?.points.length) return;
    const { plot, points, lanes } = scene;
    const point = points[nearestTo(points, step)];
    this.step = point.step;
    const words = lanes.length ? laneWords(lanes, point.step) : pointWords(point);
    say(this.tip, [...words, 'click: go to this step'].join('\n'));
    const at = plot.x.to(point.step);
    set(this.line, { d: `M${at} 0V${plot.height}` });
    show(this.tip, true);
    show(this.line, true);
    const right = at > plot.width / 2;
    this.tip.style.transform = `translate(${plot.left + at + (right ? -12 : 12)}px, ${plot.top}px) translateX(${right ? '-100%' : '0'})`;
    set(this.pad, {
      'aria-valuemin': points[0].step, 'aria-valuemax': points[points.length - 1].step,
      'aria-valuenow': point.step, 'aria-valuetext': words.join(', '),
    });
  }
}

function pointWords({ step, epoch, train, validation, rate }: CurvePoint): string[] {
  return [
    `epoch ${count(epoch)}, step ${count(step)}`,
    `training error ${number(train, 4)}`,
    ...(validation === null ? [] : [`validation error ${number(validation, 4)}`]),
    `learning rate ${number(rate, 3)}`,
  ];
}

function laneWords(lanes: readonly LaneFrame[], step: number): string[] {
  const errors = lanes.map(({ label, curve }) => {
    const at = curve.length ? nearestTo(curve.map(([each]) => ({ step: each })), step) : -1;
    return `${label}: ${at < 0 ? '–' : number(curve[at][1], 4)}`;
  });
  return [`step ${count(step)}`, ...errors];
}
