/** What a map asks of the server: another plane, or another part of it. */

import type { Wish } from '../../lib/view';
import type { Along, SurfaceView } from '../../protocol';
import type { Ground } from './ground';

/** The plane of a view, as a command names it. */
export function alongOf({ kind, axes }: Pick<SurfaceView, 'kind' | 'axes'>): Along {
  return kind === 'slice' ? axes : kind;
}

/** The same plane, seen from nearer (a factor under 1) or farther, about the middle of the view. */
export function zoomed({ view, x, y }: Pick<Ground, 'view' | 'x' | 'y'>, factor: number): Wish {
  return { do: 'surface', along: alongOf(view), span: [about(x, factor), about(y, factor)] };
}

/** The same plane, so far that all of the descent is seen. */
export function recentred({ view }: Pick<Ground, 'view'>): Wish {
  return { do: 'surface', along: alongOf(view), span: null };
}

/** The same size of view, about a point. */
export function centredOn({ view, x, y }: Pick<Ground, 'view' | 'x' | 'y'>, at: { x: number; y: number }): Wish {
  const [wide, high] = [(x[1] - x[0]) / 2, (y[1] - y[0]) / 2];
  return { do: 'surface', along: alongOf(view), span: [[at.x - wide, at.x + wide], [at.y - high, at.y + high]] };
}

function about([low, high]: readonly [number, number], factor: number): [number, number] {
  const [middle, half] = [(low + high) / 2, ((high - low) / 2) * factor];
  return [middle - half, middle + half];
}
