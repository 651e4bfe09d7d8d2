/**
 * Netstrings: a decimal length, a colon, the bytes, a comma.
 *
 * Source: D. J. Bernstein, "Netstrings" (1997).
 *
 * @module
 */

import type { ByteCodec, FrameOptions } from "./codec.ts";
import { TerminatedDigits } from "./decimal_header.ts";
import { checkEncodedBytes, resolveMaxFrameBytes } from "./limits.ts";
import { prefixCodec } from "./prefix_codec.ts";

const NAME = "netstring";
const COLON = 0x3a;
const COMMA = 0x2c;

/**
 * Netstrings: a decimal length without leading zeros, a colon, the bytes, a comma.
 *
 * ```text
 *            on the wire                                   frames
 *   "12:hello world!,0:,"                      →  "hello world!" | ""
 * ```
 *
 * A frame within one chunk is a view on that chunk: `slice()` it to keep few bytes of many.
 *
 * @param options `maxFrameBytes` counts the length, the colon and the comma as well.
 * @throws {RangeError} when `maxFrameBytes` is wrong.
 *
 * @example
 * ```ts
 * import { encodeFrame, netstring, text } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = encodeFrame(text(netstring()), "hello world!");
 * assertEquals(new TextDecoder().decode(wire), "12:hello world!,");
 * ```
 */
export function netstring(options: FrameOptions = {}): ByteCodec {
  const maxFrameBytes = resolveMaxFrameBytes(NAME, options.maxFrameBytes, 3);
  return prefixCodec(
    new TerminatedDigits(NAME, maxFrameBytes, COLON, COMMA, true),
    (frame, sink) => {
      const header = `${frame.length}:`;
      checkEncodedBytes(
        NAME,
        header.length + frame.length + 1,
        maxFrameBytes,
      );
      sink.text(header);
      sink.bytes(frame);
      sink.uint(COMMA, 1);
    },
  );
}
