// @vitest-environment jsdom
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Decoded } from '../src/decode';
import { mountNetwork } from '../src/draw/network';
import type { Actions, NetworkShown, View } from '../src/lib/view';
import type { Frame, NetworkSpec, Problem } from '../src/protocol';
import { network } from './networks';

let host: HTMLElement;
let view: View<NetworkShown>;
let sent: unknown[];
let focused: (string | null)[];

const actions: Actions = {
  send: (command) => {
    sent.push(command);
    return Promise.resolve({ type: 'reply', id: 0, error: null });
  },
  focus: (element) => focused.push(element),
};

beforeAll(() => {
  HTMLCanvasElement.prototype.getContext = () => null;
  window.matchMedia = () => ({ matches: true }) as MediaQueryList;
});

beforeEach(() => {
  [host, sent, focused] = [document.createElement('div'), [], []];
  document.body.append(host);
  view = mountNetwork(host, actions);
});

afterEach(() => view.destroy());

function shown(spec: NetworkSpec, net: string, theta: number[] = [], focus: string | null = null): NetworkShown {
  const problem = { run: 1, setup: { net }, network: spec } as unknown as Problem;
  const array = { shape: [theta.length], values: Float32Array.from(theta) };
  const last = { step: 3 };
  const frame = { run: 1, step: 3, layer: null, last, running: false, arrays: { theta: array, gradient: array, move: array } };
  return { problem, frame: frame as unknown as Decoded<Frame>, units: null, focus, limits: null };
}

const all = (selector: string): Element[] => [...host.querySelectorAll(selector)];
const edge = (name: string): SVGElement => host.querySelector(`.net-hit[data-element="${name}"]`) as SVGElement;
const button = (words: string): HTMLElement => host.querySelector(`button[aria-label="${words}"]`) as HTMLElement;

test('every weight and every bias is there, the output\'s too', () => {
  view.show(shown(network([2, 4, 1]), '4 tanh'));
  expect(all('.net-hit').length).toBe(17);
  expect(edge('b[output.0]')).not.toBeNull();
  expect(all('circle.net-unit').length).toBe(7);
});

test('sign and size are told by class and thickness', () => {
  view.show(shown(network([2, 1]), 'none', [2, -1, 0]));
  const lines = all('.net-lines .net-edge');
  expect(lines.map((line) => line.getAttribute('class'))).toEqual([
    'net-edge net-positive', 'net-edge net-negative', 'net-edge net-nought',
  ]);
  const [thick, thin] = lines.map((line) => Number(line.getAttribute('stroke-width')));
  expect(thick).toBe(7);
  expect(thin).toBeLessThan(thick);
  view.show(shown(network([2, 1]), 'none', [-2, NaN, 0]));
  expect(lines.map((line) => line.getAttribute('class')?.split('net-')[2])).toEqual(['negative', 'broken', 'nought']);
});

test('one element is in the Tab order, and the arrows go on from it', () => {
  view.show(shown(network([2, 2, 1]), '2 tanh', Array(9).fill(0.5)));
  const tab = all('[tabindex="0"]');
  expect(tab.map((node) => (node as SVGElement).dataset.element)).toEqual(['input.0']);
  (tab[0] as SVGElement).focus();
  tab[0].dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
  expect(document.activeElement).toBe(edge('w[input.0->hidden1.0]'));
  expect(focused).toEqual(['input.0', 'w[input.0->hidden1.0]']);
  expect(host.querySelector('.net-card')?.textContent).toContain('+0.50000');
  expect(document.activeElement?.getAttribute('aria-label')).toContain('weight w +0.50000');
  document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  expect(focused.at(-1)).toBeNull();
});

test('a click holds an element, another lets it go', () => {
  vi.useFakeTimers();
  view.show(shown(network([2, 1]), 'none', [1, 2, 3]));
  const node = edge('w[input.1->output.0]');
  node.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  expect([focused.at(-1), node.getAttribute('aria-pressed')]).toEqual(['w[input.1->output.0]', 'true']);
  node.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  expect([focused.at(-1), node.getAttribute('aria-pressed')]).toEqual([null, 'false']);
  vi.useRealTimers();
});

