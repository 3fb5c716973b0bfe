/** The row of tools above a map: which plane, how much of it, and the arrow of steepest descent. */

import { axisShort, axisWords } from '../../lib/axes';
import { html, set, show, svg } from '../../lib/svg';
import type { Actions } from '../../lib/view';
import type { Along, Problem } from '../../protocol';
import type { Ground } from './ground';
import type { Trail } from './trail';
import { centredOn, recentred, zoomed } from './wishes';

const PLANES = [
  ['slice', 'two weights', 'The error over two weights; all others stay as they are.'],
  ['pca', 'where the path goes', 'The main directions: the two in which the descent moved most (principal components).'],
  ['random', 'random directions', 'Two random directions through all weights, scaled unit by unit.'],
  ['auto', 'choose for me', 'Two weights where there are only two, else where the path goes (its main directions).'],
] as const;

const AXES = ['Weight across', 'Weight upwards'] as const;

// Pictograms on a grid of 20 by 20.
const CENTRE = 'M10 1.5v4M10 14.5v4M1.5 10h4M14.5 10h4M5.5 10a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0';
const WHOLE = 'M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4';

export class Tools {
  arrow = false; // whether the arrow of steepest descent is wanted
  private readonly plane: HTMLSelectElement;
  private readonly axes: [HTMLSelectElement, HTMLSelectElement];
  private readonly pair: HTMLElement;
  private paired = true;
  private shown = '';

  constructor(
    host: HTMLElement,
    private readonly actions: Actions,
    private readonly scene: () => { ground: Ground; trail: Trail } | null,
    changed: () => void,
  ) {
    const row = html(host, 'div', { class: 'map-tools', role: 'group', 'aria-label': 'Error surface' });
    this.plane = choice(row, 'Plane of the map');
    for (const [value, text, title] of PLANES) html(this.plane, 'option', { value, title }, text);
    this.pair = html(row, 'span', { class: 'map-pair' });
    this.axes = [choice(this.pair, AXES[0]), choice(this.pair, AXES[1])];
    const buttons = html(row, 'span', { class: 'map-buttons' });
    this.button(buttons, 'M4 10h12', 'Zoom out', (ground) => zoomed(ground, 1.6));
    this.button(buttons, 'M10 4v12M4 10h12', 'Zoom in', (ground) => zoomed(ground, 1 / 1.6));
    this.button(buttons, CENTRE, 'Centre on where the descent is', (ground, trail) => centredOn(ground, trail.last ?? ground.view.minimum));
    this.button(buttons, WHOLE, 'Show the whole path', (ground) => recentred(ground));
    this.toggle(buttons, changed);
    this.plane.addEventListener('change', () => this.choosePlane());
    for (const axis of this.axes) axis.addEventListener('change', () => this.chooseAxes(axis));
  }

  /** Follows the view that is shown; what a person is choosing from is left alone. Says whether rows came or went. */
  follow({ view }: Ground, problem: Problem | null): boolean {
    const key = [view.run, view.kind, ...view.axes, view.names.length, problem?.run].join(' ');
    if (key === this.shown) return false;
    this.shown = key;
    this.plane.value = view.kind;
    show(this.plane, view.names.length > 1);
    const paired = view.kind === 'slice' && view.names.length > 2;
    const other = paired !== this.paired;
    this.paired = paired;
    show(this.pair, paired);
    const network = problem?.run === view.run ? problem.network : null;
    this.axes.forEach((axis, i) => {
      axis.replaceChildren();
      const names = view.names.includes(view.axes[i]) ? view.names : [view.axes[i], ...view.names];
      for (const name of names) html(axis, 'option', { value: name, title: `${axisWords(name, network)}, ${name}` }, axisShort(name, network));
      axis.value = view.axes[i];
      axis.title = `${AXES[i]}: ${axisWords(view.axes[i], network)}`;
    });
    return other;
  }

  private button(
    row: HTMLElement, path: string, title: string,
    wish: (ground: Ground, trail: Trail) => Parameters<Actions['send']>[0],
  ): void {
    const button = html(row, 'button', { type: 'button', class: 'map-button', title, 'aria-label': title });
    svg(svg(button, 'svg', { viewBox: '0 0 20 20', 'aria-hidden': 'true' }), 'path', { d: path });
    button.addEventListener('click', () => {
      const scene = this.scene();
      if (scene) void this.actions.send(wish(scene.ground, scene.trail));
    });
  }

  private toggle(row: HTMLElement, changed: () => void): void {
    const title = 'Arrow of steepest descent, −∇E, on this plane';
    const button = html(row, 'button', {
      type: 'button', class: 'map-button', title, 'aria-label': title, 'aria-pressed': 'false',
    }, '−∇E');
    button.addEventListener('click', () => {
      this.arrow = !this.arrow;
      set(button, { 'aria-pressed': String(this.arrow) });
      changed();
    });
  }

  private choosePlane(): void {
    const view = this.scene()?.ground.view;
    if (!view) return;
    const kind = this.plane.value;
    const along = kind === 'slice' ? firstTwo(view.names) : (kind as Along);
    if (along) void this.actions.send({ do: 'surface', along, span: null });
  }

  /** Two axes that are the same would be no plane: then the other takes what this one had. */
  private chooseAxes(changed: HTMLSelectElement): void {
    const view = this.scene()?.ground.view;
    if (!view) return;
    const [across, up] = this.axes;
    const other = changed === across ? up : across;
    if (other.value === changed.value) other.value = view.axes[changed === across ? 0 : 1];
    void this.actions.send({ do: 'surface', along: [across.value, up.value], span: null });
  }
}

function firstTwo(names: readonly string[]): Along | null {
  return names.length < 2 ? null : [names[0], names[1]];
}

function choice(host: HTMLElement, name: string): HTMLSelectElement {
  const label = html(host, 'label', { class: 'map-choice' });
  html(label, 'span', { class: 'map-unseen' }, name);
  return html(label, 'select', { title: name });
}
