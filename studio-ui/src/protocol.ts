/**
 * What the page and the server say to each other: every message, in one place.
 *
 * Page to server: JSON text, one `Command` a message. The server answers each with one `Reply`.
 * Server to page: binary. 4 bytes, little-endian: the length L of the header; the header, JSON in
 * UTF-8, L bytes; zeros up to a multiple of 4; then float32 numbers, little-endian. The header's
 * `arrays` tells by name where each array begins among them (in numbers) and its shape, row by row.
 * Numbers that are not finite are possible in arrays, and null in the header.
 */

// ---------------------------------------------------------------- page to server

export type StepOf = 'example' | 'batch' | 'epoch';

/** All that defines a descent. Every field is plain JSON, so that a link can hold it. */
export interface Setup {
  data: string; // a sample's name, "own" for the table that was uploaded or named on the command line, "model" for the one of an opened model
  target: string;
  features: string[] | null; // columns that predict; null for all
  crossed: boolean; // adds x1·x2, x1², x2² of the numeric columns (at most four of them)
  rows: number | null; // how many rows of a made sample; null for its own
  noise: number | null; // of a made sample; null for its own
  validation: number; // share of the training rows held out
  test: number; // share of all rows never used in training
  net: string; // hidden layers: "4 tanh, 3 relu"; "none" for none
  bias: boolean; // whether the output unit(s) have a bias
  standardize: boolean; // inputs to mean 0 and deviation 1
  loss: string | null; // null: by the task
  l1: number;
  l2: number;
  optimizer: { name: string } & Record<string, unknown>; // {name: "sgd", learning_rate: 0.1, momentum: 0}
  schedule: string | Record<string, unknown>;
  batch_size: number; // 0: all rows
  initializer: string;
  start: number[] | null; // start weights; null: drawn by initializer and seed
  seed: number;
  epochs: number; // where the descent ends by itself
}

export type Along = [string, string] | 'pca' | 'random' | 'auto';

export type Command = { id: number } & (
  | { do: 'play' }
  | { do: 'pause' }
  | { do: 'step'; of: StepOf }
  | { do: 'back'; of: 'step' | 'epoch' }
  | { do: 'seek'; step: number } // to any step, back or on
  | { do: 'best' } // back to the epoch of the least validation error
  | { do: 'restart' } // the same start weights
  | { do: 'reseed' } // new start weights
  | { do: 'place'; x: number; y: number } // restart from this point of the surface's plane
  | { do: 'speed'; steps_per_second: number | null } // null: as fast as the machine can
  | { do: 'setup'; changes: Partial<Setup> } // a new descent
  | { do: 'change'; changes: Partial<Setup> } // during the descent, without a restart: optimizer, schedule, batch_size, l1, l2, epochs
  | { do: 'columns' } // of the own table: asks for ColumnsReply
  | { do: 'surface'; along: Along; span: [[number, number], [number, number]] | null }
  | { do: 'views'; show: ViewName[]; layer?: string | null; target?: string | null } // what this tab can see, the layer of a large network in sight, and of several targets the one whose predictions are shown
  | { do: 'watch'; element: string | null; row: number | null } // "w[input.0->hidden1.2]", "b[hidden1.2]", or a unit "hidden1.2"; which training row (null: the last step's first)
  | { do: 'race'; entries: { label?: string; optimizer: Setup['optimizer'] }[] } // an empty list ends it
  | { do: 'lesson'; name: string | null } // a lesson of the tour; null leaves it
);

export type ViewName = 'surface' | 'boundary' | 'units' | 'predictions' | 'confusion';

// HTTP, beside the socket, with the same cookie:
//   POST upload?name=cars.csv   the file's bytes; answers ColumnsReply or {error: sentence}
//   GET  export/code.py, export/model.fall, export/report.html

// ---------------------------------------------------------------- server to page

export interface Reply {
  type: 'reply';
  id: number;
  error: string | null; // a sentence that helps
  columns?: ColumnsReply;
}

export interface ColumnsReply {
  name: string;
  rows: number;
  columns: { name: string; kind: string; about: string; target: boolean; number: boolean }[]; // target: can be predicted; number: as a number, and so together with others
  suggested: string; // target
}

