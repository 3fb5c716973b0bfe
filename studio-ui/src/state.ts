/** The page's state, and what each message changes in it. */

import type { Decoded } from './decode';
import { exists, parse } from './lib/elements';
import type {
  BoundaryView,
  ConfusionView,
  Curves,
  Detail,
  Frame,
  Hello,
  Message,
  Notice,
  PredictionsView,
  Problem,
  SurfaceView,
  UnitsView,
  ViewName,
} from './protocol';
import type { Standing } from './socket';

export interface Shown {
  surface: Decoded<SurfaceView> | null;
  boundary: Decoded<BoundaryView> | null;
  units: Decoded<UnitsView> | null;
  predictions: Decoded<PredictionsView> | null;
  confusion: Decoded<ConfusionView> | null;
}

export interface State extends Shown {
  standing: Standing;
  hello: Hello | null;
  problem: Problem | null;
  frame: Decoded<Frame> | null;
  curves: Curves | null;
  code: string[];
  detail: Decoded<Detail> | null;
  notice: Notice | null; // the newest
  focus: string | null; // the element whose formula is shown
  tab: Exclude<ViewName, 'surface'>; // what the network says
  target: string | null; // of several, the one of which it is said; null: the first
  relief: boolean;
  logarithmic: boolean | null; // null: as suits the errors
}

export function beginning(): State {
  return {
    ...NOTHING_SHOWN,
    standing: { is: 'connecting' },
    hello: null,
    problem: null,
    frame: null,
    curves: null,
    code: [],
    notice: null,
    focus: null,
    tab: 'boundary',
    target: null,
    relief: false,
    logarithmic: null,
  };
}

const NOTHING_SHOWN = {
  surface: null,
  boundary: null,
  units: null,
  predictions: null,
  confusion: null,
  detail: null,
};

/** What a message changes. Late ones, of a descent that is over, change nothing. */
export function received(state: Readonly<State>, message: Decoded<Message>): Partial<State> {
  switch (message.type) {
    case 'hello':
      return { hello: message };
    case 'problem':
      return described(state, message);
    case 'notice':
      return { notice: message };
    case 'reply':
      return {};
  }
  if (!state.problem || message.run !== state.problem.run) return {};
  switch (message.type) {
    case 'frame':
      return { frame: message, ...joined(state.curves, message) };
    case 'curves':
      return { curves: message };
    case 'code':
      return { code: [...state.code.slice(0, message.from), ...message.lines] };
    default:
      return { [message.type]: message };
  }
}

/**
 * The same descent may be described again, after a change during it; a new one begins empty, but for
 * pictures that have the same axes: they stay until their successors come, so that nothing flickers.
 */
function described(state: Readonly<State>, problem: Problem): Partial<State> {
  const common = { problem, code: problem.code };
  if (state.problem?.run === problem.run) return common;
  const pictures = alike(state.problem, problem) ? {} : NOTHING_SHOWN;
  return { ...common, ...pictures, ...tidied(state, problem), frame: null, curves: null };
}

function alike(before: Problem | null, after: Problem): boolean {
  const shape = ({ network, data, task }: Problem) => JSON.stringify([network, task, data.name, data.rows]);
  return before !== null && shape(before) === shape(after);
}

/** What was chosen on the page and does not fit the new problem is chosen anew. */
function tidied(state: Readonly<State>, problem: Problem): Partial<State> {
  const misfit = problem.task === 'regression' ? 'confusion' : 'predictions';
  const unitless = state.tab === 'units' && problem.network.layers.length < 2;
  const element = state.focus === null ? null : parse(state.focus);
  return {
    ...(state.tab === misfit || unitless ? { tab: 'boundary' as const } : {}),
    ...(targetsOf(problem).includes(state.target ?? '') ? {} : { target: null }),
    ...(element && exists(problem.network, element) ? {} : { focus: null }),
  };
}

/** The columns that are predicted. */
export function targetsOf({ data }: Problem): string[] {
  return data.columns.filter(({ role }) => role === 'target').map(({ name }) => name);
}

/** "price", "price and weight", "price, weight and age". */
export function targetWords(problem: Problem): string {
  const names = targetsOf(problem);
  return names.length < 2 ? (names[0] ?? problem.setup.target) : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/**
 * The curves with the points of a frame; the array grows, so that nothing is copied at every frame.
 * After a step back the points beyond it stay until the descent goes on: then these replace them.
 */
function joined(curves: Curves | null, frame: Frame): { curves?: Curves } {
  if (!curves) return {};
  if (frame.best !== undefined) curves.best = frame.best;
  if (frame.curves.length === 0) return {};
  const { points } = curves;
  while (points.length > 0 && points[points.length - 1].step >= frame.curves[0].step) points.pop();
  points.push(...frame.curves);
  return { curves };
}
