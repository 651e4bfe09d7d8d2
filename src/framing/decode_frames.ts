/**
 * The async iterator faces: frames, or batches of them, of any source of chunks. Decides when the source is
 * asked for more (when no frame is at hand) and when it is closed (at an error, and when the consumer stops).
 *
 * @module
 */

import { nextBatch } from "./batch.ts";
import type { Codec } from "./codec.ts";

/**
 * The frames of `source`, in batches: all that are at hand at once, 1024 at most and never none.
 *
 * The source is closed when the consumer stops, and at an error, which comes after the good frames before it.
 *
 * @throws {FrameError} at the first bytes that are malformed, or at an end inside a frame.
 *
 * @example
 * ```ts
 * import { decodeBatches, lines } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const chunks = ReadableStream.from(["on", "e\ntwo\n"].map((s) => new TextEncoder().encode(s)));
 * assertEquals(await Array.fromAsync(decodeBatches(lines(), chunks)), [["one", "two"]]);
 * ```
 */
export async function* decodeBatches<In>(
  codec: Pick<Codec<In, never>, "decoder">,
  source: AsyncIterable<Uint8Array>,
): AsyncIterableIterator<In[]> {
  const decoder = codec.decoder();
  for await (const chunk of source) {
    decoder.feed(chunk);
    for (;;) {
      const batch = nextBatch(decoder);
      if (batch === undefined) break;
      yield batch;
    }
  }
  decoder.end();
  for (;;) {
    const batch = nextBatch(decoder);
    if (batch === undefined) return;
    yield batch;
  }
}

/**
 * The frames of `source`, one by one. For small frames {@linkcode decodeBatches} is several times faster,
 * because an async iterator costs a promise per step.
 *
 * The source is closed when the consumer stops, and at an error, which comes after the good frames before it.
 *
 * @throws {FrameError} at the first bytes that are malformed, or at an end inside a frame.
 *
 * @example
 * ```ts
 * import { decodeFrames, lines } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const chunks = ReadableStream.from(["on", "e\ntwo\n"].map((s) => new TextEncoder().encode(s)));
 * const frames = [];
 * for await (const line of decodeFrames(lines(), chunks)) frames.push(line);
 * assertEquals(frames, ["one", "two"]);
 * ```
 */
export function decodeFrames<In>(
  codec: Pick<Codec<In, never>, "decoder">,
  source: AsyncIterable<Uint8Array>,
): AsyncIterableIterator<In> {
  return new FrameIterator(decodeBatches(codec, source));
}

/** Hands out a batch frame by frame. By hand, as an async generator takes twice as long per frame. */
class FrameIterator<In> implements AsyncIterableIterator<In> {
  readonly #batches: AsyncIterator<In[]>;
  #batch: readonly In[] = [];
  #at = 0;
  /** Calls that wait for a batch; later ones wait behind them, so that frames keep their order. */
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(batches: AsyncIterator<In[]>) {
    this.#batches = batches;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<In> {
    return this;
  }

  next(): Promise<IteratorResult<In>> {
    if (this.#waiting === 0 && this.#at < this.#batch.length) {
      return Promise.resolve({
        done: false,
        value: this.#batch[this.#at++],
      });
    }
    return this.#inTurn(async () => {
      if (this.#at === this.#batch.length) {
        const { done, value } = await this.#batches.next();
        if (done) return { done: true, value: undefined };
        this.#batch = value;
        this.#at = 0;
      }
      return { done: false, value: this.#batch[this.#at++] };
    });
  }

  /** Stops, and closes the source. Frames that are at hand are lost. */
  return(): Promise<IteratorResult<In>> {
    return this.#inTurn(async () => {
      this.#batch = [];
      this.#at = 0;
      await this.#batches.return?.();
      return { done: true, value: undefined };
    });
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const turn = this.#last.then(step).finally(() => this.#waiting--);
    // A failure is told to the call that met it; those behind it find the source at its end.
    this.#last = turn.catch(() => {});
    return turn;
  }
}
