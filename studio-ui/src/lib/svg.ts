/** Small helpers that make and update elements, so that drawings never build text into markup. */

type Attributes = Record<string, string | number | null>;

/** A new SVG element, put into `parent`. */
export function svg<K extends keyof SVGElementTagNameMap>(
  parent: Element,
  tag: K,
  attributes: Attributes = {},
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  set(element, attributes);
  parent.append(element);
  return element;
}

/** A new HTML element, put into `parent`. */
export function html<K extends keyof HTMLElementTagNameMap>(
  parent: Element,
  tag: K,
  attributes: Attributes = {},
  text = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  set(element, attributes);
  if (text) element.textContent = text;
  parent.append(element);
  return element;
}

/** Sets attributes; null takes one away. What is there already is left, so that nothing is redrawn. */
export function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
  }
}

/** Sets an element's text, where it is another. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows an element, or takes it out of sight and out of reach. */
export function show(element: Element, shown: boolean): void {
  element.toggleAttribute('hidden', !shown);
  if (element instanceof SVGElement) set(element, { display: shown ? null : 'none' });
}

/** The size of an element's letters, in pixels. */
export function emOf(element: Element): number {
  return parseFloat(getComputedStyle(element).fontSize) || 12;
}

/** As many children of one tag as there are items, each updated from its item. */
export function each<T, K extends keyof SVGElementTagNameMap>(
  parent: Element,
  tag: K,
  items: readonly T[],
  update: (element: SVGElementTagNameMap[K], item: T, index: number) => void,
): void {
  while (parent.children.length > items.length) parent.lastElementChild?.remove();
  while (parent.children.length < items.length) svg(parent, tag);
  items.forEach((item, index) => update(parent.children[index] as SVGElementTagNameMap[K], item, index));
}
