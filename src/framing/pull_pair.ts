/**
 * A pair of Web Streams around a decoder, driven by the reader. Decides when bytes are asked for, when
 * frames are handed out and when an error is told: after every good frame before it. (A `TransformStream`
 * throws away what is queued when it errors; here the queue is empty by then.)
 *
 * ```text
 *   writable                         decoder                  readable
 *   write(chunk) ── feed ──────────▶ bytes ── next ─────────▶ pull: all frames at hand, some at most
 *     its promise resolves when      ▲                        nothing at hand: waits for the next write
 *     the decoder has no frame left ─┘
 * ```
 *
 * Backpressure goes both ways: nothing is decoded that nobody reads, and a writer waits until what it
 * wrote is used up. Memory is that of the decoder, one chunk, and the frames of one pull.
 *
 * @module
 */

import type { FrameDecoder } from "./codec.ts";

/** Nothing was at hand. */
export const NONE = 0;
/** Some frames were enqueued, and there may be more. */
export const SOME = 1;
/** Some frames were enqueued, and that was all. */
export const ALL = 2;

/** Enqueues what is at hand, some frames at most, and says whether that was all. Throws only when it enqueued none. */
export type HandOut<In, T> = (
  decoder: FrameDecoder<In>,
  controller: ReadableStreamDefaultController<T>,
) => typeof NONE | typeof SOME | typeof ALL;

/** The two ends. */
export interface PullPair<T> {
  readonly readable: ReadableStream<T>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Makes the pair. */
export function pullPair<In, T>(
  decoder: FrameDecoder<In>,
  handOut: HandOut<In, T>,
): PullPair<T> {
  let output: ReadableStreamDefaultController<T>;
  let input: WritableStreamDefaultController;
  let ended = false;
  /** Whether the reader has asked for more than there was. */
  let wanted = false;
  /** Whether bytes of the write under way are not used up. */
  let writing = false;
  /** Set while that write waits for the reader. */
  let usedUp: (() => void) | undefined;

  const endWrite = () => {
    writing = false;
    usedUp?.();
    usedUp = undefined;
  };

  /** Hands out to a reader that waits; `true` = its pull is answered, be it with the end. */
  const answer = (): boolean => {
    try {
      const handed = handOut(decoder, output);
      // The reader has it all, not the stream's queue: the writer need not wait for the next pull.
      if (handed === NONE || handed === ALL && output.desiredSize === 0) {
        endWrite();
      }
      if (handed !== NONE) return true;
    } catch (error) {
      output.error(error);
      input.error(error);
      endWrite();
      return true;
    }
    if (ended) output.close();
    return ended;
  };

  /** For a reader that has been waiting: what is enqueued for it may call `pull` at once, for one behind it. */
  const answerLate = () => {
    wanted = false;
    if (!answer()) wanted = true;
  };

  const readable = new ReadableStream<T>({
    start(controller) {
      output = controller;
    },
    pull() {
      // Without a promise to wait for: the stream does not pull again before it has been given something.
      wanted = !answer();
    },
    cancel(reason) {
      decoder.takeRest();
      input.error(reason);
      endWrite();
    },
  }, { highWaterMark: 0 });

  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      input = controller;
      // `abort` of the sink is not called before a pending write ends, and that waits for the reader.
      controller.signal.addEventListener("abort", () => {
        decoder.takeRest();
        output.error(controller.signal.reason);
        endWrite();
      });
    },
    write(chunk) {
      try {
        decoder.feed(chunk);
      } catch (error) {
        // It is no byte array. The reader shall not wait for what will not come.
        output.error(error);
        throw error;
      }
      writing = true;
      if (wanted) answerLate();
      if (writing) return new Promise((resolve) => usedUp = resolve);
    },
    close() {
      decoder.end();
      ended = true;
      if (wanted) answerLate();
    },
  });

  return { readable, writable };
}
