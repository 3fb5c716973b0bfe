/** One bubble for the hints of all controls: `data-tip`, under the pointer or at the focus. */

import { h } from './html';

const WAIT = 450;

export function beginTips(place: HTMLElement): void {
  const bubble = h('div', { class: 'tip', role: 'tooltip', hidden: true });
  place.append(bubble);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over: Element | null = null;

  const hide = () => {
    clearTimeout(timer);
    bubble.hidden = true;
  };
  const show = (element: HTMLElement) => {
    bubble.textContent = element.dataset.tip ?? '';
    bubble.hidden = bubble.textContent === '';
    put(bubble, element.getBoundingClientRect());
  };
  const tipped = ({ target }: Event) => (target as Element).closest?.<HTMLElement>('[data-tip]') ?? null;

  document.addEventListener('pointerover', (event) => {
    const element = tipped(event);
    // a hint that was hidden stays so until the pointer comes anew
    if (event.pointerType !== 'mouse' || element === over) return;
    hide();
    over = element;
    if (element) timer = setTimeout(() => show(element), WAIT);
  });
  document.addEventListener('focusin', (event) => {
    const element = tipped(event);
    if (element && (event.target as Element).matches(':focus-visible')) show(element);
  });
  for (const event of ['focusout', 'pointerdown'] as const) document.addEventListener(event, hide);
  document.addEventListener(
    'scroll',
    ({ target }) => over && (target as Node).contains(over) && hide(),
    true,
  );
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && hide());
}

/** Below what it tells of, or above where there is no room, and never out of the window. */
function put(bubble: HTMLElement, about: DOMRect): void {
  const gap = 8;
  const { width, height } = bubble.getBoundingClientRect();
  const left = Math.min(Math.max(gap, about.left + about.width / 2 - width / 2), innerWidth - width - gap);
  const below = about.bottom + gap;
  bubble.style.left = `${left}px`;
  bubble.style.top = `${below + height < innerHeight ? below : Math.max(gap, about.top - height - gap)}px`;
}
