/**
 * The Web Streams face of encoding.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { encodeFrame } from "./decode_all.ts";
import { checkEncoder } from "./given_codec.ts";

/**
 * Turns a stream of frames into a stream of bytes, one chunk per frame. A frame that the format cannot carry
 * errors both ends with `EncodeError`.
 *
 * @example
 * ```ts
 * import { FrameEncoderStream, lines } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const chunks = ReadableStream.from(["a", "b"]).pipeThrough(new FrameEncoderStream(lines()));
 * assertEquals(await new Response(chunks).text(), "a\nb\n");
 * ```
 */
export class FrameEncoderStream<Out>
  extends TransformStream<Out, Uint8Array<ArrayBuffer>> {
  /** Both ends of one stream. */
  constructor(codec: Pick<Codec<never, Out>, "name" | "encode">) {
    checkEncoder(codec);
    super({
      transform(frame, controller) {
        controller.enqueue(encodeFrame(codec, frame));
      },
    });
  }
}
