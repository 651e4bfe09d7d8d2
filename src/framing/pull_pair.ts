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

/** Enqueues what is at hand, some frames at most; `false` = there was none. Throws only when it enqueued none. */
export type HandOut<In, T> = (
  decoder: FrameDecoder<In>,
  controller: ReadableStreamDefaultController<T>,
) => boolean;

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
  /** Set while a pull waits for bytes. */
  let arrived: (() => void) | undefined;
  /** Set while a write waits for the reader. */
  let usedUp: (() => void) | undefined;

  const wakeReader = () => {
    arrived?.();
    arrived = undefined;
  };
  const wakeWriter = () => {
    usedUp?.();
    usedUp = undefined;
  };

  const readable = new ReadableStream<T>({
    start(controller) {
      output = controller;
    },
    async pull() {
      for (;;) {
        try {
          if (handOut(decoder, output)) return;
        } catch (error) {
          output.error(error);
          input.error(error);
          wakeWriter();
          return;
        }
        wakeWriter();
        if (ended) {
          output.close();
          return;
        }
        await new Promise<void>((resolve) => arrived = resolve);
      }
    },
    cancel(reason) {
      decoder.takeRest();
      input.error(reason);
      wakeWriter();
    },
  }, { highWaterMark: 0 });

  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      input = controller;
      // `abort` of the sink is not called before a pending write ends, and that waits for the reader.
      controller.signal.addEventListener("abort", () => {
        decoder.takeRest();
        output.error(controller.signal.reason);
        wakeReader();
        wakeWriter();
      });
    },
    write(chunk) {
      decoder.feed(chunk);
      const used = new Promise<void>((resolve) => usedUp = resolve);
      wakeReader();
      return used;
    },
    close() {
      decoder.end();
      ended = true;
      wakeReader();
    },
  });

  return { readable, writable };
}
