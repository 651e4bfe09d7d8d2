/**
 * The one engine behind every codec whose header says how long the frame is. Decides which frames are handed
 * out as views: those that lie within one chunk. What straddles is `StraddlingFrame`'s. It does not know any
 * header: a `HeaderFormat` reads it, and is the only part that differs.
 *
 * Frames handed out belong to the caller; the engine never writes to them again.
 *
 * @module
 */

import type { FrameDecoder, FrameScanner } from "./codec.ts";
import { type HeaderFormat, HeaderReading } from "./header_format.ts";
import { Intake } from "./intake.ts";
import { StraddlingFrame } from "./straddling_frame.ts";
import { readUint } from "./uint.ts";

/** Decoder of every length-prefixed format. */
export class PrefixDecoder implements FrameDecoder<Uint8Array> {
  readonly #format: HeaderFormat;
  readonly #reading = new HeaderReading();
  readonly #in: Intake;
  readonly #straddling: StraddlingFrame;
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

  constructor(format: HeaderFormat) {
    this.#format = format;
    this.#in = new Intake(format.codec);
    this.#straddling = new StraddlingFrame(format, this.#in);
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
    if (!this.#straddling.active && input.end - start >= this.#headerMin) {
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
        return bytes.subarray(this.#keepHeader ? start : start + header, stop);
      }
    }
    return this.#straddling.next();
  }

  /** The loop of the scanner face: the same frames as `next`, without a view for each. */
  scan(visit: (bytes: Uint8Array, start: number, end: number) => void): void {
    const input = this.#in;
    for (;;) {
      const bytes = input.bytes;
      const end = input.end;
      let start = input.at;
      while (!this.#straddling.active && end - start >= this.#headerMin) {
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
      const frame = this.#straddling.next();
      if (frame === undefined) return;
      visit(frame, 0, frame.length);
    }
  }

  end(): void {
    this.#in.ended = true;
  }

  takeRest(): Uint8Array {
    return this.#in.takeRest(this.#straddling.takeParts());
  }

  get bufferedBytes(): number {
    return this.#straddling.byteLength + this.#in.length;
  }

  /** Straddling frames lie in memory of their own already. */
  detach(): void {
    this.#in.detach();
  }

  space(): Uint8Array | undefined {
    return this.#straddling.space();
  }

  filled(byteLength: number): void {
    this.#straddling.filled(byteLength);
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
