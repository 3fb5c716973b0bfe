/** What the network says: over its inputs, unit by unit, against the truth, class by class. */

import { mountBoundary } from '../draw/boundary';
import { mountConfusion } from '../draw/confusion';
import { mountPredictions } from '../draw/predictions';
import { mountUnits } from '../draw/units';
import type { Page } from '../page';
import type { Problem } from '../protocol';
import { type State, targetsOf } from '../state';
import { select } from '../controls';
import { drawing, framed } from './frame';
import { tabs } from './tabs';

type Name = State['tab'];

export function outputStage(page: Page): HTMLElement {
  const boundary = drawing(
    page,
    mountBoundary,
    ['boundary', 'problem', 'tab'],
    ({ boundary: view, problem }) => ({ view, problem }),
  );
  const units = drawing(
    page,
    mountUnits,
    ['units', 'problem', 'focus', 'tab'],
    ({ units: view, problem, focus }) => ({ view, problem, focus }),
  );
  const predictions = drawing(
    page,
    mountPredictions,
    ['predictions', 'problem', 'tab'],
    ({ predictions: view, problem }) => ({ view, problem }),
  );
  const confusion = drawing(
    page,
    mountConfusion,
    ['confusion', 'problem', 'tab'],
    ({ confusion: view, problem }) => ({ view, problem }),
  );
  const all = [
    {
      name: 'boundary' as const,
      label: 'Over the inputs',
      hint: 'What the network says at each place of its inputs.',
      panel: boundary.host,
    },
    {
      name: 'units' as const,
      label: 'Hidden units',
      hint: 'What each hidden unit says at each place of the inputs.',
      panel: units.host,
    },
    {
      name: 'predictions' as const,
      label: 'Against the truth',
      hint: 'Each prediction beside the true value: on the line is right.',
      panel: predictions.host,
    },
    {
      name: 'confusion' as const,
      label: 'Confusion',
      hint: 'Which classes are taken for which.',
      panel: confusion.host,
    },
  ];
  for (const { name, panel } of all) panel.dataset.view = name;
  const bar = tabs<Name>('What the network says', all, (tab) => page.store.set({ tab }));
  const of = select([], (target) => page.store.set({ target }));
  of.element.setAttribute('aria-label', 'Of which target');
  const tools = [bar.element, of.element];
  const element = framed('panel-output', 'What it says', tools, ...all.map(({ panel }) => panel));
  page.store.on(['problem', 'tab', 'target'], ({ problem, tab, target }) => {
    bar.show(tab, offered(problem), labels(problem));
    const targets = problem ? targetsOf(problem) : [];
    of.element.hidden = targets.length < 2 || (tab !== 'boundary' && tab !== 'predictions');
    of.offer(targets.map((name) => ({ value: name, label: name })));
    if (targets.length) of.show(target ?? targets[0]);
  });
  return element;
}

function offered(problem: Problem | null): ReadonlySet<Name> {
  if (!problem) return new Set<Name>(['boundary']);
  const names: Name[] = ['boundary'];
  if (problem.network.layers.length > 1) names.push('units');
  names.push(problem.task === 'regression' ? 'predictions' : 'confusion');
  return new Set(names);
}

function labels(problem: Problem | null): Partial<Record<Name, string>> {
  if (!problem) return {};
  if (problem.task === 'classification') return { boundary: 'Decision boundary' };
  return { boundary: problem.network.inputs.length === 1 ? 'Fitted curve' : 'Prediction' };
}
