/** The error surface as a mountain over the square [-1, 1]²: its cells, their colours, its height anywhere. */

import { css, ERROR_RAMP, inkOn } from '../../lib/colours';
import { valueAt } from '../../lib/contours';
import { farFirst, type Point3, type Projection, standing } from '../../lib/projection';
import type { Ground } from '../surface/ground';

export const TOP = 0.95; // how high it is, where its ground is 2 wide
const LIGHT: Point3 = [-0.48, -0.36, 0.8];

type Put = (point: Point3) => readonly [number, number]; // onto the canvas

interface Piece {
  from: Point3;
  to: Point3;
  ink: string;
}

interface Mesh {
  ticks: Float64Array; // of both sides: columns and rows are as many
  z: Float64Array; // row by row; NaN in holes
  colours: string[]; // of cells
  lines: Map<number, Piece[]>; // of contour lines, by cell
}

export class Mountain {
  private readonly fine: Mesh;
  private coarse: Mesh | null = null; // while it is turned
  private readonly low: number;
  private readonly factor: number;

  constructor(readonly ground: Ground) {
    const { range, up } = ground;
    this.low = up(range[0]);
    this.factor = TOP / (up(range[1]) - this.low || 1);
    this.fine = this.mesh(40);
    this.addLines();
  }

  /** From the plane's coordinates to the box. */
  across(x: number): number {
    const [low, high] = this.ground.x;
    return (2 * (x - low)) / (high - low) - 1;
  }

  along(y: number): number {
    const [low, high] = this.ground.y;
    return (2 * (y - low)) / (high - low) - 1;
  }

  /** And back. */
  coordinates([x, y]: Point3): { x: number; y: number } {
    const from = ([low, high]: readonly [number, number], t: number) => low + ((t + 1) / 2) * (high - low);
    return { x: from(this.ground.x, x), y: from(this.ground.y, y) };
  }

  /** How high an error lies, no higher than the box by far. */
  lift(error: number): number {
    return Math.min(1.2 * TOP, Math.max(-0.1, (this.ground.up(error) - this.low) * this.factor));
  }

  /** How high the surface is over a point of the box; NaN where there is none. */
  readonly height = (x: number, y: number): number => {
    const at = this.coordinates([x, y, 0]);
    return (valueAt(this.ground.heights, at.x, at.y) - this.low) * this.factor;
  };

  /** Paints the cells from the farthest to the nearest. */
  paint(context: CanvasRenderingContext2D, { eye }: Projection, put: Put, still: boolean): void {
    const mesh = still ? this.fine : (this.coarse ??= this.mesh(20));
    const { ticks } = mesh;
    const [x, y] = standing(eye);
    const columns = farFirst(ticks, x);
    const corners = this.corners(mesh, put);
    context.lineJoin = 'round';
    context.lineWidth = 0.8;
    for (const row of farFirst(ticks, y)) {
      for (const column of columns) this.paintCell(context, mesh, corners, row, column, put);
    }
  }

  private paintCell(
    context: CanvasRenderingContext2D, mesh: Mesh, corners: Float64Array, row: number, column: number, put: Put,
  ): void {
    const side = mesh.ticks.length;
    const cell = row * (side - 1) + column;
    const colour = mesh.colours[cell];
    if (!colour) return;
    const at = 2 * (row * side + column);
    context.beginPath();
    context.moveTo(corners[at], corners[at + 1]);
    for (const next of [at + 2, at + 2 * side + 2, at + 2 * side]) context.lineTo(corners[next], corners[next + 1]);
    context.closePath();
    context.fillStyle = context.strokeStyle = colour;
    context.fill();
    context.stroke(); // over the seam to the next cell
    strokePieces(context, mesh.lines.get(cell), put);
  }

  private corners(mesh: Mesh, put: Put): Float64Array {
    const side = mesh.ticks.length;
    const found = new Float64Array(2 * side * side);
    for (let j = 0; j < side; j++) {
      for (let i = 0; i < side; i++) {
        const at = j * side + i;
        found.set(put([mesh.ticks[i], mesh.ticks[j], mesh.z[at]]), 2 * at);
      }
    }
    return found;
  }

  private mesh(cells: number): Mesh {
    const side = cells + 1;
    const ticks = Float64Array.from({ length: side }, (_, i) => (2 * i) / cells - 1);
    const z = new Float64Array(side * side);
    for (let j = 0; j < side; j++) {
      for (let i = 0; i < side; i++) z[j * side + i] = this.height(ticks[i], ticks[j]);
    }
    const colours: string[] = [];
    for (let j = 0; j < cells; j++) {
      for (let i = 0; i < cells; i++) colours.push(this.colourOf(z, j * side + i, side, 2 / cells));
    }
    return { ticks, z, colours, lines: new Map() };
  }

  /** The colour of the error, a little darker on the side away from the light; none in a hole. */
  private colourOf(z: Float64Array, at: number, side: number, width: number): string {
    const [a, b, c, d] = [z[at], z[at + 1], z[at + side], z[at + side + 1]];
    const middle = (a + b + c + d) / 4;
    if (Number.isNaN(middle)) return '';
    const [slope, rise] = [(b + d - a - c) / (2 * width), (c + d - a - b) / (2 * width)];
    const facing = (LIGHT[2] - slope * LIGHT[0] - rise * LIGHT[1]) / Math.sqrt(1 + slope * slope + rise * rise);
    const place = this.ground.rank(middle / this.factor + this.low);
    const colour = ERROR_RAMP[Math.round(place * (ERROR_RAMP.length - 1))];
    const left = 1 - 0.3 * Math.max(0, 0.85 - facing);
    return `rgb(${Math.round(left * colour[0])} ${Math.round(left * colour[1])} ${Math.round(left * colour[2])})`;
  }

  /** Cuts the contour lines into the pieces that lie in each cell, to be painted with it. */
  private addLines(): void {
    const { lines } = this.fine;
    const cells = this.fine.ticks.length - 1;
    const cellOf = (t: number) => Math.max(0, Math.min(cells - 1, Math.floor(((t + 1) / 2) * cells)));
    for (const contour of this.ground.lines) {
      const z = this.lift(contour.level) + 0.004;
      const ink = css(inkOn(this.ground.colour(contour.level)), 0.5);
      for (const line of contour.lines) {
        const points = line.map(([x, y]): Point3 => [this.across(x), this.along(y), z]);
        for (let i = 1; i < points.length; i++) {
          const [from, to] = [points[i - 1], points[i]];
          const cell = cellOf((from[1] + to[1]) / 2) * cells + cellOf((from[0] + to[0]) / 2);
          const pieces = lines.get(cell);
          if (pieces) pieces.push({ from, to, ink });
          else lines.set(cell, [{ from, to, ink }]);
        }
      }
    }
  }
}

/** The pieces of one cell, those of one ink in one stroke. */
function strokePieces(context: CanvasRenderingContext2D, pieces: readonly Piece[] | undefined, put: Put): void {
  if (!pieces) return;
  pieces.forEach(({ from, to, ink }, i) => {
    if (ink !== pieces[i - 1]?.ink) context.beginPath();
    context.moveTo(...put(from));
    context.lineTo(...put(to));
    if (ink === pieces[i + 1]?.ink) return;
    context.strokeStyle = ink;
    context.stroke();
  });
}
