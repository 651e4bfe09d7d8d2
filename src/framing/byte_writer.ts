/**
 * A byte array that grows: what `encode` writes to. Decides how memory grows and how small writes are made
 * fast; never keeps a reference to what it was given. `view()` is a window on its own memory, valid until
 * the next write; whoever keeps the bytes copies them.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import { shown } from "../shown.ts";
import type { ByteSink } from "./codec.ts";
import { checkBytes, checkText } from "./limits.ts";
import { isWidth, putUint } from "./uint.ts";

const EMPTY = new Uint8Array(0);
const ENCODER = new TextEncoder();
const SMALLEST_BYTES = 256;
/** `clear()` gives memory above this back, so that one large burst is not paid for during an idle hour. */
const KEPT_BYTES = 65_536;
/** `take()` lets so much go with the bytes: an array of the exact length costs more than these. */
const SPARE_BYTES = 32;
/** Below this a loop is faster than the call of `set` (measured: they meet between 16 and 32 bytes). */
const LOOP_BYTES = 24;
/** Below this a loop over ASCII is faster than the call of `encodeInto`. */
const LOOP_CHARS = 32;

/** A growable {@linkcode ByteSink}: the base of every outbox and of `encodeFrame`. */
export class ByteWriter implements ByteSink {
  #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** With room for so many bytes; there will be more when they are needed. */
  constructor(byteLength = 0) {
    this.#buffer = byteLength === 0 ? EMPTY : new Uint8Array(byteLength);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of memory that it holds, written or not. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /**
   * Appends a copy of `source`.
   *
   * @throws {EncodeError} when that is no byte array, as a text is, or its memory was transferred; nothing is appended then.
   */
  bytes(source: Uint8Array): void {
    if (!(source instanceof Uint8Array)) checkBytes(source);
    const at = this.#length;
    const count = source.length;
    const to = at + count;
    if (to > this.#buffer.length) this.#grow(to);
    const buffer = this.#buffer;
    if (count < LOOP_BYTES) {
      if (count === 0) checkBytes(source);
      for (let i = 0; i < count; i++) buffer[at + i] = source[i];
    } else {
      buffer.set(source, at);
    }
    this.#length = to;
  }

  /**
   * Appends `source` as UTF-8; a lone surrogate becomes U+FFFD.
   *
   * @throws {EncodeError} when that is no string; nothing is appended then.
   */
  text(source: string): void {
    if (typeof source !== "string") checkText(source);
    const count = source.length;
    let at = this.#length;
    if (at + count > this.#buffer.length) this.#grow(at + count);
    let done = 0;
    if (count < LOOP_CHARS) {
      const buffer = this.#buffer;
      for (; done < count; done++) {
        const unit = source.charCodeAt(done);
        if (unit > 0x7f) break;
        buffer[at++] = unit;
      }
    }
    while (done < count) {
      // A UTF-16 unit takes three bytes at most. Reserve that only for what ASCII room did not suffice for.
      const rest = done === 0 ? source : source.slice(done);
      const { read, written } = ENCODER.encodeInto(
        rest,
        this.#buffer.subarray(at),
      );
      done += read;
      at += written;
      this.#length = at;
      if (done < count) this.#grow(at + 3 * (count - done));
    }
    this.#length = at;
  }

  /**
   * Appends an unsigned integer.
   *
   * @throws {EncodeError} when `value` is not an integer or does not fit, or there is no such width; nothing is appended then.
   */
  uint(
    value: number | bigint,
    byteLength: 1 | 2 | 3 | 4 | 8,
    littleEndian = false,
  ): void {
    const at = this.#length;
    const to = at + byteLength;
    if (byteLength === 8) {
      if (
        typeof value === "bigint"
          ? value < 0n || value > 0xffff_ffff_ffff_ffffn
          : !(Number.isSafeInteger(value) && value >= 0)
      ) throw outOfRange(value, byteLength);
      if (to > this.#buffer.length) this.#grow(to);
      const high = typeof value === "bigint"
        ? Number(value >> 32n)
        : Math.floor(value / 0x1_0000_0000);
      const low = typeof value === "bigint"
        ? Number(value & 0xffff_ffffn)
        : value >>> 0;
      putUint(this.#buffer, littleEndian ? at + 4 : at, high, 4, littleEndian);
      putUint(this.#buffer, littleEndian ? at : at + 4, low, 4, littleEndian);
    } else if (
      byteLength === 4 && typeof value === "number" && value === value >>> 0
    ) {
      // By far the most common: no loop.
      if (to > this.#buffer.length) this.#grow(to);
      const buffer = this.#buffer;
      const number = value;
      if (littleEndian) {
        buffer[at] = number;
        buffer[at + 1] = number >>> 8;
        buffer[at + 2] = number >>> 16;
        buffer[at + 3] = number >>> 24;
      } else {
        buffer[at] = number >>> 24;
        buffer[at + 1] = number >>> 16;
        buffer[at + 2] = number >>> 8;
        buffer[at + 3] = number;
      }
    } else {
      const number = typeof value === "bigint" ? Number(value) : value;
      if (
        !(number >= 0 && number < 2 ** (8 * byteLength) &&
          Number.isInteger(number) && isWidth(byteLength))
      ) throw outOfRange(value, byteLength);
      if (to > this.#buffer.length) this.#grow(to);
      putUint(this.#buffer, at, number, byteLength, littleEndian);
    }
    this.#length = to;
  }

  /** What is written, as a view that is valid until the next write, `truncate` or `clear`. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Takes back everything after the first `length` bytes: the rollback of a frame that failed halfway. */
  truncate(length: number): void {
    if (!(length >= 0 && length <= this.#length)) {
      throw new RangeError(
        `Cannot truncate to ${length} bytes: ${this.#length} are written`,
      );
    }
    this.#length = length;
  }

  /** Forgets what is written. Keeps its memory for the next writes, unless that is more than 64 KiB. */
  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = EMPTY;
  }

  /**
   * Hands the bytes over, in memory of their own, and starts again with none: no copy unless much more was reserved
   * than written.
   */
  take(): Uint8Array<ArrayBuffer> {
    // What is handed out can be transferred, and the array of no bytes is shared.
    if (this.#buffer === EMPTY) return new Uint8Array(0);
    const view = this.view();
    const spare = this.#buffer.length - view.length;
    this.#buffer = EMPTY;
    this.#length = 0;
    return spare > Math.max(SPARE_BYTES, view.length >> 2)
      ? view.slice()
      : view;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(
      Math.max(needed, this.#buffer.length * 2, SMALLEST_BYTES),
    );
    if (this.#length > 0) {
      larger.set(this.#buffer.subarray(0, this.#length));
    }
    this.#buffer = larger;
  }
}

function outOfRange(value: number | bigint, byteLength: number): EncodeError {
  return new EncodeError(
    `Cannot encode an unsigned integer of ${byteLength} bytes: current value is ${
      shown(value)
    }`,
  );
}
