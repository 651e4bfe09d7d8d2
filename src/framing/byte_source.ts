/**
 * What the `decode` of a user's codec reads from: the bytes at hand as one run, however they were cut. Keeps
 * large chunks by reference and gathers tiny ones, remembers how far each search came, and copies only what
 * straddles. Bytes handed out are never written again.
 *
 * ```text
 *   ┌ pieces ─────────────────────────────────────┐
 *   │ handed out │ taken for this frame │ at hand │
 *                ▲ start                ▲ position
 * ```
 *
 * What is taken stays until the frame is whole (`commit`): an error shows it, `takeRest` gives it back.
 *
 * @module
 */

import { kindOf } from "../shown.ts";
import { copyBytes, EMPTY, plainBytes, WINDOW_BYTES } from "./bytes.ts";
import type { ByteSource } from "./codec.ts";
import { isBytes } from "./limits.ts";
import { Needle } from "./needle.ts";
import { Slab } from "./slab.ts";
import { isWidth, readUint } from "./uint.ts";

/** Chunks below this are copied together, so that byte-by-byte feeding makes no object per byte. */
const TINY_BYTES = 256;
const FIRST_SEGMENT_BYTES = 256;
const LARGEST_SEGMENT_BYTES = 65_536;
/** Between frames a larger segment is given back: an idle connection shall not hold it. */
const KEPT_SEGMENT_BYTES = 1_024;
/** Searches remembered. A codec looks for one or two markers; with more than this, the oldest starts over. */
const MOST_SEARCHES = 8;

interface Search {
  readonly needle: Needle;
  /** Position in the stream up to which it has come. */
  upTo: number;
  /** How much of the needle the bytes before `upTo` end with. */
  matched: number;
  /** Position in the stream at which the needle was found, or -1. */
  found: number;
  /** Number of the piece that holds `upTo`, or ends there, counted from the first of the stream; and where it begins. */
  piece: number;
  pieceBase: number;
}

/** Called when the frame has, or would have, more bytes than it may; throws. */
export type OverLimit = (declaredBytes: number | undefined) => never;

/** The source, and what the engine around it needs. */
export class BufferedSource implements ByteSource {
  /** Bytes at hand. */
  length = 0;
  /** Position in the stream at which the unfinished frame begins. */
  start = 0;
  /** Position in the stream of the next byte at hand. */
  #position = 0;
  /** How far into the stream anyone has looked. */
  #looked = 0;
  readonly #most: number;
  readonly #overLimit: OverLimit;

  #pieces: Uint8Array<ArrayBuffer>[] = [];
  /** Pieces that are no longer in the list. */
  #gone = 0;
  /** Pieces before this index are memory of our own. */
  #ownPieces = 0;
  /** Index of the piece that holds `start`, and where in the stream that piece begins. */
  #first = 0;
  #firstBase = 0;
  /** The same for the next byte at hand. */
  #current = 0;
  #currentBase = 0;

  readonly #slab = new Slab();
  /** Where an integer that straddles is put together. */
  #word: Uint8Array | undefined;
  #segment: Uint8Array<ArrayBuffer> = EMPTY;
  #segmentStart = 0;
  #segmentEnd = 0;
  /** Whether the last piece is the open part of the segment. */
  #lastIsSegment = false;
  #searches: Search[] = [];

  constructor(mostBytes: number, overLimit: OverLimit) {
    this.#most = mostBytes;
    this.#overLimit = overLimit;
  }

  append(fed: Uint8Array): void {
    if (fed.length === 0) return;
    const chunk = plainBytes(fed);
    if (this.#pieces.length > 0 && chunk.length < TINY_BYTES) {
      this.#gather(chunk);
    } else {
      this.#pieces.push(chunk);
      this.#lastIsSegment = false;
    }
    this.length += chunk.length;
    // Only where all was taken, and not committed, does the cursor stand behind its piece.
    this.#settle();
  }

  /** Bytes taken for the unfinished frame. */
  get taken(): number {
    return this.#position - this.start;
  }

