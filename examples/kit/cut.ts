/**
 * The unkind network: cuts a stream of bytes into random pieces that ignore where one frame ends and the next
 * begins. The same seed cuts at the same places.
 *
 * @module
 */

import { concat } from "@std/bytes";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Frames are joined up to here before they are cut. */
const BLOCK_BYTES = 65_536;
const LONGEST_AS_POWER_OF_TWO = 10;

/** Pieces of 1 to about 1,000 bytes, the short ones as frequent as the long ones: in the middle of a header, or many frames at once. */
export function* cut(
  frames: Iterable<Uint8Array>,
  seed: number,
): Generator<Uint8Array> {
  const random = xoroshiro128plus(seed);
  const nextLength = () =>
    uniformInt(random, 1, 1 << uniformInt(random, 0, LONGEST_AS_POWER_OF_TWO));
  let length = nextLength();
  let rest = new Uint8Array(0);
  for (const block of joined(frames)) {
    const bytes = concat([rest, block]);
    let at = 0;
    for (; at + length <= bytes.length; length = nextLength()) {
      yield bytes.subarray(at, at += length);
    }
    rest = bytes.slice(at);
  }
  if (rest.length > 0) yield rest;
}

function* joined(frames: Iterable<Uint8Array>): Generator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for (const frame of frames) {
    parts.push(frame);
    length += frame.length;
    if (length < BLOCK_BYTES) continue;
    yield concat(parts);
    parts = [];
    length = 0;
  }
  if (length > 0) yield concat(parts);
}
