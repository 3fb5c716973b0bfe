// @vitest-environment jsdom
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { mountConfusion } from '../src/draw/confusion';
import { mountPredictions } from '../src/draw/predictions';
import { mountUnits } from '../src/draw/units';
import type { Actions, ConfusionShown, PredictionsShown, UnitsShown } from '../src/lib/view';
import { network } from './networks';

let host: HTMLElement;
let focused: (string | null)[];
const actions: Actions = {
  send: () => Promise.resolve({ type: 'reply', id: 0, error: null }),
  focus: (element) => focused.push(element),
};

let resized: () => void = () => undefined;

beforeAll(() => {
  HTMLCanvasElement.prototype.getContext = () => null;
  class Observer {
    constructor(changed: () => void) {
      resized = changed;
    }
    observe(): void {}
    disconnect(): void {}
  }
  vi.stubGlobal('ResizeObserver', Observer);
});
beforeEach(() => {
  [host, focused] = [document.createElement('div'), []];
  document.body.append(host);
});
afterEach(() => host.remove());

const texts = (selector: string): (string | null)[] => [...host.querySelectorAll(selector)].map((node) => node.textContent);

function array(shape: number[], values: number[]): { shape: number[]; values: Float32Array } {
  return { shape, values: Float32Array.from(values) };
}

test('the confusion matrix tells counts and shares of the true class, of either part', () => {
  const counts = array([2, 2, 2], [30, 10, 0, 60, 1, 1, 2, 0]);
  const view = { type: 'confusion', run: 1, step: 5, classes: ['bike', 'car'], note: '', arrays: { counts } };
  mountConfusion(host, actions).show({ problem: null, view } as unknown as ConfusionShown);
  expect(texts('tbody b')).toEqual(['30', '10', '0', '60']);
  expect(texts('tbody td span')).toEqual(['75 %', '25 %', '0 %', '100 %']);
  expect(texts('.net-score')).toEqual(['90 % right: 90 of 100']);
  host.querySelectorAll<HTMLButtonElement>('.net-switch button')[1].click();
  expect(texts('tbody b')).toEqual(['1', '1', '2', '0']);
  expect(texts('.net-score')).toEqual(['25 % right: 1 of 4']);
});

test('without validation rows its half cannot be chosen', () => {
  const counts = array([2, 2, 2], [3, 0, 0, 3, 0, 0, 0, 0]);
  const view = { type: 'confusion', run: 1, step: 5, classes: ['a', 'b'], note: '', arrays: { counts } };
  mountConfusion(host, actions).show({ problem: null, view } as unknown as ConfusionShown);
  expect(host.querySelectorAll<HTMLButtonElement>('.net-switch button')[1].disabled).toBe(true);
});

test('units are named by layer and linked by the focus', () => {
  const units = ['hidden1.0', 'hidden1.1', 'output.0'].map((name) => ({ name, low: -1, high: 0.5 }));
  const arrays = { values: array([3, 2, 2], Array(12).fill(0)) };
  const view = { type: 'units', run: 1, step: 0, dimensions: 2, units, arrays };
  const problem = { run: 1, network: network([2, 2, 1]) };
  const drawing = mountUnits(host, actions);
  drawing.show({ view, problem, focus: 'w[input.0->hidden1.1]' } as unknown as UnitsShown);
  expect(texts('h3')).toEqual(['Hidden layer, tanh', 'Output, identity']);
  const tiles = [...host.querySelectorAll<HTMLButtonElement>('.net-unit-tile')];
  expect(tiles.map((tile) => tile.hasAttribute('data-lit'))).toEqual([false, true, false]);
  tiles[0].click();
  expect(focused).toEqual(['hidden1.0']);
  expect(tiles.map((tile) => tile.tabIndex)).toEqual([0, -1, -1]);
});

test('scores of both parts are told, and what lies beyond the picture', () => {
  const arrays = { truth: array([3], [1, 2, 3]), predicted: array([3], [1, 2, 99]), part: array([3], [0, 0, 1]) };
  const score = { name: 'R²', train: 0.91234, validation: 0.5 };
  const view = { type: 'predictions', run: 1, step: 1, output: 'predicted price', unit: 'price', score, note: '', arrays };
  mountPredictions(host, actions).show({ problem: null, view } as unknown as PredictionsShown);
  expect(texts('.net-score')).toEqual(['R²: training 0.912 · validation 0.500']);
  expect(texts('.net-axis-name')).toEqual(['true price', 'predicted price']);
  expect(texts('.net-note')).toEqual(['1 prediction lies beyond the edge']);
});

test('the picture is fitted again when words under it leave it another room', () => {
  const arrays = { truth: array([3], [1, 2, 3]), predicted: array([3], [1, 2, 2]), part: array([3], [0, 0, 1]) };
  const score = { name: 'R²', train: 0.9, validation: 0.5 };
  const view = { type: 'predictions', run: 1, step: 1, output: 'predicted price', unit: 'price', score, note: '', arrays };
  const room = vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(200);
  mountPredictions(host, actions).show({ problem: null, view } as unknown as PredictionsShown);
  const height = () => parseInt(host.querySelector<HTMLElement>('.net-plot-box')!.style.height, 10);
  const before = height();
  resized();
  expect(height()).toBe(before);
  room.mockReturnValue(170);
  resized();
  expect(height()).toBe(before - 30);
  room.mockRestore();
});
