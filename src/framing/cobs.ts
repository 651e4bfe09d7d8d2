/**
 * COBS: any bytes without a zero, at the cost of one byte in 254.
 *
 * Source: S. Cheshire and M. Baker, "Consistent Overhead Byte Stuffing" (IEEE/ACM Transactions on
 * Networking, 1999).
 *
 * @module
 */

import { copyBytes } from "./bytes.ts";
import type { ByteSink, Codec, FrameOptions } from "./codec.ts";
import { checkEncodedBytes, resolveMaxFrameBytes } from "./limits.ts";
import type { Slab } from "./slab.ts";
import { stuffedCodec } from "./stuffed_codec.ts";

const NAME = "cobs";
/** A block of so many bytes is full, and no zero stands behind it. */
const FULL_BLOCK_BYTES = 254;

/**
 * COBS frames, each ended by a zero byte. A block begins with a code: how far off the next zero is.
 *
 * ```text
 *            on the wire                                   frames
 *   03 11 22 02 33 00 01 00                    →  11 22 00 33 | (empty)
 * ```
 *
 * One zero byte after another is passed over. Frames are copies and alias nothing that was fed; small ones share an
 * `ArrayBuffer` with others of their stream, so transfer a `slice()`.
 *
 * @param options `maxFrameBytes` counts the bytes on the wire, codes and the closing zero included.
 * @throws {RangeError} when `maxFrameBytes` is wrong.
 *
 * @example
 * ```ts
 * import { cobs, decodeAll, encodeFrame } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = encodeFrame(cobs(), Uint8Array.of(0x11, 0x22, 0, 0x33));
 * assertEquals(wire, Uint8Array.of(3, 0x11, 0x22, 2, 0x33, 0));
 * assertEquals(decodeAll(cobs(), wire), [Uint8Array.of(0x11, 0x22, 0, 0x33)]);
 * ```
 */
export function cobs(
  options: FrameOptions = {},
): Codec<Uint8Array<ArrayBuffer>, Uint8Array> {
  const maxFrameBytes = resolveMaxFrameBytes(NAME, options.maxFrameBytes, 2);
  return stuffedCodec({
    codec: NAME,
    maxFrameBytes,
    end: 0,
    unstuff,
    encode(frame, sink) {
      let count = 1;
      eachBlock(frame, (start, end) => count += 1 + end - start);
      checkEncodedBytes(NAME, count, maxFrameBytes);
      eachBlock(frame, (start, end) => writeBlock(frame, start, end, sink));
      sink.uint(0, 1);
    },
  });
}

/** Visits the blocks of `frame`: runs without a zero. */
function eachBlock(
  frame: Uint8Array,
  visit: (start: number, end: number) => void,
): void {
  for (let start = 0;;) {
    const most = Math.min(frame.length, start + FULL_BLOCK_BYTES);
    let end = start;
    while (end < most && frame[end] !== 0) end++;
    visit(start, end);
    if (end === frame.length) return;
    // A zero is said by the block before it, unless that is full.
    start = end - start === FULL_BLOCK_BYTES ? end : end + 1;
  }
}

function writeBlock(
  frame: Uint8Array,
  start: number,
  end: number,
  sink: ByteSink,
): void {
  sink.uint(1 + end - start, 1);
  if (end > start) sink.bytes(frame.subarray(start, end));
}

function unstuff(
  bytes: Uint8Array,
  slab: Slab,
): Uint8Array<ArrayBuffer> | { what: string; faultBytes: number } {
  let length = 0;
  for (let at = 0; at < bytes.length;) {
    const code = bytes[at];
    const stop = at + code;
    if (stop > bytes.length) {
      return {
        what: `a block of ${code - 1} bytes has only ${bytes.length - at - 1}`,
        faultBytes: bytes.length,
      };
    }
    length += code - 1;
    if (meansZero(code, stop, bytes)) length++;
    at = stop;
  }
  const frame = slab.take(length);
  let to = 0;
  for (let at = 0; at < bytes.length;) {
    const code = bytes[at];
    copyBytes(bytes, at + 1, frame, to, code - 1);
    at += code;
    to += meansZero(code, at, bytes) ? code : code - 1;
  }
  return frame;
}

/** Whether a block that ends at `stop` says that a zero follows. */
function meansZero(code: number, stop: number, bytes: Uint8Array): boolean {
  return code <= FULL_BLOCK_BYTES && stop < bytes.length;
}
