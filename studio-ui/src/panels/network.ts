/** The network: its hidden layers, one row each, and how its weights begin. */

import { button, field, iconButton, more, numberBox, select, toggle, type Choice } from '../controls';
import { fill, h, say } from '../html';
import { readHidden, resized, writeHidden, type Hidden } from '../lib/hidden';
import { count } from '../lib/numbers';
import type { Page, Panel } from '../page';
import type { Problem } from '../protocol';
import { readable } from '../words';
import { section } from './section';

export function networkPanel(page: Page): Panel {
  const set = (layers: Hidden[]) => void page.set({ net: writeHidden(layers) });
  const layers = () => readHidden(page.store.state.problem?.setup.net ?? '') ?? [];

  const list = h('ol', { class: 'layers' });
  const add = button(
    'Add a layer',
    () => set([...layers(), like(layers())]),
    'One more hidden layer before the output.',
    'soft wide',
  );
  const text = h('input', {
    type: 'text',
    class: 'text',
    onchange: () => void page.set({ net: text.value.trim() || 'none' }),
  });
  const size = h('p', { class: 'words' });
  const bias = toggle(
    'Bias of the output',
    'A weight on a constant input of 1, so that the output need not be 0 where all inputs are 0.',
    (on) => void page.set({ bias: on }),
  );
  const initializer = select([], (name) => void page.set({ initializer: name }));
  const seed = numberBox({ low: 0, high: 2 ** 31 - 1, step: 1 }, (value) => void page.set({ seed: value }));

  page.store.on(['hello', 'problem'], ({ hello, problem }) => {
    if (!hello || !problem) return;
    const { setup } = problem;
    initializer.offer(hello.initializers.map(({ name }) => ({ value: name, label: readable(name) })));
    const hidden = readHidden(setup.net);
    const activations = hello.activations.map(({ name }) => ({ value: name, label: name }));
    const rows = (hidden ?? []).map((layer, at) =>
      layerRow(layer, at, activations, (changed) => set(changed), layers),
    );
    refill(list, ...rows);
    add.disabled = hidden === null || hidden.length >= hello.limits.layers;
    if (document.activeElement !== text) text.value = setup.net;
    say(size, sizeWords(problem));
    bias.show(setup.bias);
    initializer.show(setup.initializer);
    seed.show(setup.seed);
  });

  const element = section(
    'Network',
    list,
    add,
    size,
    more(
      'More about the network',
      field(
        'In words',
        text,
        'The hidden layers as text: 4 tanh, 3 relu. Write none for a network without hidden layers.',
      ),
      bias.element,
      field('Start weights', initializer.element, 'How the weights are drawn before the first step.'),
      field(
        'Seed',
        seed.element,
        'The number that fixes all that is drawn at random: the same seed gives the same descent.',
      ),
    ),
  );
  return { element };
}

function sizeWords({ network }: Problem): string {
  const inputs = network.inputs.length;
  const outputs = network.layers.at(-1)?.size ?? 0;
  const many = (size: number, word: string) => `${count(size)} ${word}${size === 1 ? '' : 's'}`;
  return `${many(inputs, 'input')}, ${many(outputs, 'output')}, ${count(network.parameters)} weights and biases`;
}

function like(layers: Hidden[]): Hidden {
  return { ...(layers.at(-1) ?? { size: 4, activation: 'tanh' }) };
}

function layerRow(
  layer: Hidden,
  at: number,
  activations: Choice[],
  set: (layers: Hidden[]) => void,
  layers: () => Hidden[],
): HTMLLIElement {
  const name = `Hidden layer ${at + 1}`;
  const changed = (by: Partial<Hidden>) =>
    set(layers().map((each, place) => (place === at ? { ...each, ...by } : each)));
  const fewer = iconButton(
    'minus',
    `${name}: one unit fewer`,
    () => set(resized(layers(), at, -1)),
    'One unit fewer',
  );
  const bigger = iconButton(
    'plus',
    `${name}: one unit more`,
    () => set(resized(layers(), at, 1)),
    'One unit more',
  );
  fewer.disabled = layer.size <= 1;
  const size = numberBox({ low: 1, high: 1e5, step: 1 }, (value) => changed({ size: value }));
  size.element.setAttribute('aria-label', `${name}: units`);
  size.show(layer.size);
  const activation = select(activations, (value) => changed({ activation: value }));
  activation.element.setAttribute('aria-label', `${name}: activation`);
  activation.show(layer.activation || 'tanh');
  const remove = iconButton(
    'close',
    `${name}: remove`,
    () => set(layers().filter((_, place) => place !== at)),
    'Remove this layer',
  );
  return h(
    'li',
    { class: 'layer' },
    h('span', { class: 'stepper' }, fewer, size.element, bigger),
    activation.element,
    remove,
  );
}

/** New rows, with the focus where it was: on the control of the same name. */
function refill(list: HTMLElement, ...rows: HTMLElement[]): void {
  const focused = list.contains(document.activeElement)
    ? document.activeElement?.getAttribute('aria-label')
    : null;
  fill(list, ...rows);
  if (focused) list.querySelector<HTMLElement>(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
}
