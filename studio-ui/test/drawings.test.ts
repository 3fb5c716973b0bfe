// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Decoded } from '../src/decode';
import { mountCurves } from '../src/draw/curves';
import { mountRace } from '../src/draw/race';
import { mountSurface } from '../src/draw/surface';
import type { Actions, SurfaceShown, Wish } from '../src/lib/view';
import type { CurvePoint, Curves, Frame, SurfaceView } from '../src/protocol';

const sent: Wish[] = [];
const actions: Actions = {
  send: (wish) => {
    sent.push(wish);
    return Promise.resolve({ type: 'reply', id: 1, error: null });
  },
  focus: () => undefined,
};
let host: HTMLElement;

beforeEach(() => {
  sent.length = 0;
  document.body.replaceChildren();
  host = document.body.appendChild(document.createElement('div'));
  host.style.fontSize = '12px';
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null); // jsdom has none
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(500);
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(420);
});
afterEach(() => vi.restoreAllMocks());

const array = (values: number[], ...shape: number[]) => ({ shape, values: Float32Array.from(values) });

function view(changes: Partial<SurfaceView> = {}): Decoded<SurfaceView> {
  const axis = Array.from({ length: 21 }, (_, i) => -2 + i / 5);
  return {
    type: 'surface', run: 1, step: 1, fine: true, axes: ['w[input.0->output.0]', 'b[output.0]'], kind: 'slice',
    names: ['w[input.0->output.0]', 'w[input.1->output.0]', 'b[output.0]'], low: 0, levels: [0.25, 1, 2.25, 4],
    scale: 'square', minimum: { x: 0, y: 0, error: 0, kind: 'minimum' }, notes: ['sse of 3 rows'],
    ...changes,
    arrays: {
      x: array(axis, 21), y: array(axis, 21), errors: array(axis.flatMap((y) => axis.map((x) => x * x + y * y)), 21, 21),
      path: array([-1, 1, 2, -0.5, 0.5, 0.5], 2, 3), steps: array([0, 1], 2),
    },
  };
}

function frame(changes: Partial<Frame> = {}): Decoded<Frame> {
  return {
    type: 'frame', run: 1, step: 1, running: false, stopped: null, error: 0.5, rate: 0.1, lanes: [],
    place: { x: -0.5, y: 0.5, error: 0.5, off: 0 }, arrays: {}, ...changes,
  } as Decoded<Frame>;
}

const shown = (changes: Partial<SurfaceShown> = {}): SurfaceShown => ({
  view: view(), frame: frame(), problem: null, relief: false, ...changes,
});
const find = <T extends Element>(selector: string) => host.querySelector(selector) as T;
const press = (selector: string, key: string, shiftKey = false) =>
  find(selector).dispatchEvent(new KeyboardEvent('keydown', { key, shiftKey, bubbles: true, cancelable: true }));

