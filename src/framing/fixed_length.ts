/**
 * Frames that all have the same length, with nothing between them.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import type { ByteCodec } from "./codec.ts";
import { checkInteger } from "./limits.ts";
import { prefixCodec } from "./prefix_codec.ts";
import type { HeaderFormat, HeaderReading } from "./header_format.ts";

const NAME = "fixedLength";

/**
 * Frames of always the same length, with nothing between them.
 *
 * ```text
 *            on the wire                                   frames
 * fixedLength(2)
 *   41 42 43 44                                →  41 42 | 43 44
 * ```
 *
 * A frame within one chunk is a view on that chunk: `slice()` it to keep few bytes of many.
 *
 * @param byteLength Bytes of every frame, 1 or more. Also the codec's `maxFrameBytes`.
 * @throws {RangeError} when `byteLength` is wrong.
 *
 * @example
 * ```ts
 * import { decodeAll, fixedLength } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const frames = decodeAll(fixedLength(2), Uint8Array.of(1, 2, 3, 4));
 * assertEquals(frames, [Uint8Array.of(1, 2), Uint8Array.of(3, 4)]);
 * ```
 */
export function fixedLength(byteLength: number): ByteCodec {
  checkInteger(NAME, "byteLength", byteLength, 1);
  return prefixCodec(new NoHeader(byteLength), (frame, sink) => {
    if (frame.length !== byteLength) {
      throw new EncodeError(
        `Cannot encode ${NAME} frame: ${frame.length} bytes, must be ${byteLength}`,
      );
    }
    sink.bytes(frame);
  });
}

/** A header of no bytes, which always says the same. */
class NoHeader implements HeaderFormat {
  readonly codec = NAME;
  readonly maxFrameBytes: number;
  readonly minHeaderBytes = 0;
  readonly trailer = -1;
  readonly keepHeader = false;

  constructor(byteLength: number) {
    this.maxFrameBytes = byteLength;
  }

  parse(
    _bytes: Uint8Array,
    _start: number,
    _end: number,
    reading: HeaderReading,
  ): number {
    reading.bodyBytes = this.maxFrameBytes;
    return 0;
  }
}
