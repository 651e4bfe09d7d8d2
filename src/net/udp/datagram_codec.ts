/**
 * A datagram as it is. Unlike `raw`, which passes over empty chunks because a stream has no such thing, this
 * one hands out an empty datagram as an empty frame: on UDP that is a message.
 *
 * @module
 */

import type { Codec, FrameDecoder } from "../../framing/mod.ts";

const NOTHING = new Uint8Array(0);

/**
 * No framing inside the datagram: one datagram is one frame, an empty one included.
 *
 * ```text
 *   datagram 41 42 | datagram (empty)          →  41 42 | (empty)
 * ```
 *
 * @example
 * ```ts
 * import { datagram } from "@packetboat/net/udp";
 * import { decodeAll } from "@packetboat/net";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decodeAll(datagram(), new Uint8Array(0)), [new Uint8Array(0)]);
 * ```
 */
export function datagram(): Codec<Uint8Array<ArrayBuffer>, Uint8Array> {
  return {
    name: "datagram",
    // The most that one can be on any socket; what can be sent is less, and checked where it is sent.
    maxFrameBytes: 65_535,
    aliases: true,
    decoder: () => new DatagramDecoder(),
    encode: (frame, sink) => sink.bytes(frame),
  };
}

class DatagramDecoder implements FrameDecoder<Uint8Array<ArrayBuffer>> {
  #frame: Uint8Array<ArrayBuffer> | undefined;

  feed(chunk: Uint8Array): void {
    // As in every codec of bytes, shared memory is left out of the type, not of what is taken.
    this.#frame = chunk as Uint8Array<ArrayBuffer>;
  }

  next(): Uint8Array<ArrayBuffer> | undefined {
    const frame = this.#frame;
    this.#frame = undefined;
    return frame;
  }

  end(): void {}

  takeRest(): Uint8Array {
    return this.next() ?? NOTHING;
  }

  get bufferedBytes(): number {
    return this.#frame?.length ?? 0;
  }
}
