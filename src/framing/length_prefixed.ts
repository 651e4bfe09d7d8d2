/**
 * Frames with a binary length in front: the commonest format there is. Decides how the length field is
 * read, checked and written; reassembly is `PrefixDecoder`'s.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import type { ByteCodec, ByteSink, FrameOptions } from "./codec.ts";
import { foreignProtocolHint, isText } from "./hints.ts";
import {
  checkEncodedBytes,
  checkInteger,
  optionError,
  resolveMaxFrameBytes,
} from "./limits.ts";
import { prefixCodec } from "./prefix_codec.ts";
import {
  type BinaryField,
  FAULT,
  type HeaderFormat,
  type HeaderReading,
} from "./header_format.ts";
import { readUint } from "./uint.ts";

const NAME = "lengthPrefixed";

/**
 * Options of {@linkcode lengthPrefixed}.
 *
 * @example
 * ```ts
 * import { decodeAll, lengthPrefixed, type LengthPrefixedOptions } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * // A type byte, then a length that counts its own two bytes as well.
 * const options: LengthPrefixedOptions = {
 *   offset: 1,
 *   bytes: 2,
 *   adjust: -2,
 *   keepHeader: true,
 * };
 * const wire = Uint8Array.of(9, 0, 3, 65);
 * assertEquals(decodeAll(lengthPrefixed(options), wire), [wire]);
 * ```
 */
export interface LengthPrefixedOptions extends FrameOptions {
  /** Width of the length field in bytes. @default {4} */
  bytes?: 1 | 2 | 3 | 4 | 8;
  /** Whether the length field's first byte is its lowest. @default {false} */
  littleEndian?: boolean;
  /** Bytes in front of the length field. @default {0} */
  offset?: number;
  /** Added to the field's value to get the bytes that follow the field. @default {0} */
  adjust?: number;
  /** Hand out the header with the payload. @default {false} */
  keepHeader?: boolean;
}

/**
 * Frames with an unsigned binary length in front. The length says how many bytes follow the length field,
 * after `adjust` has been added to it.
 *
 * ```text
 *            on the wire                                   frames
 * lengthPrefixed()
 *   00 00 00 03 41 41 41 00 00 00 00           →  41 41 41 | (empty)
 * lengthPrefixed({ bytes: 2, littleEndian: true })
 *   03 00 41 41 41                             →  41 41 41
 * lengthPrefixed({ offset: 1, adjust: -4, keepHeader: true })     PostgreSQL: the length counts itself
 *   51 00 00 00 07 41 41 41                    →  51 00 00 00 07 41 41 41
 * ```
 *
 * With `keepHeader` a frame given to `encode` begins with the header too; its length field is written
 * over with the right value. Without it, a format that has an `offset` can be decoded but not encoded, as
 * nobody knows the bytes in front of the length.
 *
 * A frame within one chunk is a view on that chunk: `slice()` it to keep few bytes of many.
 *
 * @param options `maxFrameBytes` counts the header as well. Its default is lowered to what a narrow length
 * field can say, and `Infinity` means just that.
 * @throws {RangeError} when an option is wrong, or two do not fit each other; the message names it.
 *
 * @example
 * ```ts
 * import { decodeAll, encodeFrame, lengthPrefixed } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = lengthPrefixed({ bytes: 2 });
 * const wire = encodeFrame(codec, new TextEncoder().encode("AAA"));
 * assertEquals(wire, Uint8Array.of(0, 3, 65, 65, 65));
 * assertEquals(decodeAll(codec, wire), [Uint8Array.of(65, 65, 65)]);
 * ```
 */
