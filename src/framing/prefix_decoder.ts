/**
 * The one engine behind every codec whose header says how long the frame is. Decides which frames are handed
 * out as views: those that lie within one chunk. What straddles is `StraddlingFrame`'s. It does not know any
 * header: a `HeaderFormat` reads it, and is the only part that differs.
 *
 * Frames handed out belong to the caller; the engine never writes to them again.
 *
 * @module
 */

import type { FrameDecoder } from "./codec.ts";
import { type HeaderFormat, HeaderReading } from "./header_format.ts";
import { Intake } from "./intake.ts";
import type { ScanningDecoder, Visit } from "./engine_scanner.ts";
import { StraddlingFrame } from "./straddling_frame.ts";
import { readUint } from "./uint.ts";

/**
 * A header format, laid out for the fast path. One per codec: thousands of decoders that wait must not each hold
 * a copy.
 */
export class PrefixPlan {
  readonly format: HeaderFormat;
  readonly headerMin: number;
  readonly trailer: number;
  readonly trailerBytes: number;
  readonly keepHeader: boolean;
  /** Most bytes of header and payload together. */
  readonly most: number;
  /**
   * The commonest field, four bytes big-endian, is read as a signed number, which is cheaper. A negative one is
   * left to the slow path, and so `adjust` must not make it positive.
   */
  readonly isQuad: boolean;
  // The binary field, written out; a width of 0 = there is none.
  readonly width: number;
  readonly fieldAt: number;
  readonly littleEndian: boolean;
  readonly adjust: number;

  constructor(format: HeaderFormat) {
    const { field } = format;
    this.format = format;
    this.headerMin = format.minHeaderBytes;
    this.trailer = format.trailer;
    this.trailerBytes = format.trailer < 0 ? 0 : 1;
    this.keepHeader = format.keepHeader;
    this.most = format.maxFrameBytes - this.trailerBytes;
    this.isQuad = field?.bytes === 4 && !field.littleEndian &&
      field.adjust <= 0;
    this.width = field?.bytes ?? 0;
    this.fieldAt = field?.offset ?? 0;
    this.littleEndian = field?.littleEndian ?? false;
    this.adjust = field?.adjust ?? 0;
  }
}

/** Decoder of every length-prefixed format. */
export class PrefixDecoder
  implements FrameDecoder<Uint8Array<ArrayBuffer>>, ScanningDecoder {
  readonly #plan: PrefixPlan;
  readonly #in: Intake;
  /** Absent where there is a field to read. */
  readonly #reading: HeaderReading | undefined;
  /** Made for the first frame that straddles: a decoder waits most of its time, and there may be many. */
  #straddling: StraddlingFrame | undefined;
  #recycles = false;

  constructor(plan: PrefixPlan) {
    this.#plan = plan;
    this.#in = new Intake(plan.format.codec);
    this.#reading = plan.width === 0 ? new HeaderReading() : undefined;
  }

  feed(chunk: Uint8Array): void {
    this.#in.feed(chunk);
  }

  // In one function, because the call of another one would cost a small frame a tenth of its time.
  next(): Uint8Array<ArrayBuffer> | undefined {
    const input = this.#in;
    const plan = this.#plan;
    const start = input.at;
    const end = input.end;
    if (end - start >= plan.headerMin && !this.#straddling?.active) {
      const bytes = input.bytes;
      let header = plan.headerMin;
      let body: number;
      if (plan.isQuad) {
        const at = start + plan.fieldAt;
        body = (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 |
          bytes[at + 3]) + plan.adjust;
      } else if (plan.width > 0) {
        const at = start + plan.fieldAt;
        body = readUint(bytes, at, plan.width, plan.littleEndian) +
          plan.adjust;
      } else {
        const reading = this.#reading!;
        header = plan.format.parse(bytes, start, end, reading);
        body = reading.bodyBytes;
      }
      if (header >= 0 && body >= 0 && header + body <= plan.most) {
        const from = start + header;
        const stop = from + body;
        const after = stop + plan.trailerBytes;
        if (
          after <= end && (after === stop || bytes[stop] === plan.trailer)
        ) {
          input.at = after;
          return input.view(plan.keepHeader ? start : from, stop);
        }
      }
    }
    return this.#nextStraddling();
  }

  #nextStraddling(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#straddling === undefined) {
      if (this.#in.hasNothing) return undefined;
      this.#straddling = new StraddlingFrame(this.#plan.format, this.#in);
      if (this.#recycles) this.#straddling.recycle();
    }
    return this.#straddling.next();
  }

  /** The loop of the scanner face: the same frames as `next`, without a view for each. */
  scan(visit: Visit): void {
    for (;;) {
      if (!this.#straddling?.active) {
        if (this.#plan.width > 0) this.#scanByField(visit);
        else this.#scanByFormat(visit);
      }
      const frame = this.#nextStraddling();
      if (frame === undefined) return;
      visit(frame, 0, frame.length);
    }
  }

  // Two loops, because a call of `parse` within one slows it down also where it is not made.

  #scanByField(visit: Visit): void {
    const input = this.#in;
    const plan = this.#plan;
    const { bytes, end } = input;
    const headerMin = plan.headerMin;
    const last = end - headerMin;
    const most = plan.most - headerMin;
    const isQuad = plan.isQuad;
    const fieldAt = plan.fieldAt;
    const adjust = plan.adjust;
    const front = plan.keepHeader ? 0 : headerMin;
    let start = input.at;
    while (start <= last) {
      const at = start + fieldAt;
      const body = adjust +
        (isQuad
          ? bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 |
            bytes[at + 3]
          : readUint(bytes, at, plan.width, plan.littleEndian));
      const stop = start + headerMin + body;
      if (body < 0 || body > most || stop > end) return;
      // Written before the visit, so that a visitor that throws leaves the next frame next.
      input.at = stop;
      visit(bytes, start + front, stop);
      start = stop;
    }
  }

  #scanByFormat(visit: Visit): void {
    const input = this.#in;
    const plan = this.#plan;
    const format = plan.format;
    const reading = this.#reading!;
    const { bytes, end } = input;
    const last = end - plan.headerMin;
    const most = plan.most;
    const trailerBytes = plan.trailerBytes;
    const trailer = format.trailer;
    const keepHeader = plan.keepHeader;
    let start = input.at;
    while (start <= last) {
      const header = format.parse(bytes, start, end, reading);
      const from = start + header;
      const stop = from + reading.bodyBytes;
      const after = stop + trailerBytes;
      if (
        header < 0 || stop - start > most || after > end ||
        (trailerBytes > 0 && bytes[stop] !== trailer)
      ) return;
      input.at = after;
      visit(bytes, keepHeader ? start : from, stop);
      start = after;
    }
  }

  end(): void {
    this.#in.ended = true;
  }

  takeRest(): Uint8Array {
    return this.#in.takeRest(this.#straddling?.takeParts());
  }

  get bufferedBytes(): number {
    return (this.#straddling?.byteLength ?? 0) + this.#in.length;
  }

  /** Straddling frames lie in memory of their own already. */
  detach(): void {
    this.#in.detach();
  }

  space(): Uint8Array | undefined {
    return this.#straddling?.space();
  }

  filled(byteLength: number): void {
    if (this.#straddling === undefined) {
      throw new RangeError(
        `Cannot take ${byteLength} bytes as filled: there was no space`,
      );
    }
    this.#straddling.filled(byteLength);
  }

  recycle(): void {
    this.#recycles = true;
    this.#straddling?.recycle();
  }
}