  has(byteLength: number): boolean {
    // First, because a length of eight bytes may be above every safe integer.
    const frame = this.taken + byteLength;
    if (frame > this.#most) this.#overLimit(frame);
    checkCount(byteLength);
    return byteLength <= this.length;
  }

  uint(
    at: number,
    byteLength: 1 | 2 | 3 | 4 | 8,
    littleEndian = false,
  ): number {
    if (!isWidth(byteLength)) {
      throw new RangeError(
        `Cannot read an integer of ${byteLength} bytes: must be 1, 2, 3, 4 or 8`,
      );
    }
    if (!(at >= 0 && at + byteLength <= this.length && Number.isInteger(at))) {
      throw new RangeError(
        `Cannot read ${byteLength} bytes at ${at}: ${this.length} are at hand`,
      );
    }
    this.#look(at + byteLength);
    let index = this.#current;
    let from = this.#position - this.#currentBase + at;
    let piece = this.#pieces[index];
    while (from >= piece.length) {
      from -= piece.length;
      piece = this.#pieces[++index];
    }
    return from + byteLength <= piece.length
      ? readUint(piece, from, byteLength, littleEndian)
      : readUint(
        this.#fill(this.#wordOf(byteLength), index, from),
        0,
        byteLength,
        littleEndian,
      );
  }

  indexOf(needle: Uint8Array): number {
    if (!isBytes(needle)) {
      throw new TypeError(
        `Cannot search for ${kindOf(needle)}: a marker must be a Uint8Array`,
      );
    }
    if (needle.length === 0) {
      throw new RangeError("Cannot search for an empty needle");
    }
    const search = this.#searchOf(needle);
    if (search.found < this.#position) this.#search(search);
    if (search.found < 0) return -1;
    const index = search.found - this.#position;
    this.#look(index + needle.length);
    return index;
  }

  take(byteLength: number): Uint8Array<ArrayBuffer> {
    this.#checkTake(byteLength);
    if (byteLength === 0) return new Uint8Array(0);
    const piece = this.#pieces[this.#current];
    const from = this.#position - this.#currentBase;
    const bytes = from + byteLength <= piece.length
      ? piece.subarray(from, from + byteLength)
      : this.#fill(this.#slab.take(byteLength), this.#current, from);
    this.#pass(byteLength);
    return bytes;
  }

  skip(byteLength: number): void {
    this.#checkTake(byteLength);
    this.#pass(byteLength);
  }

  /** The frame is whole: forgets what was taken for it. */
  commit(): void {
    this.start = this.#position;
    if (this.length === 0) {
      this.#forgetPieces();
      if (this.#segment.length > KEPT_SEGMENT_BYTES) this.#dropSegment();
      return;
    }
    for (let i = this.#first; i < this.#current; i++) this.#pieces[i] = EMPTY;
    this.#first = this.#current;
    this.#firstBase = this.#currentBase;
    // Moving the list is paid for by as many pieces as were used up.
    if (this.#first > 32 && this.#first * 2 > this.#pieces.length) {
      this.#pieces.splice(0, this.#first);
      this.#gone += this.#first;
      this.#ownPieces = Math.max(0, this.#ownPieces - this.#first);
      this.#current = 0;
      this.#first = 0;
    }
  }

  /** The frame's first bytes, at most 16, as far as anyone has looked; or all of them with `wholly`. */
  window(wholly: boolean): Uint8Array {
    const known = wholly
      ? this.taken + this.length
      : Math.max(0, this.#looked - this.start);
    return this.#copy(
      this.#first,
      this.start - this.#firstBase,
      Math.min(known, WINDOW_BYTES),
    );
  }

  /** Hands over all that belongs to no frame yet, and is empty afterwards. */
  takeRest(): Uint8Array {
    const count = this.taken + this.length;
    const rest = this.#copy(
      this.#first,
      this.start - this.#firstBase,
      count,
    );
    this.clear();
    return rest;
  }

  /** Copies what is not memory of our own, so that the owner of the chunks may rewrite them. */
  detach(): void {
    const from = Math.max(this.#first, this.#ownPieces);
    for (let i = from; i < this.#pieces.length; i++) {
      const piece = this.#pieces[i];
      if (piece.buffer !== this.#segment.buffer) {
        this.#pieces[i] = piece.slice();
      }
    }
    // A frame may be awaited through thousands of these calls, and each byte of it is to be copied once.
    this.#ownPieces = this.#pieces.length;
  }

  /** Forgets everything at hand; the position goes on behind it. */
  clear(): void {
    this.#position += this.length;
    this.start = this.#position;
    this.length = 0;
    this.#forgetPieces();
    this.#dropSegment();
    this.#searches = [];
  }

  #look(upTo: number): void {
    const position = this.#position + upTo;
    if (position > this.#looked) this.#looked = position;
    if (position - this.start > this.#most) this.#overLimit(undefined);
  }

  #checkTake(byteLength: number): void {
    checkCount(byteLength);
    if (byteLength > this.length) {
      throw new RangeError(
        `Cannot take ${byteLength} bytes: ${this.length} are at hand`,
      );
    }
    this.#look(byteLength);
  }

  #pass(byteLength: number): void {
    this.#position += byteLength;
    this.length -= byteLength;
    if (this.length > 0) this.#settle();
  }

  /** Moves on to the piece that holds the next byte at hand. */
  #settle(): void {
    let piece = this.#pieces[this.#current];
    while (this.#position >= this.#currentBase + piece.length) {
      this.#currentBase += piece.length;
      piece = this.#pieces[++this.#current];
    }
  }

  #search(search: Search): void {
    search.found = -1;
    // What the search remembers may begin before what is left.
    if (search.upTo - search.matched < this.#position) {
      search.upTo = this.#position;
      search.matched = 0;
      search.pieceBase = 0;
    }
    let index = this.#current;
    let base = this.#currentBase;
    // Not from the first piece at hand: there may be thousands that were searched already.
    if (search.pieceBase > base) {
      index = search.piece - this.#gone;
      base = search.pieceBase;
    }
    for (; index < this.#pieces.length; index++) {
      const piece = this.#pieces[index];
      if (base + piece.length > search.upTo) {
        search.piece = this.#gone + index;
        search.pieceBase = base;
        const end = search.needle.find(
          piece,
          search.upTo - base,
          piece.length,
          search.matched,
        );
        if (end >= 0) {
          search.upTo = base + end;
          search.found = search.upTo - search.needle.length;
          // The next one may begin within this one.
          search.matched = search.needle.border;
          return;
        }
        search.upTo = base + piece.length;
        search.matched = search.needle.matched;
      }
      base += piece.length;
    }
  }

  #wordOf(byteLength: number): Uint8Array {
    return (this.#word ??= new Uint8Array(8)).subarray(0, byteLength);
  }

  #copy(index: number, from: number, byteLength: number): Uint8Array {
    return this.#fill(new Uint8Array(byteLength), index, from);
  }