export function lengthPrefixed(options: LengthPrefixedOptions = {}): ByteCodec {
  const {
    bytes = 4,
    littleEndian = false,
    offset = 0,
    adjust = 0,
    keepHeader = false,
  } = options;
  if (
    !(bytes === 1 || bytes === 2 || bytes === 3 || bytes === 4 || bytes === 8)
  ) {
    throw optionError(NAME, "bytes", "must be 1, 2, 3, 4 or 8", bytes);
  }
  checkInteger(NAME, "offset", offset, 0);
  checkInteger(NAME, "adjust", adjust, Number.MIN_SAFE_INTEGER);
  const header = offset + bytes;
  // What the field can say; 8 bytes can say more than a number can.
  const highest = bytes === 8 ? Number.MAX_SAFE_INTEGER : 2 ** (8 * bytes) - 1;
  if (highest + adjust < 0) {
    throw optionError(
      NAME,
      "adjust",
      `must leave a length of at least 0 with a field of ${bytes} bytes`,
      adjust,
    );
  }
  const maxFrameBytes = resolveMaxFrameBytes(
    NAME,
    options.maxFrameBytes,
    header + Math.max(0, adjust),
    Math.min(header + highest + adjust, Number.MAX_SAFE_INTEGER),
  );
  const field = new LengthField(
    maxFrameBytes,
    bytes,
    littleEndian,
    offset,
    adjust,
    keepHeader,
  );
  return prefixCodec(field, (frame, sink) => field.encode(frame, sink));
}

class LengthField implements HeaderFormat {
  readonly codec = NAME;
  readonly maxFrameBytes: number;
  readonly minHeaderBytes: number;
  readonly trailer = -1;
  readonly keepHeader: boolean;
  readonly field: BinaryField;
  readonly #bytes: 1 | 2 | 3 | 4 | 8;
  readonly #littleEndian: boolean;
  readonly #offset: number;
  readonly #adjust: number;
  readonly #header: number;

  constructor(
    maxFrameBytes: number,
    bytes: 1 | 2 | 3 | 4 | 8,
    littleEndian: boolean,
    offset: number,
    adjust: number,
    keepHeader: boolean,
  ) {
    this.maxFrameBytes = maxFrameBytes;
    this.minHeaderBytes = offset + bytes;
    this.keepHeader = keepHeader;
    this.#bytes = bytes;
    this.#littleEndian = littleEndian;
    this.#offset = offset;
    this.#adjust = adjust;
    this.#header = offset + bytes;
    this.field = { offset, bytes, littleEndian, adjust };
  }

  parse(
    bytes: Uint8Array,
    start: number,
    _end: number,
    reading: HeaderReading,
  ): number {
    const at = start + this.#offset;
    const value = readUint(bytes, at, this.#bytes, this.#littleEndian);
    const body = value + this.#adjust;
    if (body < 0) {
      reading.fault =
        `the length field says ${value}, and must say at least ${-this
          .#adjust}`;
      reading.faultBytes = this.#header;
      return FAULT;
    }
    reading.bodyBytes = body;
    return this.#header;
  }

  hint(header: Uint8Array): string | undefined {
    const foreign = foreignProtocolHint(header);
    if (foreign !== undefined) return foreign;
    if (header.length < this.#header) return undefined;
    const field = header.subarray(this.#offset);
    if (isText(field)) return "the length bytes are ASCII text";
    if (field.length > 1) {
      const other = readUint(field, 0, this.#bytes, !this.#littleEndian) +
        this.#adjust;
      if (other >= 0 && this.#header + other <= this.maxFrameBytes) {
        return "plausible with the other byte order";
      }
    }
    return undefined;
  }

  encode(frame: Uint8Array, sink: ByteSink): void {
    const front = this.keepHeader ? this.#header : 0;
    if (frame.length < front) {
      throw new EncodeError(
        `Cannot encode ${NAME} frame: ${frame.length} bytes, and its header has ${front}`,
      );
    }
    if (!this.keepHeader && this.#offset > 0) {
      throw new EncodeError(
        `Cannot encode ${NAME} frame: the ${this.#offset} bytes in front of the length are not known without 'keepHeader'`,
      );
    }
    const body = frame.length - front;
    checkEncodedBytes(NAME, this.#header + body, this.maxFrameBytes);
    const value = body - this.#adjust;
    // The field is wide enough for every frame within the limit; that was checked when the codec was made.
    if (value < 0) {
      throw new EncodeError(
        `Cannot encode ${NAME} frame: ${body} bytes after the length field, at least ${this.#adjust} are needed`,
      );
    }
    if (front === 0) {
      sink.uint(value, this.#bytes, this.#littleEndian);
      sink.bytes(frame);
    } else {
      if (this.#offset > 0) sink.bytes(frame.subarray(0, this.#offset));
      sink.uint(value, this.#bytes, this.#littleEndian);
      sink.bytes(frame.subarray(front));
    }
  }
}
