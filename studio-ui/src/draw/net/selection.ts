/** What is pointed at, focused by keys, or held by a click: one element at a time. */

import { nameOf, neighbour, parse, type Direction, type Element } from '../../lib/elements';
import type { Point } from '../../lib/layout';
import type { NetworkSpec } from '../../protocol';

const REST = 60; // ms that a pointer must rest before the server is asked
const KEYS: Record<string, Direction> = {
  ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right',
};

export interface Asked {
  find(event: PointerEvent | MouseEvent): Element | null;
  node(element: Element): SVGElement | null; // the one that stands for it, brought in sight
  changed(): void;
  focus(name: string | null): void;
}

export class Selection {
  pointer: Point | null = null; // where it is, while it is on an element
  private hovered: Element | null = null;
  private keyed: Element | null = null;
  private pinned: Element | null = null;
  chosen: Element | null = null; // what the page's formula is about, chosen here or elsewhere
  private sent: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private tab: SVGElement | null = null; // what the Tab key reaches
  private network: NetworkSpec | null = null;

  constructor(private readonly root: SVGSVGElement, private readonly asked: Asked) {
    root.addEventListener('pointermove', (event) => this.over(event));
    root.addEventListener('pointerleave', () => this.hover(null, null));
    root.addEventListener('click', (event) => this.pin(asked.find(event)));
    const around = root.parentElement as HTMLElement; // Chromium takes an SVG that listens for focus into the Tab order
    around.addEventListener('focusin', (event) => this.focused(event.target as SVGElement));
    around.addEventListener('focusout', (event) => {
      if (!(event.relatedTarget instanceof Node && root.contains(event.relatedTarget))) this.key(null);
    });
    root.addEventListener('keydown', (event) => this.pressed(event));
  }

  /** The element in the foreground, which has the card. */
  get now(): Element | null {
    return this.hovered ?? this.keyed ?? this.pinned;
  }

  /** A new network: what it does not have is let go. `first` takes the Tab key. */
  renew(network: NetworkSpec, has: (element: Element) => boolean, first: Element): void {
    this.network = network;
    const keep = (element: Element | null): Element | null => (element && has(element) ? element : null);
    this.hovered = null;
    [this.keyed, this.pinned, this.chosen] = [keep(this.keyed), keep(this.pinned), keep(this.chosen)];
    const node = this.asked.node(this.keyed ?? this.pinned ?? first);
    const held = this.keyed !== null;
    this.tab = null;
    this.takesTab(node);
    if (held) node?.focus({ preventScroll: true });
    this.marked();
  }

  /** The focus of the page, which may come from another drawing. */
  outside(name: string | null): void {
    const before = this.chosen ? nameOf(this.chosen) : null;
    if (name === before) return;
    this.chosen = name ? parse(name) : null;
    if (name !== this.sent) this.pinned = null;
    this.sent = name;
    this.marked();
    this.asked.changed();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private over(event: PointerEvent): void {
    const box = this.root.getBoundingClientRect();
    const element = this.asked.find(event);
    this.hover(element, { x: event.clientX - box.left, y: event.clientY - box.top });
  }

  private hover(element: Element | null, at: Point | null): void {
    this.pointer = element ? at : null;
    if (same(element, this.hovered)) return;
    this.hovered = element;
    clearTimeout(this.timer);
    if (element && !this.pinned) this.timer = setTimeout(() => this.tell(element), REST);
    this.asked.changed();
  }

  private pin(element: Element | null): void {
    this.pinned = same(element, this.pinned) ? null : element;
    clearTimeout(this.timer);
    this.tell(this.pinned);
    this.marked();
    this.asked.changed();
  }

  private focused(node: SVGElement): void {
    const element = parse(node.dataset.element ?? '');
    if (!element) return;
    this.key(element);
    this.takesTab(node);
  }

  private key(element: Element | null): void {
    if (same(element, this.keyed)) return;
    this.keyed = element;
    if (element && !this.pinned && !this.hovered) this.tell(element);
    this.asked.changed();
  }

  private pressed(event: KeyboardEvent): void {
    const from = parse((event.target as SVGElement).dataset.element ?? '');
    if (!from || !this.network || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in KEYS) this.go(neighbour(this.network, from, KEYS[event.key]));
    else if (event.key === 'Enter' || event.key === ' ') this.pin(from);
    else if (event.key === 'Escape') this.letGo();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private go(element: Element): void {
    const node = this.asked.node(element);
    if (!node) return;
    this.hovered = null;
    const stays = node === this.tab; // the frame of a matrix is one node for all its cells
    this.takesTab(node);
    node.focus();
    if (stays) this.key(element);
  }

  private letGo(): void {
    this.pinned = this.hovered = null;
    this.tell(null);
    this.marked();
    this.asked.changed();
  }

  private takesTab(node: SVGElement | null): void {
    if (!node || node === this.tab) return;
    this.tab?.setAttribute('tabindex', '-1');
    node.setAttribute('tabindex', '0');
    this.tab = node;
  }

  private tell(element: Element | null): void {
    const name = element ? nameOf(element) : null;
    if (name === this.sent) return;
    this.sent = name;
    this.asked.focus(name);
  }

  private marked(): void {
    this.root.querySelector('[aria-pressed="true"]')?.setAttribute('aria-pressed', 'false');
    if (this.pinned) this.asked.node(this.pinned)?.setAttribute('aria-pressed', 'true');
  }
}

function same(a: Element | null, b: Element | null): boolean {
  return a === b || (a !== null && b !== null && nameOf(a) === nameOf(b));
}
