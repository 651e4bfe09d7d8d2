/**
 * Frames that end at a delimiter, as bytes. Decides what may be encoded; the search is `DelimiterDecoder`'s.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import type { ByteCodec, FrameOptions } from "./codec.ts";
import {
  DelimiterDecoder,
  type DelimiterFormat,
  NO_START,
} from "./delimiter_decoder.ts";
import { EngineScanner } from "./engine_scanner.ts";
import {
  checkBytes,
  checkEncodedBytes,
  optionError,
  resolveMarker,
  resolveMaxFrameBytes,
} from "./limits.ts";
import { earlyMatch, Needle } from "./needle.ts";

const NAME = "delimited";

/**
 * Options of {@linkcode delimited}.
 *
 * @example
 * ```ts
 * import { decodeAll, delimited, type DelimitedOptions, text } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * // A file of records whose last one may lack its delimiter.
 * const options: DelimitedOptions = { atEnd: "emit", maxFrameBytes: 4096 };
 * const wire = new TextEncoder().encode("a|b|last");
 * assertEquals(decodeAll(text(delimited("|", options)), wire), ["a", "b", "last"]);
 * ```
 */
export interface DelimitedOptions extends FrameOptions {
  /** What a last frame without its delimiter is: an error, or a frame. @default {"error"} */
  atEnd?: "error" | "emit";
}

/**
 * Frames that end at a delimiter, which is not handed out.
 *
 * ```text
 *            on the wire                                   frames
 * delimited("\0")
 *   41 41 41 00 00 42 00                       →  41 41 41 | (empty) | 42
 * delimited("\r\n")
 *   41 0d 42 0d 0a                             →  41 0d 42
 * ```
 *
 * A frame within one chunk is a view on that chunk: `slice()` it to keep few bytes of many. There is no
 * escape: a frame that holds the delimiter cannot be encoded.
 *
 * @param delimiter One byte or more; text is taken as UTF-8.
 * @param options `maxFrameBytes` counts the delimiter as well.
 * @throws {RangeError} when the delimiter is empty or an option is wrong.
 *
 * @example
 * ```ts
 * import { decodeAll, delimited, encodeFrame } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = delimited("\0");
 * const wire = encodeFrame(codec, Uint8Array.of(65, 65));
 * assertEquals(wire, Uint8Array.of(65, 65, 0));
 * assertEquals(decodeAll(codec, wire), [Uint8Array.of(65, 65)]);
 * ```
 */
export function delimited(
  delimiter: string | Uint8Array,
  options: DelimitedOptions = {},
): ByteCodec {
  const { atEnd = "error" } = options;
  const end = resolveMarker(NAME, "delimiter", delimiter);
  if (atEnd !== "error" && atEnd !== "emit") {
    throw optionError(NAME, "atEnd", `must be "error" or "emit"`, atEnd);
  }
  const maxFrameBytes = resolveMaxFrameBytes(
    NAME,
    options.maxFrameBytes,
    end.length,
  );
  const needle = new Needle(end);
  const format: DelimiterFormat = {
    codec: NAME,
    maxFrameBytes,
    start: NO_START,
    needle,
    atEnd,
  };
  return {
    name: NAME,
    maxFrameBytes,
    aliases: true,
    decoder: () => new DelimiterDecoder(format),
    scanner: () => new EngineScanner(new DelimiterDecoder(format)),
    encode(frame, sink) {
      checkBytes(frame, NAME);
      checkEncodedBytes(NAME, frame.length + end.length, maxFrameBytes);
      const early = earlyMatch(needle, frame);
      if (early >= 0) {
        throw new EncodeError(
          `Cannot encode ${NAME} frame: it holds the delimiter at byte ${
            early - end.length
          }`,
        );
      }
      sink.bytes(frame);
      sink.bytes(end);
    },
  };
}
