/** What the page and the notebook's widget have in common: state, server, and what panels may ask. */

import { latest } from './latest';
import type { Wish } from './lib/view';
import { isHot, type Page } from './page';
import type { Reply, Setup } from './protocol';
import { Server, type OpenWire } from './socket';
import { beginning, received, type State } from './state';
import { Store } from './store';

export function begin(root: HTMLElement, openWire: OpenWire): { page: Page; server: Server } {
  const store = new Store<State>(beginning());
  const server = new Server(openWire, {
    message: (message) => store.set(received(store.state, message)),
    standing: (standing) => store.set({ standing }),
  });
  const watch = latest((element: string | null) => page.send({ do: 'watch', element, row: null }));
  const page: Page = {
    root,
    store,
    tell: (text, kind = 'info') => store.set({ notice: { type: 'notice', kind, text } }),
    send: async (wish: Wish): Promise<Reply> => {
      const reply = await server.request(wish);
      if (reply.error) page.tell(reply.error, 'error');
      return reply;
    },
    set: async (changes: Partial<Setup>): Promise<Reply> => {
      const reply = await page.send({ do: isHot(changes) ? 'change' : 'setup', changes });
      if (reply.error) store.set({ problem: store.state.problem }); // controls show again what is
      return reply;
    },
    settled: () => server.settled(),
    focus: (element) => {
      if (element === store.state.focus) return;
      store.set({ focus: element });
      watch(element);
    },
  };
  store.on(['standing'], ({ standing, focus }) => {
    if (standing.is === 'open' && focus !== null) watch(focus); // a server that came back knows nothing of it
  });
  store.on(['hello', 'problem', 'frame'], ({ hello, problem, frame }) => {
    if (hello && problem && frame) requestAnimationFrame(() => (root.dataset.ready = 'true'));
  });
  return { page, server };
}
