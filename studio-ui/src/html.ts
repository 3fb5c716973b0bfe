/** Elements without markup: text from data can only become text. */

export type Child = Node | string | null | false | undefined;

type Listener = (event: never) => void;
type Value = string | number | boolean | null | undefined | Listener;

/** An element: `onX` are listeners, true and false set and leave out, all else are attributes. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Value> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), value as unknown as EventListener);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  element.append(...kept(children));
  return element;
}

/** Puts these in place of all that an element held. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...kept(children));
}

/** Writes a text where it is not there yet, so that nothing is laid out again for nothing. */
export function say(element: Node, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

let last = 0;

/** An id that nothing else on the page has. */
export function unique(stem: string): string {
  last += 1;
  return `${stem}-${last}`;
}

function kept(children: Child[]): (Node | string)[] {
  return children.filter(
    (child): child is Node | string => child !== null && child !== undefined && child !== false,
  );
}
