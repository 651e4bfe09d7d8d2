/**
 * UTF-8 as this package takes it: strict both ways. Wrong bytes are an error and not U+FFFD, and so is a
 * lone surrogate, since each would come back as something else. A byte order mark is data.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";

/** A strict decoder. May be shared, as it is never used for parts of a text. */
export function utf8Decoder(): TextDecoder {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
}

/** Throws `EncodeError` when `text` holds half of a surrogate pair, which UTF-8 cannot say. */
export function checkWellFormed(codec: string, text: string): void {
  if (!text.isWellFormed()) {
    throw new EncodeError(
      `Cannot encode ${codec} frame: the text holds a lone surrogate`,
    );
  }
}

/** How many bytes a well-formed `text` has as UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Each half of a pair counts as two of its four bytes.
    if (unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff)) bytes += 2;
    else if (unit >= 0x80) bytes += 1;
  }
  return bytes;
}
