/**
 * The contract of the framing room: what a codec and its decoder promise. Holds types only.
 *
 * Framing is sans-IO: bytes in, frames out; no socket, no clock, no promise. `feed` adopts a chunk, so a
 * frame that lies within one chunk is a view on it; only a frame that straddles chunks is copied.
 *
 * @module
 */

/**
 * A wire format: how frames lie in a byte stream. Stateless; `decoder()` makes the state of one stream.
 *
 * @example
 * ```ts
 * import { type Codec, decodeAll, encodeFrame, lines, text, varintPrefixed } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * // Takes any wire format for texts.
 * function reframe(bytes: Uint8Array, from: Codec<string>, to: Codec<string>) {
 *   return decodeAll(from, bytes).map((frame) => encodeFrame(to, frame));
 * }
 * const wire = new TextEncoder().encode("a\nbc\n");
 * assertEquals(reframe(wire, lines(), text(varintPrefixed())), [
 *   Uint8Array.of(1, 97),
 *   Uint8Array.of(2, 98, 99),
 * ]);
 * ```
 */
export interface Codec<In, Out = In> {
  /** For errors and events: `"lengthPrefixed"`. */
  readonly name: string;
  /** Largest frame in bytes, header included, on decode and on encode alike. @default {1_048_576} */
  readonly maxFrameBytes: number;
  /** Whether a frame is a view on the bytes fed. `false` (text, JSON) lets whoever feeds reuse its buffers. */
  readonly aliases: boolean;
  /** The state of one stream, at its first byte. */
  decoder(): FrameDecoder<In>;
  /** Appends one whole frame to `sink`, or throws `EncodeError` and appends nothing. */
  encode(frame: Out, sink: ByteSink): void;
}

/**
 * Face 1 of a codec: the synchronous push/pull decoder on which every other face is built.
 *
 * @example
 * ```ts
 * import { type FrameDecoder, lines } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const decoder: FrameDecoder<string> = lines().decoder();
 * decoder.feed(new TextEncoder().encode("one\ntw"));
 * assertEquals(decoder.next(), "one");
 * assertEquals(decoder.next(), undefined); // needs more bytes
 * assertEquals(decoder.bufferedBytes, 2);
 * decoder.feed(new TextEncoder().encode("o\n"));
 * assertEquals(decoder.next(), "two");
 * decoder.end();
 * assertEquals(decoder.next(), undefined);
 * ```
 */
export interface FrameDecoder<In> {
  /** Adopts `chunk` without copying. The caller never rewrites those bytes afterwards (but see `detach`). */
  feed(chunk: Uint8Array): void;
  /** The next whole frame; `undefined` = needs more bytes. Throws `FrameError`, and then throws it again at every call. */
  next(): In | undefined;
  /** No more bytes will come. Afterwards `next()` hands out what is left, then throws `TruncatedFrameError` if a frame was cut. */
  end(): void;
  /** The bytes not yet part of a frame, handed over (for a codec switch); the decoder is empty afterwards. */
  takeRest(): Uint8Array;
  /** Bytes fed that are not yet part of a frame handed out. */
  readonly bufferedBytes: number;
  /**
   * Copies what is still needed of the chunks fed, so that their owner may rewrite them. Frames already
   * handed out are the owner's affair. A decoder without this method keeps what it was fed.
   */
  detach?(): void;
  /**
   * Where the next bytes of the stream can be written directly, when `next()` has just asked for more and
   * the rest of a frame of known length is at least 4 KiB: the frame's own memory. Saves the copy.
   * `undefined` = use `feed`. After writing the first `n` bytes of it, call `filled(n)`.
   */
  space?(): Uint8Array | undefined;
  /** The first `byteLength` bytes of what `space()` gave now hold the stream's next bytes. */
  filled?(byteLength: number): void;
  /**
   * Promises that nobody looks at a frame any more once `next()` is called again, so that a frame may be put
   * together in the memory of the one before. Called once more, it frees the memory that is kept for that.
   */
  recycle?(): void;
}

/**
 * Where `encode` writes: the connection's corked output buffer, a datagram, or a plain byte array.
 *
 * @example
 * ```ts
 * import { type ByteSink, encodeFrame } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const greeting = {
 *   // Two bytes of version, then the name.
 *   encode(name: string, sink: ByteSink): void {
 *     sink.uint(1, 2);
 *     sink.text(name);
 *   },
 * };
 * assertEquals(encodeFrame(greeting, "Al"), Uint8Array.of(0, 1, 65, 108));
 * ```
 */
export interface ByteSink {
  /** Appends a copy of `source`. */
  bytes(source: Uint8Array): void;
  /** Appends `source` as UTF-8. */
  text(source: string): void;
  /** Appends an unsigned integer of `byteLength` bytes. @default littleEndian {false} */
  uint(
    value: number | bigint,
    byteLength: 1 | 2 | 3 | 4 | 8,
    littleEndian?: boolean,
  ): void;
}

