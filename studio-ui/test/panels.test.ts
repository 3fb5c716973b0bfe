// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { readHash } from '../src/link';
import { dataPanel } from '../src/panels/data';
import { descentPanel } from '../src/panels/descent';
import { networkPanel } from '../src/panels/network';
import { divergenceCard, toasts } from '../src/panels/notices';
import { objectivePanel } from '../src/panels/objective';
import { topBar } from '../src/panels/topbar';
import { lessonCard } from '../src/panels/tour';
import { countersPanel, transportPanel } from '../src/panels/transport';
import { fakePage, frame, problem, settle, type FakePage } from './fake';

let page: FakePage;
beforeEach(() => {
  page = fakePage();
  document.body.replaceChildren();
});

function put(element: HTMLElement): HTMLElement {
  document.body.append(element);
  return element;
}

function byLabel<T extends HTMLElement>(root: HTMLElement, label: string): T {
  const text = [...root.querySelectorAll('label')].find((each) => each.textContent === label);
  const found = text?.htmlFor
    ? root.querySelector(`#${text.htmlFor}`)
    : (text?.querySelector('input') ?? root.querySelector(`[aria-label="${label}"]`));
  expect(found, label).not.toBeNull();
  return found as T;
}

function click(root: HTMLElement, name: string): void {
  const named = [...root.querySelectorAll('button')].find(
    (each) => (each.getAttribute('aria-label') ?? each.textContent) === name,
  );
  expect(named, name).toBeDefined();
  named!.click();
}

function enter(control: HTMLInputElement | HTMLSelectElement, value: string): void {
  control.value = value;
  control.dispatchEvent(new Event('change'));
}

describe('the link', () => {
  it('waits for what was set a moment ago', async () => {
    const kept: string[] = [];
    vi.stubGlobal('navigator', { clipboard: { writeText: (text: string) => kept.push(text) } });
    HTMLElement.prototype.hidePopover = vi.fn(); // jsdom has none
    let answer!: () => void;
    page.settled = () => new Promise((resolve) => (answer = resolve));
    const bar = put(topBar(page, { help: vi.fn(), settings: vi.fn(), looked: vi.fn() }));
    const item = [...bar.querySelectorAll('button')].find(({ textContent }) =>
      textContent!.startsWith('Link'),
    );
    item!.click();
    await settle();
    expect(kept).toEqual([]);
    page.show({ problem: problem({ data: 'sine' }) });
    answer();
    await settle();
    expect(readHash(new URL(kept[0]).hash).changes).toMatchObject({ data: 'sine' });
  });
});

