/** What the page and its drawings agree on. A drawing knows neither the socket nor the store. */

import type { Decoded } from '../decode';
import type {
  BoundaryView,
  Command,
  ConfusionView,
  Curves,
  Detail,
  Frame,
  Hello,
  PredictionsView,
  Problem,
  Reply,
  SurfaceView,
  UnitsView,
} from '../protocol';

export type { Decoded } from '../decode';

/** A drawing on the page: shown at most once a drawn frame, and only when what it shows changed. */
export interface View<T> {
  show(value: T): void;
  resize?(): void;
  destroy(): void;
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** A command before it has its number. */
export type Wish = WithoutId<Command>;

/** What a drawing may ask for. */
export interface Actions {
  send(command: Wish): Promise<Reply>;
  /** "w[input.0->hidden1.2]", "b[hidden1.2]", or a unit "hidden1.2"; null for none. */
  focus(element: string | null): void;
}

export type Mount<T> = (host: HTMLElement, actions: Actions) => View<T>;

export interface SurfaceShown {
  view: Decoded<SurfaceView> | null;
  frame: Decoded<Frame> | null;
  problem: Problem | null;
  relief: boolean; // in 3-D, not as a map
}

export interface CurvesShown {
  curves: Curves | null; // `points` grows by those of each frame: the same array, longer
  frame: Decoded<Frame> | null; // with the lanes of a race
  logarithmic: boolean;
}

export interface NetworkShown {
  problem: Problem | null;
  frame: Decoded<Frame> | null;
  units: Decoded<UnitsView> | null; // small maps inside the units, where there are some
  focus: string | null;
  limits: Hello['limits'] | null;
}

export interface FormulaShown {
  problem: Problem | null;
  focus: string | null;
  detail: Decoded<Detail> | null;
}

export interface BoundaryShown {
  problem: Problem | null;
  view: Decoded<BoundaryView> | null;
}

export interface UnitsShown {
  problem: Problem | null;
  view: Decoded<UnitsView> | null;
  focus: string | null;
}

export interface PredictionsShown {
  problem: Problem | null;
  view: Decoded<PredictionsView> | null;
}

export interface ConfusionShown {
  problem: Problem | null;
  view: Decoded<ConfusionView> | null;
}
