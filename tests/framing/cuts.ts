/** Ways to cut a byte array, and to run a decoder over the pieces. Shared by the framing tests. */

import type { Codec } from "../../src/framing/mod.ts";

export type Outcome<T> = { frames: T[]; error?: unknown };

export const utf8 = (text: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(text);

/** Pieces of `size` bytes. */
export function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces = [];
  for (let at = 0; at < bytes.length; at += size) {
    pieces.push(bytes.slice(at, at + size));
  }
  return pieces;
}

/** Everything that the sync face gives for these chunks, and then its error. */
export function run<T>(
  codec: Pick<Codec<T, never>, "decoder">,
  chunks: Iterable<Uint8Array>,
): Outcome<T> {
  const decoder = codec.decoder();
  const frames: T[] = [];
  const drain = () => {
    for (let f = decoder.next(); f !== undefined; f = decoder.next()) {
      frames.push(f);
    }
  };
  try {
    for (const chunk of chunks) {
      decoder.feed(chunk);
      drain();
    }
    decoder.end();
    drain();
    return { frames };
  } catch (error) {
    return { frames, error };
  }
}
