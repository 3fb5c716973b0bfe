/** Colours of maps: ramps that rise evenly to the eye, and the ink that can be read on them. */

export type Rgb = readonly [number, number, number]; // 0 to 255

type Lab = readonly [number, number, number];

/** From the least error to the largest: pale sand to deep blue. The same as in the library's pictures. */
const ERROR_STOPS = [
  '#f7f3e8',
  '#d9e3d8',
  '#a9cbd0',
  '#74a9c4',
  '#4580b0',
  '#285690',
  '#152f66',
  '#0a1638',
];

const DARK_INK: Rgb = [8, 12, 20];
const LIGHT_INK: Rgb = [255, 255, 255];
const STEPS = 256;

/** "#1f5fa8", "#abc" or "rgb(31, 95, 168)" as numbers. */
export function parse(colour: string): Rgb {
  const text = colour.trim();
  const hex = /^#([0-9a-f]{6})$/i.exec(text)?.[1] ?? doubled(/^#([0-9a-f]{3})$/i.exec(text)?.[1]);
  if (hex) return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;
  const numbers = /^rgba?\(([^)]*)\)$/.exec(text)?.[1].split(/[\s,/]+/).map(Number);
  if (!numbers || numbers.length < 3 || numbers.some(Number.isNaN)) {
    throw new Error(`A colour must be #rrggbb or rgb(r, g, b), not ${JSON.stringify(colour)}.`);
  }
  return [numbers[0], numbers[1], numbers[2]];
}

function doubled(short: string | undefined): string | undefined {
  return short?.replace(/./g, '$&$&');
}

/** As CSS takes it. */
export function css([r, g, b]: Rgb, alpha = 1): string {
  const whole = [r, g, b].map(Math.round).join(' ');
  return alpha === 1 ? `rgb(${whole})` : `rgb(${whole} / ${alpha})`;
}

/** How light a colour looks: 0 black, 1 white (the L of Oklab). */
export function lightness(colour: Rgb): number {
  return toLab(colour)[0];
}

/** The colour between two, evenly to the eye; `share` 0 is the first. */
export function mix(first: Rgb, second: Rgb, share: number): Rgb {
  const [a, b] = [toLab(first), toLab(second)];
  return toRgb([0, 1, 2].map((i) => a[i] + share * (b[i] - a[i])) as unknown as Lab);
}

/** A ramp through `stops`, as many colours as asked for. */
export function ramp(stops: readonly string[], steps = STEPS): Rgb[] {
  const colours = stops.map(parse);
  return Array.from({ length: steps }, (_, i) => {
    const place = (i / (steps - 1)) * (colours.length - 1);
    const from = Math.min(Math.floor(place), colours.length - 2);
    return mix(colours[from], colours[from + 1], place - from);
  });
}

/** The ramp of errors, the darker the larger. */
export const ERROR_RAMP: readonly Rgb[] = ramp(ERROR_STOPS);

/** The colour of an error by its place among the levels, 0 to 1. */
export function errorColour(place: number): Rgb {
  return within(ERROR_RAMP, place);
}

/** From negative through nought to positive; the middle is the paper's. */
export function divergingRamp(negative: string, middle: string, positive: string): Rgb[] {
  return ramp([negative, middle, positive], STEPS + 1);
}

/** The colour at a place of a ramp, 0 to 1; places beyond take its ends. */
export function within(colours: readonly Rgb[], place: number): Rgb {
  const at = Math.round(place * (colours.length - 1));
  return colours[Math.max(0, Math.min(colours.length - 1, at))];
}

/** The ink, dark or light, that reads better on a ground. */
export function inkOn(ground: Rgb): Rgb {
  return contrast(ground, DARK_INK) >= contrast(ground, LIGHT_INK) ? DARK_INK : LIGHT_INK;
}

/** The contrast of two colours, 1 to 21 (WCAG 2). */
export function contrast(first: Rgb, second: Rgb): number {
  const [a, b] = [luminance(first), luminance(second)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map(linear);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function linear(byte: number): number {
  const share = byte / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

function encoded(share: number): number {
  const held = Math.max(0, Math.min(1, share));
  return 255 * (held <= 0.0031308 ? 12.92 * held : 1.055 * held ** (1 / 2.4) - 0.055);
}

// Oklab: B. Ottosson, "A perceptual color space for image processing", 2020.
function toLab(colour: Rgb): Lab {
  const [r, g, b] = colour.map(linear);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function toRgb([lightness, a, b]: Lab): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}
