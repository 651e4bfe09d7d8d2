/**
 * Validation of options, at the moment a codec is made, and of what is encoded: its type and its size.
 * A wrong option is the programmer's mistake, so it is the language's own `RangeError`; a wrong frame is an `EncodeError`.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import { kindOf, shown } from "../shown.ts";
import { toBytes } from "./bytes.ts";

/** 1 MiB: ample for messages, and small enough that a thousand hostile peers cannot take the machine. */
export const DEFAULT_MAX_FRAME_BYTES = 1_048_576;

/** The `RangeError` of one option: "Cannot make X codec as 'option' must be …: current value is …". */
export function optionError(
  codec: string,
  option: string,
  must: string,
  value: unknown,
): RangeError {
  return new RangeError(
    `Cannot make ${codec} codec as '${option}' ${must}: current value is ${
      shown(value)
    }`,
  );
}

/** Throws unless `value` is an integer from `least` to `most`. */
export function checkInteger(
  codec: string,
  option: string,
  value: number,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  if (!(Number.isSafeInteger(value) && value >= least && value <= most)) {
    throw optionError(
      codec,
      option,
      most === Number.MAX_SAFE_INTEGER
        ? `must be an integer of at least ${least}`
        : `must be an integer from ${least} to ${most}`,
      value,
    );
  }
}

/** The bytes of a marker given as an option, as a copy: text is taken as UTF-8. Throws unless there is one at least. */
export function resolveMarker(
  codec: string,
  option: string,
  given: string | Uint8Array,
): Uint8Array {
  // A number would be taken for so many zeros.
  if (typeof given !== "string" && !isBytes(given)) {
    throw optionError(codec, option, "must be a string or a Uint8Array", given);
  }
  const bytes = toBytes(given);
  if (bytes.length === 0) {
    throw optionError(codec, option, "must not be empty", given);
  }
  return bytes;
}

/**
 * The limit in force. `most` is the largest frame that the format can say: a larger default is lowered to
 * it, a larger explicit limit is a mistake, and `Infinity` means "whatever the format can say".
 */
export function resolveMaxFrameBytes(
  codec: string,
  given: number | undefined,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (given === undefined) return Math.min(DEFAULT_MAX_FRAME_BYTES, most);
  if (given === Infinity) return most;
  checkInteger(codec, "maxFrameBytes", given, least, most);
  return given;
}

/** Throws `EncodeError` when a frame of `byteLength` bytes on the wire is over the limit. */
export function checkEncodedBytes(
  codec: string,
  byteLength: number,
  maxFrameBytes: number,
): void {
  if (byteLength > maxFrameBytes) {
    throw new EncodeError(
      `Cannot encode ${codec} frame: ${byteLength} bytes, limit is ${maxFrameBytes}`,
    );
  }
}

/**
 * Throws `EncodeError` unless `bytes` are an array of bytes: of a frame of `codec`, or of a part of one. Deno runs a
 * program without looking at its types, and a text that is taken for bytes is zeros on the wire.
 */
export function checkBytes(bytes: unknown, codec?: string): void {
  // Nothing else is looked at here: asking for `buffer` costs a small array its place.
  if (bytes instanceof Uint8Array && bytes.length > 0) return;
  if (!isBytes(bytes)) {
    throw encodeError(codec, "bytes", mustBe("a Uint8Array", bytes));
  }
  const { byteLength, buffer } = bytes as Uint8Array<ArrayBuffer>;
  // Nobody who sends what he has given away means an empty frame.
  if (byteLength === 0 && buffer.detached) {
    throw encodeError(codec, "bytes", "its memory was transferred");
  }
}

/** {@linkcode checkBytes} for text. A number that is taken for text has no length, and would be nothing on the wire. */
export function checkText(text: unknown, codec?: string): void {
  if (typeof text !== "string") {
    throw encodeError(codec, "text", mustBe("a string", text));
  }
}

function encodeError(
  codec: string | undefined,
  part: string,
  fault: string,
): EncodeError {
  const what = codec === undefined ? part : `${codec} frame`;
  return new EncodeError(`Cannot encode ${what}: ${fault}`);
}

function mustBe(type: string, value: unknown): string {
  return `must be ${type}: current value is of type ${kindOf(value)}`;
}

/** Whether it is an array of bytes, be it of another realm, or of a type that is as good. */
export function isBytes(value: unknown): boolean {
  return value instanceof Uint8Array ||
    ArrayBuffer.isView(value) &&
      (value as Uint8Array).BYTES_PER_ELEMENT === 1;
}
