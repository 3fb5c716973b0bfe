/** Binary messages of the server, as `protocol.ts` lays them out. */

import type { Message } from './protocol';

export interface NumberArray {
  shape: number[];
  values: Float32Array;
}

/** A message with its numbers: `arrays` by the names that `protocol.ts` gives them. */
export type Decoded<T> = T & { arrays: Record<string, NumberArray> };

interface Place {
  at: number;
  shape: number[];
}

/** What came, read; throws where the bytes are no message. */
export function decode(bytes: ArrayBuffer): Decoded<Message> {
  if (bytes.byteLength < 4) throw new Error('A message of fewer than 4 bytes came.');
  const length = new DataView(bytes).getUint32(0, true);
  const begin = 4 * Math.ceil((4 + length) / 4);
  if (4 + length > bytes.byteLength) throw new Error('A message came that was cut off.');
  const text = new TextDecoder().decode(new Uint8Array(bytes, 4, length));
  const header = JSON.parse(text) as Message & { arrays: Record<string, Place> };
  const arrays: Record<string, NumberArray> = {};
  for (const [name, { at, shape }] of Object.entries(header.arrays ?? {})) {
    const count = shape.reduce((product, size) => product * size, 1);
    arrays[name] = { shape, values: numbers(bytes, begin + 4 * at, count) };
  }
  return { ...header, arrays } as Decoded<Message>;
}

/** The page's processor is little-endian everywhere that browsers run, like the message. */
function numbers(bytes: ArrayBuffer, from: number, count: number): Float32Array {
  if (from + 4 * count > bytes.byteLength) throw new Error('A message came that was cut off.');
  return new Float32Array(bytes, from, count);
}

/** The bytes of a message, as the server would write them; for tests and recorded streams. */
export function encode(
  fields: Record<string, unknown>,
  arrays: Record<string, { shape: number[]; values: ArrayLike<number> }> = {},
): ArrayBuffer {
  const places: Record<string, Place> = {};
  let at = 0;
  for (const [name, { shape, values }] of Object.entries(arrays)) {
    places[name] = { at, shape };
    at += values.length;
  }
  const header = new TextEncoder().encode(JSON.stringify({ ...fields, arrays: places }));
  const begin = 4 * Math.ceil((4 + header.length) / 4);
  const bytes = new ArrayBuffer(begin + 4 * at);
  new DataView(bytes).setUint32(0, header.length, true);
  new Uint8Array(bytes, 4).set(header);
  for (const [name, { values }] of Object.entries(arrays)) {
    new Float32Array(bytes, begin + 4 * places[name].at, values.length).set(values);
  }
  return bytes;
}
