/** Help: what one sees, in a few sentences, and the keys. */

import { h } from '../html';
import { iconButton } from '../controls';
import { SHORTCUTS } from '../keys';

const WORDS: [string, string][] = [
  [
    'Network',
    'Each line is a weight: blue where it is positive, orange where it is negative, thicker the ' +
      'larger it is. Point at one, or reach it by the keyboard, and the formula below shows its ' +
      'numbers.',
  ],
  [
    'Descent',
    'A step takes a batch of training rows, asks which way the error falls, and moves every weight a ' +
      'little that way. The learning rate η says how far.',
  ],
  [
    'Error surface',
    'The error for every value of two weights, the others as they are now: darker is larger. The ' +
      'line is the way that the descent took, the black dot the lowest point in view. Click anywhere ' +
      'to start there.',
  ],
  [
    'Error curves',
    'The error after each step. Where the validation error rises again while the training error ' +
      'falls, the network learns its rows by heart.',
  ],
];

export function helpDialog(): HTMLDialogElement {
  const dialog = h('dialog', { class: 'help', 'aria-labelledby': 'help-title' });
  const close = iconButton('close', 'Close help', () => dialog.close(), '');
  const keys = [...SHORTCUTS, { shown: '?', does: 'This help' }];
  dialog.append(
    h('header', {}, h('h2', { id: 'help-title' }, 'What you see, and the keys'), close),
    h(
      'dl',
      { class: 'help-words' },
      ...WORDS.flatMap(([term, text]) => [h('dt', {}, term), h('dd', {}, text)]),
    ),
    h('h3', {}, 'Keyboard'),
    h(
      'dl',
      { class: 'help-keys' },
      ...keys.flatMap(({ shown, does }) => [h('dt', {}, h('kbd', {}, shown)), h('dd', {}, does)]),
    ),
  );
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  return dialog;
}
