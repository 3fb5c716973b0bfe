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
    over = null;
    bubble.hidden = true;
  };
  const show = (element: HTMLElement) => {
    bubble.textContent = element.dataset.tip ?? '';
    bubble.hidden = bubble.textContent === '';
    put(bubble, element.getBoundingClientRect());
  };
  const point = (event: Event, wait: number) => {
    const element = (event.target as Element | null)?.closest?.<HTMLElement>('[data-tip]') ?? null;
    if (element === over) return;
    hide();
    over = element;
    if (element) timer = setTimeout(() => show(element), wait);
  };
  document.addEventListener('pointerover', (event) => event.pointerType === 'mouse' && point(event, WAIT));
  document.addEventListener('focusin', (event) => (event.target as Element).matches(':focus-visible') && point(event, 0));
  document.addEventListener('focusout', hide);
  document.addEventListener('pointerdown', () => {
    const pressed = over; // its hint comes back only when the pointer does
    hide();
    over = pressed;
  });
  document.addEventListener('scroll', hide, true);
  document.addEventListener('keydown', (event) => event.key === 'Escape' && hide());
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
