/** The top of the page: what this is, which data, the tour, and the tools for the page itself. */

import { button, iconButton } from '../controls';
import { h, say } from '../html';
import { icon } from '../icons';
import { settingsHash } from '../link';
import { classroomButton, lookButton } from '../look';
import type { Page } from '../page';
import { save, type Export } from '../save';
import { targetWords } from '../state';
import { tourMenu } from './tour';

export interface Doors {
  help(): void;
  settings(): void;
  looked(): void;
}

export function topBar(page: Page, doors: Doors): HTMLElement {
  return h(
    'header',
    { class: 'top' },
    h(
      'h1',
      { class: 'brand' },
      mark(),
      h('span', {}, 'fallline'),
      h('span', { class: 'brand-soft' }, 'studio'),
    ),
    dataChip(page, doors.settings),
    h(
      'nav',
      { class: 'top-tools', 'aria-label': 'Page' },
      tourMenu(page),
      exportMenu(page),
      lookButton(page.root, doors.looked),
      classroomButton(page.root, doors.looked),
      iconButton('help', 'Help and keyboard', doors.help, 'Help and keyboard (?)'),
    ),
  );
}

/** The fall line: a path down to the lowest point. */
function mark(): SVGSVGElement {
  const name = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(name, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'mark');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(name, 'path');
  line.setAttribute('d', 'M2.5 4.5C6 5 6.5 17.5 12 17.5S18 5 21.5 4.5');
  line.setAttribute('class', 'mark-line');
  const point = document.createElementNS(name, 'circle');
  for (const [key, value] of [
    ['cx', '12'],
    ['cy', '17.5'],
    ['r', '2.6'],
    ['class', 'mark-point'],
  ])
    point.setAttribute(key, value);
  svg.append(line, point);
  return svg;
}

function dataChip(page: Page, open: () => void): HTMLElement {
  const name = h('strong', {});
  const about = h('span', {});
  const element = h(
    'button',
    { type: 'button', class: 'chip-data', onclick: open, 'data-tip': 'The data and all settings' },
    name,
    about,
  );
  page.store.on(['problem'], ({ problem }) => {
    element.hidden = problem === null;
    if (!problem) return;
    say(name, problem.data.name);
    say(about, `predict ${targetWords(problem)}`);
  });
  return element;
}

function exportMenu(page: Page): HTMLElement {
  const item = (label: string, about: string, run: () => void) => {
    const element = button('', run, '', 'menu-item');
    element.append(h('strong', {}, label), h('span', {}, about));
    return h('li', {}, element);
  };
  const file = (label: string, about: string, name: Export) =>
    item(label, about, () => void save(page, name));
  const menu = h(
    'div',
    { class: 'menu', id: 'export-menu', popover: 'auto' },
    h(
      'ul',
      { class: 'menu-list' },
      file('Python program', 'does all that was done here', 'code.py'),
      file('Model file', 'opens in fallline, on the command line and in Python', 'model.fall'),
      file('Report', 'one HTML page with pictures and scores', 'report.html'),
      item('Link', 'copies a link that holds all settings', () => void copyLink(page)),
    ),
  );
  menu.addEventListener('click', () => menu.hidePopover());
  const open = h(
    'button',
    {
      type: 'button',
      class: 'button quiet',
      popovertarget: 'export-menu',
      'data-tip': 'Save the program, the model, a report, or a link',
    },
    icon('share'),
    h('span', { class: 'button-text' }, 'Export'),
  );
  return h('div', { class: 'menu-anchor' }, open, menu);
}

async function copyLink(page: Page): Promise<void> {
  await page.settled();
  const { problem } = page.store.state;
  if (!problem) return;
  const link = `${location.origin}${location.pathname}${settingsHash(problem.setup)}`;
  try {
    await navigator.clipboard.writeText(link);
    page.tell(
      'The link is in the clipboard. It holds the settings, not the data. Open it later with: ' +
        'fallline studio --at LINK',
    );
  } catch {
    location.hash = settingsHash(problem.setup);
    page.tell('The link is now in the address bar.');
  }
}
