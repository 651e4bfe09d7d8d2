/**
 * Frames with a zero-padded decimal length in front, as in many old and home-made protocols.
 *
 * @module
 */

import type { ByteCodec, FrameOptions } from "./codec.ts";
import { FixedDigits } from "./decimal_header.ts";
import {
  checkEncodedBytes,
  checkInteger,
  resolveMaxFrameBytes,
} from "./limits.ts";
import { prefixCodec } from "./prefix_codec.ts";

const NAME = "decimalPrefixed";
/** The most digits whose every value is a safe integer. */
const MOST_DIGITS = 15;

/**
 * Options of {@linkcode decimalPrefixed}.
 *
 * @example
 * ```ts
 * import { decimalPrefixed, type DecimalPrefixedOptions, encodeFrame, text } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const options: DecimalPrefixedOptions = { digits: 6, maxFrameBytes: 4096 };
 * const wire = encodeFrame(text(decimalPrefixed(options)), "AAA");
 * assertEquals(new TextDecoder().decode(wire), "000003AAA");
 * ```
 */
export interface DecimalPrefixedOptions extends FrameOptions {
  /** Digits of the length, 1 to 15. @default {4} */
  digits?: number;
}

/**
 * Frames with their length in front as a zero-padded ASCII decimal.
 *
 * ```text
 *            on the wire                                   frames
 * decimalPrefixed()
 *   "0003AAA0004BBBB0000"                      →  "AAA" | "BBBB" | ""
 * ```
 *
 * A frame within one chunk is a view on that chunk: `slice()` it to keep few bytes of many.
 *
 * @param options `maxFrameBytes` counts the digits as well. Its default is lowered to what few digits can say.
 * @throws {RangeError} when an option is wrong, or two do not fit each other; the message names it.
 *
 * @example
 * ```ts
 * import { decimalPrefixed, encodeFrame, text } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = encodeFrame(text(decimalPrefixed()), "AAA");
 * assertEquals(new TextDecoder().decode(wire), "0003AAA");
 * ```
 */
export function decimalPrefixed(
  options: DecimalPrefixedOptions = {},
): ByteCodec {
  const { digits = 4 } = options;
  checkInteger(NAME, "digits", digits, 1, MOST_DIGITS);
  const maxFrameBytes = resolveMaxFrameBytes(
    NAME,
    options.maxFrameBytes,
    digits,
    digits + 10 ** digits - 1,
  );
  return prefixCodec(
    new FixedDigits(NAME, maxFrameBytes, digits),
    (frame, sink) => {
      checkEncodedBytes(NAME, digits + frame.length, maxFrameBytes);
      sink.text(String(frame.length).padStart(digits, "0"));
      sink.bytes(frame);
    },
  );
}
