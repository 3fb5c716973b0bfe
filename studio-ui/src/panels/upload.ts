/** A table of one's own: picked, or dropped anywhere on the page. */

import { h } from '../html';
import type { Page } from '../page';
import type { ColumnsReply } from '../protocol';

export function filePicker(chosen: (file: File) => void): HTMLInputElement {
  const input = h('input', {
    type: 'file',
    class: 'hidden',
    accept: '.csv,.tsv,.txt,.parquet,.json,text/csv',
    'aria-label': 'A CSV file',
    tabindex: -1,
  });
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file) chosen(file);
    input.value = ''; // so that the same file can be chosen again
  });
  return input;
}

/** Sends the file to the server, which is on this computer, and tells what columns it has. */
export async function send(page: Page, file: File, done: (columns: ColumnsReply) => void): Promise<void> {
  const limit = page.store.state.hello?.limits.upload_bytes ?? Infinity;
  if (file.size > limit) {
    const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
    return page.tell(
      `${file.name} has ${megabytes(file.size)}, and the studio takes ${megabytes(limit)} at most. ` +
        `Give the file on the command line: fallline studio ${file.name} --target COLUMN`,
      'error',
    );
  }
  try {
    const response = await fetch(`upload?name=${encodeURIComponent(file.name)}`, {
      method: 'POST',
      body: file,
    });
    const answer = (await response.json()) as ColumnsReply | { error: string };
    if ('error' in answer && answer.error) page.tell(answer.error, 'error');
    else done(answer as ColumnsReply);
  } catch {
    page.tell(`${file.name} could not be sent to the studio. Is it still running?`, 'error');
  }
}

/** While a file is held over the page, the page says that it can be dropped. */
export function dropZone(dropped: (file: File) => void): void {
  const cover = h('div', { class: 'drop-cover', hidden: true }, h('p', {}, 'Drop the table to open it'));
  document.body.append(cover);
  const isFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  document.addEventListener('dragover', (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    cover.hidden = false;
  });
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) cover.hidden = true;
  });
  document.addEventListener('drop', (event) => {
    cover.hidden = true;
    if (!isFile(event)) return;
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) dropped(file);
  });
}
