/** What the descent makes small: the error, and the penalties on large weights. */

import { field, select, sliderField } from '../controls';
import type { Page, Panel } from '../page';
import { readable } from '../words';
import { section } from './section';

export function objectivePanel(page: Page): Panel {
  const loss = select([], (name) => void page.set({ loss: name }));
  const l2 = penalty(
    'L2 penalty λ₂',
    'Adds ½·λ₂·Σw² to the error: draws every weight towards 0, large ones most.',
    (value) => void page.set({ l2: value }),
  );
  const l1 = penalty(
    'L1 penalty λ₁',
    'Adds λ₁·Σ|w| to the error: draws small weights to exactly 0.',
    (value) => void page.set({ l1: value }),
  );

  page.store.on(['hello', 'problem'], ({ hello, problem }) => {
    if (!hello || !problem) return;
    const fitting = hello.losses.filter(({ task }) => task === problem.task);
    loss.offer(fitting.map(({ name }) => ({ value: name, label: readable(name) })));
    loss.show(problem.objective.name);
    l1.show(problem.setup.l1);
    l2.show(problem.setup.l2);
  });

  const element = section(
    'Error and penalty',
    field(
      'Error E',
      loss.element,
      'How a wrong prediction is counted. The descent makes the sum over the training rows small.',
    ),
    l2.element,
    l1.element,
  );
  return { element };
}

function penalty(label: string, hint: string, changed: (value: number) => void) {
  const span = { low: 1e-6, high: 10, log: true, zero: true, typed: { low: 0, high: 1e6 } };
  return sliderField(label, span, hint, changed);
}
