/**
 * The one engine behind every codec whose frames end at a marker. Decides where frames begin and end; what
 * the bytes between mean is the codec's. A frame within one chunk is handed out as a view on it, another is
 * put together once, when its end has come. No byte is searched twice, however the stream is cut.
 *
 * The limit counts the whole frame, markers included. It fires when one byte more than the limit has come
 * without an end, and so at the same byte for every cutting.
 *
 * @module
 */

import type { FrameDecoder } from "./codec.ts";
import type { ScanningDecoder, Visit } from "./engine_scanner.ts";
import { concat, EMPTY, WINDOW_BYTES } from "./bytes.ts";
import { Intake } from "./intake.ts";
import type { Needle } from "./needle.ts";
import { Pile, type Scratch } from "./pile.ts";

/** What a delimiter codec is; stateless, shared by its decoders. */
export interface DelimiterFormat {
  readonly codec: string;
  /** Markers included. */
  readonly maxFrameBytes: number;
  /** Must stand at the start of a frame; empty = nothing must. */
  readonly start: Uint8Array;
  /** Ends a frame. Shared too: the state of a search is read at once after it. */
  readonly needle: Needle;
  /** What a last frame without its end is. */
  readonly atEnd: "error" | "emit";
  /** Given by a codec that makes something else of each frame at once: straddling frames are put together in it. */
  readonly scratch?: Scratch;
}

