/** The weights, biases and units of a network by name: where each lies in θ, and which is next. */

import type { LayerSpec, NetworkSpec } from '../protocol';

export type Weight = { kind: 'weight'; source: string; i: number; layer: string; j: number };
export type Bias = { kind: 'bias'; layer: string; j: number };
export type Unit = { kind: 'unit'; layer: string; j: number };
export type Element = Weight | Bias | Unit;
export type Direction = 'up' | 'down' | 'left' | 'right';

const WEIGHT = /^w\[(.+)\.(\d+)->(.+)\.(\d+)\]$/;
const BIAS = /^b\[(.+)\.(\d+)\]$/;
const UNIT = /^([^[\]]+)\.(\d+)$/;

export function parse(name: string): Element | null {
  let found = WEIGHT.exec(name);
  if (found) return { kind: 'weight', source: found[1], i: +found[2], layer: found[3], j: +found[4] };
  if ((found = BIAS.exec(name))) return { kind: 'bias', layer: found[1], j: +found[2] };
  if ((found = UNIT.exec(name))) return { kind: 'unit', layer: found[1], j: +found[2] };
  return null;
}

export function nameOf(element: Element): string {
  if (element.kind === 'weight')
    return `w[${element.source}.${element.i}->${element.layer}.${element.j}]`;
  return element.kind === 'bias' ? `b[${element.layer}.${element.j}]` : `${element.layer}.${element.j}`;
}

/** How many units a layer, or the input, has; 0 for one that is not there. */
export function sizeOf(network: NetworkSpec, layer: string): number {
  if (layer === 'input') return network.inputs.length;
  return layerOf(network, layer)?.size ?? 0;
}

export function layerOf(network: NetworkSpec, name: string): LayerSpec | null {
  return network.layers.find((layer) => layer.name === name) ?? null;
}

/** Weights that come into each unit of a layer. */
export function fanIn(layer: LayerSpec): number {
  return layer.source_sizes.reduce((sum, size) => sum + size, 0);
}

/** The row of W that a source's unit has. */
export function rowOf(layer: LayerSpec, source: string, i: number): number | null {
  let row = 0;
  for (let at = 0; at < layer.sources.length; at++) {
    if (layer.sources[at] === source) return i < layer.source_sizes[at] ? row + i : null;
    row += layer.source_sizes[at];
  }
  return null;
}

/** The source unit whose weights are a row of W. */
export function sourceOf(layer: LayerSpec, row: number): { source: string; i: number } | null {
  let rest = row;
  for (let at = 0; at < layer.sources.length; at++) {
    if (rest < layer.source_sizes[at]) return { source: layer.sources[at], i: rest };
    rest -= layer.source_sizes[at];
  }
  return null;
}

/** Where a weight or bias lies in θ; null for units and for what is not there. */
export function indexOf(network: NetworkSpec, element: Element): number | null {
  const layer = layerOf(network, element.layer);
  if (!layer || element.kind === 'unit' || element.j >= layer.size) return null;
  if (element.kind === 'bias') return layer.biases === null ? null : layer.biases + element.j;
  const row = rowOf(layer, element.source, element.i);
  return row === null ? null : layer.weights + row * layer.size + element.j;
}

export function exists(network: NetworkSpec, element: Element): boolean {
  if (element.kind === 'unit') return element.j < sizeOf(network, element.layer);
  return indexOf(network, element) !== null;
}

/** A unit as a person would call it: its label where it has one of its own, else its place. */
export function unitWords(network: NetworkSpec, layer: string, j: number): string {
  if (layer === 'input') return network.inputs[j]?.label ?? `input ${j + 1}`;
  const spec = layerOf(network, layer);
  const label = spec?.labels[j];
  if (spec && spec === network.layers.at(-1)) return outputWords(label, j);
  const place = network.layers.findIndex((each) => each.name === layer);
  const many = network.layers.length > 2;
  return `hidden unit ${j + 1}${many ? ` of layer ${place + 1}` : ''}`;
}

/** A class that is called by a number needs to be told from a place. */
function outputWords(label: string | undefined, j: number): string {
  if (!label) return `output ${j + 1}`;
  return /^[\d\s.,+−-]+$/.test(label) ? `output for ${label}` : label;
}

/** "weight from lot_size to hidden unit 1". */
export function elementWords(network: NetworkSpec, element: Element): string {
  const unit = unitWords(network, element.layer, element.j);
  if (element.kind === 'unit') return unit;
  if (element.kind === 'bias') return `bias of ${unit}`;
  return `weight from ${unitWords(network, element.source, element.i)} to ${unit}`;
}

/** Where an arrow key leads: up and down along a layer or along edges, left and right between them. */
export function neighbour(network: NetworkSpec, from: Element, to: Direction): Element {
  if (from.kind === 'unit') return besideUnit(network, from, to);
  if (to === 'right') return { kind: 'unit', layer: from.layer, j: from.j };
  if (to === 'left')
    return from.kind === 'weight'
      ? { kind: 'unit', layer: from.source, j: from.i }
      : { kind: 'unit', layer: from.layer, j: from.j };
  return alongEdges(network, from, to === 'down' ? 1 : -1);
}

function besideUnit(network: NetworkSpec, unit: Unit, to: Direction): Element {
  if (to === 'up' || to === 'down') {
    const j = unit.j + (to === 'down' ? 1 : -1);
    return j < 0 || j >= sizeOf(network, unit.layer) ? unit : { ...unit, j };
  }
  if (to === 'left') {
    const layer = layerOf(network, unit.layer);
    const first = layer && sourceOf(layer, Math.min(unit.j, fanIn(layer) - 1));
    return first ? { kind: 'weight', ...first, layer: unit.layer, j: unit.j } : unit;
  }
  const next = network.layers.find((layer) => layer.sources.includes(unit.layer));
  if (!next) return unit;
  return {
    kind: 'weight', source: unit.layer, i: unit.j, layer: next.name, j: Math.min(unit.j, next.size - 1),
  };
}

/** The edges of a layer, unit by unit from the top, each unit's bias last. */
function alongEdges(network: NetworkSpec, edge: Weight | Bias, by: 1 | -1): Element {
  const layer = layerOf(network, edge.layer);
  if (!layer) return edge;
  const inputs = fanIn(layer);
  const each = inputs + (layer.biases === null ? 0 : 1);
  const row = edge.kind === 'bias' ? inputs : (rowOf(layer, edge.source, edge.i) ?? 0);
  const at = edge.j * each + row + by;
  if (at < 0 || at >= each * layer.size) return edge;
  const j = Math.floor(at / each);
  const source = sourceOf(layer, at % each);
  return source ? { kind: 'weight', ...source, layer: layer.name, j } : { kind: 'bias', layer: layer.name, j };
}
