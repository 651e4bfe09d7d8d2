/**
 * Finding a marker in bytes that come in pieces. Decides where a search goes on, so that no byte is looked
 * at twice however the stream is cut; holds no bytes of the stream.
 *
 * One byte is found by the engine's own `indexOf`. A longer marker is found by the method of Knuth, Morris
 * and Pratt ("Fast pattern matching in strings", 1977), whose whole state is one number: how much of the
 * marker the bytes so far end with.
 *
 * @module
 */

/** Below this many bytes a loop finds a byte sooner than the call of `indexOf` returns. */
const LOOP_BYTES = 32;

/** A marker, ready to be searched for. It may be shared: the state of a search is the caller's to keep. */
export class Needle {
  /** The marker's bytes. */
  readonly bytes: Uint8Array;
  /** How many there are. */
  readonly length: number;
  /** How many of them the marker ends with as well as begins: as far as the next one may lie within this one. */
  readonly border: number;
  readonly #first: number;
  /** How much of the marker still matches after a mismatch behind so many bytes of it. */
  readonly #fallback: Uint32Array;
  /** How much of the marker was matched when the last `find` ran out of bytes. Read it at once. */
  matched = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.length = bytes.length;
    this.#first = bytes[0];
    this.#fallback = new Uint32Array(bytes.length);
    for (let i = 1, same = 0; i < bytes.length; i++) {
      while (same > 0 && bytes[i] !== bytes[same]) {
        same = this.#fallback[same - 1];
      }
      if (bytes[i] === bytes[same]) same++;
      this.#fallback[i] = same;
    }
    this.border = this.#fallback.at(-1) ?? 0;
  }

  /**
   * The index just behind the first occurrence that ends within `[from, end)`, or -1; then `matched` says
   * how much of the marker the bytes end with: what to pass as `matched` with the bytes that follow.
   */
  find(
    bytes: Uint8Array,
    from: number,
    end: number,
    matched: number,
  ): number {
    const marker = this.bytes;
    const last = this.length;
    let at = from;
    let same = matched;
    for (;;) {
      if (same === 0) {
        at = indexOfByte(bytes, this.#first, at, end);
        if (at < 0) {
          this.matched = 0;
          return -1;
        }
        same = 1;
        at++;
        if (last === 1) return at;
      }
      while (at < end) {
        const byte = bytes[at];
        while (same > 0 && byte !== marker[same]) {
          same = this.#fallback[same - 1];
        }
        if (byte === marker[same]) same++;
        at++;
        if (same === last) return at;
        if (same === 0) break;
      }
      if (same > 0 || at >= end) {
        this.matched = same;
        return -1;
      }
    }
  }
}

/**
 * Where in `body` its marker would be found too early, were the marker put behind it: the index at which the
 * wrong match ends, or -1 when `body` can be framed. (`"xa"` before the marker `"aa"` reads as `"x"`.)
 */
export function earlyMatch(needle: Needle, body: Uint8Array): number {
  const inside = needle.find(body, 0, body.length, 0);
  if (inside >= 0) return inside;
  if (needle.matched === 0) return -1;
  const across = needle.find(needle.bytes, 0, needle.length, needle.matched);
  return across === needle.length ? -1 : body.length + across;
}

/** Index of `byte` within `[from, end)`, or -1. */
export function indexOfByte(
  bytes: Uint8Array,
  byte: number,
  from: number,
  end: number,
): number {
  const near = Math.min(end, from + LOOP_BYTES);
  for (let i = from; i < near; i++) {
    if (bytes[i] === byte) return i;
  }
  if (near === end) return -1;
  const found = bytes.indexOf(byte, near);
  return found < end ? found : -1;
}

/** Index of the last `byte` within `[from, end)`, or -1. */
export function lastIndexOfByte(
  bytes: Uint8Array,
  byte: number,
  from: number,
  end: number,
): number {
  const near = Math.max(from, end - LOOP_BYTES);
  for (let i = end - 1; i >= near; i--) {
    if (bytes[i] === byte) return i;
  }
  if (near === from) return -1;
  const found = bytes.lastIndexOf(byte, near - 1);
  return found >= from ? found : -1;
}