/** Decoder of every delimited format; hands out the bytes between the markers. */
export class DelimiterDecoder
  implements FrameDecoder<Uint8Array<ArrayBuffer>>, ScanningDecoder {
  readonly #format: DelimiterFormat;
  readonly #in: Intake;
  readonly #needle: Needle;
  readonly #startBytes: number;
  readonly #most: number;
  /** Bytes of the unfinished frame that were searched already: those in the pile. */
  readonly #pile: Pile;
  #matched = 0;
  #offset = 0;

  /** `input` is given by a codec that reads ahead on its own and comes here for the rest. */
  constructor(
    format: DelimiterFormat,
    input: Intake = new Intake(format.codec),
  ) {
    this.#format = format;
    this.#in = input;
    this.#needle = format.needle;
    this.#pile = new Pile(format.scratch);
    this.#startBytes = format.start.length;
    this.#most = format.maxFrameBytes;
  }

  feed(chunk: Uint8Array): void {
    this.#in.feed(chunk);
  }

  next(): Uint8Array<ArrayBuffer> | undefined {
    const input = this.#in;
    const from = input.at;
    if (this.#pile.length === 0 && this.#startBytes === 0 && from < input.end) {
      const stop = this.#needle.find(input.bytes, from, input.end, 0);
      if (stop >= 0 && stop - from <= this.#most) {
        input.at = stop;
        return input.view(from, stop - this.#needle.length);
      }
      return this.#straddlingOrFault(stop);
    }
    return this.#straddlingOrFault(undefined);
  }

  /**
   * `next` for a caller who has searched the current chunk, which is not used up: `found` = the index behind its first
   * end marker, or -1 for none.
   */
  nextFound(found: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#straddlingOrFault(found);
  }

  /** The loop of the scanner face: the same frames as `next`, without a view for each. */
  scan(visit: Visit): void {
    const input = this.#in;
    const needle = this.#needle;
    for (;;) {
      let found: number | undefined;
      if (this.#startBytes === 0) {
        const { bytes, end } = input;
        while (this.#pile.length === 0 && input.at < end) {
          const from = input.at;
          found = needle.find(bytes, from, end, 0);
          if (found < 0 || found - from > this.#most) break;
          // Written before the visit, so that a visitor that throws leaves the next frame next.
          input.at = found;
          visit(bytes, from, found - needle.length);
          found = undefined;
        }
      }
      const frame = this.#straddlingOrFault(found);
      if (frame === undefined) return;
      visit(frame, 0, frame.length);
    }
  }

  end(): void {
    this.#in.ended = true;
  }

  takeRest(): Uint8Array {
    const piled = this.#pile.take(this.#pile.length);
    const before = this.#format.scratch === undefined ? piled : piled.slice();
    this.#pile.free();
    this.#matched = 0;
    return this.#in.takeRest([before]);
  }

  get bufferedBytes(): number {
    return this.#pile.length + this.#in.length;
  }

  detach(): void {
    this.#pile.detach();
    this.#in.detach();
  }

  /** Bytes of an unfinished frame that lie in front of the intake's next byte. */
  get piledBytes(): number {
    return this.#pile.length;
  }

  /**
   * Everything that the fast path does not do. `found` = what it found in the current chunk already: the
   * index behind the end marker, or -1 for none; `undefined` = it did not search.
   */
  #straddlingOrFault(
    found: number | undefined,
  ): Uint8Array<ArrayBuffer> | undefined {
    const input = this.#in;
    if (input.error !== undefined) throw input.error;
    for (;;) {
      if (input.at < input.end) {
        const frame = this.#chunk(found);
        if (frame !== undefined) return frame;
        found = undefined;
      } else if (!input.advance()) {
        return input.ended && this.#pile.length > 0 ? this.#last() : undefined;
      }
    }
  }

  /** Searches the current chunk, and hands out the frame that ends in it or piles the chunk up. */
  #chunk(found: number | undefined): Uint8Array<ArrayBuffer> | undefined {
    const input = this.#in;
    const pile = this.#pile;
    const needle = this.#needle;
    const { bytes, at, end } = input;
    if (pile.length === 0) {
      this.#offset = input.base + at;
      this.#matched = 0;
    }
    const body = this.#startBytes > pile.length ? this.#checkStart() : at;
    const stop = found ?? needle.find(bytes, body, end, this.#matched);
    const seen = pile.length + (stop < 0 ? end : stop) - at;
    if (seen > this.#most) this.#tooLarge();
    if (stop < 0) {
      this.#matched = needle.matched;
      pile.add(bytes, at, end);
      input.at = end;
      return undefined;
    }
    input.at = stop;
    this.#matched = 0;
    const length = seen - needle.length;
    if (pile.length === 0) {
      return input.view(at + this.#startBytes, at + length);
    }
    // The end marker itself may have begun in the pile.
    const frame = length <= pile.length
      ? pile.take(length)
      : pile.take(pile.length, bytes, at, at + length - pile.length);
    return this.#startBytes === 0 ? frame : frame.subarray(this.#startBytes);
  }

  /** Compares what the chunk holds of the start marker; returns where in the chunk the search begins. */
  #checkStart(): number {
    const input = this.#in;
    const start = this.#format.start;
    const piled = this.#pile.length;
    const count = Math.min(start.length - piled, input.end - input.at);
    for (let i = 0; i < count; i++) {
      if (input.bytes[input.at + i] === start[piled + i]) continue;
      const seen = this.#seen(piled + i + 1);
      this.#pile.free();
      input.malformed(
        `a frame must begin with ${quote(start)}`,
        this.#offset,
        seen,
      );
    }
    return input.at + count;
  }

  /** The stream ended inside a frame. */
  #last(): Uint8Array<ArrayBuffer> {
    const pile = this.#pile;
    if (this.#format.atEnd === "emit") return pile.take(pile.length);
    const seen = this.#seen(pile.length);
    const count = pile.length;
    pile.free();
    this.#in.truncated(count, this.#offset, seen);
  }

  #tooLarge(): never {
    const seen = this.#seen(this.#most + 1);
    this.#pile.free();
    this.#in.tooLarge(this.#most + 1, this.#most, this.#offset, seen);
  }

  /** The first `count` bytes of the unfinished frame, 16 at most. */
  #seen(count: number): Uint8Array {
    const most = Math.min(count, WINDOW_BYTES);
    const piled = this.#pile.peek(most);
    const { bytes, at, end } = this.#in;
    return concat([
      piled,
      bytes.slice(at, Math.min(end, at + most - piled.length)),
    ]);
  }
}

/** No start marker. */
export const NO_START: Uint8Array = EMPTY;

function quote(marker: Uint8Array): string {
  return JSON.stringify(String.fromCharCode(...marker));
}
