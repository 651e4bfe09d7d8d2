/**
 * Octet counting, the framing of syslog over TCP and TLS.
 *
 * Source: RFC 6587, 3.4.1, and RFC 5425, 4.3.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import type { ByteCodec, FrameOptions } from "./codec.ts";
import { TerminatedDigits } from "./decimal_header.ts";
import { checkEncodedBytes, resolveMaxFrameBytes } from "./limits.ts";
import { prefixCodec } from "./prefix_codec.ts";

const NAME = "octetCounted";
const SPACE = 0x20;

/**
 * Octet counting as in syslog: a decimal length, a space, the bytes.
 *
 * ```text
 *            on the wire                                   frames
 *   "11 hello world2 ok"                       →  "hello world" | "ok"
 * ```
 *
 * The length begins with 1 to 9, as the RFC's grammar says: there is no empty frame.
 *
 * A frame within one chunk is a view on that chunk: `slice()` it to keep few bytes of many.
 *
 * @param options `maxFrameBytes` counts the length and the space as well.
 * @throws {RangeError} when `maxFrameBytes` is wrong.
 *
 * @example
 * ```ts
 * import { encodeFrame, octetCounted, text } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = encodeFrame(text(octetCounted()), "hello world");
 * assertEquals(new TextDecoder().decode(wire), "11 hello world");
 * ```
 */
export function octetCounted(options: FrameOptions = {}): ByteCodec {
  const maxFrameBytes = resolveMaxFrameBytes(NAME, options.maxFrameBytes, 3);
  return prefixCodec(
    new TerminatedDigits(NAME, maxFrameBytes, SPACE, -1, false),
    (frame, sink) => {
      if (frame.length === 0) {
        throw new EncodeError(
          `Cannot encode ${NAME} frame: the format has no empty frame`,
        );
      }
      const header = `${frame.length} `;
      checkEncodedBytes(NAME, header.length + frame.length, maxFrameBytes);
      sink.text(header);
      sink.bytes(frame);
    },
  );
}
