/** Pictograms: paths on a grid of 20 by 20. */

const SVG = 'http://www.w3.org/2000/svg';

const PATHS = {
  play: 'M6 3.8v12.4L16.2 10z',
  pause: 'M5.5 4h3v12h-3zM11.5 4h3v12h-3z',
  back: 'M4 4h2v12H4zM16 4.2v11.6L7.4 10z',
  farBack: 'M3 4h2v12H3zM10.8 4.2v11.6L5.6 10zM17 4.2v11.6L11.8 10z',
  forward: 'M14 4h2v12h-2zM4 4.2v11.6L12.6 10z',
  restart: 'M10 4a6 6 0 1 1-5.8 4.5l1.9.5A4 4 0 1 0 10 6v2.6L5.6 5 10 1.4z',
  dice: 'M4.5 3h11A1.5 1.5 0 0 1 17 4.5v11a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 15.5v-11A1.5 1.5 0 0 1 4.5 3zM7 5.7a1.3 1.3 0 1 0 0 2.6 1.3 1.3 0 0 0 0-2.6zm6 0a1.3 1.3 0 1 0 0 2.6 1.3 1.3 0 0 0 0-2.6zm-3 3a1.3 1.3 0 1 0 0 2.6 1.3 1.3 0 0 0 0-2.6zm-3 3a1.3 1.3 0 1 0 0 2.6 1.3 1.3 0 0 0 0-2.6zm6 0a1.3 1.3 0 1 0 0 2.6 1.3 1.3 0 0 0 0-2.6z',
  moon: 'M16.6 12.4A7.2 7.2 0 0 1 7.6 3.4a7.2 7.2 0 1 0 9 9z',
  sun: 'M10 6.2a3.8 3.8 0 1 1 0 7.6 3.8 3.8 0 0 1 0-7.6zM9.2 1h1.6v3H9.2zm0 15h1.6v3H9.2zM1 9.2h3v1.6H1zm15 0h3v1.6h-3zM3.1 4.2l1.1-1.1 2.1 2.1-1.1 1.1zm10.6 10.6 1.1-1.1 2.1 2.1-1.1 1.1zM15.8 3.1l1.1 1.1-2.1 2.1-1.1-1.1zM5.2 13.7l1.1 1.1-2.1 2.1-1.1-1.1z',
  letters: 'M1.5 15.5 5.9 4.5h1.8l4.4 11h-2l-1-2.7H4.5l-1 2.7zm3.6-4.3h3.4L6.8 6.7zM12.9 15.5l2.7-6.8h1.3l2.7 6.8h-1.4l-.6-1.6h-2.7l-.6 1.6zm2.4-2.7h1.9l-.9-2.6z',
  help: 'M10 2a8 8 0 1 1 0 16 8 8 0 0 1 0-16zm0 1.6a6.4 6.4 0 1 0 0 12.8 6.4 6.4 0 0 0 0-12.8zm-.1 8.9a1 1 0 1 1 0 2 1 1 0 0 1 0-2zm.2-7c1.7 0 2.9 1 2.9 2.5 0 1-.5 1.7-1.4 2.2-.6.4-.8.6-.8 1.2H9.2c0-1.4.5-1.9 1.4-2.5.5-.3.7-.5.7-.9 0-.6-.5-1-1.2-1s-1.2.4-1.3 1.2H7.1c.1-1.7 1.3-2.7 3-2.7z',
  share: 'M10 1.6 14 5.6l-1.1 1.1-2.1-2V13H9.2V4.7l-2.1 2L6 5.6zM4 9h3v1.6H5.6v6h8.8v-6H13V9h3v9.2H4z',
  tour: 'M3 3h5.5c.6 0 1.1.2 1.5.6.4-.4.9-.6 1.5-.6H17v12.5h-5.5c-.6 0-1 .3-1.5.9-.5-.6-.9-.9-1.5-.9H3zm1.6 1.6v9.3h3.9c.3 0 .5 0 .7.1V5.3c-.1-.4-.4-.7-.7-.7zm6.2.7v8.7l.7-.1h3.9V4.6h-3.9c-.4 0-.7.3-.7.7z',
  close: 'M5.2 4.1 10 8.9l4.8-4.8 1.1 1.1L11.1 10l4.8 4.8-1.1 1.1L10 11.1l-4.8 4.8-1.1-1.1L8.9 10 4.1 5.2z',
  plus: 'M9.2 4h1.6v5.2H16v1.6h-5.2V16H9.2v-5.2H4V9.2h5.2z',
  minus: 'M4 9.2h12v1.6H4z',
  copy: 'M7 2h9.5v11.5H7zm1.6 1.6v8.3h6.3V3.6zM3.5 6H5v9.9h7.5v1.6h-9z',
  up: 'M4.6 13 10 7.6l5.4 5.4 1.1-1.1L10 5.4l-6.5 6.5z',
  sliders: 'M3 5.2h7.2a2 2 0 0 1 3.7 0H17v1.6h-3.1a2 2 0 0 1-3.7 0H3zm0 8h3.2a2 2 0 0 1 3.7 0H17v1.6H9.9a2 2 0 0 1-3.7 0H3z',
  file: 'M5 2h6.5L16 6.5V18H5zm1.6 1.6v12.8h7.8V7.5h-4v-3.9zm5.4.9v1.5h1.5z',
} as const;

export type IconName = keyof typeof PATHS;

/** The pictogram; it says nothing to a screen reader, which its button's label does. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('fill-rule', 'evenodd');
  svg.append(path);
  draw(svg, name);
  return svg;
}

/** Makes it another one. */
export function draw(icon: SVGSVGElement, name: IconName): void {
  icon.firstElementChild!.setAttribute('d', PATHS[name]);
}