describe('the play bar', () => {
  it('plays, and pauses what runs', () => {
    const bar = put(transportPanel(page).element);
    click(bar, 'Play');
    page.show({ frame: frame({ running: true }) });
    bar.querySelector<HTMLButtonElement>('.play')!.click();
    expect(bar.querySelector('.play')!.textContent).toBe('Pause');
    expect(page.sent).toEqual([{ do: 'play' }, { do: 'pause' }]);
  });

  it('has every step, and every way back', () => {
    const bar = put(transportPanel(page).element);
    for (const name of [
      'Step: one example',
      'Step: one batch',
      'Step: one epoch',
      'Back one epoch',
      'Back one step',
      'Restart',
      'New start weights',
    ])
      click(bar, name);
    expect(page.sent).toEqual([
      { do: 'step', of: 'example' },
      { do: 'step', of: 'batch' },
      { do: 'step', of: 'epoch' },
      { do: 'back', of: 'epoch' },
      { do: 'back', of: 'step' },
      { do: 'restart' },
      { do: 'reseed' },
    ]);
  });

  it('shows the numbers of a frame, and no validation error where there is none', () => {
    const counters = put(countersPanel(page).element);
    page.show({
      frame: frame({
        epoch: 12,
        step: 1234,
        error: 0.123456,
        validation_error: null,
        score: { name: 'accuracy', train: 0.975, validation: null },
      }),
    });
    const values = [...counters.querySelectorAll<HTMLElement>('.counter:not([hidden]) dd')].map(
      (each) => each.textContent,
    );
    expect(values.slice(0, 3)).toEqual(['12', '1,234', '0.123']);
    const shares = [...counters.querySelectorAll<HTMLElement>('.share:not([hidden])')];
    expect(shares.map((each) => each.textContent)).toEqual(['training 98 %']);
  });

  it('counts the steps of a race, while the descent waits at its start', () => {
    const counters = put(countersPanel(page).element);
    const lane = { label: 'a', error: 1, stopped: null, x: null, y: null, trail: [], curve: [] };
    page.show({ frame: frame({ step: 0, lanes: [{ ...lane, step: 41 }, { ...lane, step: 42 }] }) });
    expect([...counters.querySelectorAll('.counter:not([hidden]) dd')].map((each) => each.textContent)).toEqual(['42']);
  });

  it('says the very speed that a lesson asked for', () => {
    const bar = put(transportPanel(page).element);
    page.show({ frame: frame({ speed: 20 }) });
    expect(bar.querySelector('.speed-text')!.textContent).toBe('20 steps/s');
    page.show({ frame: frame({ speed: 60 }) });
    expect(bar.querySelector('.speed-text')!.textContent).toBe('60 steps/s');
  });

  it('does not spell out a hopeless score', () => {
    const counters = put(countersPanel(page).element);
    page.show({ frame: frame({ score: { name: 'R²', train: -4e210, validation: -2 } }) });
    expect(counters.textContent).toContain('training < −999validation −2.00');
  });
});

describe('the settings', () => {
  it('change the learning rate during the descent, and keep the optimizer', () => {
    const panel = put(descentPanel(page).element);
    enter(byLabel(panel, 'Learning rate η'), '0.5');
    expect(page.changed).toEqual([{ optimizer: { name: 'sgd', learning_rate: 0.5, momentum: 0 } }]);
  });

  it('refuse a number beyond what can be, and put back what is', () => {
    const panel = put(descentPanel(page).element);
    const rate = byLabel<HTMLInputElement>(panel, 'Learning rate η');
    enter(rate, '-1');
    expect([rate.value, page.changed]).toEqual(['0.1', []]);
  });

  it('begin another optimizer at its usual rate', () => {
    const panel = put(descentPanel(page).element);
    enter(byLabel(panel, 'Optimizer'), 'adam');
    expect(page.changed).toEqual([{ optimizer: { name: 'adam', learning_rate: 0.001 } }]);
  });

  it('show a control for each setting of the optimizer', () => {
    const panel = put(descentPanel(page).element);
    expect(byLabel<HTMLInputElement>(panel, 'Momentum').value).toBe('0');
    page.show({ problem: problem({ optimizer: { name: 'adam', learning_rate: 0.01 } }) });
    expect(byLabel<HTMLInputElement>(panel, 'β₁').value).toBe('0.9');
    expect(panel.textContent).not.toContain('Momentum');
  });

  it('offer the errors of the task only', () => {
    const panel = put(objectivePanel(page).element);
    const offered = [...byLabel<HTMLSelectElement>(panel, 'Error E').options].map(({ value }) => value);
    expect(offered).toEqual(['binary_cross_entropy']);
  });

  it('add, resize, change and remove hidden layers', () => {
    const panel = put(networkPanel(page).element);
    click(panel, 'Add a layer');
    click(panel, 'Hidden layer 1: one unit more');
    click(panel, 'Hidden layer 2: remove');
    enter(panel.querySelector<HTMLSelectElement>('[aria-label="Hidden layer 2: activation"]')!, 'tanh');
    expect(page.changed).toEqual([
      { net: '4 tanh, 3 relu, 3 relu' },
      { net: '5 tanh, 3 relu' },
      { net: '4 tanh' },
      { net: '4 tanh, 3 tanh' },
    ]);
  });

  it('choose a table, and show how it is split', () => {
    const panel = put(dataPanel(page).element);
    expect(panel.textContent).toContain('160 rows to learn from, 40 to check');
    enter(byLabel(panel, 'Table'), 'sine');
    expect(page.changed).toEqual([{ data: 'sine' }]);
  });
});

