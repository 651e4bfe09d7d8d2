/**
 * The first part of a frame whose length is not known yet, in the pieces in which it came. Decides what is
 * held by reference and what is gathered: a large piece stays where it is; tiny ones are copied together,
 * so that byte-by-byte feeding makes no object per byte. The frame is put together once, at its end.
 *
 * Gathering memory is a run of segments that are only ever written onwards, so a frame that lies within
 * one of them is handed out as a view, like any other. Only for a codec whose frames nobody keeps are they
 * written again.
 *
 * @module
 */

import { copyBytes, EMPTY } from "./bytes.ts";
import { Slab } from "./slab.ts";

/** Pieces below this are copied. An array object and its place in a list cost about as much memory. */
const TINY_BYTES = 256;
const FIRST_SEGMENT_BYTES = 256;
const LARGEST_SEGMENT_BYTES = 65_536;
/** Between frames a larger segment is given back: an idle connection shall not hold it. */
const KEPT_SEGMENT_BYTES = 1024;

/**
 * What is kept of it: a frame of 1 MiB, the default limit, and what is around it. Fresh memory for each such frame
 * costs more than copying it.
 */
const SCRATCH_BYTES = 1_048_576 + 65_536;

/**
 * Memory for frames that nobody keeps, because they become text or are rewritten at once: used again for the
 * next one. One serves all decoders of a codec.
 */
export class Scratch {
  #bytes: Uint8Array<ArrayBuffer> = EMPTY;

  /** So many bytes, whose content is anything; valid until the next call. */
  get(byteLength: number): Uint8Array<ArrayBuffer> {
    if (byteLength > SCRATCH_BYTES) return new Uint8Array(byteLength);
    if (byteLength > this.#bytes.length) {
      const roomy = Math.min(LARGEST_SEGMENT_BYTES, 2 * byteLength);
      this.#bytes = new Uint8Array(Math.max(1024, byteLength, roomy));
    }
    return this.#bytes.subarray(0, byteLength);
  }
}

/** Bytes in pieces, in order. */
export class Pile {
  /** Bytes in it. */
  length = 0;
  #pieces: Uint8Array[] = [];
  /** Pieces before this index are memory of our own. */
  #ownPieces = 0;
  #segment: Uint8Array<ArrayBuffer> = EMPTY;
  #open = 0;
  #used = 0;
  readonly #scratch: Scratch | undefined;
  #slab: Slab | undefined;

  /** With `scratch`, what `take` gives is valid until this pile is used again, or another with the same one. */
  constructor(scratch?: Scratch) {
    this.#scratch = scratch;
  }

  /** Appends `[from, to)` of `bytes`: a reference where that is large, a copy where it is tiny. */
  add(bytes: Uint8Array, from: number, to: number): void {
    const count = to - from;
    if (count === 0) return;
    this.length += count;
    if (count >= TINY_BYTES) {
      this.#closePiece();
      this.#pieces.push(bytes.subarray(from, to));
    } else {
      this.#gather(bytes, from, count);
    }
  }

  /** The first `count` bytes and then `[from, to)` of `last`, as one array. The pile is empty afterwards. */
  take(
    count: number,
    last: Uint8Array = EMPTY,
    from = 0,
    to = 0,
  ): Uint8Array<ArrayBuffer> {
    const tail = to - from;
    const gathered = this.#used - this.#open;
    if (
      this.#pieces.length === 0 && tail < TINY_BYTES &&
      count <= gathered && count + tail <= this.#segment.length - this.#open
    ) {
      const start = this.#open;
      copyBytes(last, from, this.#segment, start + count, tail);
      const stop = start + count + tail;
      this.#passTo(stop);
      this.length = 0;
      return this.#segment.subarray(start, stop);
    }
    this.#closePiece();
    const whole = this.#scratch === undefined
      ? (this.#slab ??= new Slab()).take(count + tail)
      : this.#scratch.get(count + tail);
    let at = 0;
    for (const piece of this.#pieces) {
      const part = Math.min(piece.length, count - at);
      copyBytes(piece, 0, whole, at, part);
      at += part;
    }
    copyBytes(last, from, whole, count, tail);
    this.clear();
    return whole;
  }

  /** The first `count` bytes at most, as a copy; nothing is taken. */
  peek(count: number): Uint8Array {
    const parts = [
      ...this.#pieces,
      this.#segment.subarray(this.#open, this.#used),
    ];
    const start = new Uint8Array(Math.min(count, this.length));
    let at = 0;
    for (const part of parts) {
      if (at === start.length) break;
      const some = Math.min(part.length, start.length - at);
      copyBytes(part, 0, start, at, some);
      at += some;
    }
    return start;
  }

  /** Copies the pieces that are not ours yet. */
  detach(): void {
    for (let i = this.#ownPieces; i < this.#pieces.length; i++) {
      this.#pieces[i] = this.#pieces[i].slice();
    }
    this.#ownPieces = this.#pieces.length;
  }

  /** Forgets everything but the rest of the segment. */
  clear(): void {
    this.length = 0;
    if (this.#pieces.length > 0) this.#pieces = [];
    this.#ownPieces = 0;
    this.#passTo(this.#used);
    if (
      this.#used === this.#segment.length ||
      this.#segment.length > KEPT_SEGMENT_BYTES
    ) this.#newSegment(0);
  }

  /** Forgets everything. */
  free(): void {
    this.#segment = EMPTY;
    this.#open = 0;
    this.#used = 0;
    this.clear();
  }

  /** The segment's bytes up to there have been handed out. Where nobody keeps them, it is written from its start again. */
  #passTo(stop: number): void {
    this.#open = this.#scratch === undefined ? stop : 0;
    this.#used = this.#open;
  }

  #gather(bytes: Uint8Array, from: number, count: number): void {
    if (count > this.#segment.length - this.#used) {
      this.#closePiece();
      this.#newSegment(this.length);
    }
    copyBytes(bytes, from, this.#segment, this.#used, count);
    this.#used += count;
  }

  /** A segment as large as all that is waiting already, so that there are few and little is wasted. */
  #newSegment(waiting: number): void {
    this.#segment = waiting === 0 ? EMPTY : new Uint8Array(
      Math.min(Math.max(waiting, FIRST_SEGMENT_BYTES), LARGEST_SEGMENT_BYTES),
    );
    this.#open = 0;
    this.#used = 0;
  }

  #closePiece(): void {
    if (this.#used > this.#open) {
      // Pieces that were not ours stay in front of it, so this one may be copied once more by `detach`.
      this.#pieces.push(this.#segment.subarray(this.#open, this.#used));
      if (this.#ownPieces === this.#pieces.length - 1) this.#ownPieces++;
      this.#open = this.#used;
    }
  }
}
