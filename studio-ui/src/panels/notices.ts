/** Sentences for the person: toasts, the banner of a lost connection, and the card of a divergence. */

import { button, iconButton } from '../controls';
import { fill, h, say } from '../html';
import { count, number } from '../lib/numbers';
import type { Page } from '../page';
import type { Divergence, Notice } from '../protocol';
import { sentence } from '../words';

/** Toasts: read out when they come, gone when they were there long enough to be read. */
export function toasts(page: Page): HTMLElement {
  const polite = h('div', { class: 'toasts-list', role: 'status' });
  const urgent = h('div', { class: 'toasts-list', role: 'alert' });
  let shown: Notice | null = null;
  page.store.on(['notice'], ({ notice }) => {
    if (!notice || notice === shown) return;
    shown = notice;
    const list = notice.kind === 'error' ? urgent : polite;
    if ([...list.children].some((each) => each.firstElementChild?.textContent === sentence(notice.text)))
      return;
    list.append(toast(notice));
    while (list.children.length > 4) list.firstElementChild!.remove();
  });
  let diverged = false;
  page.store.on(['frame'], ({ frame }) => {
    const now = Boolean(frame?.divergence);
    if (now && !diverged) polite.replaceChildren(); // the card explains all that they say
    diverged = now;
  });
  return h('div', { class: 'toasts' }, urgent, polite);
}

function toast({ kind, text }: Notice): HTMLElement {
  const element = h('div', { class: `toast ${kind}` }, h('p', {}, sentence(text)));
  const remove = () => element.remove();
  element.append(iconButton('close', 'Close this notice', remove, ''));
  let timer: ReturnType<typeof setTimeout>;
  const wait = () => (timer = setTimeout(remove, 4000 + 45 * text.length));
  element.addEventListener('pointerenter', () => clearTimeout(timer));
  element.addEventListener('pointerleave', wait);
  element.addEventListener('focusin', () => clearTimeout(timer));
  wait();
  return element;
}

/** What is seen when the studio cannot be reached; nothing on the page is then live. */
export function banner(page: Page, hurry: () => void): HTMLElement {
  const text = h('p', {});
  const again = button('Try now', hurry, '', 'soft');
  const element = h('div', { class: 'banner', role: 'alert', hidden: true }, text, again);
  page.store.on(['standing'], ({ standing }) => {
    const live = standing.is === 'open' || standing.is === 'connecting';
    element.hidden = live;
    again.hidden = standing.is === 'refused';
    page.root.toggleAttribute('data-lost', !live);
    if (standing.is === 'refused') say(text, standing.why);
    if (standing.is === 'lost') {
      say(
        text,
        'The studio does not answer, and this page tries again by itself. Was it ended in the ' +
          'terminal? Then start it there anew: it opens a page of its own. Here you see how it was ' +
          'last.',
      );
    }
  });
  return element;
}

/** A descent that left all bounds is explained, with the ways on. */
export function divergenceCard(page: Page): HTMLElement {
  const element = h('section', {
    class: 'divergence',
    'aria-label': 'The descent diverged',
    'aria-live': 'assertive',
    hidden: true,
  });
  let shown: string | null = null;
  page.store.on(['frame'], ({ frame }) => {
    const divergence = frame?.divergence ?? null;
    const text = divergence && JSON.stringify(divergence);
    if (text === shown) return;
    shown = text;
    element.hidden = divergence === null;
    if (divergence) fill(element, ...explained(page, divergence, () => (element.hidden = true)));
  });
  return element;
}

function explained(page: Page, { text, help, rate, step }: Divergence, close: () => void): HTMLElement[] {
  const goBack = () => page.send({ do: 'seek', step });
  const smaller = async () => {
    const { optimizer } = page.store.state.problem!.setup;
    if ((await goBack()).error) return;
    const reply = await page.set({ optimizer: { ...optimizer, learning_rate: rate } });
    if (!reply.error) void page.send({ do: 'play' });
  };
  const place = `Go back to step ${count(step)}`;
  const ways = [
    rate !== null &&
      button(`${place}, and on with η = ${number(rate, 2)}`, () => void smaller(), '', 'primary'),
    button(place, () => void goBack(), 'The step of the least error that is known.', 'soft'),
    button('Restart', () => void page.send({ do: 'restart' }), 'From the same start weights.', 'soft'),
  ];
  return [
    h('header', {}, h('h2', {}, 'The descent left all bounds'), iconButton('close', 'Close', close)),
    h('p', {}, sentence(text)),
    h('p', {}, sentence(help)),
    h('div', { class: 'row' }, ...ways),
  ];
}
