/**
 * The one engine behind every codec whose header says how long the frame is. Decides when bytes become a
 * frame: what lies within one chunk is handed out as a view; what straddles is copied once, into memory of
 * its exact size. It does not know any header: a `HeaderFormat` parses it, and is the only part that differs.
 *
 * Frames handed out belong to the caller; the engine never writes to them again. The limit is checked as
 * soon as the header is whole, before memory is taken.
 *
 * @module
 */

import type { FrameDecoder, FrameScanner } from "./codec.ts";
import { concat, copyBytes, EMPTY, hexByte, WINDOW_BYTES } from "./bytes.ts";
import { Intake } from "./intake.ts";
import { DEFAULT_MAX_FRAME_BYTES } from "./limits.ts";
import { readUint } from "./uint.ts";

/** `parse` needs bytes beyond `end`. */
export const NEED_MORE = -1;
/** `parse` found bytes that no header can hold; `reading.fault` says which. */
export const FAULT = -2;

/** Where `parse` puts what it found besides the header's length. One per decoder, written over at each header. */
export class HeaderReading {
  /** Bytes of payload after the header. */
  bodyBytes = 0;
  /** In: how many bytes of this header an earlier `parse` has seen already, so that a search can go on there. */
  seenBytes = 0;
  /** What is wrong, for the message. */
  fault = "";
  /** How many bytes of the header it took to see that. */
  faultBytes = 0;
}

/** How a header says how long its frame is. Stateless, one per codec, shared by all of its decoders. */
export interface HeaderFormat {
  readonly codec: string;
  /** Header, payload and trailer together. */
  readonly maxFrameBytes: number;
  /** `parse` is not called with fewer. Also the header's length, where that is always the same. */
  readonly minHeaderBytes: number;
  /** The byte that must follow the payload, or -1 for none. */
  readonly trailer: number;
  readonly keepHeader: boolean;
  /** The header's length, `NEED_MORE` or `FAULT`. */
  parse(
    bytes: Uint8Array,
    start: number,
    end: number,
    reading: HeaderReading,
  ): number;
  /**
   * Present where the header is one binary field in a place of its own. The engine then reads it itself on its
   * fast path: a call through this interface costs much of a small frame's time once a program has
   * several formats.
   */
  readonly field?: BinaryField;
  /** A guess why this header declares too much or, cut off at the wrong byte, is none. */
  hint?(header: Uint8Array): string | undefined;
}

/** An unsigned binary length. */
export interface BinaryField {
  /** Bytes in front of it. */
  readonly offset: number;
  readonly bytes: number;
  readonly littleEndian: boolean;
  /** Added to its value to get the bytes that follow it. */
  readonly adjust: number;
}

/** A straddling header is gathered in steps of so many bytes, so that little of the payload is copied with it. */
const GATHER_BYTES = 32;
/** `space()` is given only where at least so much is missing: below it one read into a shared buffer is better. */
const SPACE_BYTES = 4096;
/** Frames up to the default limit may be put together in memory that is used again; larger ones would hold on to too much. */
const RECYCLED_BYTES = DEFAULT_MAX_FRAME_BYTES;

/** Decoder of every length-prefixed format. */
export class PrefixDecoder implements FrameDecoder<Uint8Array> {
  readonly #format: HeaderFormat;
  readonly #reading = new HeaderReading();
  readonly #in: Intake;
  readonly #headerMin: number;
  readonly #trailerBytes: number;
  readonly #keepHeader: boolean;
  /** Most bytes of header and payload together. */
  readonly #most: number;
  // The binary field, written out; a width of 0 = there is none.
  readonly #width: number;
  readonly #fieldAt: number;
  readonly #littleEndian: boolean;
  readonly #adjust: number;

  // The frame that straddles chunks. Its header is kept for `takeRest` and for errors also when the
  // frame is handed out without it.
  #straddles = false;
  #offset = 0;
  #header: Uint8Array = EMPTY;
  #headerBytes = 0;
  #frame: Uint8Array | undefined;
  #have = 0;
  /** The memory of the frame before, where it may be used again. */
  #recycled: Uint8Array | undefined;

