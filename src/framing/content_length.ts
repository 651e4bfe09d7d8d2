/**
 * Frames behind a block of header lines, one of which is `Content-Length`.
 *
 * Source: Language Server Protocol 3.17, "Base protocol"; Debug Adapter Protocol, the same.
 *
 * @module
 */

import { hexByte } from "./bytes.ts";
import type { ByteCodec, FrameOptions } from "./codec.ts";
import { foreignProtocolHint } from "./hints.ts";
import { checkEncodedBytes, resolveMaxFrameBytes } from "./limits.ts";
import { prefixCodec } from "./prefix_codec.ts";
import {
  FAULT,
  type HeaderFormat,
  type HeaderReading,
  NEED_MORE,
} from "./header_format.ts";

const NAME = "contentLength";
const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;
const PLAIN_NAME: Uint8Array = new TextEncoder().encode("Content-Length: ");
const MOST_DIGITS = 16;
/** `Content-Length: 0` and two line ends. */
const LEAST_HEADER_BYTES = 21;
/** The protocols have two header lines; a peer that sends more than this of them is lost or hostile. */
const MOST_HEADER_BYTES = 4096;

/**
 * Frames behind a header of lines, as in the Language Server and Debug Adapter protocols. Other header
 * lines than `Content-Length` are passed over.
 *
 * ```text
 *            on the wire                                   frames
 *   "Content-Length: 2\r\n\r\n{}"              →  "{}"
 * ```
 *
 * A frame within one chunk is a view on that chunk: `slice()` it to keep few bytes of many.
 *
 * @param options `maxFrameBytes` counts the header as well, which has 4096 bytes at most.
 * @throws {RangeError} when `maxFrameBytes` is wrong.
 *
 * @example
 * ```ts
 * import { contentLength, encodeFrame, json } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = encodeFrame(json(contentLength()), { id: 1 });
 * assertEquals(new TextDecoder().decode(wire), 'Content-Length: 8\r\n\r\n{"id":1}');
 * ```
 */
export function contentLength(options: FrameOptions = {}): ByteCodec {
  const maxFrameBytes = resolveMaxFrameBytes(
    NAME,
    options.maxFrameBytes,
    LEAST_HEADER_BYTES,
  );
  return prefixCodec(new HeaderLines(maxFrameBytes), (frame, sink) => {
    const header = `Content-Length: ${frame.length}\r\n\r\n`;
    checkEncodedBytes(NAME, header.length + frame.length, maxFrameBytes);
    sink.text(header);
    sink.bytes(frame);
  });
}

class HeaderLines implements HeaderFormat {
  readonly codec = NAME;
  readonly maxFrameBytes: number;
  readonly minHeaderBytes = 1;
  readonly trailer = -1;
  readonly keepHeader = false;
  readonly #most: number;

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes;
    this.#most = Math.min(MOST_HEADER_BYTES, maxFrameBytes);
  }

  parse(
    bytes: Uint8Array,
    start: number,
    end: number,
    reading: HeaderReading,
  ): number {
    const plain = reading.seenBytes === 0
      ? plainHeader(bytes, start, end, reading)
      : NEED_MORE;
    if (plain > 0 && plain <= this.#most) return plain;
    for (let at = start + reading.seenBytes; at < end; at++) {
      const byte = bytes[at];
      const count = at + 1 - start;
      if (count > this.#most) {
        if (this.#most < MOST_HEADER_BYTES) {
          // A frame that is over the limit already, whatever its header will say.
          reading.bodyBytes = 0;
          return count;
        }
        return fault(
          reading,
          `the header has more than ${this.#most} bytes`,
          count,
        );
      }
      if (byte === LF) {
        if (bytes[at - 1] !== CR || count === 1) {
          return fault(reading, "a header line ends with LF alone", count);
        }
        if (
          count >= 4 && bytes[at - 2] === LF && bytes[at - 3] === CR
        ) return this.#read(bytes, start, count, reading);
        if (count === 2) {
          return fault(reading, "the header has no Content-Length", count);
        }
      } else if (
        (byte < 0x20 && byte !== CR && byte !== TAB) || byte > 0x7e
      ) {
        return fault(reading, `${hexByte(byte)} is no text of a header`, count);
      }
    }
    return NEED_MORE;
  }

  hint(header: Uint8Array): string | undefined {
    return foreignProtocolHint(header);
  }

  /** The header is whole: finds what it says. */
  #read(
    bytes: Uint8Array,
    start: number,
    count: number,
    reading: HeaderReading,
  ): number {
    const text = String.fromCharCode(
      ...bytes.subarray(start, start + count - 4),
    );
    let length: string | undefined;
    for (const line of text.split("\r\n")) {
      const colon = line.indexOf(":");
      if (colon <= 0) {
        return fault(reading, "a header line has no name", count);
      }
      if (line.slice(0, colon).trim().toLowerCase() !== "content-length") {
        continue;
      }
      // Two lengths are how one peer makes another lose its place.
      if (length !== undefined) {
        return fault(reading, "the header has two Content-Length lines", count);
      }
      length = line.slice(colon + 1).trim();
    }
    if (length === undefined) {
      return fault(reading, "the header has no Content-Length", count);
    }
    if (!/^\d{1,16}$/.test(length)) {
      return fault(reading, "Content-Length is not a number of bytes", count);
    }
    reading.bodyBytes = Number(length);
    return count;
  }
}

/** The header as nearly everyone writes it, read without making text of it; `NEED_MORE` = another kind. */
function plainHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
  reading: HeaderReading,
): number {
  let at = start + PLAIN_NAME.length;
  if (end - at < 5) return NEED_MORE;
  for (let i = 0; i < PLAIN_NAME.length; i++) {
    if (bytes[start + i] !== PLAIN_NAME[i]) return NEED_MORE;
  }
  const digits = at;
  let value = 0;
  for (; at < end && at - digits < MOST_DIGITS; at++) {
    const digit = bytes[at] - 0x30;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
  }
  if (
    at === digits || end - at < 4 || bytes[at] !== CR || bytes[at + 1] !== LF ||
    bytes[at + 2] !== CR || bytes[at + 3] !== LF
  ) return NEED_MORE;
  reading.bodyBytes = value;
  return at + 4 - start;
}

function fault(reading: HeaderReading, what: string, count: number): number {
  reading.fault = what;
  reading.faultBytes = count;
  return FAULT;
}
