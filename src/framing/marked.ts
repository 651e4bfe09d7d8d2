/**
 * Frames between a start and an end marker. Decides what may be encoded; the search is `DelimiterDecoder`'s.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import type { ByteCodec, FrameOptions } from "./codec.ts";
import { DelimiterDecoder, type DelimiterFormat } from "./delimiter_decoder.ts";
import { EngineScanner } from "./engine_scanner.ts";
import {
  checkBytes,
  checkEncodedBytes,
  resolveMarker,
  resolveMaxFrameBytes,
} from "./limits.ts";
import { earlyMatch, Needle } from "./needle.ts";

const NAME = "marked";

/**
 * What {@linkcode marked} frames stand between.
 *
 * @example
 * ```ts
 * import { encodeFrame, marked, type Markers, text } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const STX_ETX: Markers = { start: Uint8Array.of(2), end: Uint8Array.of(3) };
 * const wire = encodeFrame(text(marked(STX_ETX)), "A");
 * assertEquals(wire, Uint8Array.of(2, 65, 3));
 * ```
 */
export interface Markers {
  /** One byte or more; text is taken as UTF-8. */
  start: string | Uint8Array;
  /** One byte or more; text is taken as UTF-8. It may be the same as `start`. */
  end: string | Uint8Array;
}

/**
 * Frames between a start and an end marker, such as STX … ETX; bytes outside of them are an error.
 *
 * ```text
 *            on the wire                                   frames
 * marked({ start: "{2H:", end: ":}" })
 *   "{2H:AAA:}{2H:BBB:}"                       →  "AAA" | "BBB"
 * ```
 *
 * A frame within one chunk is a view on that chunk: `slice()` it to keep few bytes of many. There is no
 * escape: a frame that holds the end marker cannot be encoded.
 *
 * @param markers Neither is handed out.
 * @param options `maxFrameBytes` counts both markers as well.
 * @throws {RangeError} when a marker is empty or `maxFrameBytes` is wrong.
 *
 * @example
 * ```ts
 * import { decodeAll, marked, text } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = new TextEncoder().encode("{2H:AAA:}{2H:BBB:}");
 * const codec = text(marked({ start: "{2H:", end: ":}" }));
 * assertEquals(decodeAll(codec, wire), ["AAA", "BBB"]);
 * ```
 */
export function marked(
  markers: Markers,
  options: FrameOptions = {},
): ByteCodec {
  const start = resolveMarker(NAME, "start", markers.start);
  const end = resolveMarker(NAME, "end", markers.end);
  const around = start.length + end.length;
  const maxFrameBytes = resolveMaxFrameBytes(
    NAME,
    options.maxFrameBytes,
    around,
  );
  const needle = new Needle(end);
  const format: DelimiterFormat = {
    codec: NAME,
    maxFrameBytes,
    start,
    needle,
    atEnd: "error",
  };
  return {
    name: NAME,
    maxFrameBytes,
    aliases: true,
    decoder: () => new DelimiterDecoder(format),
    scanner: () => new EngineScanner(new DelimiterDecoder(format)),
    encode(frame, sink) {
      checkBytes(frame, NAME);
      checkEncodedBytes(NAME, around + frame.length, maxFrameBytes);
      const early = earlyMatch(needle, frame);
      if (early >= 0) {
        throw new EncodeError(
          `Cannot encode ${NAME} frame: it holds the end marker at byte ${
            early - end.length
          }`,
        );
      }
      sink.bytes(start);
      sink.bytes(frame);
      sink.bytes(end);
    },
  };
}