  constructor(format: HeaderFormat) {
    this.#format = format;
    this.#in = new Intake(format.codec);
    this.#headerMin = format.minHeaderBytes;
    this.#trailerBytes = format.trailer < 0 ? 0 : 1;
    this.#keepHeader = format.keepHeader;
    this.#most = format.maxFrameBytes - this.#trailerBytes;
    this.#width = format.field?.bytes ?? 0;
    this.#fieldAt = format.field?.offset ?? 0;
    this.#littleEndian = format.field?.littleEndian ?? false;
    this.#adjust = format.field?.adjust ?? 0;
  }

  feed(chunk: Uint8Array): void {
    this.#in.feed(chunk);
  }

  next(): Uint8Array | undefined {
    const input = this.#in;
    const start = input.at;
    if (!this.#straddles && input.end - start >= this.#headerMin) {
      const bytes = input.bytes;
      const header = this.#width === 0
        ? this.#format.parse(bytes, start, input.end, this.#reading)
        : this.#headerMin;
      const body = this.#width === 0 ? this.#reading.bodyBytes : readUint(
        bytes,
        start + this.#fieldAt,
        this.#width,
        this.#littleEndian,
      ) + this.#adjust;
      const stop = start + header + body;
      const after = stop + this.#trailerBytes;
      if (
        header >= 0 && body >= 0 && header + body <= this.#most &&
        after <= input.end &&
        (after === stop || bytes[stop] === this.#format.trailer)
      ) {
        input.at = after;
        return input.view(this.#keepHeader ? start : start + header, stop);
      }
    }
    return this.#straddlingOrFault();
  }

  /** The loop of the scanner face: the same frames as `next`, without a view for each. */
  scan(visit: (bytes: Uint8Array, start: number, end: number) => void): void {
    const input = this.#in;
    for (;;) {
      const bytes = input.bytes;
      const end = input.end;
      let start = input.at;
      while (!this.#straddles && end - start >= this.#headerMin) {
        const header = this.#width === 0
          ? this.#format.parse(bytes, start, end, this.#reading)
          : this.#headerMin;
        const body = this.#width === 0 ? this.#reading.bodyBytes : readUint(
          bytes,
          start + this.#fieldAt,
          this.#width,
          this.#littleEndian,
        ) + this.#adjust;
        const stop = start + header + body;
        const after = stop + this.#trailerBytes;
        if (
          header < 0 || body < 0 || header + body > this.#most ||
          after > end ||
          (after !== stop && bytes[stop] !== this.#format.trailer)
        ) break;
        // Written before the visit, so that a visitor that throws leaves the next frame next.
        input.at = after;
        visit(bytes, this.#keepHeader ? start : start + header, stop);
        start = after;
      }
      const frame = this.#straddlingOrFault();
      if (frame === undefined) return;
      visit(frame, 0, frame.length);
    }
  }

  end(): void {
    this.#in.ended = true;
  }

  takeRest(): Uint8Array {
    const before = this.#straddles
      ? [
        this.#header.slice(0, this.#headerBytes),
        this.#frame === undefined
          ? EMPTY
          : this.#frame.subarray(this.#keptHeaderBytes, this.#have),
      ]
      : [];
    this.#drop();
    return this.#in.takeRest(before);
  }

  get bufferedBytes(): number {
    return this.#straddlingBytes + this.#in.length;
  }

  /** Straddling frames lie in memory of their own already. */
  detach(): void {
    this.#in.detach();
  }

  space(): Uint8Array | undefined {
    const frame = this.#frame;
    if (frame === undefined || !this.#in.empty || this.#in.ended) {
      return undefined;
    }
    return frame.length - this.#have >= SPACE_BYTES
      ? frame.subarray(this.#have)
      : undefined;
  }

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

  recycle(): void {
    this.#recycled = EMPTY;
  }

  get #keptHeaderBytes(): number {
    return this.#keepHeader ? this.#headerBytes : 0;
  }

  get #straddlingBytes(): number {
    return this.#headerBytes +
      (this.#frame === undefined ? 0 : this.#have - this.#keptHeaderBytes);
  }

  /** Everything that the fast path does not do: straddling frames, waiting chunks, errors, the end. */
  #straddlingOrFault(): Uint8Array | undefined {
    const input = this.#in;
    if (input.error !== undefined) throw input.error;
    for (;;) {
      const frame = this.#frame !== undefined
        ? this.#fill(this.#frame)
        : input.at < input.end
        ? (this.#straddles ? this.#gatherHeader() : this.#startHeader())
        : undefined;
      if (frame !== undefined) return frame;
      if (input.at < input.end) continue;
      if (!input.advance()) {
        if (input.ended && this.#straddles) {
          const [count, offset] = [this.#straddlingBytes, this.#offset];
          const seen = this.#seen();
          this.#drop();
          input.truncated(count, offset, seen);
        }
        return undefined;
      }
    }
  }

  /** At the start of a frame, header not seen yet. */
  #startHeader(): Uint8Array | undefined {
    const input = this.#in;
    const { bytes, at, end } = input;
    this.#offset = input.base + at;
    const reading = this.#reading;
    reading.seenBytes = 0;
    const header = end - at < this.#headerMin
      ? NEED_MORE
      : this.#format.parse(bytes, at, end, reading);
    if (header === FAULT) {
      const seen = bytes.slice(at, at + reading.faultBytes);
      const hint = this.#format.hint?.(seen);
      input.malformed(reading.fault, this.#offset, seen, hint);
    }
    // What is at hand is the header's first part, and no more than that.
    const known = header === NEED_MORE ? end - at : header;
    if (header !== NEED_MORE) this.#checkLimit(bytes, at, header);
    this.#keep(bytes, at, 0, known);
    this.#straddles = true;
    input.at = at + known;
    return header === NEED_MORE ? undefined : this.#begin(at);
  }

  /** Goes on with a header of which an earlier chunk held the first part. */
  #gatherHeader(): Uint8Array | undefined {
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
      if (header === FAULT) {
        const seen = this.#header.slice(0, reading.faultBytes);
        this.#drop();
        const hint = this.#format.hint?.(seen);
        input.malformed(reading.fault, this.#offset, seen, hint);
      }
    }
    if (header === NEED_MORE) {
      input.at += count;
      return undefined;
    }
    this.#checkLimit(this.#header, 0, header);
    this.#headerBytes = header;
    input.at += header - before;
    return this.#begin(-1);
  }

  /**
   * The header is whole and within the limit: takes memory for the frame, unless it lies in this chunk.
   * `headerAt` = where the header lies in the chunk, or -1 when it began in an earlier one.
   */
  #begin(headerAt: number): Uint8Array | undefined {
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
    this.#have = kept;
    return this.#fill(frame);
  }

  /** Copies into the frame what the current chunk holds of it. */
  #fill(frame: Uint8Array): Uint8Array | undefined {
    const input = this.#in;
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

  #checkLimit(bytes: Uint8Array, at: number, header: number): void {
    const length = header + this.#reading.bodyBytes;
    if (length <= this.#most) return;
    const seen = bytes.slice(at, at + header);
    this.#drop();
    this.#in.tooLarge(
      length + this.#trailerBytes,
      this.#format.maxFrameBytes,
      this.#offset,
      seen,
      this.#format.hint?.(seen),
    );
  }

