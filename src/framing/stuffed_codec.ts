/**
 * The engine behind formats that keep one byte value for the end of a frame and rewrite it where it occurs
 * within (SLIP, COBS). The search for the end is `DelimiterDecoder`'s; undoing the rewriting makes a new
 * array for each frame, so frames never alias what was fed.
 *
 * Nothing between two ends is no frame but a resting line, which such formats allow. It is no part of the next
 * frame either: nobody waits for the rest of that before its first byte has come.
 *
 * @module
 */

import type { ByteSink, Codec, FrameDecoder } from "./codec.ts";
import {
  DelimiterDecoder,
  type DelimiterFormat,
  NO_START,
} from "./delimiter_decoder.ts";
import { Intake } from "./intake.ts";
import { checkBytes } from "./limits.ts";
import { Needle } from "./needle.ts";
import { Scratch } from "./pile.ts";
import { Slab } from "./slab.ts";

/** How one format rewrites its frames. Stateless. */
export interface Stuffing {
  readonly codec: string;
  readonly maxFrameBytes: number;
  /** The byte that ends a frame. */
  readonly end: number;
  /** The frame, in memory of the slab, or the fault: what is wrong and how many bytes it took to see that. Never empty `bytes`. */
  unstuff(
    bytes: Uint8Array,
    slab: Slab,
  ): Uint8Array<ArrayBuffer> | { what: string; faultBytes: number };
  encode(frame: Uint8Array, sink: ByteSink): void;
}

/** The codec of one such format. */
export function stuffedCodec(
  stuffing: Stuffing,
): Codec<Uint8Array<ArrayBuffer>, Uint8Array> {
  const format: DelimiterFormat = {
    codec: stuffing.codec,
    maxFrameBytes: stuffing.maxFrameBytes,
    start: NO_START,
    needle: new Needle(Uint8Array.of(stuffing.end)),
    atEnd: "error",
    scratch: new Scratch(),
  };
  return {
    name: stuffing.codec,
    maxFrameBytes: stuffing.maxFrameBytes,
    aliases: false,
    decoder: () => new StuffedDecoder(stuffing, format),
    encode(frame, sink) {
      checkBytes(frame, stuffing.codec);
      stuffing.encode(frame, sink);
    },
  };
}

class StuffedDecoder implements FrameDecoder<Uint8Array<ArrayBuffer>> {
  readonly #stuffing: Stuffing;
  readonly #in: Intake;
  readonly #bytes: DelimiterDecoder;
  readonly #slab = new Slab();

  constructor(stuffing: Stuffing, format: DelimiterFormat) {
    this.#stuffing = stuffing;
    this.#in = new Intake(format.codec);
    this.#bytes = new DelimiterDecoder(format, this.#in);
  }

  feed(chunk: Uint8Array): void {
    this.#in.feed(chunk);
  }

  next(): Uint8Array<ArrayBuffer> | undefined {
    for (;;) {
      const stuffed = this.#bytes.next();
      if (stuffed === undefined) return undefined;
      if (stuffed.length === 0) continue;
      const frame = this.#stuffing.unstuff(stuffed, this.#slab);
      if (frame instanceof Uint8Array) return frame;
      const input = this.#in;
      const offset = input.base + input.at - stuffed.length - 1;
      input.malformed(
        frame.what,
        offset,
        stuffed.subarray(0, frame.faultBytes),
      );
    }
  }

  end(): void {
    this.#in.ended = true;
  }

  takeRest(): Uint8Array {
    return this.#bytes.takeRest();
  }

  /** Without ends that no frame stands before, also where nobody has passed over them yet. */
  get bufferedBytes(): number {
    const resting = this.#bytes.piledBytes === 0
      ? this.#in.countFirst(this.#stuffing.end)
      : 0;
    return this.#bytes.bufferedBytes - resting;
  }

  detach(): void {
    this.#bytes.detach();
  }
}