describe('what is said to the person', () => {
  it('comes as a toast, once, as text and never as markup', () => {
    const list = put(toasts(page));
    page.tell('<img src=x> is no number', 'error');
    page.flush();
    page.tell('<img src=x> is no number', 'error');
    page.flush();
    expect(list.querySelectorAll('.toast').length).toBe(1);
    expect(list.querySelector('[role=alert] .toast p')!.textContent).toBe('<img src=x> is no number.');
    expect(list.querySelector('img')).toBeNull();
  });

  it('explains a divergence, and goes on from before it with a rate that holds', async () => {
    const card = put(divergenceCard(page));
    expect(card.hidden).toBe(true);
    page.show({
      frame: frame({
        divergence: {
          text: 'a step led out of all bounds',
          help: '0.9 is above 0.31',
          rate: 0.15,
          step: 7,
        },
      }),
    });
    expect(card.hidden).toBe(false);
    card.querySelector<HTMLButtonElement>('.primary')!.click();
    await settle();
    expect(page.sent).toEqual([{ do: 'seek', step: 7 }, { do: 'play' }]);
    expect(page.changed).toEqual([{ optimizer: { name: 'sgd', learning_rate: 0.15, momentum: 0 } }]);
    page.show({ frame: frame({}) });
    expect(card.hidden).toBe(true);
  });

  it('takes away warnings when the card of a divergence explains all', () => {
    const list = put(toasts(page));
    page.show({ notice: { type: 'notice', kind: 'warning', text: 'too large to draw' } });
    expect(list.textContent).toContain('Too large to draw.');
    page.show({ frame: frame({ divergence: { text: 'out', help: 'smaller', rate: null, step: 7 } }) });
    expect(list.querySelector('.toast')).toBeNull();
    page.show({ notice: { type: 'notice', kind: 'warning', text: 'choose two' } });
    page.show({ frame: frame({ divergence: { text: 'out', help: 'smaller', rate: null, step: 7 } }) });
    expect(list.textContent).toContain('Choose two.'); // what came later stays
  });

  it('leads through the tour', async () => {
    const went: unknown[] = [];
    const go = (place: string) => went.push(place);
    const card = put(lessonCard(page, { go, stretch: (tall) => went.push(tall) }));
    const lesson = {
      name: 'two',
      title: 'Two',
      number: 2,
      of: 3,
      text: 'Text',
      ask: 'Why?',
      show: ['surface' as const, 'formula' as const],
      focus: 'b[output.0]',
      tries: [
        { label: 'Try', commands: [{ do: 'play' as const }, { do: 'pause' as const }] },
        { label: 'Watch', commands: [{ do: 'watch' as const, element: 'output.0', row: null }] },
      ],
    };
    page.show({ problem: problem({}, { lesson }) });
    expect(card.querySelector('h2')!.textContent).toBe('Two');
    expect(went).toEqual(['surface', true]);
    expect(page.store.state.focus).toBe('b[output.0]');
    click(card, 'Try');
    await settle();
    click(card, 'Watch');
    expect(page.store.state.focus).toBe('output.0'); // marked in the diagram, too
    click(card, 'Previous');
    click(card, 'Next');
    click(card, 'Leave the tour');
    expect(page.sent).toEqual([
      { do: 'play' },
      { do: 'pause' },
      { do: 'lesson', name: 'one' },
      { do: 'lesson', name: 'three' },
      { do: 'lesson', name: null },
    ]);
    page.show({ problem: problem({}) });
    expect(card.hidden).toBe(true);
  });
});
