/**
 * The async iterator faces: frames, or batches of them, of any source of chunks. Decides when the source is
 * asked for more (when no frame is at hand) and when it is closed (at an error, and when the consumer stops).
 *
 * @module
 */

import { nextBatch } from "./batch.ts";
import type { Codec, FrameDecoder } from "./codec.ts";
import { decoderOf } from "./given_codec.ts";

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
export function decodeBatches<In>(
  codec: Pick<Codec<In, never>, "decoder">,
  source: AsyncIterable<Uint8Array>,
): AsyncIterableIterator<In[]> {
  const decoder = decoderOf(codec);
  return new PullIterator(decoder, () => nextBatch(decoder), source);
}

/**
 * The frames of `source`, one by one. For small frames {@linkcode decodeBatches} takes about half as long,
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
  const decoder = decoderOf(codec);
  return new PullIterator(decoder, () => decoder.next(), source);
}

/** By hand, as an async generator takes several times as long per frame and twice as long per chunk. */
class PullIterator<T> implements AsyncIterableIterator<T> {
  readonly #decoder: FrameDecoder<unknown>;
  /** What is at hand, or `undefined`; throws the error that comes after it. */
  readonly #take: () => T | undefined;
  readonly #source: AsyncIterable<Uint8Array>;
  /** Opened by the first call that needs it; not to be closed once it has ended. */
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #ended = false;
  /** No more frames will be handed out. */
  #done = false;
  /** Calls that wait for the source; later ones wait behind them, so that frames keep their order. */
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    decoder: FrameDecoder<unknown>,
    take: () => T | undefined,
    source: AsyncIterable<Uint8Array>,
  ) {
    this.#decoder = decoder;
    this.#take = take;
    this.#source = source;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#waiting === 0 && !this.#done) {
      try {
        const value = this.#take();
        if (value !== undefined) return Promise.resolve({ done: false, value });
      } catch (error) {
        return this.#inTurn(() => this.#fail(error));
      }
    }
    return this.#inTurn(() => this.#nextOfSource());
  }

  /** Stops, and closes the source. Frames that are at hand are lost. */
  return(): Promise<IteratorResult<T>> {
    return this.#inTurn(async () => {
      await this.#close();
      return { done: true, value: undefined };
    });
  }

  /** Runs `step` when the calls before it have been answered, in whichever way. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const counted = async () => {
      try {
        return await step();
      } finally {
        this.#waiting--;
      }
    };
    const turn = this.#waiting++ === 0
      ? counted()
      : this.#last.then(counted, counted);
    this.#last = turn;
    return turn;
  }

  async #nextOfSource(): Promise<IteratorResult<T>> {
    while (!this.#done) {
      try {
        const value = this.#take();
        if (value !== undefined) return { done: false, value };
      } catch (error) {
        return this.#fail(error);
      }
      if (this.#ended) break;
      await this.#feed();
    }
    this.#done = true;
    return { done: true, value: undefined };
  }

  async #feed(): Promise<void> {
    let result: IteratorResult<Uint8Array>;
    try {
      this.#chunks ??= this.#source[Symbol.asyncIterator]();
      result = await this.#chunks.next();
    } catch (error) {
      // Of the source's own, so there is nothing to close.
      this.#done = true;
      throw error;
    }
    if (result.done) {
      this.#ended = true;
      this.#decoder.end();
      return;
    }
    try {
      this.#decoder.feed(result.value);
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #close(): Promise<void> {
    const open = !this.#done && !this.#ended;
    this.#done = true;
    if (open) await this.#chunks?.return?.();
  }

  async #fail(error: unknown): Promise<never> {
    // As with `for await`, an error of the closing is not told in place of the first one.
    await this.#close().catch(() => {});
    throw error;
  }
}
