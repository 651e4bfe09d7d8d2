/**
 * The one-shot faces: all frames of a byte array, and one frame as a byte array. What a datagram needs, and
 * a test.
 *
 * @module
 */

import { ByteWriter } from "./byte_writer.ts";
import type { Codec } from "./codec.ts";
import { decoderOf } from "./given_codec.ts";

/**
 * All frames of `bytes`, which are a whole stream or datagram.
 *
 * @throws {FrameError} when the bytes are malformed or end inside a frame. The frames before that are lost;
 * a `decoder()` hands them out first.
 *
 * @example
 * ```ts
 * import { decodeAll, lines } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decodeAll(lines(), new TextEncoder().encode("a\nb\n")), ["a", "b"]);
 * ```
 */
export function decodeAll<In>(
  codec: Pick<Codec<In, never>, "decoder">,
  bytes: Uint8Array,
): In[] {
  const decoder = decoderOf(codec);
  decoder.feed(bytes);
  decoder.end();
  const frames: In[] = [];
  for (;;) {
    const frame = decoder.next();
    if (frame === undefined) return frames;
    frames.push(frame);
  }
}

/** What most formats put around a frame is shorter. */
const EXTRA_BYTES = 24;

/** A guess at how long a frame is on the wire: right for most bytes and text, and then they are written to their final place. */
function likelyBytes(frame: unknown): number {
  return typeof frame === "string" || frame instanceof Uint8Array
    ? frame.length + EXTRA_BYTES
    : 0;
}

/**
 * One frame as it goes on the wire, in memory of its own, of which a little at the end may be spare: send the array and
 * not its `buffer`.
 *
 * @throws {EncodeError} when the format cannot carry the frame.
 *
 * @example
 * ```ts
 * import { encodeFrame, lines } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeFrame(lines(), "a"), Uint8Array.of(97, 10));
 * ```
 */
export function encodeFrame<Out>(
  codec: Pick<Codec<never, Out>, "encode">,
  frame: Out,
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(likelyBytes(frame));
  codec.encode(frame, writer);
  return writer.take();
}
