/** A link that holds what a person set: `#s=` and the settings, or `#lesson=` and its name. */

import type { Setup } from './protocol';

export interface Linked {
  changes: Partial<Setup> | null;
  lesson: string | null;
}

/** The part of a link after `#` that holds these settings. */
export function settingsHash(setup: Setup): string {
  return `#s=${toBase64Url(new TextEncoder().encode(JSON.stringify(setup)))}`;
}

export function lessonHash(name: string): string {
  return `#lesson=${encodeURIComponent(name)}`;
}

/** What a link's part after `#` asks for; nothing where it is not understood. */
export function readHash(hash: string): Linked {
  const found = /^#(s|lesson)=(.+)$/.exec(hash);
  if (!found) return { changes: null, lesson: null };
  if (found[1] === 'lesson') return { changes: null, lesson: decoded(found[2]) };
  return { changes: settingsOf(found[2]), lesson: null };
}

function settingsOf(text: string): Partial<Setup> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(fromBase64Url(text)));
    const plain = typeof value === 'object' && value !== null && !Array.isArray(value);
    return plain ? (value as Partial<Setup>) : null;
  } catch {
    return null; // a link that was cut off or is of something else
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function toBase64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function fromBase64Url(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
