/**
 * UTF-8 as this package takes it: strict both ways. Wrong bytes are an error and not U+FFFD, and so is a
 * lone surrogate, since each would come back as something else. A byte order mark is data.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import { frameFault } from "./given_codec.ts";
import { checkText } from "./limits.ts";

/** Below this, ASCII is put together by hand sooner than the call of a `TextDecoder` returns. */
const SHORT_BYTES = 48;

/** What the lenient decoder makes of wrong bytes. */
const WRONG = "\ufffd";

/** A strict decoder of whole texts. It keeps no state between calls, so one serves any number of streams. */
export class Utf8 {
  // The lenient decoder is several times as fast as the strict one. It shows wrong bytes as U+FFFD, and only
  // a text that holds that goes to the strict one, to tell whether it was sent or made.
  readonly #lenient = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #strict = new TextDecoder("utf-8", {
    ignoreBOM: true,
    fatal: true,
  });

  /** The text, if all of `bytes` are ASCII: then each is one unit of it. */
  decodeAscii(bytes: Uint8Array): string | undefined {
    const text = this.#lenient.decode(bytes);
    // Any other character has fewer units than bytes; a wrong byte may have as many.
    return text.length === bytes.length && !text.includes(WRONG)
      ? text
      : undefined;
  }

  /** @throws {TypeError} when `bytes` are not UTF-8. */
  decode(bytes: Uint8Array): string {
    if (bytes.length < SHORT_BYTES) {
      let all = 0;
      for (let i = 0; i < bytes.length; i++) all |= bytes[i];
      if (all < 0x80) {
        return String.fromCharCode.apply(
          null,
          bytes as unknown as number[],
        );
      }
    }
    const text = this.#lenient.decode(bytes);
    if (!text.includes(WRONG)) return text;
    try {
      return this.#strict.decode(bytes);
    } catch (cause) {
      // Runtimes word this differently, and the message goes into our own.
      throw new TypeError("the bytes are not UTF-8", { cause });
    }
  }
}

/** The text of a frame that another codec made. @throws {TypeError} It is not UTF-8, or no bytes at all. */
export function textOf(frame: Uint8Array, utf8: Utf8): string {
  try {
    return utf8.decode(frame);
  } catch (cause) {
    throw frameFault(frame, cause);
  }
}

/** Throws `EncodeError` when `text` is none, or holds half of a surrogate pair, which UTF-8 cannot say. */
export function checkWellFormed(codec: string, text: string): void {
  checkText(text, codec);
  if (!text.isWellFormed()) {
    throw new EncodeError(
      `Cannot encode ${codec} frame: the text holds a lone surrogate`,
    );
  }
}

/** How many bytes the first `count` units of a well-formed `text` have as UTF-8. */
export function utf8Bytes(text: string, count: number = text.length): number {
  let bytes = count;
  for (let i = 0; i < count; i++) {
    const unit = text.charCodeAt(i);
    // Each half of a pair counts as two of its four bytes.
    if (unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff)) bytes += 2;
    else if (unit >= 0x80) bytes += 1;
  }
  return bytes;
}