  /** A limit of `Infinity` lets a peer ask for more than the engine can give: still an error of the stream. */
  #allocate(byteLength: number): Uint8Array {
    const recycled = this.#recycled;
    if (recycled !== undefined && recycled.length >= byteLength) {
      return recycled.subarray(0, byteLength);
    }
    try {
      const fresh = new Uint8Array(byteLength);
      if (recycled !== undefined && byteLength <= RECYCLED_BYTES) {
        this.#recycled = fresh;
      }
      return fresh;
    } catch {
      const seen = this.#header.slice(0, this.#headerBytes);
      const declared = this.#headerBytes + this.#reading.bodyBytes +
        this.#trailerBytes;
      this.#drop();
      this.#in.tooLarge(
        declared,
        this.#format.maxFrameBytes,
        this.#offset,
        seen,
        "more memory than there is",
      );
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
    this.#straddles = false;
    this.#headerBytes = 0;
    this.#frame = undefined;
    this.#have = 0;
  }
}

/** Scanner face of the same engine. */
export class PrefixScanner implements FrameScanner {
  readonly #decoder: PrefixDecoder;

  constructor(format: HeaderFormat) {
    this.#decoder = new PrefixDecoder(format);
  }

  scan(
    chunk: Uint8Array,
    visit: (bytes: Uint8Array, start: number, end: number) => void,
  ): void {
    this.#decoder.feed(chunk);
    this.#decoder.scan(visit);
  }

  /** No frame of these formats can end where the stream does without having been visited. */
  end(): void {
    this.#decoder.end();
    // All whole frames were visited by `scan`, so this finds nothing or throws.
    this.#decoder.next();
  }
}
