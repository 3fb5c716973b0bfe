/** What the parts of the diagram share: the network, where it lies, and who is who among its nodes. */

import { elementWords, nameOf, parse, type Element } from '../../lib/elements';
import type { Layout } from '../../lib/layout';
import type { Theta } from '../../lib/theta';
import type { NetworkSpec } from '../../protocol';

export interface Scene {
  network: NetworkSpec;
  layout: Layout;
}

/** How sizes become thicknesses: by the largest weight lately seen, so that lines do not flicker. */
export class Scale {
  private largest = 0;

  follow(network: NetworkSpec, theta: Theta): void {
    const now = network.layers.reduce((most, layer) => {
      const count = (layer.biases === null ? 0 : layer.size) + layer.size * layer.source_sizes.reduce((a, b) => a + b, 0);
      return Math.max(most, theta.largest(layer.weights, count));
    }, 0);
    this.largest = Math.max(now, this.largest - 0.03 * (this.largest - now));
  }

  forget(): void {
    this.largest = 0;
  }

  /** The share of the largest, 0 to 1. */
  of(value: number): number {
    return this.largest > 0 ? Math.min(1, Math.abs(value) / this.largest) : 0;
  }
}

/** Makes a node one that can be pointed at and focused, and known by the name of its element. */
export function touchable(node: SVGElement, network: NetworkSpec, element: Element): void {
  node.dataset.element = nameOf(element);
  node.setAttribute('role', 'button');
  node.setAttribute('tabindex', '-1');
  node.setAttribute('aria-label', elementWords(network, element));
  node.setAttribute('aria-pressed', 'false');
}

/** The element that a node, or one around it, stands for. */
export function elementOf(target: EventTarget | null): Element | null {
  if (!(target instanceof globalThis.Element)) return null;
  const name = target.closest<SVGElement>('[data-element]')?.dataset.element;
  return name ? parse(name) : null;
}

/** Edges that touch an element: its own, or all of a unit's. */
export function touches(edge: Element, element: Element): boolean {
  if (edge.kind === 'unit') return false;
  if (element.kind !== 'unit') return nameOf(edge) === nameOf(element);
  if (edge.layer === element.layer && edge.j === element.j) return true;
  return edge.kind === 'weight' && edge.source === element.layer && edge.i === element.j;
}
