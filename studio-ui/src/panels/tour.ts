/** The guided tour: ten short lessons, each a state of the studio with a few words. */

import { button, iconButton } from '../controls';
import { fill, h } from '../html';
import { icon } from '../icons';
import { lessonHash } from '../link';
import type { Wish } from '../lib/view';
import type { Page } from '../page';
import type { Hello, Lesson } from '../protocol';

/** The list of lessons, under its button. */
export function tourMenu(page: Page): HTMLElement {
  const list = h('ol', { class: 'menu-list' });
  const menu = h(
    'div',
    { class: 'menu', id: 'tour-menu', popover: 'auto' },
    h('p', { class: 'menu-title' }, 'Ten short lessons'),
    list,
  );
  const open = h(
    'button',
    {
      type: 'button',
      class: 'button quiet',
      popovertarget: 'tour-menu',
      'data-tip': 'A guided tour in ten short lessons',
    },
    icon('tour'),
    h('span', { class: 'button-text' }, 'Tour'),
  );
  page.store.on(['hello'], ({ hello }) => {
    if (!hello) return;
    fill(
      list,
      ...hello.lessons.map(({ name, title }) =>
        h(
          'li',
          {},
          button(
            title,
            () => {
              menu.hidePopover();
              void page.send({ do: 'lesson', name });
            },
            '',
            'quiet',
          ),
        ),
      ),
    );
  });
  return h('div', { class: 'menu-anchor' }, open, menu);
}

/** What a lesson may bring to the front: a place, where one is seen at a time, and a tall formula. */
export interface Front {
  go(place: 'network' | 'surface' | 'output'): void;
  stretch(tall: boolean): void;
}

/** The card of the lesson that is open. */
export function lessonCard(page: Page, front: Front): HTMLElement {
  const element = h('section', { class: 'lesson', 'aria-label': 'Lesson', hidden: true });
  let shown = '';
  page.store.on(['problem', 'hello'], ({ problem, hello }) => {
    const lesson = problem?.lesson ?? null;
    page.root.toggleAttribute('data-lesson', lesson !== null);
    element.hidden = lesson === null;
    const key = lesson?.name ?? '';
    if (key === shown) return;
    shown = key;
    if (!lesson || !hello) return;
    fill(element, ...card(page, lesson, hello));
    bringToFront(page, lesson, front);
  });
  return element;
}

function card(page: Page, lesson: Lesson, { lessons }: Hello): HTMLElement[] {
  const go = (name: string | null) => void page.send({ do: 'lesson', name });
  const at = lessons.findIndex(({ name }) => name === lesson.name);
  const before = lessons[at - 1]?.name ?? null;
  const after = lessons[at + 1]?.name ?? null;
  const previous = button('Previous', () => go(before), '', 'soft');
  const next = button(after ? 'Next' : 'Finish', () => go(after), '', 'primary');
  previous.disabled = before === null;
  const progress = h('progress', {
    class: 'lesson-progress',
    max: lesson.of,
    value: lesson.number,
    'aria-label': 'Way through the tour',
  });
  return [
    progress,
    h(
      'header',
      {},
      h('p', { class: 'lesson-number' }, `Lesson ${lesson.number} of ${lesson.of}`),
      iconButton('copy', 'Copy a link to this lesson', () => void copyLink(page, lesson)),
      iconButton('close', 'Leave the tour', () => go(null)),
    ),
    h('h2', {}, lesson.title),
    h('p', { class: 'lesson-text' }, lesson.text),
    ...(lesson.ask ? [h('p', { class: 'lesson-ask' }, lesson.ask)] : []),
    h(
      'div',
      { class: 'lesson-tries' },
      ...lesson.tries.map(({ label, commands }) =>
        button(label, () => void doAll(page, commands), '', 'soft'),
      ),
    ),
    h('footer', {}, previous, next),
  ];
}

/** One after the other, and no further than the first that cannot be done. */
async function doAll(page: Page, commands: Lesson['tries'][number]['commands']): Promise<void> {
  for (const command of commands) {
    const wish = command as Wish;
    if (wish.do === 'watch') page.focus(wish.element);
    else if ((await page.send(wish)).error) return;
  }
  const watches = commands.some((command) => command.do === 'watch');
  scrollTo(page, watches ? '.drawer' : `.panel-${page.root.dataset.place}`);
}

/** Where one place is seen at a time, the card hides what a button did. */
function scrollTo({ root }: Page, drawing: string): void {
  if (matchMedia('(max-width: 719px)').matches) root.querySelector(`main ${drawing}`)?.scrollIntoView();
}

function bringToFront(page: Page, { show, focus }: Lesson, front: Front): void {
  front.go(placeOf(show[0]));
  front.stretch(show.includes('formula'));
  page.focus(focus ?? null);
  const tab = (['units', 'boundary', 'predictions', 'confusion'] as const).find((name) =>
    show.includes(name),
  );
  if (tab) page.store.set({ tab });
  if (show.includes('race')) page.root.querySelector<HTMLDetailsElement>('details.race')!.open = true;
}

function placeOf(shown: Lesson['show'][number]) {
  if (shown === 'surface') return 'surface';
  return ['boundary', 'units', 'predictions', 'confusion'].includes(shown) ? 'output' : 'network';
}

async function copyLink(page: Page, { name }: Lesson): Promise<void> {
  const link = `${location.origin}${location.pathname}${lessonHash(name)}`;
  try {
    await navigator.clipboard.writeText(link);
    page.tell('The link is in the clipboard. Open it later with: fallline studio --at LINK');
  } catch {
    page.tell(link);
  }
}
