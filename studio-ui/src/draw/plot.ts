/** A picture with two axes: canvases for colours and points, SVG for axes, and a card that reads it. */

import { boxWithin, ticksAlong } from '../lib/axes';
import type { Scale } from '../lib/scales';
import { each, html, say, svg } from '../lib/svg';

export interface Inner {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Margin {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface TipRow {
  label: string;
  text: string;
}

/** What is read at a place of the picture (pixels of its inner box); null for nothing. */
export type Reader = (x: number, y: number) => { title: string; rows: TipRow[] } | null;

const KEYS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};

export class Plot {
  readonly heat: HTMLCanvasElement; // one pixel a cell
  readonly points: HTMLCanvasElement; // in pixels of the screen
  readonly lines: SVGGElement; // in pixels of the inner box, clipped to it
  readonly foot: HTMLElement;
  inner: Inner = { x: 0, y: 0, width: 1, height: 1 };
  private readonly root: HTMLElement;
  private readonly body: HTMLElement;
  private readonly box: HTMLElement;
  private readonly axes: SVGSVGElement;
  private readonly clip: SVGSVGElement;
  private readonly cross: SVGCircleElement;
  private readonly tip: HTMLElement;
  private at: [number, number] | null = null;
  private keyed = false;
  private fitted = ''; // the room that there was
  private readonly watch: ResizeObserver;

  /** `refit` is called when words under the picture come or go, and leave it another room. */
  constructor(host: HTMLElement, kind: string, private readonly read: Reader, refit: () => void) {
    this.root = html(host, 'div', { class: `net-plot net-plot-${kind}` });
    this.body = html(this.root, 'div', { class: 'net-plot-body' });
    this.axes = svg(this.body, 'svg', { class: 'net-axes', 'aria-hidden': 'true' });
    this.box = html(this.body, 'div', { class: 'net-plot-box', role: 'img', tabindex: 0, 'aria-label': 'A picture to come' });
    this.heat = html(this.box, 'canvas', { class: 'net-heat', width: 1, height: 1 });
    this.points = html(this.box, 'canvas', { width: 1, height: 1 });
    this.clip = svg(this.box, 'svg', { class: 'net-plot-lines', 'aria-hidden': 'true' });
    this.lines = svg(this.clip, 'g');
    this.cross = svg(this.clip, 'circle', { class: 'net-cross', r: 5, display: 'none' });
    this.tip = html(this.body, 'div', { class: 'net-tip', hidden: '' });
    this.foot = html(this.root, 'div', { class: 'net-foot' });
    this.listen();
    this.watch = new ResizeObserver(() => {
      if (this.fitted && this.room().join() !== this.fitted) refit();
    });
    this.watch.observe(this.body);
  }

  private room(): [number, number] {
    return [this.body.clientWidth || 300, this.body.clientHeight || 240];
  }

  /** The words that stand for the picture. */
  label(text: string): void {
    if (this.box.getAttribute('aria-label') !== text) this.box.setAttribute('aria-label', text);
  }

  /** The size of letters here, which margins grow with. */
  get em(): number {
    return parseFloat(getComputedStyle(this.root).fontSize) || 14;
  }

  /** Parts the room: margins in letters; one scale on both axes of a span, if so much of the room stays in use. */
  fit(margin: Margin, span: { x: number; y: number } | null = null, filled = 0): void {
    const em = this.em;
    const [width, height] = this.room();
    this.fitted = `${width},${height}`;
    const space = {
      width: Math.max(40, width - (margin.left + margin.right) * em),
      height: Math.max(40, height - (margin.top + margin.bottom) * em),
    };
    const box = span ? boxWithin(space, span, filled) : space;
    const [x, y] = [margin.left * em + (space.width - box.width) / 2, margin.top * em];
    this.inner = { x: Math.round(x), y: Math.round(y), width: Math.round(box.width), height: Math.round(box.height) };
    this.axes.setAttribute('width', String(width));
    this.axes.setAttribute('height', String(height));
    const { inner } = this;
    Object.assign(this.box.style, {
      left: `${inner.x}px`, top: `${inner.y}px`, width: `${inner.width}px`, height: `${inner.height}px`,
    });
    const ratio = window.devicePixelRatio || 1;
    [this.points.width, this.points.height] = [inner.width * ratio, inner.height * ratio];
  }

  /** The brush of the points, in pixels of the page, on a clean canvas. */
  brush(): CanvasRenderingContext2D | null {
    const context = this.points.getContext('2d');
    const ratio = window.devicePixelRatio || 1;
    context?.setTransform(ratio, 0, 0, ratio, 0, 0);
    context?.clearRect(0, 0, this.inner.width, this.inner.height);
    return context;
  }

