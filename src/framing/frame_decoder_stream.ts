/**
 * The Web Streams face, frame by frame.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { decoderOf } from "./given_codec.ts";
import { MOST_FRAMES_AT_ONCE } from "./batch.ts";
import { ALL, NONE, pullPair, SOME } from "./pull_pair.ts";

/**
 * Turns a stream of bytes into a stream of frames, for `pipeThrough`. The good frames before an error are
 * all handed out before it, which a `TransformStream` cannot do. For small frames {@linkcode FrameBatchStream}
 * takes a third as long, because a stream costs much for each thing that goes through it.
 *
 * Cancelling the readable errors the writable; aborting the writable errors the readable. A chunk that is
 * written belongs to the stream: do not write to it afterwards, as frames are views on it.
 *
 * @example
 * ```ts
 * import { FrameDecoderStream, lines } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const chunks = ReadableStream.from(["on", "e\ntw", "o\n"].map((s) => new TextEncoder().encode(s)));
 * const frames = await Array.fromAsync(chunks.pipeThrough(new FrameDecoderStream(lines())));
 * assertEquals(frames, ["one", "two"]);
 * ```
 */
export class FrameDecoderStream<In> implements TransformStream<Uint8Array, In> {
  /** The frames. Errors with `FrameError`, after the good frames before it. */
  readonly readable: ReadableStream<In>;
  /** The bytes. A write resolves when its bytes are used up. */
  readonly writable: WritableStream<Uint8Array>;

  /** Both ends of one stream, at its first byte. */
  constructor(codec: Pick<Codec<In, never>, "name" | "decoder">) {
    const pair = pullPair<In, In>(decoderOf(codec), (decoder, output) => {
      let count = 0;
      try {
        for (; count < MOST_FRAMES_AT_ONCE; count++) {
          const frame = decoder.next();
          if (frame === undefined) return count === 0 ? NONE : ALL;
          output.enqueue(frame);
        }
      } catch (error) {
        // The decoder will throw it again at the next pull, when what is enqueued has been read.
        if (count === 0) throw error;
      }
      return SOME;
    });
    this.readable = pair.readable;
    this.writable = pair.writable;
  }
}
