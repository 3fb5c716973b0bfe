/** The hidden layers as `Setup.net` writes them: "4 tanh, 3 relu". */

export interface Hidden {
  size: number;
  activation: string; // as written, with its settings: "leaky_relu(slope=0.1)"; empty for the default
}

/** The layers of a text; null where it is of another form, which the diagram then leaves alone. */
export function readHidden(text: string): Hidden[] | null {
  const whole = text.trim();
  if (whole === '' || whole === 'none') return [];
  const layers: Hidden[] = [];
  for (const part of apart(whole)) {
    const found = /^(\d+)(?:\s+(.+))?$/s.exec(part.trim());
    if (!found || Number(found[1]) < 1) return null;
    layers.push({ size: Number(found[1]), activation: (found[2] ?? '').trim() });
  }
  return layers;
}

export function writeHidden(layers: Hidden[]): string {
  if (layers.length === 0) return 'none';
  return layers.map(({ size, activation }) => `${size} ${activation}`.trim()).join(', ');
}

/** With one unit more or less in layer `at`; a layer without units is gone. */
export function resized(layers: Hidden[], at: number, by: number): Hidden[] {
  return layers
    .map((layer, place) => (place === at ? { ...layer, size: layer.size + by } : layer))
    .filter((layer) => layer.size > 0);
}

/** With a new layer before layer `at`, like the one that stands beside it. */
export function grown(layers: Hidden[], at: number): Hidden[] {
  const like = layers[Math.max(at - 1, 0)] ?? { size: 4, activation: 'tanh' };
  return [...layers.slice(0, at), { ...like }, ...layers.slice(at)];
}

/** Parts between commas that stand in no brackets. */
function apart(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const letter of text) {
    depth += letter === '(' ? 1 : letter === ')' ? -1 : 0;
    if (letter === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return parts;
}
