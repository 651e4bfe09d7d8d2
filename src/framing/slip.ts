/**
 * SLIP: packets on a serial line.
 *
 * Source: RFC 1055.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import { hexByte } from "./bytes.ts";
import type { Codec, FrameOptions } from "./codec.ts";
import { checkEncodedBytes, resolveMaxFrameBytes } from "./limits.ts";
import type { Slab } from "./slab.ts";
import { stuffedCodec } from "./stuffed_codec.ts";

const NAME = "slip";
const END = 0xc0;
const ESC = 0xdb;
const ESC_END = 0xdc;
const ESC_ESC = 0xdd;
const END_BYTES = Uint8Array.of(END);
const ESCAPED_END = Uint8Array.of(ESC, ESC_END);
const ESCAPED_ESC = Uint8Array.of(ESC, ESC_ESC);

/**
 * SLIP: a frame ends with 0xC0, and 0xC0 and 0xDB within it are escaped.
 *
 * ```text
 *            on the wire                                   frames
 *   c0 01 db dc 02 c0 c0 db dd c0              →  01 c0 02 | db
 * ```
 *
 * `encode` also puts 0xC0 in front of a frame, which ends line noise before it. There is no empty frame:
 * one 0xC0 after another is passed over. An escape of any other byte is an error, where the RFC's program
 * would take the byte as it is. Frames are copies and alias nothing that was fed; small ones share an `ArrayBuffer`
 * with others of their stream, so transfer a `slice()`.
 *
 * @param options `maxFrameBytes` counts the bytes on the wire, escapes and the closing 0xC0 included.
 * @throws {RangeError} when `maxFrameBytes` is wrong.
 *
 * @example
 * ```ts
 * import { decodeAll, encodeFrame, slip } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = encodeFrame(slip(), Uint8Array.of(1, 0xc0, 2));
 * assertEquals(wire, Uint8Array.of(0xc0, 1, 0xdb, 0xdc, 2, 0xc0));
 * assertEquals(decodeAll(slip(), wire), [Uint8Array.of(1, 0xc0, 2)]);
 * ```
 */
export function slip(
  options: FrameOptions = {},
): Codec<Uint8Array<ArrayBuffer>, Uint8Array> {
  const maxFrameBytes = resolveMaxFrameBytes(NAME, options.maxFrameBytes, 2);
  return stuffedCodec({
    codec: NAME,
    maxFrameBytes,
    end: END,
    unstuff,
    encode(frame, sink) {
      if (frame.length === 0) {
        throw new EncodeError(
          `Cannot encode ${NAME} frame: the format has no empty frame`,
        );
      }
      let count = frame.length + 1;
      for (let i = 0; i < frame.length; i++) {
        if (frame[i] === END || frame[i] === ESC) count++;
      }
      checkEncodedBytes(NAME, count, maxFrameBytes);
      sink.bytes(END_BYTES);
      let plain = 0;
      for (let i = 0; i < frame.length; i++) {
        const byte = frame[i];
        if (byte !== END && byte !== ESC) continue;
        if (plain < i) sink.bytes(frame.subarray(plain, i));
        sink.bytes(byte === END ? ESCAPED_END : ESCAPED_ESC);
        plain = i + 1;
      }
      sink.bytes(frame.subarray(plain));
      sink.bytes(END_BYTES);
    },
  });
}

function unstuff(
  bytes: Uint8Array,
  slab: Slab,
): Uint8Array<ArrayBuffer> | { what: string; faultBytes: number } {
  const first = bytes.indexOf(ESC);
  if (first < 0) return slab.copy(bytes);
  let escapes = 0;
  for (let at = first; at >= 0; at = bytes.indexOf(ESC, at + 2)) {
    // Behind the last byte of the frame stands its END.
    const code = at + 1 < bytes.length ? bytes[at + 1] : END;
    if (code !== ESC_END && code !== ESC_ESC) {
      return {
        what: `${hexByte(code)} cannot be escaped`,
        faultBytes: Math.min(at + 2, bytes.length),
      };
    }
    escapes++;
  }
  const frame = slab.take(bytes.length - escapes);
  for (let at = 0, to = 0; to < frame.length; at++, to++) {
    const byte = bytes[at];
    frame[to] = byte === ESC ? (bytes[++at] === ESC_END ? END : ESC) : byte;
  }
  return frame;
}
