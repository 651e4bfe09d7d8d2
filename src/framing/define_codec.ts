/**
 * A codec of the user's own, with the guarantees of ours: whole frames for every cutting, errors that stay
 * and say where, and the limit on both sides. Decides what is done with whatever the user's callbacks do:
 * a throw, a frame that took no bytes, a wait for more than the limit.
 *
 * @module
 */

import { EncodeError, FrameError } from "../errors.ts";
import { BufferedSource } from "./byte_source.ts";
import { ByteWriter } from "./byte_writer.ts";
import type { ByteSink, ByteSource, Codec, FrameDecoder } from "./codec.ts";
import { Intake } from "./intake.ts";
import { checkEncodedBytes, resolveMaxFrameBytes } from "./limits.ts";
import { asEncodeError, messageOf } from "./map_codec.ts";

/**
 * The state of one stream, in {@linkcode CodecDefinition}.
 *
 * @example
 * ```ts
 * import { decodeAll, defineCodec, type DefinedDecoder } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * // Blocks of two bytes, of which the last may be shorter.
 * const blocks = (): DefinedDecoder<Uint8Array> => ({
 *   decode: (source) => source.has(2) ? source.take(2) : undefined,
 *   end: (source) => source.length > 0 ? source.take(source.length) : undefined,
 * });
 * const codec = defineCodec<Uint8Array>({
 *   name: "blocks",
 *   decoder: blocks,
 *   encode: (block, sink) => sink.bytes(block),
 * });
 * assertEquals(decodeAll(codec, Uint8Array.of(1, 2, 3)), [
 *   Uint8Array.of(1, 2),
 *   Uint8Array.of(3),
 * ]);
 * ```
 */
export interface DefinedDecoder<In> {
  /**
   * Called with the bytes at hand; takes one frame's bytes and returns the frame, or `undefined` for "needs
   * more", and is then called again when more have come. It may be called with any part of a frame at hand.
   * What it takes belongs to the frame that it returns next and counts for its limit. Where there are bytes that belong
   * to none (a heart-beat, padding) return a frame for them too: a stream that ends behind them ends within one otherwise.
   * Whatever it throws is a `MalformedFrameError` with the thrown value as its cause, shown as {@linkcode mapCodec} does.
   */
  decode(source: ByteSource): In | undefined;
  /** Called when no more bytes will come and `decode` wants more: the last frame, if what is left is one. */
  end?(source: ByteSource): In | undefined;
}

/**
 * What {@linkcode defineCodec} makes a codec of.
 *
 * @example
 * ```ts
 * import { type CodecDefinition, decodeAll, defineCodec, encodeFrame } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const ports: CodecDefinition<number> = {
 *   name: "ports",
 *   maxFrameBytes: 2,
 *   aliases: false, // a number is no view on the bytes
 *   decoder: () => ({
 *     decode(source) {
 *       if (!source.has(2)) return undefined;
 *       const port = source.uint(0, 2);
 *       source.skip(2);
 *       return port;
 *     },
 *   }),
 *   encode: (port, sink) => sink.uint(port, 2),
 * };
 * const wire = encodeFrame(defineCodec(ports), 443);
 * assertEquals(decodeAll(defineCodec(ports), wire), [443]);
 * ```
 */
export interface CodecDefinition<In, Out = In> {
  /** For errors and events. */
  name: string;
  /** Bytes that one frame may take, on decode and on encode alike. @default {1_048_576} */
  maxFrameBytes?: number;
  /** Whether frames may hold views on the bytes fed. `false` lets whoever feeds reuse its buffers. @default {true} */
  aliases?: boolean;
  /** Makes the state of one stream. */
  decoder(): DefinedDecoder<In>;
  /** Appends one frame, at once. Whatever it throws is an `EncodeError`, and what it has appended is taken back. */
  encode(frame: Out, sink: ByteSink): void;
}

/**
 * A codec of your own. `decode` sees the bytes at hand as one run, however they were cut, and says what it
 * takes of them; the rest (reassembly, positions, limits, all the faces) is done here.
 *
 * Ask `source.has(n)` before taking `n` bytes: it is `false` until they have come, and an error at once
 * when so many are over the limit. A decoder that keeps no state of its own between calls cannot get the
 * cutting wrong; one that does must not take bytes of a frame before it can finish it, unless it remembers.
 *
 * @throws {RangeError} when `maxFrameBytes` is wrong.
 *
 * @example
 * ```ts
 * import { decodeAll, defineCodec, encodeFrame } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * // A type byte, a length byte, the payload.
 * const tlv = defineCodec<{ type: number; value: Uint8Array }>({
 *   name: "tlv",
 *   decoder: () => ({
 *     decode(source) {
 *       if (!source.has(2) || !source.has(2 + source.uint(1, 1))) return undefined;
 *       const [type, length] = source.take(2);
 *       return { type, value: source.take(length) };
 *     },
 *   }),
 *   encode({ type, value }, sink) {
 *     sink.uint(type, 1);
 *     sink.uint(value.length, 1);
 *     sink.bytes(value);
 *   },
 * });
 * const wire = encodeFrame(tlv, { type: 7, value: Uint8Array.of(1, 2) });
 * assertEquals(wire, Uint8Array.of(7, 2, 1, 2));
 * assertEquals(decodeAll(tlv, wire), [{ type: 7, value: Uint8Array.of(1, 2) }]);
 * ```
 */
