/**
 * The one frame that straddles chunks, and all that goes wrong: what `PrefixDecoder` leaves to somebody else.
 * Gathers a header that came in pieces, then takes memory for the frame, of its exact size, and copies each of
 * its bytes there once. Decides what is an error and what it says.
 *
 * The limit is checked as soon as the header is whole, before memory is taken.
 *
 * @module
 */

import { concat, copyBytes, EMPTY, hexByte, WINDOW_BYTES } from "./bytes.ts";
import {
  FAULT,
  type HeaderFormat,
  HeaderReading,
  NEED_MORE,
} from "./header_format.ts";
import type { Intake } from "./intake.ts";
import { DEFAULT_MAX_FRAME_BYTES } from "./limits.ts";
import { Slab } from "./slab.ts";

/** A straddling header is gathered in steps of so many bytes, so that little of the payload is copied with it. */
const GATHER_BYTES = 32;
/** `space()` is given only where at least so much is missing: below it one read into a shared buffer is better. */
const SPACE_BYTES = 4096;
/** Between frames memory for a longer header is given back: an idle connection shall not hold it. */
const KEPT_HEADER_BYTES = 256;
/** Frames up to the default limit may be put together in memory that is used again; larger ones would hold on to too much. */
const RECYCLED_BYTES = DEFAULT_MAX_FRAME_BYTES;

/** A frame of which a part has come; between such frames, nothing. */
export class StraddlingFrame {
  /** Whether a part of a frame has come that is no longer in the intake. */
  active = false;
  readonly #format: HeaderFormat;
  readonly #reading = new HeaderReading();
  readonly #in: Intake;
  readonly #headerMin: number;
  readonly #trailerBytes: number;
  readonly #keepHeader: boolean;
  readonly #limit: number;
  /** Most bytes of header and payload together. */
  readonly #most: number;

  #offset = 0;
  /** Kept for `takeRest` and for errors also when the frame is handed out without it. */
  #header: Uint8Array = EMPTY;
  #headerBytes = 0;
  #frame: Uint8Array<ArrayBuffer> | undefined;
  #have = 0;
  /** The frame's length, also where its memory has gone. */
  #size = 0;
  /** The memory of the frame before, where it may be used again. */
  #recycled: Uint8Array<ArrayBuffer> | undefined;
  readonly #slab = new Slab();

  /** Takes its bytes from `input`. */
  constructor(format: HeaderFormat, input: Intake) {
    this.#format = format;
    this.#in = input;
    this.#headerMin = format.minHeaderBytes;
    this.#trailerBytes = format.trailer < 0 ? 0 : 1;
    this.#keepHeader = format.keepHeader;
    this.#limit = format.maxFrameBytes;
    this.#most = this.#limit - this.#trailerBytes;
  }

