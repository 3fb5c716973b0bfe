/** The page begins here. */

import './style/main.css';

import { beginKeys } from './keys';
import { latest } from './latest';
import { layOut } from './layout';
import { readHash } from './link';
import { beginLook } from './look';
import type { Wish } from './lib/view';
import { isHot, type Page } from './page';
import { looked } from './panels/frame';
import { helpDialog } from './panels/help';
import type { Reply, Setup } from './protocol';
import { beginSight } from './sight';
import { Server, webSocket } from './socket';
import { beginning, received, type State } from './state';
import { Store } from './store';
import { beginTips } from './tips';

const store = new Store<State>(beginning());
const server = new Server(webSocket(document.baseURI), {
  message: (message) => store.set(received(store.state, message)),
  standing: (standing) => store.set({ standing }),
});

const watch = latest((element: string | null) => page.send({ do: 'watch', element, row: null }));

const page: Page = {
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
  focus: (element) => {
    if (element === store.state.focus) return;
    store.set({ focus: element });
    watch(element);
  },
};

/** What the link asks for is done once, when the server is there, and then forgotten. */
function followLink(): void {
  const { changes, lesson } = readHash(location.hash);
  if (changes) void page.send({ do: 'setup', changes });
  if (lesson) void page.send({ do: 'lesson', name: lesson });
  if (changes || lesson) history.replaceState(null, '', location.pathname);
}

const help = helpDialog();
beginLook(looked);
const sight = beginSight(page);
document.body.append(
  ...layOut(page, {
    help: () => help.showModal(),
    hurry: () => server.hurry(),
    moved: () => sight.look(),
  }),
  help,
);
beginTips();
beginKeys(page, () => help.showModal());
addEventListener('hashchange', followLink);
document.addEventListener('visibilitychange', () => !document.hidden && server.hurry());

let followed = false;
store.on(['standing', 'hello'], ({ standing, hello }) => {
  if (standing.is !== 'open' || !hello || followed) return;
  followed = true;
  followLink();
});
store.on(['hello', 'problem', 'frame'], ({ hello, problem, frame }) => {
  if (hello && problem && frame) document.documentElement.dataset.ready = 'true';
});
server.connect();
