/** Networks for tests, as the server would describe them. */

import type { LayerSpec, NetworkSpec } from '../src/protocol';

export function network(sizes: number[], sources: Record<string, string[]> = {}): NetworkSpec {
  const names = sizes.map((_, at) => (at === 0 ? 'input' : at === sizes.length - 1 ? 'output' : `hidden${at}`));
  const size = (name: string): number => sizes[names.indexOf(name)];
  const layers: LayerSpec[] = [];
  let begin = 0;
  for (let at = 1; at < sizes.length; at++) {
    const from = sources[names[at]] ?? [names[at - 1]];
    const from_sizes = from.map(size);
    const weights = from_sizes.reduce((sum, each) => sum + each, 0) * sizes[at];
    const last = at === sizes.length - 1;
    layers.push({
      name: names[at],
      size: sizes[at],
      activation: last ? 'identity' : 'tanh',
      sources: from,
      source_sizes: from_sizes,
      weights: begin,
      biases: begin + weights,
      labels: Array.from({ length: sizes[at] }, (_, j) => (last ? (sizes[at] === 1 ? 'y' : `y${j + 1}`) : '')),
    });
    begin += weights + sizes[at];
  }
  return {
    text: sizes.join(' -> '),
    inputs: Array.from({ length: sizes[0] }, (_, i) => ({ name: `input.${i}`, label: `x${i + 1}` })),
    layers,
    parameters: begin,
    whole: true,
  };
}
