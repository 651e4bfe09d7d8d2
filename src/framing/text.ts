/**
 * Text frames in any byte format.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { checkInner } from "./given_codec.ts";
import { mappedCodec } from "./map_codec.ts";
import { checkWellFormed, textOf, Utf8 } from "./utf8.ts";

/**
 * Frames of UTF-8 text, in the format of `codec`.
 *
 * Bytes that are not UTF-8 are a `MalformedFrameError`; a lone surrogate is an `EncodeError`. A byte order
 * mark is data. The strings do not keep the bytes alive.
 *
 * ```text
 *            on the wire                                   frames
 * text(lengthPrefixed())
 *   00 00 00 02 c3 a9                          →  "é"
 * ```
 *
 * @throws {TypeError} `codec` is none.
 *
 * @example
 * ```ts
 * import { decodeAll, encodeFrame, lengthPrefixed, text } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = text(lengthPrefixed());
 * assertEquals(decodeAll(codec, encodeFrame(codec, "é")), ["é"]);
 * ```
 */
export function text(codec: Codec<Uint8Array>): Codec<string> {
  checkInner("text", codec);
  const name = `text(${codec.name})`;
  const utf8 = new Utf8();
  const encoder = new TextEncoder();
  return mappedCodec(name, codec, false, {
    decode: (frame) => textOf(frame, utf8),
    encode(value) {
      checkWellFormed(name, value);
      return encoder.encode(value);
    },
  });
}