  /** Fills `target` with bytes that may lie in several pieces, from the one with that index on. */
  #fill<T extends Uint8Array>(target: T, index: number, from: number): T {
    const byteLength = target.length;
    let start = from;
    for (let to = 0; to < byteLength; index++) {
      const piece = this.#pieces[index];
      const count = Math.min(piece.length - start, byteLength - to);
      if (count > 0) {
        copyBytes(piece, start, target, to, count);
        to += count;
      }
      start = Math.max(0, start - piece.length);
    }
    return target;
  }

  #gather(chunk: Uint8Array): void {
    if (chunk.length > this.#segment.length - this.#segmentEnd) {
      const waiting = this.taken + this.length;
      this.#segment = new Uint8Array(
        Math.min(Math.max(waiting, FIRST_SEGMENT_BYTES), LARGEST_SEGMENT_BYTES),
      );
      this.#segmentEnd = 0;
      this.#lastIsSegment = false;
    }
    if (!this.#lastIsSegment) {
      this.#segmentStart = this.#segmentEnd;
      this.#pieces.push(EMPTY);
      this.#lastIsSegment = true;
    }
    copyBytes(chunk, 0, this.#segment, this.#segmentEnd, chunk.length);
    this.#segmentEnd += chunk.length;
    this.#pieces[this.#pieces.length - 1] = this.#segment.subarray(
      this.#segmentStart,
      this.#segmentEnd,
    );
  }

  #forgetPieces(): void {
    this.#gone += this.#pieces.length;
    this.#ownPieces = 0;
    if (this.#pieces.length > 0) this.#pieces = [];
    this.#first = 0;
    this.#current = 0;
    this.#firstBase = this.#position;
    this.#currentBase = this.#position;
    this.#lastIsSegment = false;
  }

  #dropSegment(): void {
    this.#segment = EMPTY;
    this.#segmentEnd = 0;
  }

  #searchOf(needle: Uint8Array): Search {
    for (const search of this.#searches) {
      if (sameBytes(search.needle.bytes, needle)) return search;
    }
    if (this.#searches.length === MOST_SEARCHES) this.#searches.shift();
    const search: Search = {
      needle: new Needle(new Uint8Array(needle)),
      upTo: this.#position,
      matched: 0,
      found: -1,
      piece: 0,
      pieceBase: 0,
    };
    this.#searches.push(search);
    return search;
  }
}

function checkCount(byteLength: number): void {
  if (!(Number.isSafeInteger(byteLength) && byteLength >= 0)) {
    throw new RangeError(
      `Cannot take ${byteLength} bytes: must be an integer of at least 0`,
    );
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
