/** Grids of numbers as colours on a canvas of one pixel a cell; the browser makes it larger. */

import { divergingRamp, parse, type Rgb } from '../lib/colours';

/** Colours as a canvas keeps them, by their place from 0 to the last. */
export type Table = Uint32Array;

/** Red is the lowest byte, as in every browser's pixels. */
export function packed([r, g, b]: Rgb, alpha = 255): number {
  return ((alpha << 24) | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r)) >>> 0;
}

export function tableOf(colours: readonly Rgb[]): Table {
  return Uint32Array.from(colours, (colour) => packed(colour));
}

/** A colour of the page's style sheet, as it is at this place now. */
export function colourAt(host: Element, name: string): Rgb {
  return parse(getComputedStyle(host).getPropertyValue(name) || '#808080');
}

/** From negative through the panel's colour to positive. */
export function signedTable(host: Element): Table {
  const [negative, middle, positive] = ['--negative', '--panel', '--positive'].map(
    (name) => getComputedStyle(host).getPropertyValue(name).trim() || '#808080',
  );
  return tableOf(divergingRamp(negative, middle, positive));
}

/** Cells (rows, columns) from `begin` of `values` on; row 0 is drawn at the bottom where `rising`. */
export interface Grid {
  values: Float32Array;
  begin: number;
  stride: number; // from one cell to the next
  rows: number;
  columns: number;
  rising: boolean;
}

const images = new WeakMap<HTMLCanvasElement, { image: ImageData; pixels: Uint32Array }>();

/** Draws a grid: `low` has the first colour of the table, `high` the last; NaN stays clear. */
export function paint(canvas: HTMLCanvasElement, grid: Grid, low: number, high: number, table: Table): void {
  const { values, begin, stride, rows, columns, rising } = grid;
  fill(canvas, rows, columns, (pixels) => {
    const factor = high > low ? (table.length - 1) / (high - low) : 0;
    const last = table.length - 1;
    for (let row = 0; row < rows; row++) {
      let to = (rising ? rows - 1 - row : row) * columns;
      let at = begin + row * columns * stride;
      for (let column = 0; column < columns; column++, at += stride, to++) {
        const place = (values[at] - low) * factor;
        pixels[to] = place >= 0 ? table[place < last ? (place + 0.5) | 0 : last] : place < 0 ? table[0] : 0;
      }
    }
  });
}

/** Lets `draw` set the pixels of a canvas of so many rows and columns. */
export function fill(
  canvas: HTMLCanvasElement, rows: number, columns: number, draw: (pixels: Uint32Array) => void,
): void {
  const context = canvas.getContext('2d');
  if (!context || rows < 1 || columns < 1) return;
  let kept = images.get(canvas);
  if (!kept || canvas.width !== columns || canvas.height !== rows) {
    [canvas.width, canvas.height] = [columns, rows];
    const image = context.createImageData(columns, rows);
    kept = { image, pixels: new Uint32Array(image.data.buffer) };
    images.set(canvas, kept);
  }
  draw(kept.pixels);
  context.putImageData(kept.image, 0, 0);
}
