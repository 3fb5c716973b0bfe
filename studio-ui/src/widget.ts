/** The studio in a notebook, for anywidget: the same drawings and controls over the widget's messages. */

import './style/widget.css';

import { begin } from './begin';
import { h } from './html';
import { beginLook } from './look';
import { descentPanel } from './panels/descent';
import { codeStage, formulaStage } from './panels/drawer';
import { looked } from './panels/frame';
import { networkPanel } from './panels/network';
import { divergenceCard, toasts } from './panels/notices';
import { objectivePanel } from './panels/objective';
import { outputStage } from './panels/output';
import { curvesStage, networkStage, surfaceStage } from './panels/stage';
import { countersPanel, transportPanel } from './panels/transport';
import { beginSight } from './sight';
import type { OpenWire } from './socket';
import { beginTips } from './tips';

type Told = (content: { type?: string }, buffers: DataView[]) => void;

/** What this file needs of anywidget's model. */
interface Model {
  send(content: object): void;
  on(event: 'msg:custom', told: Told): void;
  off(event: 'msg:custom', told: Told): void;
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const root = h('div', { class: 'fallline-studio' });
  el.append(root);
  const { page, server } = begin(root, overModel(model));
  beginLook(root, looked);
  beginSight(page);
  root.append(
    h('div', { class: 'bar' }, transportPanel(page).element, countersPanel(page).element),
    divergenceCard(page),
    h(
      'div',
      { class: 'boards' },
      networkStage(page),
      surfaceStage(page),
      curvesStage(page),
      outputStage(page),
    ),
    fold('Settings', networkPanel(page).element, descentPanel(page).element, objectivePanel(page).element),
    fold('Formula of what is pointed at', formulaStage(page)),
    fold('The same in Python', codeStage(page)),
    toasts(page),
  );
  beginTips(root);
  server.connect();
  return () => {
    server.close();
    root.remove();
  };
}

function fold(title: string, ...children: HTMLElement[]): HTMLElement {
  return h(
    'details',
    { class: 'fold' },
    h('summary', {}, title),
    h('div', { class: 'fold-body' }, ...children),
  );
}

/** Messages are told as handled, so that a slow notebook slows nobody. */
function overModel(model: Model): OpenWire {
  return (events) => {
    const told: Told = ({ type }, buffers) => {
      if (type !== 'message' || !buffers[0]) return;
      const { buffer, byteOffset, byteLength } = buffers[0];
      events.message((buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength));
      model.send({ type: 'ack' });
    };
    model.on('msg:custom', told);
    queueMicrotask(() => {
      events.open();
      model.send({ type: 'open' });
    });
    return {
      send: (text) => model.send({ type: 'command', text }),
      close: () => {
        model.off('msg:custom', told);
        model.send({ type: 'close' });
      },
    };
  };
}

export default { render };