/** Once on connecting: what can be chosen. */
export interface Hello {
  type: 'hello';
  version: string;
  samples: { name: string; about: string; task: string; target: string; made: boolean; rows: number; noise: number | null }[];
  activations: { name: string; text: string }[];
  losses: { name: string; text: string; task: 'regression' | 'classification' }[];
  initializers: { name: string; text: string }[];
  optimizers: { name: string; label: string; text: string; settings: Setting[] }[];
  schedules: { name: string; text: string }[];
  lessons: { name: string; title: string }[];
  limits: { upload_bytes: number; layers: number; units: number; rows: number };
}

export interface Setting {
  name: string;
  default: number | boolean | string | null;
  low: number | null;
  high: number | null;
  about: string;
}

/** With each new descent, and on connecting. Arrays: none. */
export interface Problem {
  type: 'problem';
  run: number; // counts descents; frames and views carry it, and those of another are late ones
  setup: Setup;
  task: 'regression' | 'classification';
  data: {
    name: string;
    about: string;
    rows: { train: number; validation: number; test: number };
    columns: { name: string; role: string; about: string; scaling: string }[]; // scaling: in words, with its numbers
    classes: string[]; // labels, of a classification
    notes: string[]; // what the user should know of the data
  };
  network: NetworkSpec;
  objective: { name: string; text: string; latex: string };
  rule: { text: string; latex: string }; // the optimizer's own rule
  code: string[]; // the whole program up to here, line by line; `CodeLines` adds to it
  lesson: Lesson | null;
  origin: 'sample' | 'own' | 'model';
}

export interface NetworkSpec {
  text: string;
  inputs: { name: string; label: string }[]; // name "input.0", label "lot_size"
  layers: LayerSpec[]; // inner layers and the output, in order
  parameters: number;
  whole: boolean; // whether frames carry all of θ; else only the layer in sight
}

export interface LayerSpec {
  name: string; // "hidden1", "output"
  size: number;
  activation: string;
  sources: string[]; // layers or "input"
  source_sizes: number[];
  weights: number; // where its W (Σ source sizes × size, row by row: the unit is the faster index) begins in θ
  biases: number | null; // where its b begins in θ; null without
  labels: string[]; // of its units; of the output what it predicts
}

export interface Lesson {
  name: string;
  title: string;
  number: number;
  of: number;
  text: string; // a sentence or two
  tries: { label: string; commands: Omit<Command, 'id'>[] }[]; // something to try: a button each
  show: (ViewName | 'network' | 'curves' | 'formula' | 'race')[]; // what to bring to the front
  ask?: string; // what to look for
  focus?: string | null; // the element whose formula is shown at first
}

/** At most 30 a second while it runs, and one after each command. Arrays: see `FrameArrays`. */
export interface Frame {
  type: 'frame';
  run: number;
  step: number;
  epoch: number; // that the last step belongs to, from 1; 0 at the start
  row: number; // rows done of it
  best?: { step: number; epoch: number; validation: number } | null; // the epoch of the least validation error, as in Curves
  running: boolean;
  stopped: string | null; // why it ended
  error: number | null; // E of all training rows at θ (or of a fixed sample, see Curves), without penalty
  validation_error: number | null;
  penalty: number; // of θ
  score: { name: string; train: number | null; validation: number | null }; // accuracy or R²
  last: LastStep | null; // the step that led here
  layer: string | null; // whose arrays these are, where not all of θ is carried
  place: { x: number; y: number; error: number | null; off: number } | null; // θ on the surface's plane; error: the true one at θ, of what the surface shows (with the penalty); off: distance from the plane
  curves: CurvePoint[]; // since the last frame that this tab got
  rate: number; // learning rate now
  steps_per_second: number; // measured
  speed?: number | null; // steps a second that were asked for; null: as fast as the machine can
  divergence: Divergence | null;
  lanes: LaneFrame[]; // of a race
}

export interface LastStep {
  step: number;
  rows: number; // of its batch
  batch_error: number;
  gradient_norm: number;
  learning_rate: number;
}

/** θ (P,) now; before (P,) the last step; gradient (P,) of its batch; move (P,) = θ − before. Outputs (Σ units,) mean size of each unit. */
export type FrameArrays = 'theta' | 'before' | 'gradient' | 'move' | 'units';

export interface CurvePoint {
  step: number;
  epoch: number; // that the step belongs to, from 1; 0 at the start
  train: number | null;
  validation: number | null;
  rate: number;
  norm: number | null;
}

