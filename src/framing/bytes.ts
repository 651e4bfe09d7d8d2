/**
 * Small helpers on byte arrays. None of them writes to what it was given.
 *
 * @module
 */

/** No bytes. Shared, as there is nothing in it to change; but not for handing out, as its memory can be transferred. */
export const EMPTY: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** Bytes of a window in an error: enough to tell a protocol by, short enough for one line of a log. */
export const WINDOW_BYTES = 16;

/** Hex of the first 16 bytes at most: `"47 45 54 20"`. */
export function hexWindow(bytes: Uint8Array): string {
  let text = "";
  const count = Math.min(bytes.length, WINDOW_BYTES);
  for (let i = 0; i < count; i++) {
    text += (i > 0 ? " " : "") + bytes[i].toString(16).padStart(2, "0");
  }
  return text;
}

/** `"0x0a"`. */
export function hexByte(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}

/** All parts in one array: the part itself where only one holds anything, a new array otherwise, also of none. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const full = parts.filter((part) => part.length > 0);
  if (full.length === 1) return full[0];
  let sum = 0;
  for (const part of full) sum += part.length;
  const whole = new Uint8Array(sum);
  let at = 0;
  for (const part of full) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Copies `count` bytes. A loop where they are few: the call of `set` costs more than they do. */
export function copyBytes(
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  to: number,
  count: number,
): void {
  if (count <= 32) {
    for (let i = 0; i < count; i++) target[to + i] = source[from + i];
  } else if (from === 0 && count === source.length) {
    target.set(source, to);
  } else {
    target.set(source.subarray(from, from + count), to);
  }
}

/**
 * The same bytes, without a copy, as a plain `Uint8Array`. A subclass may mean something else by the methods
 * that are used here: the `slice()` of Node's `Buffer` gives a view.
 *
 * The type leaves out shared memory, which nearly nobody feeds and Web APIs refuse: else each frame would have to be
 * cast for them. Nothing depends on it here, and whoever does feed such memory knows what his frames are.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) {
    return bytes as Uint8Array<ArrayBuffer>;
  }
  // Said here, because text would be taken for no bytes at all below.
  if (!ArrayBuffer.isView(bytes)) {
    throw new TypeError(
      `Cannot decode ${typeof bytes}: a chunk must be a Uint8Array`,
    );
  }
  const memory = bytes.buffer as ArrayBuffer;
  return new Uint8Array(memory, bytes.byteOffset, bytes.byteLength);
}

/** A marker given as text (taken as UTF-8) or as bytes; a copy, so that the caller may change his. */
export function toBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === "string"
    ? new TextEncoder().encode(value)
    : new Uint8Array(value);
}