  /** Bytes of it that have come and are no longer in the intake. */
  get byteLength(): number {
    return this.#headerBytes +
      (this.#frame === undefined ? 0 : this.#have - this.#keptHeaderBytes);
  }

  /** Those bytes; there is no straddling frame afterwards. */
  takeParts(): Uint8Array[] {
    const parts = this.active
      ? [
        this.#header.slice(0, this.#headerBytes),
        this.#frame === undefined
          ? EMPTY
          : this.#frame.subarray(this.#keptHeaderBytes, this.#have),
      ]
      : [];
    this.#drop();
    // They may lie in memory that was to be used again, and are not ours any more.
    if (this.#recycled !== undefined) this.#recycled = EMPTY;
    return parts;
  }

  /** Where its next bytes can be written directly, if it lacks many. */
  space(): Uint8Array | undefined {
    const frame = this.#frame;
    if (frame === undefined || !this.#in.empty || this.#in.ended) {
      return undefined;
    }
    return frame.length - this.#have >= SPACE_BYTES
      ? frame.subarray(this.#have)
      : undefined;
  }

  /** So many bytes were written there. */
  filled(byteLength: number): void {
    const rest = this.#frame === undefined
      ? 0
      : this.#frame.length - this.#have;
    if (
      !(Number.isInteger(byteLength) && byteLength >= 0 && byteLength <= rest)
    ) {
      throw new RangeError(
        `Cannot take ${byteLength} bytes as filled: the frame lacks ${rest}`,
      );
    }
    this.#have += byteLength;
    this.#in.base += byteLength;
  }

  /** From now on a frame may be put together in the memory of the one before; what was kept for that is freed. */
  recycle(): void {
    this.#recycled = EMPTY;
  }

  /** The next frame, the stream's error, or `undefined` when all bytes are used up. */
  next(): Uint8Array<ArrayBuffer> | undefined {
    const input = this.#in;
    if (input.error !== undefined) throw input.error;
    for (;;) {
      const frame = this.#frame !== undefined
        ? this.#fill(this.#frame)
        : input.at < input.end
        ? (this.active ? this.#gatherHeader() : this.#startHeader())
        : undefined;
      if (frame !== undefined) return frame;
      if (input.at < input.end) continue;
      if (!input.advance()) {
        if (input.ended && this.active) {
          const [count, offset] = [this.byteLength, this.#offset];
          const seen = this.#seen();
          this.#drop();
          input.truncated(count, offset, seen);
        }
        return undefined;
      }
    }
  }

  /** At the start of a frame, header not seen yet. */
  #startHeader(): Uint8Array<ArrayBuffer> | undefined {
    const input = this.#in;
    const { bytes, at, end } = input;
    this.#offset = input.base + at;
    const reading = this.#reading;
    reading.seenBytes = 0;
    const header = end - at < this.#headerMin
      ? NEED_MORE
      : this.#format.parse(bytes, at, end, reading);
    if (header === FAULT) this.#malformed(bytes, at);
    // What is at hand is the header's first part, and no more than that.
    const known = header === NEED_MORE ? end - at : header;
    if (this.#isOver(header, known)) this.#overLimit(bytes, at, header);
    this.#keep(bytes, at, 0, known);
    this.active = true;
    input.at = at + known;
    return header === NEED_MORE ? undefined : this.#begin(at);
  }

  /** Goes on with a header of which an earlier chunk held the first part. */
  #gatherHeader(): Uint8Array<ArrayBuffer> | undefined {
    const input = this.#in;
    const before = this.#headerBytes;
    const missing = this.#headerMin - before;
    const count = Math.min(
      missing > 0 ? missing : GATHER_BYTES,
      input.end - input.at,
    );
    this.#keep(input.bytes, input.at, before, count);
    const gathered = before + count;
    let header = NEED_MORE;
    if (gathered >= this.#headerMin) {
      const reading = this.#reading;
      reading.seenBytes = before;
      header = this.#format.parse(this.#header, 0, gathered, reading);
      reading.seenBytes = 0;
      if (header === FAULT) this.#malformed(this.#header, 0);
    }
    if (this.#isOver(header, gathered)) {
      this.#overLimit(this.#header, 0, header);
    }
    if (header === NEED_MORE) {
      input.at += count;
      return undefined;
    }
    this.#headerBytes = header;
    input.at += header - before;
    return this.#begin(-1);
  }

  /**
   * The header is whole and within the limit: takes memory for the frame, unless it lies in this chunk.
   * `headerAt` = where the header lies in the chunk, or -1 when it began in an earlier one.
   */
  #begin(headerAt: number): Uint8Array<ArrayBuffer> | undefined {
    const input = this.#in;
    const body = this.#reading.bodyBytes;
    const kept = this.#keptHeaderBytes;
    if (
      kept === 0 && headerAt < 0 &&
      input.end - input.at >= body + this.#trailerBytes
    ) {
      this.#checkTrailer(input.at + body, () => input.bytes.subarray(input.at));
      const view = input.bytes.subarray(input.at, input.at + body);
      input.at += body + this.#trailerBytes;
      this.#drop();
      return view;
    }
    const frame = this.#allocate(kept + body);
    copyBytes(this.#header, 0, frame, 0, kept);
    this.#frame = frame;
    this.#size = kept + body;
    this.#have = kept;
    return this.#fill(frame);
  }

  /** Copies into the frame what the current chunk holds of it. */
  #fill(frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
    const input = this.#in;
    if (frame.length !== this.#size) {
      throw new TypeError(
        `Cannot put a ${input.codec} frame together: the memory that it shares with an earlier one was transferred; transfer a copy (slice()) instead`,
      );
    }
    const count = Math.min(frame.length - this.#have, input.end - input.at);
    copyBytes(input.bytes, input.at, frame, this.#have, count);
    input.at += count;
    this.#have += count;
    if (this.#have < frame.length) return undefined;
    if (this.#trailerBytes > 0) {
      if (input.at === input.end) return undefined;
      this.#checkTrailer(input.at, () => frame);
      input.at++;
    }
    this.#drop();
    return frame;
  }

  get #keptHeaderBytes(): number {
    return this.#keepHeader ? this.#headerBytes : 0;
  }

  #checkTrailer(at: number, body: () => Uint8Array): void {
    if (this.#trailerBytes === 0) return;
    const input = this.#in;
    const found = input.bytes[at];
    if (found === this.#format.trailer) return;
    const seen = concat([
      this.#header.slice(0, this.#headerBytes),
      body().subarray(0, Math.min(this.#reading.bodyBytes, WINDOW_BYTES)),
      Uint8Array.of(found),
    ]);
    this.#drop();
    input.malformed(
      `the byte after the payload is ${hexByte(found)}, not ${
        hexByte(this.#format.trailer)
      }`,
      this.#offset,
      seen,
    );
  }

  /** The header at `at` is no header. */
  #malformed(bytes: Uint8Array, at: number): never {
    const { fault, faultBytes } = this.#reading;
    if (faultBytes > this.#limit + 1) this.#overLimit(bytes, at, NEED_MORE);
    const seen = bytes.slice(at, at + faultBytes);
    this.#drop();
    const hint = this.#format.hint?.(seen);
    this.#in.malformed(fault, this.#offset, seen, hint);
  }

  /** Whether a header says too much; or, where it is not whole, has `known` bytes at hand that are too many. */
  #isOver(header: number, known: number): boolean {
    return header === NEED_MORE
      ? known > this.#limit
      : header + this.#reading.bodyBytes > this.#most;
  }

  #overLimit(bytes: Uint8Array, at: number, header: number): never {
    const least = this.#limit + 1;
    // One that goes on behind the limit is too large whatever it says there.
    if (header === NEED_MORE || header > least) {
      this.#tooLarge(bytes, at, least, least);
    }
    const length = header + this.#reading.bodyBytes + this.#trailerBytes;
    this.#tooLarge(bytes, at, header, length);
  }

  #tooLarge(
    bytes: Uint8Array,
    at: number,
    known: number,
    declared: number,
    hint?: string,
  ): never {
    const seen = bytes.slice(at, at + known);
    this.#drop();
    this.#in.tooLarge(
      declared,
      this.#limit,
      this.#offset,
      seen,
      hint ?? this.#format.hint?.(seen),
    );
  }

  /** A limit of `Infinity` lets a peer ask for more than the engine can give: still an error of the stream. */
  #allocate(byteLength: number): Uint8Array<ArrayBuffer> {
    // No bytes need no memory, and the array of none that is shared here is not for handing out.
    const recycled = byteLength > 0 ? this.#recycled : undefined;
    if (recycled !== undefined && recycled.length >= byteLength) {
      return recycled.subarray(0, byteLength);
    }
    try {
      if (recycled === undefined) return this.#slab.take(byteLength);
      const fresh = new Uint8Array(byteLength);
      if (byteLength <= RECYCLED_BYTES) this.#recycled = fresh;
      return fresh;
    } catch {
      const known = this.#headerBytes;
      const declared = known + this.#reading.bodyBytes + this.#trailerBytes;
      const hint = "more memory than there is";
      this.#tooLarge(this.#header, 0, known, declared, hint);
    }
  }

  /** Copies header bytes to where they are gathered. */
  #keep(bytes: Uint8Array, from: number, to: number, count: number): void {
    if (to + count > this.#header.length) {
      const larger = new Uint8Array(Math.max(16, 2 * (to + count)));
      larger.set(this.#header.subarray(0, to));
      this.#header = larger;
    }
    copyBytes(bytes, from, this.#header, to, count);
    this.#headerBytes = to + count;
  }

  /** The first bytes of the straddling frame, for an error. */
  #seen(): Uint8Array {
    return concat([
      this.#header.slice(0, this.#headerBytes),
      this.#frame === undefined ? EMPTY : this.#frame.slice(
        this.#keptHeaderBytes,
        Math.min(this.#have, this.#keptHeaderBytes + WINDOW_BYTES),
      ),
    ]);
  }

  #drop(): void {
    this.active = false;
    this.#headerBytes = 0;
    if (this.#header.length > KEPT_HEADER_BYTES) this.#header = EMPTY;
    this.#frame = undefined;
    this.#have = 0;
  }
}