describe('mountSurface', () => {
  it('says what it shows, to the eye and to a screen reader', () => {
    mountSurface(host, actions).show(shown());
    expect(find('.map-image').getAttribute('aria-label')).toContain('minimum: 0. Now step 1: error 0.5000.');
    expect(find('.map-lowest text').textContent).toBe('minimum 0');
    expect(find('.map-foot').textContent).toContain('sse of 3 rows');
    expect(find('.map-name').textContent).toBe('w[input.0->output.0] = −0.5000 →');
    expect(host.querySelectorAll('.map-lines path')).toHaveLength(4);
  });

  it('restarts where it is clicked', () => {
    mountSurface(host, actions).show(shown());
    const pad = find<HTMLElement>('.map-pad');
    const [width, height] = [parseFloat(pad.style.width), parseFloat(pad.style.height)];
    pad.dispatchEvent(new MouseEvent('click', { clientX: width / 4, clientY: height / 4 }));
    expect(sent).toHaveLength(1);
    const wish = sent[0] as Extract<Wish, { do: 'place' }>;
    expect(wish.do).toBe('place');
    expect(wish.x).toBeCloseTo(-1, 6);
    expect(wish.y).toBeCloseTo(1, 6);
  });

  it('restarts where the keys led, and zooms', () => {
    mountSurface(host, actions).show(shown());
    press('.map-pad', 'Enter'); // no cursor yet
    expect(sent).toEqual([]);
    press('.map-pad', 'ArrowRight', true);
    expect(find('[aria-live]').textContent).toMatch(/^x −0.100, y 0.500: error 0.2[56]/);
    press('.map-pad', 'Enter');
    press('.map-pad', '-');
    press('.map-pad', '0');
    expect(sent[0]).toMatchObject({ do: 'place', y: 0.5 });
    expect(sent[1]).toMatchObject({ do: 'surface', along: ['w[input.0->output.0]', 'b[output.0]'] });
    expect((sent[1] as { span: number[][] }).span[0][0]).toBeCloseTo(-3.2, 5);
    expect(sent[2]).toMatchObject({ span: null });
  });

  it('asks for other axes, never for one twice', () => {
    mountSurface(host, actions).show(shown());
    const [plane, across, up] = [...host.querySelectorAll('select')];
    expect([across.value, up.value]).toEqual(['w[input.0->output.0]', 'b[output.0]']);
    across.value = 'b[output.0]';
    across.dispatchEvent(new Event('change'));
    expect(sent[0]).toMatchObject({ along: ['b[output.0]', 'w[input.0->output.0]'] });
    plane.value = 'pca';
    plane.dispatchEvent(new Event('change'));
    expect(sent[1]).toMatchObject({ along: 'pca' });
  });

  it('tells how far the descent is from what is drawn', () => {
    const drawing = mountSurface(host, actions);
    drawing.show(shown({ frame: frame({ step: 2, place: { x: -0.5, y: 0.5, error: 0.21, off: 0.8 } }) }));
    expect(find('.map-foot strong').textContent).toMatch(/^0.80 off this plane: true error 0.210, on the plane 0.50\d. $/);
    expect(find('.map-ball').hasAttribute('data-off')).toBe(true);
    // A map of the same step goes through it, whatever plane the frame is of.
    drawing.show(shown({ frame: frame({ place: { x: 1, y: 1, error: 0.21, off: 0.8 } }) }));
    expect(find('.map-foot strong').textContent).toBe('');
    expect(find('.map-name').textContent).toContain('−0.5000');
    expect(find('.map-ball').hasAttribute('data-off')).toBe(false);
  });

  it('waits, and does not fail, where nothing is finite or nothing came', () => {
    const drawing = mountSurface(host, actions);
    drawing.show({ view: null, frame: null, problem: null, relief: false });
    const broken = view({ levels: [] });
    broken.arrays.errors.values.fill(NaN);
    drawing.show(shown({ view: broken, frame: frame({ place: null, error: null }) }));
    drawing.show(shown({ relief: true }));
    drawing.destroy();
    expect(host.children).toHaveLength(0);
  });

  it('draws the bowl of a single weight, and restarts on it', () => {
    const bowl = view({ axes: ['w[input.0->output.0]', ''], minimum: { x: 0, y: 0, error: 0, kind: 'minimum' } });
    const { x } = bowl.arrays;
    bowl.arrays.y = array([0], 1);
    bowl.arrays.errors = array([...x.values].map((each) => each * each), 1, 21);
    bowl.arrays.path = array([-1, 0, 1, -0.5, 0, 0.25], 2, 3);
    const drawing = mountSurface(host, actions);
    drawing.show(shown({ view: bowl, frame: frame({ place: { x: -0.5, y: 0, error: 0.25, off: 0 } }) }));
    expect(find('.map-curve').getAttribute('d')?.split('L')).toHaveLength(21);
    expect(host.querySelectorAll('.map-name')[1].textContent).toBe('↑ error = 0.2500');
    press('.map-pad', 'ArrowRight', true);
    expect(find('[aria-live]').textContent).toBe('w −0.100: error 0.02000'); // in straight lines between points
    press('.map-pad', 'Enter');
    expect(sent[0]).toMatchObject({ do: 'place', y: 0 });
    drawing.show(shown({ view: bowl, relief: true }));
    expect(find('.map').hasAttribute('data-relief')).toBe(false);
  });

  it('draws the lanes of a race with their labels', () => {
    const lane = { label: 'Adam', step: 3, error: 1, stopped: null, x: 1, y: 1, trail: [[0, 0], [1, 1]] as [number, number][], curve: [] };
    mountSurface(host, actions).show(shown({ frame: frame({ lanes: [lane, { ...lane, label: 'SGD' }] }) }));
    expect([...host.querySelectorAll('.map-lane text')].map(({ textContent }) => textContent)).toEqual(['Adam', 'SGD']);
  });
});

describe('mountCurves', () => {
  const points: CurvePoint[] = [0, 10, 20].map((step, i) => ({
    step, epoch: i, train: 2 - i, validation: 2.5 - i, rate: 0.1, norm: 1,
  }));
  const curves: Curves = { type: 'curves', run: 1, points, marks: [{ step: 10, text: 'rate 0.1 → 0.01' }], best: null, of: 'all' };

  it('names each curve with its newest number, and marks changes', () => {
    mountCurves(host, actions).show({ curves, frame: frame(), logarithmic: false });
    expect([...host.querySelectorAll('.map-curves-endings text')].map(({ textContent }) => textContent)).toEqual(['training 0', 'validation 0.500']);
    expect(find('.map-curves-marks text').textContent).toBe('rate 0.1 → 0.01');
  });

  it('is read and steered with keys', () => {
    mountCurves(host, actions).show({ curves, frame: frame(), logarithmic: true });
    press('.map-curves-pad', 'ArrowLeft');
    expect(find('.map-curves-pad').getAttribute('aria-valuetext')).toContain('training error 1.000');
    press('.map-curves-pad', 'Enter');
    press('.map-curves-pad', 'Home');
    press('.map-curves-pad', 'Enter');
    expect(sent).toEqual([{ do: 'seek', step: 10 }, { do: 'seek', step: 0 }]);
  });

  it('takes what has no numbers', () => {
    const none = points.map((point) => ({ ...point, train: null, validation: null }));
    const drawing = mountCurves(host, actions);
    for (const of of [[], none]) drawing.show({ curves: { ...curves, points: of }, frame: null, logarithmic: true });
    drawing.show({ curves: null, frame: null, logarithmic: false });
    drawing.destroy();
    expect(host.children).toHaveLength(0);
  });
});

describe('mountRace', () => {
  it('lists the runners and who is ahead', () => {
    const lane = { label: '<b>Adam</b>', step: 3, error: 1, stopped: null, x: 1, y: 1, trail: [], curve: [] };
    const drawing = mountRace(host, actions);
    drawing.show({ frame: frame({ lanes: [lane, { ...lane, label: 'SGD', error: null, stopped: 'diverged' }] }) });
    const rows = [...host.querySelectorAll('tbody tr')].map((row) => [...row.children].map(({ textContent }) => textContent));
    expect(rows).toEqual([['<b>Adam</b>', '1.00', '3', 'ahead'], ['SGD', 'none', '3', 'diverged']]);
    drawing.show({ frame: frame() });
    expect(host.querySelectorAll('tbody tr')).toHaveLength(0);
  });
});