  /** Ticks and names along both axes; scales run over the inner box; `labels` in place of x's ticks. */
  axis(x: Scale, y: Scale, names: [string, string], labels?: { at: number; text: string }[]): void {
    const { inner, em } = this;
    const marks = [
      ...(labels ?? ticksAlong(x, 5 * em)).map(({ at, text }) => ({ text, x: inner.x + at, y: inner.y + inner.height + 1.1 * em, anchor: 'middle' })),
      ...ticksAlong(y, 3 * em).map(({ at, text }) => ({ text, x: inner.x - 0.5 * em, y: inner.y + at, anchor: 'end' })),
    ];
    const middle = { x: inner.x + inner.width / 2, y: inner.y + inner.height / 2 };
    const under = inner.y + inner.height + 2.5 * em;
    const beside = Math.max(0.9 * em, inner.x - 3.9 * em);
    while (this.axes.children.length < 2) svg(this.axes, 'g');
    each(this.axes.children[0], 'text', marks, (node, mark) => {
      put(node, { class: 'net-tick', x: mark.x, y: mark.y, 'text-anchor': mark.anchor });
      say(node, mark.text);
    });
    const titles = [
      { text: names[0], turn: '', ...middle, y: under },
      { text: names[1], turn: `rotate(-90 ${beside} ${middle.y})`, x: beside, y: middle.y },
    ];
    each(this.axes.children[1], 'text', titles, (node, title) => {
      put(node, { class: 'net-axis-name', x: title.x, y: title.y, transform: title.turn });
      say(node, title.text);
    });
  }

  /** Reads again, where something is being read: what is under a still pointer is new. */
  reread(): void {
    if (!this.at) return;
    const found = this.read(...this.at);
    this.tip.hidden = found === null;
    this.cross.setAttribute('display', found ? 'inline' : 'none');
    if (!found) return;
    put(this.cross, { cx: this.at[0], cy: this.at[1] });
    this.tell(found.title, found.rows);
  }

  destroy(): void {
    this.watch.disconnect();
    this.root.remove();
  }

  private tell(title: string, rows: TipRow[]): void {
    const { tip } = this;
    if (!tip.firstElementChild) {
      html(tip, 'p', { class: 'net-card-title' });
      html(tip, 'dl');
    }
    const [head, list] = tip.children;
    say(head, title);
    (head as HTMLElement).hidden = title === '';
    while (list.children.length > 2 * rows.length) list.lastElementChild?.remove();
    while (list.children.length < 2 * rows.length) html(list, list.children.length % 2 ? 'dd' : 'dt');
    rows.forEach(({ label, text }, i) => {
      say(list.children[2 * i], label);
      say(list.children[2 * i + 1], text);
    });
    this.placeTip();
  }

  private placeTip(): void {
    const [x, y] = this.at as [number, number];
    const { inner, tip, body } = this;
    const left = inner.x + x + 16 + tip.offsetWidth > body.clientWidth ? inner.x + x - 16 - tip.offsetWidth : inner.x + x + 16;
    const top = Math.min(inner.y + y + 12, body.clientHeight - tip.offsetHeight);
    tip.style.transform = `translate(${Math.round(Math.max(0, left))}px, ${Math.round(Math.max(0, top))}px)`;
  }

  private listen(): void {
    const { box } = this;
    const point = (event: PointerEvent): void => {
      const place = box.getBoundingClientRect();
      this.move(event.clientX - place.left, event.clientY - place.top, false);
    };
    box.addEventListener('pointermove', point);
    box.addEventListener('pointerdown', point);
    box.addEventListener('pointerleave', () => this.stop());
    box.addEventListener('blur', () => this.stop());
    box.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') return this.stop();
      const by = KEYS[event.key];
      if (!by) return;
      event.preventDefault();
      const { width, height } = this.inner;
      const [x, y] = this.at ?? [width / 2, height / 2];
      const far = event.shiftKey ? 10 : 40;
      const held = (value: number, most: number): number => Math.max(0, Math.min(most, value));
      this.move(held(x + (by[0] * width) / far, width), held(y + (by[1] * height) / far, height), true);
    });
  }

  private move(x: number, y: number, keyed: boolean): void {
    this.at = [x, y];
    if (keyed !== this.keyed) {
      this.keyed = keyed;
      this.tip.setAttribute('aria-live', keyed ? 'polite' : 'off');
    }
    this.reread();
  }

  private stop(): void {
    this.at = null;
    this.tip.hidden = true;
    this.cross.setAttribute('display', 'none');
  }
}

function put(node: Element, attributes: Record<string, string | number>): void {
  for (const [name, value] of Object.entries(attributes)) {
    const text = typeof value === 'number' ? value.toFixed(1) : value;
    if (node.getAttribute(name) !== text) node.setAttribute(name, text);
  }
}
