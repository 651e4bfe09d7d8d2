/**
 * No framing at all: chunks as they come. For proxies, and for protocols that are parsed elsewhere.
 *
 * @module
 */

import type { Codec, FrameDecoder } from "./codec.ts";
import { Intake } from "./intake.ts";
import { checkBytes } from "./limits.ts";

const NAME = "raw";

/**
 * No framing: each chunk as it came. Where chunks are cut means nothing on a stream, so this is for bytes
 * that go on as they are; an empty chunk is not handed out.
 *
 * ```text
 *   41 42 | 43                                 →  41 42 | 43        (as the network cut them)
 * ```
 *
 * @example
 * ```ts
 * import { decodeAll, raw } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decodeAll(raw(), Uint8Array.of(1, 2)), [Uint8Array.of(1, 2)]);
 * ```
 */
export function raw(): Codec<Uint8Array<ArrayBuffer>, Uint8Array> {
  return {
    name: NAME,
    // A chunk is as large as the reader's buffer; there is nothing to wait for and so nothing to bound.
    maxFrameBytes: Infinity,
    aliases: true,
    decoder: () => new RawDecoder(),
    encode(frame, sink) {
      checkBytes(frame, NAME);
      sink.bytes(frame);
    },
  };
}

class RawDecoder implements FrameDecoder<Uint8Array<ArrayBuffer>> {
  readonly #in = new Intake(NAME);

  feed(chunk: Uint8Array): void {
    this.#in.feed(chunk);
  }

  next(): Uint8Array<ArrayBuffer> | undefined {
    const input = this.#in;
    if (input.at === input.end && !input.advance()) return undefined;
    const { bytes, at, end } = input;
    input.at = end;
    return at === 0 ? bytes : bytes.subarray(at, end);
  }

  end(): void {
    this.#in.ended = true;
  }

  takeRest(): Uint8Array {
    return this.#in.takeRest();
  }

  get bufferedBytes(): number {
    return this.#in.length;
  }

  detach(): void {
    this.#in.detach();
  }
}
