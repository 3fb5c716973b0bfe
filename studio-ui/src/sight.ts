/** Which views this tab can see: only these does the server compute for it. */

import { latest } from './latest';
import { parse } from './lib/elements';
import type { Page } from './page';
import type { ViewName } from './protocol';

/** Small maps inside the units of the diagram are only readable in a small network over few inputs. */
const MOST_UNITS = 24;

/** Returns what is to be called when something may have come in sight or gone. */
export function beginSight(page: Page): () => void {
  let told = '';
  let due = false;
  const tell = latest((sight: { show: ViewName[]; layer: string | null; target: string | null }) =>
    page.send({ do: 'views', ...sight }),
  );
  const compare = () => {
    due = false;
    const show = inSight(page);
    const layer = layerInSight(page);
    const { target } = page.store.state;
    const now = JSON.stringify([show, layer, target]);
    if (now === told || page.store.state.standing.is !== 'open') return;
    told = now;
    tell({ show, layer, target });
  };
  const look = () => {
    if (due) return;
    due = true;
    setTimeout(compare, 50); // not a drawn frame: there are none in a hidden tab
  };
  page.store.on(['tab', 'problem', 'focus', 'target'], look);
  page.store.on(['standing'], () => {
    told = '';
    look();
  });
  document.addEventListener('visibilitychange', look);
  addEventListener('resize', look);
  return look;
}

/** Of a network too large for all of its numbers, those of one layer come: of the element in focus. */
function layerInSight({ store }: Page): string | null {
  const { problem, focus } = store.state;
  if (!problem || problem.network.whole || focus === null) return null;
  return parse(focus)?.layer ?? null;
}

function inSight(page: Page): ViewName[] {
  if (document.hidden) return [];
  const hosts = [...page.root.querySelectorAll<HTMLElement>('[data-view]')];
  const seen = new Set(
    hosts.filter((host) => host.clientWidth > 0).map((host) => host.dataset.view as ViewName),
  );
  if (drawsUnits(page)) seen.add('units');
  return [...seen].sort();
}

function drawsUnits({ store }: Page): boolean {
  const { problem } = store.state;
  if (!problem || problem.data.columns.length === 0) return false;
  const hidden = problem.network.layers.slice(0, -1).reduce((sum, { size }) => sum + size, 0);
  return problem.network.inputs.length <= 2 && hidden > 0 && hidden <= MOST_UNITS;
}
