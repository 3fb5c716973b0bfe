/** One line for the first visit: what is going on, and what one can do. Closed once, it stays away. */

import { iconButton } from '../controls';
import { h, say } from '../html';
import { keep, kept } from '../kept';
import type { Page } from '../page';
import type { Problem } from '../protocol';
import { targetWords } from '../state';

const CLOSED = 'fallline-hint-closed';

const GOALS: Record<string, string> = {
  moons: 'to tell the two moons apart',
  spiral: 'to tell the two arms of the spiral apart',
  circles: 'to tell the inner circle from the outer one',
  xor: 'which corners belong together',
  cars_and_bikes: 'to tell cars from bikes',
  houses: 'what a house costs',
  sine: 'the shape of a curve',
};

export function firstHint(page: Page): HTMLElement {
  const text = h('p', {});
  let closed = kept(CLOSED) !== null;
  const close = () => {
    closed = true;
    element.hidden = true;
    keep(CLOSED, 'yes');
  };
  const element = h(
    'section',
    { class: 'hint', 'aria-label': 'What goes on here', hidden: true },
    text,
    iconButton('close', 'Close this hint', close, ''),
  );
  page.store.on(['problem'], ({ problem }) => {
    element.hidden = closed || problem === null || problem.lesson !== null;
    if (problem)
      say(text, `This network is learning ${goal(problem)}. Pause, step back, or point at any line.`);
  });
  return element;
}

function goal(problem: Problem): string {
  const { setup, origin } = problem;
  return (origin === 'sample' && GOALS[setup.data]) || `to predict ${targetWords(problem)}`;
}
