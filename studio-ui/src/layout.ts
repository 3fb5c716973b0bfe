/** The page: every panel in its place. What is where at which width is in `style/layout.css`. */

import { iconButton } from './controls';
import { h } from './html';
import type { Page } from './page';
import { dataPanel } from './panels/data';
import { descentPanel } from './panels/descent';
import { codeStage, formulaStage } from './panels/drawer';
import { looked } from './panels/frame';
import { firstHint } from './panels/hint';
import { networkPanel } from './panels/network';
import { banner, divergenceCard, toasts } from './panels/notices';
import { objectivePanel } from './panels/objective';
import { outputStage } from './panels/output';
import { racePanel } from './panels/race';
import { curvesStage, networkStage, surfaceStage } from './panels/stage';
import { tabs } from './panels/tabs';
import { topBar, type Doors } from './panels/topbar';
import { lessonCard, type Front } from './panels/tour';
import { countersPanel, transportPanel } from './panels/transport';

/** On a narrow screen one of these is seen at a time. */
const PLACES = [
  ['network', 'Network'],
  ['surface', 'Surface'],
  ['output', 'Output'],
  ['settings', 'Settings'],
  ['code', 'Python'],
] as const;

type Place = (typeof PLACES)[number][0];

export interface Needs {
  help(): void;
  hurry(): void;
  moved(): void; // something may have come in sight
}

export function layOut(page: Page, needs: Needs): HTMLElement[] {
  const { dataset } = page.root;
  const go = (place: Place) => {
    dataset.place = place;
    for (const each of places.children)
      each.setAttribute(
        'aria-pressed',
        String(each === places.children[PLACES.findIndex(([name]) => name === place)]),
      );
    below.show(place === 'code' ? 'code' : 'formula');
    needs.moved();
  };
  const below = drawer(page);
  const places = h(
    'nav',
    { class: 'places', 'aria-label': 'Parts of the page' },
    ...PLACES.map(([place, label]) =>
      h('button', { type: 'button', class: 'place', onclick: () => go(place) }, label),
    ),
  );
  go('network');

  const rail = settingsRail(page, go, { go, stretch: below.stretch });
  const doors: Doors = { help: needs.help, looked, settings: () => openSettings(page, rail, go) };
  return [
    h('a', { class: 'skip', href: '#studio' }, 'To the drawings'),
    topBar(page, doors),
    h(
      'section',
      { class: 'bar', 'aria-label': 'Play bar' },
      transportPanel(page).element,
      countersPanel(page).element,
    ),
    banner(page, needs.hurry),
    places,
    h(
      'main',
      { class: 'studio', id: 'studio', tabindex: -1 },
      rail,
      h(
        'div',
        { class: 'center' },
        h('div', { class: 'said' }, firstHint(page), divergenceCard(page)),
        networkStage(page),
        curvesStage(page),
        below.element,
      ),
      h('div', { class: 'side' }, surfaceStage(page), outputStage(page)),
    ),
    toasts(page),
  ];
}

function settingsRail(page: Page, go: (place: Place) => void, front: Front): HTMLElement {
  const close = iconButton('close', 'Close the settings', () => closeSettings(page, go));
  close.classList.add('rail-close');
  const onkeydown = ({ key }: KeyboardEvent) => key === 'Escape' && page.root.removeAttribute('data-rail');
  return h(
    'aside',
    { class: 'rail', 'aria-label': 'Settings', tabindex: -1, onkeydown },
    close,
    lessonCard(page, front),
    dataPanel(page).element,
    // separability of the classes: its place is here, under the data
    networkPanel(page).element,
    descentPanel(page).element,
    // the learning-rate explainer (2/λmax): its place is here, under the rate
    objectivePanel(page).element,
    racePanel(page).element,
  );
}

/** The rail is always there on a wide screen, slides in on a medium one, and is a place on a narrow one. */
function openSettings({ root }: Page, rail: HTMLElement, go: (place: Place) => void): void {
  if (matchMedia('(max-width: 719px)').matches) go('settings');
  else root.toggleAttribute('data-rail');
  rail.focus();
}

function closeSettings({ root }: Page, go: (place: Place) => void): void {
  root.removeAttribute('data-rail');
  if (matchMedia('(max-width: 719px)').matches) go('network');
}

/** The formula and the program share a place under the drawings, where there is none for both. */
function drawer(page: Page) {
  const formula = formulaStage(page);
  const code = codeStage(page);
  const all = [
    {
      name: 'formula' as const,
      label: 'Formula',
      hint: 'The weight, bias or unit in focus, with its numbers filled in.',
      panel: formula,
    },
    {
      name: 'code' as const,
      label: 'Python',
      hint: 'The program that does all that was done here.',
      panel: code,
    },
  ];
  const show = (name: 'formula' | 'code') => bar.show(name, new Set(['formula', 'code']));
  const bar = tabs('Below the drawings', all, show);
  show('formula');
  const taller = iconButton('up', 'More room for this', () => stretch(!page.root.hasAttribute('data-drawer')));
  const stretch = (tall: boolean) => {
    page.root.toggleAttribute('data-drawer', tall);
    taller.setAttribute('aria-pressed', String(tall));
  };
  taller.classList.add('drawer-size');
  const element = h(
    'div',
    { class: 'drawer' },
    h('div', { class: 'drawer-head' }, bar.element, taller),
    formula,
    code,
  );
  return { element, show, stretch };
}