export interface Divergence {
  text: string; // "a step of epoch 3 led out of all bounds: ..."
  help: string; // "the learning rate 0.9 is above 2/λmax = 0.31 ..."; what to do
  rate: number | null; // one that would do
  step: number; // of the least known error: where to go back to (seek)
}

export interface LaneFrame {
  label: string;
  step: number;
  error: number | null;
  stopped: string | null;
  x: number | null;
  y: number | null;
  trail: [number, number][]; // coordinates of its path on the plane, thinned; the last is now
  curve: [number, number][]; // (step, error), thinned
}

/** The whole of what frames only add to: on connecting, after a seek, or when it was thinned. */
export interface Curves {
  type: 'curves';
  run: number;
  points: CurvePoint[];
  marks: { step: number; text: string }[]; // changes during the run: "rate 0.1 → 0.01"
  best: { step: number; epoch: number; validation: number } | null;
  of: string; // which rows `train` is of: "all 160 training rows", "a sample of 2,000 of 10,000 rows"
}

/** Lines of Python that do what was just done. */
export interface CodeLines {
  type: 'code';
  run: number;
  from: number; // index of the first of these among all lines; later ones are replaced
  lines: string[];
}

/** A sentence for the person; nothing is shown for ever. */
export interface Notice {
  type: 'notice';
  kind: 'info' | 'warning' | 'error';
  text: string;
}

/** Arrays: x (m,), y (q,), errors (q, m), path (t, 3): coordinates and true error of each kept step; steps (t,): which steps these are. */
export interface SurfaceView {
  type: 'surface';
  run: number;
  step: number; // when it was computed
  fine: boolean; // a coarse one comes first
  axes: [string, string]; // names: "w[input.0->output.0]" or "first principal direction"
  kind: 'slice' | 'pca' | 'random';
  names: string[]; // of all parameters that can be an axis (up to 200)
  low: number;
  levels: number[]; // of contours, rising
  scale: 'linear' | 'square' | 'log';
  minimum: { x: number; y: number; error: number; kind: 'minimum' | 'lowest in view' | 'flat' };
  notes: string[]; // what an honest reader must know: rows, plane, distance off it
}

/** What the network says over two inputs (or one). Arrays: x (m,), y (q,), values (q, m, k), points (n, 2), truth (n,), part (n,) 0 train, 1 validation. For one input: x (m,), values (m, k), points (n, 2): x and y. */
export interface BoundaryView {
  type: 'boundary';
  run: number;
  step: number;
  dimensions: 1 | 2;
  axes: [string, string];
  classes: string[]; // empty for regression: truth is then a number
  output: string;
  low: number;
  high: number;
  note: string;
}

/** Every unit's output over the same two inputs (or one), the output layer's last. Arrays: x, y, values (u, q, m) or (u, m). */
export interface UnitsView {
  type: 'units';
  run: number;
  step: number;
  dimensions: 1 | 2;
  units: { name: string; low: number; high: number }[];
}

/** Prediction against truth; of classes a probability: of two that of the second, of more that of the row's own (truth: the class's number). Arrays: truth (n,), predicted (n,), part (n,). */
export interface PredictionsView {
  type: 'predictions';
  run: number;
  step: number;
  output: string;
  unit: string;
  score: { name: string; train: number; validation: number | null };
  note: string;
}

/** Arrays: counts (2, c, c): training, validation; rows true, columns taken for. */
export interface ConfusionView {
  type: 'confusion';
  run: number;
  step: number;
  classes: string[];
  note: string;
}

/** The focused element, with its numbers filled in, of the step that led to the frame of the same number. */
export interface Detail {
  type: 'detail';
  run: number;
  step: number;
  element: string;
  title: string; // "weight from lot_size to hidden unit 1"
  row: number; // of the training rows
  rows: number; // of the batch
  values: { label: string; latex: string; text: string }[]; // w, gradient, step, w after; or h, o, ∂E/∂o, ∂E/∂h
  equations: { latex: string; text: string; words: string }[]; // symbols = numbers = result
}

export type Message =
  | Reply
  | Hello
  | Problem
  | Frame
  | Curves
  | CodeLines
  | Notice
  | SurfaceView
  | BoundaryView
  | UnitsView
  | PredictionsView
  | ConfusionView
  | Detail;
