/** Files that the server makes: fetched, so that a refusal can be told, and then saved. */

import type { Page } from './page';

export type Export = 'code.py' | 'model.fall' | 'report.html';

export async function save(page: Page, file: Export): Promise<void> {
  if (file === 'report.html') page.tell('The report is being made; this takes a few seconds.');
  await page.settled();
  try {
    const response = await fetch(`export/${file}`);
    if (!response.ok) return page.tell(await reason(response), 'error');
    offer(await response.blob(), nameOf(response) ?? file);
  } catch {
    page.tell('The file could not be fetched from the studio. Is it still running?', 'error');
  }
}

async function reason(response: Response): Promise<string> {
  const answer = (await response.json()) as { error?: string };
  return answer.error ?? `The studio refused with status ${response.status}.`;
}

/** The name that the server gives the file. */
function nameOf(response: Response): string | undefined {
  return /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
}

function offer(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still be asking where to
}