test('what is chosen elsewhere on the page comes forward here', () => {
  view.show(shown(network([2, 2, 1]), '2 tanh', Array(9).fill(0.5), 'hidden1.1'));
  expect(all('.net-unit[data-lit]').map((node) => (node as SVGElement).dataset.element)).toEqual(['hidden1.1']);
  view.show(shown(network([2, 2, 1]), '2 tanh', Array(9).fill(0.5), 'b[output.0]'));
  expect(all('[data-chosen]')).toEqual([edge('b[output.0]')]);
  expect(all('.net-unit[data-lit]').length).toBe(0);
  expect(focused).toEqual([]);
});

test('a unit that is pointed at brings all its edges forward', () => {
  view.show(shown(network([2, 2, 1]), '2 tanh', Array(9).fill(0.5)));
  const move = new MouseEvent('pointermove', { bubbles: true });
  host.querySelector('circle[data-element="hidden1.1"]')?.dispatchEvent(move);
  expect(all('.net-edge[data-lit]').length).toBe(4); // two weights in, one bias, one weight out
});

test('units and layers are added and taken', () => {
  view.show(shown(network([2, 4, 1]), '4 tanh'));
  button('One unit more in hidden layer').click();
  button('One unit fewer in hidden layer').click();
  all('.net-between button').forEach((each) => (each as HTMLElement).click());
  expect(sent).toEqual([
    { do: 'setup', changes: { net: '5 tanh' } },
    { do: 'setup', changes: { net: '3 tanh' } },
    { do: 'setup', changes: { net: '4 tanh, 4 tanh' } },
    { do: 'setup', changes: { net: '4 tanh, 4 tanh' } },
  ]);
});

test('nothing grows beyond what the server allows', () => {
  const limits = { upload_bytes: 1, layers: 1, units: 4, rows: 1 };
  view.show({ ...shown(network([2, 4, 1]), '4 tanh'), limits });
  const disabled = all('button').filter((each) => (each as HTMLButtonElement).disabled);
  expect(disabled.map((each) => each.getAttribute('aria-label'))).toEqual([
    'One unit more in hidden layer', 'Add a hidden layer here', 'Add a hidden layer here',
  ]);
});

test('a network that is no chain has no such buttons', () => {
  view.show(shown(network([2, 4, 1], { output: ['hidden1', 'input'] }), '4 tanh'));
  expect(all('button').length).toBe(0);
});

test('large layers are matrices, and their other units can be brought in sight', () => {
  view.show(shown(network([21, 64, 32, 1]), '64 relu, 32 relu', Array(3521).fill(0.1)));
  expect(all('.net-matrix').length).toBe(6);
  const before = all('circle.net-unit[data-element^="hidden1"]').length;
  expect(before).toBeLessThan(64);
  const more = all('.net-turn button').find((each) => each.getAttribute('aria-label')?.includes('hidden layer 1'));
  (more as HTMLElement).click();
  const first = host.querySelector<SVGElement>('circle.net-unit[data-element^="hidden1"]');
  expect(first?.dataset.element).toBe(`hidden1.${before}`);
});

test('of a network too large to send whole, another layer is asked for by a button', () => {
  const value = shown(network([21, 64, 32, 1]), '64 relu, 32 relu', Array(33).fill(0.1));
  (value.frame as Decoded<Frame>).layer = 'output';
  view.show(value);
  const looks = all('.net-look') as HTMLButtonElement[];
  expect(looks.map((each) => each.hidden)).toEqual([false, false, true]);
  looks[1].click();
  expect(focused).toEqual(['hidden2.0']);
});

test('names from data are text and nothing else', () => {
  const spec = network([2, 1]);
  spec.inputs[0].label = '<img src=x onerror=alert(1)>';
  view.show(shown(spec, 'none'));
  expect(host.querySelector('img')).toBeNull();
  expect(host.textContent).toContain('<img');
});
