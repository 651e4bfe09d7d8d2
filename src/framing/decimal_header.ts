/**
 * Headers that say the length as an ASCII decimal: of a fixed number of digits, or up to a terminator. Each
 * byte is judged when it comes, so that wrong bytes are an error at once and not when enough have come.
 *
 * @module
 */

import { hexByte } from "./bytes.ts";
import { foreignProtocolHint } from "./hints.ts";
import {
  FAULT,
  type HeaderFormat,
  type HeaderReading,
  NEED_MORE,
} from "./header_format.ts";

/** More digits than 2^53 has cannot be a length. */
const MOST_DIGITS = 16;

/** `0003`: always so many digits. */
export class FixedDigits implements HeaderFormat {
  readonly codec: string;
  readonly maxFrameBytes: number;
  readonly minHeaderBytes = 1;
  readonly trailer = -1;
  readonly keepHeader = false;
  readonly #digits: number;

  constructor(codec: string, maxFrameBytes: number, digits: number) {
    this.codec = codec;
    this.maxFrameBytes = maxFrameBytes;
    this.#digits = digits;
  }

  parse(
    bytes: Uint8Array,
    start: number,
    end: number,
    reading: HeaderReading,
  ): number {
    let value = 0;
    const stop = Math.min(end, start + this.#digits);
    for (let at = start; at < stop; at++) {
      const digit = bytes[at] - 0x30;
      if (!(digit >= 0 && digit <= 9)) {
        reading.fault = `${hexByte(bytes[at])} is no digit of the length`;
        reading.faultBytes = at + 1 - start;
        return FAULT;
      }
      value = value * 10 + digit;
    }
    if (stop - start < this.#digits) return NEED_MORE;
    reading.bodyBytes = value;
    return this.#digits;
  }

  hint(header: Uint8Array): string | undefined {
    return foreignProtocolHint(header);
  }
}

/** `11:` or `11 `: digits without a leading zero, then a terminator. */
export class TerminatedDigits implements HeaderFormat {
  readonly codec: string;
  readonly maxFrameBytes: number;
  readonly minHeaderBytes = 1;
  readonly trailer: number;
  readonly keepHeader = false;
  readonly #terminator: number;
  readonly #mayBeZero: boolean;

  constructor(
    codec: string,
    maxFrameBytes: number,
    terminator: number,
    trailer: number,
    mayBeZero: boolean,
  ) {
    this.codec = codec;
    this.maxFrameBytes = maxFrameBytes;
    this.trailer = trailer;
    this.#terminator = terminator;
    this.#mayBeZero = mayBeZero;
  }

  parse(
    bytes: Uint8Array,
    start: number,
    end: number,
    reading: HeaderReading,
  ): number {
    let value = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at];
      const digit = byte - 0x30;
      if (digit >= 0 && digit <= 9) {
        const isFirst = at === start;
        if (
          isFirst ? digit > 0 || this.#mayBeZero : value > 0 &&
            at - start < MOST_DIGITS
        ) {
          value = value * 10 + digit;
          continue;
        }
        reading.fault = isFirst || value === 0
          ? "the length begins with 0"
          : `the length has more than ${MOST_DIGITS} digits`;
      } else if (byte === this.#terminator && at > start) {
        reading.bodyBytes = value;
        return at + 1 - start;
      } else {
        reading.fault = `${
          hexByte(byte)
        } is neither a digit of the length nor ${
          hexByte(this.#terminator)
        } after it`;
      }
      reading.faultBytes = at + 1 - start;
      return FAULT;
    }
    return NEED_MORE;
  }

  hint(header: Uint8Array): string | undefined {
    return foreignProtocolHint(header);
  }
}
