/**
 * The Web Streams face, by batches: a stream costs much per chunk, and a chunk here is many frames.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { decoderOf } from "./given_codec.ts";
import { MOST_FRAMES_AT_ONCE, nextBatch } from "./batch.ts";
import { ALL, NONE, pullPair, SOME } from "./pull_pair.ts";

/**
 * Turns a stream of bytes into a stream of arrays of frames: all that are at hand at once, 1024 at most and
 * never none. The same frames, and then the same error, as {@linkcode FrameDecoderStream} gives one by one.
 *
 * @example
 * ```ts
 * import { FrameBatchStream, lines } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const chunks = ReadableStream.from(["on", "e\ntwo\n"].map((s) => new TextEncoder().encode(s)));
 * const batches = await Array.fromAsync(chunks.pipeThrough(new FrameBatchStream(lines())));
 * assertEquals(batches, [["one", "two"]]);
 * ```
 */
export class FrameBatchStream<In> implements TransformStream<Uint8Array, In[]> {
  /** The frames. Errors with `FrameError`, after the good frames before it. */
  readonly readable: ReadableStream<In[]>;
  /** The bytes. A write resolves when its bytes are used up. */
  readonly writable: WritableStream<Uint8Array>;

  /** Both ends of one stream, at its first byte. */
  constructor(codec: Pick<Codec<In, never>, "name" | "decoder">) {
    const pair = pullPair<In, In[]>(decoderOf(codec), (decoder, output) => {
      const batch = nextBatch(decoder);
      if (batch === undefined) return NONE;
      output.enqueue(batch);
      return batch.length < MOST_FRAMES_AT_ONCE ? ALL : SOME;
    });
    this.readable = pair.readable;
    this.writable = pair.writable;
  }
}
