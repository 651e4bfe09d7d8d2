/**
 * A codec made of another one by changing what a frame is, not where it ends. Decides what becomes of an
 * error in the change: on decode it is the peer's and stays, on encode the caller's. Everything else is
 * the inner codec's and passes through, also the ways round a copy.
 *
 * @module
 */

import {
  EncodeError,
  type FrameError,
  MalformedFrameError,
} from "../errors.ts";
import { headOf, shown } from "../shown.ts";
import { hexWindow } from "./bytes.ts";
import type { ByteSink, Codec, FrameDecoder } from "./codec.ts";
import { checkInner } from "./given_codec.ts";

/** What is shown of what was thrown; all of it is the error's cause. */
const MOST_CHARS = 400;
/** Controls, marks that change the direction of a line, line ends, halves of pairs. */
const UNSHOWN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/**
 * The two directions of a {@linkcode mapCodec}: from a frame `A` to a value `B`, and from a value `C`, the same type
 * unless told, to a frame.
 *
 * @example
 * ```ts
 * import { decodeAll, encodeFrame, type FrameMap, lines, mapCodec } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * // A line that is no URL makes `new URL` throw: a `MalformedFrameError`.
 * const asUrl: FrameMap<string, URL> = {
 *   decode: (line) => new URL(line),
 *   encode: (url) => url.href,
 * };
 * const urls = mapCodec(lines(), asUrl);
 * const wire = encodeFrame(urls, new URL("https://example.com/a"));
 * assertEquals(decodeAll(urls, wire)[0].pathname, "/a");
 * ```
 */
export interface FrameMap<A, B, C = B> {
  /** Makes a value of a frame, and never `undefined`. What it throws is the cause of a `MalformedFrameError`. */
  decode(frame: A): B;
  /** Makes a frame of a value. What it throws is the cause of an `EncodeError`. */
  encode(value: C): A;
}

/**
 * A codec whose frames are values: `map.decode` makes a value of each frame of `codec`, `map.encode` the
 * reverse.
 *
 * When `map.decode` throws, that is a `MalformedFrameError` with the thrown value as its cause, and as final
 * as every other frame error. Its message shows at most 400 characters of what was thrown, control characters escaped;
 * the cause is as it was, with all that it may quote of the peer.
 *
 * @throws {TypeError} `codec` is none, or `map` lacks a direction.
 *
 * @example
 * ```ts
 * import { decodeAll, encodeFrame, fixedLength, mapCodec } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const points = mapCodec(fixedLength(2), {
 *   decode: ([x, y]) => ({ x, y }),
 *   encode: ({ x, y }) => Uint8Array.of(x, y),
 * });
 * assertEquals(encodeFrame(points, { x: 3, y: 4 }), Uint8Array.of(3, 4));
 * assertEquals(decodeAll(points, Uint8Array.of(3, 4)), [{ x: 3, y: 4 }]);
 * ```
 */
export function mapCodec<A, B, C = B>(
  codec: Codec<A>,
  map: FrameMap<A, B, C>,
): Codec<B, C> {
  checkInner("mapCodec", codec);
  if (typeof map?.decode !== "function" || typeof map.encode !== "function") {
    throw new TypeError(
      `Cannot make mapCodec codec: 'map' must have the functions 'decode' and 'encode': current value is ${
        shown(map)
      }`,
    );
  }
  return mappedCodec(`mapCodec(${codec.name})`, codec, codec.aliases, map);
}

/** `mapCodec` for the room itself: with a name of its own, and known to alias or not. */
export function mappedCodec<A, B, C>(
  name: string,
  codec: Codec<A>,
  aliases: boolean,
  map: FrameMap<A, B, C>,
): Codec<B, C> {
  return {
    name,
    maxFrameBytes: codec.maxFrameBytes,
    aliases,
    decoder: () => new MappedDecoder(name, codec.decoder(), map),
    encode(value: C, sink: ByteSink): void {
      let frame: A;
      try {
        frame = map.encode(value);
      } catch (cause) {
        throw asEncodeError(name, cause);
      }
      codec.encode(frame, sink);
    },
  };
}

/** What a callback of the user threw, as the error that `encode` promises. */
export function asEncodeError(codec: string, cause: unknown): EncodeError {
  if (cause instanceof EncodeError) return cause;
  return new EncodeError(
    `Cannot encode ${codec} frame: ${messageOf(cause)}`,
    { cause },
  );
}

/**
 * The message of whatever was thrown, for a message of ours. It may quote the peer, and a terminal that shows a log may
 * obey what it quotes: so it is one line, of characters that are only looked at, and not a frame's length of them.
 */
export function messageOf(thrown: unknown): string {
  let words: string;
  try {
    words = String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    // It has no prototype, say. Whoever asks is about to tell an error of his own, and that must not be lost.
    return "what was thrown cannot be shown";
  }
  if (words.length > MOST_CHARS) {
    words = headOf(words, MOST_CHARS) + "…";
  }
  return words.replace(UNSHOWN, escaped);
}

function escaped(char: string): string {
  return SHORT_ESCAPES.get(char) ?? `\\u{${char.codePointAt(0)!.toString(16)}}`;
}

class MappedDecoder<A, B> implements FrameDecoder<B> {
  readonly #name: string;
  readonly #inner: FrameDecoder<A>;
  readonly #map: Pick<FrameMap<A, B>, "decode">;
  #fed = 0;
  #error: FrameError | undefined;

  // Present only where the inner decoder has them: their absence means something.
  declare detach?: () => void;
  declare space?: () => Uint8Array | undefined;
  declare filled?: (byteLength: number) => void;
  declare recycle?: () => void;

  constructor(
    name: string,
    inner: FrameDecoder<A>,
    map: Pick<FrameMap<A, B>, "decode">,
  ) {
    this.#name = name;
    this.#inner = inner;
    this.#map = map;
    if (inner.detach) this.detach = () => inner.detach!();
    if (inner.recycle) this.recycle = () => inner.recycle!();
    if (inner.space && inner.filled) {
      this.space = () => this.#error === undefined ? inner.space!() : undefined;
      this.filled = (byteLength) => {
        inner.filled!(byteLength);
        this.#fed += byteLength;
      };
    }
  }

  feed(chunk: Uint8Array): void {
    if (this.#error !== undefined) return;
    this.#inner.feed(chunk);
    // Not `length`, as the room takes any view of bytes.
    this.#fed += chunk.byteLength;
  }

  next(): B | undefined {
    if (this.#error !== undefined) throw this.#error;
    const before = this.#inner.bufferedBytes;
    const frame = this.#inner.next();
    if (frame === undefined) return undefined;
    let value: B;
    try {
      value = this.#map.decode(frame);
    } catch (cause) {
      this.#fail(before, frame, messageOf(cause), cause);
    }
    if (value === undefined) {
      this.#fail(before, frame, "decode() returned undefined", undefined);
    }
    return value;
  }

  end(): void {
    this.#inner.end();
  }

  takeRest(): Uint8Array {
    return this.#inner.takeRest();
  }

  get bufferedBytes(): number {
    return this.#inner.bufferedBytes;
  }

  #fail(before: number, frame: A, what: string, cause: unknown): never {
    this.#error = new MalformedFrameError(what, {
      codec: this.#name,
      // All that was not buffered before this frame belonged to the frames before it.
      offset: this.#fed - before,
      window: frame instanceof Uint8Array ? hexWindow(frame) : "",
      cause,
    });
    this.#inner.takeRest();
    throw this.#error;
  }
}