/**
 * Walks over frames as offsets, without making a view per frame; see {@linkcode ByteCodec.scanner}.
 *
 * @example
 * ```ts
 * import { delimited, type FrameScanner } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const scanner: FrameScanner = delimited("\n").scanner();
 * const lengths: number[] = [];
 * for (const chunk of ["one\nthr", "ee\n"]) {
 *   scanner.scan(new TextEncoder().encode(chunk), (_bytes, start, end) => {
 *     lengths.push(end - start);
 *   });
 * }
 * scanner.end();
 * assertEquals(lengths, [3, 5]);
 * ```
 */
export interface FrameScanner {
  /**
   * Calls `visit` with each whole frame as a range of `bytes`, in order. What is left when it throws is visited by the
   * next call; it cannot call the same scanner.
   */
  scan(
    chunk: Uint8Array,
    visit: (bytes: Uint8Array, start: number, end: number) => void,
  ): void;
  /**
   * No more bytes will come. Visits a last frame that needs no end (`delimited` with `atEnd: "emit"`); throws
   * `TruncatedFrameError` if the stream ended inside a frame.
   */
  end(
    visit?: (bytes: Uint8Array, start: number, end: number) => void,
  ): void;
}

/**
 * A codec whose frames are byte ranges can also be scanned without making a view per frame.
 *
 * Its frames are arrays on an `ArrayBuffer`, as Web APIs want them, unless a decoder is fed memory that is shared.
 *
 * @example
 * ```ts
 * import { type ByteCodec, lengthPrefixed, netstring } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * function countFrames(codec: ByteCodec, bytes: Uint8Array): number {
 *   let count = 0;
 *   const scanner = codec.scanner();
 *   scanner.scan(bytes, () => count++);
 *   scanner.end();
 *   return count;
 * }
 * assertEquals(countFrames(lengthPrefixed({ bytes: 1 }), Uint8Array.of(1, 65, 0)), 2);
 * assertEquals(countFrames(netstring(), new TextEncoder().encode("1:A,0:,")), 2);
 * ```
 */
export interface ByteCodec extends Codec<Uint8Array<ArrayBuffer>, Uint8Array> {
  /** The state of one stream, at its first byte. */
  scanner(): FrameScanner;
}

/**
 * Options of every codec that has a limit.
 *
 * @example
 * ```ts
 * import { decodeAll, type FrameOptions, FrameTooLargeError, netstring } from "@packetboat/net/framing";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const options: FrameOptions = { maxFrameBytes: 16 };
 * const wire = new TextEncoder().encode("20:" + "x".repeat(20) + ",");
 * const error = assertThrows(
 *   () => decodeAll(netstring(options), wire),
 *   FrameTooLargeError,
 * );
 * assertEquals(error.maxFrameBytes, 16);
 * ```
 */
export interface FrameOptions {
  /** Largest frame in bytes, header included, on decode and on encode alike. @default {1_048_576} */
  maxFrameBytes?: number;
}

/**
 * What a custom `decode` reads from: bytes across chunk borders, with nothing rescanned. A view that it gives
 * may be handed out with the frame; a decoder that keeps one for a later call must copy it.
 *
 * @example
 * ```ts
 * import { type ByteSource, decodeAll, defineCodec } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * // A record ends at a semicolon; `undefined` asks for more bytes.
 * function takeRecord(source: ByteSource): string | undefined {
 *   const length = source.indexOf(Uint8Array.of(0x3b));
 *   if (length < 0) return undefined;
 *   const record = new TextDecoder().decode(source.take(length));
 *   source.skip(1);
 *   return record;
 * }
 * const codec = defineCodec<string>({
 *   name: "record",
 *   decoder: () => ({ decode: takeRecord }),
 *   encode: (record, sink) => sink.text(`${record};`),
 * });
 * assertEquals(decodeAll(codec, new TextEncoder().encode("a;bc;")), ["a", "bc"]);
 * ```
 */
export interface ByteSource {
  /** Bytes at hand. */
  readonly length: number;
  /**
   * Whether the next `byteLength` bytes are at hand. Throws `FrameTooLargeError` at once when a frame of so
   * many would be over the limit, so ask as soon as the header has said it.
   */
  has(byteLength: number): boolean;
  /** The unsigned integer at `at`. @throws {RangeError} when it does not lie within `length`. */
  uint(
    at: number,
    byteLength: 1 | 2 | 3 | 4 | 8,
    littleEndian?: boolean,
  ): number;
  /** Index of `needle`, or -1; remembers how far an earlier search of the same needle came. */
  indexOf(needle: Uint8Array): number;
  /** The next `byteLength` bytes as a view where they lie in one chunk, as one copy where they do not. */
  take(byteLength: number): Uint8Array<ArrayBuffer>;
  /** Passes over the next `byteLength` bytes. */
  skip(byteLength: number): void;
}