export function defineCodec<In, Out = In>(
  definition: CodecDefinition<In, Out>,
): Codec<In, Out> {
  const { name, aliases = true } = definition;
  const maxFrameBytes = resolveMaxFrameBytes(
    name,
    definition.maxFrameBytes,
    1,
  );
  return {
    name,
    maxFrameBytes,
    aliases,
    decoder: () =>
      new CallbackDecoder(name, maxFrameBytes, definition.decoder()),
    encode(frame, sink) {
      // Into our own writer the frame goes directly; into another sink only when it is whole.
      const writer = sink instanceof ByteWriter ? sink : new ByteWriter();
      const before = writer.length;
      try {
        const result: unknown = definition.encode(frame, writer);
        if (result !== undefined) checkIsDone(result);
        checkEncodedBytes(name, writer.length - before, maxFrameBytes);
      } catch (cause) {
        writer.truncate(before);
        throw cause instanceof EncodeError ? cause : asEncodeError(name, cause);
      }
      if (writer !== sink) sink.bytes(writer.view());
    },
  };
}

/** What an `encode` writes later would stand within another frame, and its type cannot forbid that it is `async`. */
function checkIsDone(result: unknown): void {
  if (typeof (result as PromiseLike<void> | null)?.then === "function") {
    throw new TypeError("encode() returned a promise, and must write at once");
  }
}

class CallbackDecoder<In> implements FrameDecoder<In> {
  readonly #most: number;
  readonly #user: DefinedDecoder<In>;
  /** For the end and the error only: the bytes are the source's. */
  readonly #in: Intake;
  readonly #source: BufferedSource;

  constructor(name: string, maxFrameBytes: number, user: DefinedDecoder<In>) {
    this.#most = maxFrameBytes;
    this.#user = user;
    this.#in = new Intake(name);
    this.#source = new BufferedSource(
      maxFrameBytes,
      (declaredBytes) => this.#tooLarge(declaredBytes),
    );
  }

  feed(chunk: Uint8Array): void {
    this.#in.checkFeed();
    if (this.#in.error === undefined) this.#source.append(chunk);
  }

  next(): In | undefined {
    const input = this.#in;
    const source = this.#source;
    if (input.error !== undefined) throw input.error;
    if (source.length > 0) {
      const frame = this.#call(() => this.#user.decode(source), "decode");
      if (frame !== undefined) return frame;
      // Had the frame been whole it would have been handed out, so it is longer than this.
      if (source.taken + source.length > this.#most) this.#tooLarge(undefined);
    }
    const left = source.taken + source.length;
    if (!input.ended || left === 0) return undefined;
    const last = this.#call(() => this.#user.end?.(source), "end");
    if (last !== undefined) return last;
    const [offset, seen] = [source.start, source.window(true)];
    source.clear();
    input.truncated(left, offset, seen);
  }

  end(): void {
    this.#in.ended = true;
  }

  takeRest(): Uint8Array {
    return this.#source.takeRest();
  }

  get bufferedBytes(): number {
    return this.#source.taken + this.#source.length;
  }

  detach(): void {
    this.#source.detach();
  }

  #call(callback: () => In | undefined, name: string): In | undefined {
    const input = this.#in;
    const source = this.#source;
    let frame: In | undefined;
    try {
      frame = callback();
    } catch (cause) {
      if (input.error === undefined) this.#refuse(cause);
    }
    // Also when the callback has caught what the source threw.
    if (input.error !== undefined) throw input.error;
    if (frame === undefined) return undefined;
    // Frames out of nothing would never end.
    if (source.taken === 0) {
      this.#refuse(new TypeError(`${name}() handed out a frame of no bytes`));
    }
    source.commit();
    return frame;
  }

  #refuse(cause: unknown): never {
    const source = this.#source;
    const [offset, seen] = [source.start, source.window(false)];
    source.clear();
    if (cause instanceof FrameError) this.#in.fail(cause);
    this.#in.malformed(messageOf(cause), offset, seen, undefined, cause);
  }

  #tooLarge(declaredBytes: number | undefined): never {
    const source = this.#source;
    const [offset, seen] = [
      source.start,
      source.window(declaredBytes === undefined),
    ];
    source.clear();
    this.#in.tooLarge(
      declaredBytes ?? this.#most + 1,
      this.#most,
      offset,
      seen,
    );
  }
}
