/** Numbers as people read them: a true minus, thousands apart, words where there is no number. */

const MINUS = '\u2212';
const RAISED: Record<string, string> = {
  '-': '\u207b', '0': '\u2070', '1': '\u00b9', '2': '\u00b2', '3': '\u00b3', '4': '\u2074',
  '5': '\u2075', '6': '\u2076', '7': '\u2077', '8': '\u2078', '9': '\u2079',
};
const STEPS: [number, string][] = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']];

/** What is said in place of a number that is none; null for those that are. */
export function inWords(value: number | null | undefined): string | null {
  if (value === null || value === undefined || Number.isNaN(value)) return 'not a number';
  // The page gets numbers of 32 bits; a larger one need not be infinite.
  if (value === Infinity) return '>\u00a010³⁸';
  if (value === -Infinity) return `<\u00a0${MINUS}10³⁸`;
  return null;
}

/** A number to so many significant digits: 12,345 · 0.5310 · −1.200×10⁻⁵. */
export function number(value: number | null | undefined, digits = 4): string {
  const words = inWords(value);
  if (words !== null) return words;
  const size = Math.abs(value as number);
  if (size === 0) return '0';
  const rounded = Number(size.toPrecision(digits));
  const text = rounded >= 1e7 || rounded < 1e-4 ? scientific(size, digits) : plain(size, rounded, digits);
  return (value as number) < 0 ? MINUS + text : text;
}

/** The same, with its sign in every case. */
export function signed(value: number | null | undefined, digits = 4): string {
  const text = number(value, digits);
  return inWords(value) === null && (value as number) > 0 ? `+${text}` : text;
}

/** As short as can be, for the marks of an axis: 1.2M · 0.25 · 3×10⁻⁶. */
export function compact(value: number | null | undefined, digits = 3): string {
  const words = inWords(value);
  if (words !== null) return words;
  const size = Number(Math.abs(value as number).toPrecision(digits));
  if (size === 0) return '0';
  const text = size >= 1e4 && size < 1e15 ? lettered(size) : size >= 1e15 || size < 1e-4 ? short(size) : String(size);
  return (value as number) < 0 ? MINUS + text : text;
}

/** A whole number with its thousands apart. */
export function count(value: number): string {
  const digits = Math.abs(Math.round(value)).toString();
  return (value < 0 ? MINUS : '') + digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A share from 0 to 1 as a percentage: 93 % · 99.6 %; 100 % only when it is all. */
export function percent(share: number | null | undefined): string {
  if (inWords(share) !== null) return '–';
  const part = 100 * (share as number);
  if (part > 99 && part < 100) return `${Math.min(Math.floor(part * 10) / 10, 99.9)} %`;
  return `${part > 0 && part < 0.95 ? part.toFixed(1) : part.toFixed(0)} %`;
}

function plain(size: number, rounded: number, digits: number): string {
  const whole = Math.floor(Math.log10(rounded)) + 1;
  const [before, after] = size.toFixed(Math.max(0, digits - whole)).split('.');
  const apart = before.replace(/\B(?=(\d{3})+$)/g, ',');
  return after === undefined ? apart : `${apart}.${after}`;
}

function scientific(size: number, digits: number): string {
  const [mantissa, power] = size.toExponential(digits - 1).split('e');
  return `${mantissa}×10${raised(Number(power))}`;
}

function short(size: number): string {
  const [mantissa, power] = size.toExponential().split('e');
  return mantissa === '1' ? `10${raised(Number(power))}` : `${mantissa}×10${raised(Number(power))}`;
}

function lettered(size: number): string {
  const [unit, letter] = STEPS.find(([least]) => size >= least) as [number, string];
  return `${Number((size / unit).toPrecision(3))}${letter}`;
}

function raised(power: number): string {
  return [...String(power)].map((digit) => RAISED[digit]).join('');
}
