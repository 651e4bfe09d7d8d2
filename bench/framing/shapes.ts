/**
 * What is measured on: streams of frames of one size, cut in one way. The same bytes for every contender.
 *
 * @module
 */

import { type Codec, encodeFrame } from "../../src/framing/mod.ts";

/** A stream and how it is cut. */
export interface Shape {
  name: string;
  frames: number;
  bytes: number;
  chunks: Uint8Array<ArrayBuffer>[];
}

export const SIZES = [16, 64, 1024, 65_536, 1_048_576];
export const CUTS = [1, 1460, 16_384, 65_536, "random"] as const;
export type Cut = typeof CUTS[number];

/** About a megabyte of `frame`, or a few frames where that is more; less where every byte is a chunk. */
export function shape<T>(
  codec: Codec<never, T> | Pick<Codec<never, T>, "encode">,
  frame: T,
  size: number,
  cut: Cut,
): Shape {
  const wire = encodeFrame(codec, frame);
  const total = cut === 1 ? 65_536 : 2_097_152;
  const frames = Math.max(1, Math.floor(total / wire.length));
  const stream = new Uint8Array(frames * wire.length);
  for (let i = 0; i < frames; i++) stream.set(wire, i * wire.length);
  const cutText = cut === "random" ? "random" : units(cut);
  return {
    name: `${units(size)} frames, ${cutText} chunks`,
    frames,
    bytes: stream.length,
    chunks: cutUp(stream, cut),
  };
}

export function cutUp(
  stream: Uint8Array<ArrayBuffer>,
  cut: Cut | number,
): Uint8Array<ArrayBuffer>[] {
  const chunks = [];
  let state = 1;
  for (let at = 0; at < stream.length;) {
    // Numerical Recipes' linear congruential generator: sizes from 1 to 4096.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const size = cut === "random" ? 1 + (state >>> 20) : cut;
    chunks.push(stream.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

export function units(bytes: number): string {
  return bytes >= 1_048_576
    ? `${bytes / 1_048_576} MiB`
    : bytes >= 1024 && bytes % 1024 === 0
    ? `${bytes / 1024} KiB`
    : `${bytes} B`;
}

/** Whether a group was asked for: all are, unless arguments name some. */
export function isWanted(group: string): boolean {
  return Deno.args.length === 0 ||
    Deno.args.some((part) => group.includes(part));
}
