/** The page begins here. */

import './style/main.css';

import { begin } from './begin';
import { beginKeys } from './keys';
import { layOut } from './layout';
import { readHash } from './link';
import { beginLook } from './look';
import { looked } from './panels/frame';
import { helpDialog } from './panels/help';
import { beginSight } from './sight';
import { webSocket } from './socket';
import { beginTips } from './tips';

const root = document.documentElement;
const { page, server } = begin(root, webSocket(document.baseURI));

/** What the link asks for is done once, when the server is there, and then forgotten. */
function followLink(): void {
  const { changes, lesson } = readHash(location.hash);
  if (changes) void page.send({ do: 'setup', changes });
  if (lesson) void page.send({ do: 'lesson', name: lesson });
  if (changes || lesson) history.replaceState(null, '', location.pathname);
}

beginLook(root, looked);
const help = helpDialog();
const look = beginSight(page);
document.body.append(
  ...layOut(page, { help: () => help.showModal(), hurry: () => server.hurry(), moved: look }),
  help,
);
beginTips(document.querySelector('main')!);
beginKeys(page, () => help.showModal());
addEventListener('hashchange', followLink);
document.addEventListener('visibilitychange', () => !document.hidden && server.hurry());

const first = page.store.on(['standing', 'hello'], ({ standing, hello }) => {
  if (standing.is !== 'open' || !hello) return;
  queueMicrotask(() => first());
  followLink();
});
page.store.on(['problem'], ({ problem }) => {
  if (problem) document.title = `${problem.data.name} – fallline studio`;
});
server.connect();
