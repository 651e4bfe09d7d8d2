/**
 * Makes a `ByteCodec` from a header format and a function that writes the header: the part that all
 * length-prefixed codecs share on the outside, as `PrefixDecoder` is what they share on the inside.
 *
 * @module
 */

import type { ByteCodec, ByteSink } from "./codec.ts";
import type { HeaderFormat } from "./header_format.ts";
import { EngineScanner } from "./engine_scanner.ts";
import { checkBytes } from "./limits.ts";
import { PrefixDecoder, PrefixPlan } from "./prefix_decoder.ts";

/** The codec of one header format. `encode` appends all of a frame or throws before it appends anything. */
export function prefixCodec(
  format: HeaderFormat,
  encode: (frame: Uint8Array, sink: ByteSink) => void,
): ByteCodec {
  const plan = new PrefixPlan(format);
  return {
    name: format.codec,
    maxFrameBytes: format.maxFrameBytes,
    aliases: true,
    decoder: () => new PrefixDecoder(plan),
    scanner: () => new EngineScanner(new PrefixDecoder(plan)),
    encode(frame, sink) {
      checkBytes(frame, format.codec);
      encode(frame, sink);
    },
  };
}
