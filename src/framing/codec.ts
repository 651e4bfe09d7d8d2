/**
 * The contract of the framing room: what a codec and its decoder promise. Holds types only.
 *
 * Framing is sans-IO: bytes in, frames out; no socket, no clock, no promise. `feed` adopts a chunk, so a
 * frame that lies within one chunk is a view on it; only a frame that straddles chunks is copied.
 *
 * @module
 */

/** A wire format: how frames lie in a byte stream. Stateless; `decoder()` makes the state of one stream. */
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

/** Face 1 of a codec: the synchronous push/pull decoder on which every other face is built. */
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

/** Where `encode` writes: the connection's corked output buffer, a datagram, or a plain byte array. */
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

/** Walks over frames as offsets, without making a view per frame; see {@linkcode ByteCodec.scanner}. */
export interface FrameScanner {
  /** Calls `visit` with each whole frame as a range of `bytes`, in order. */
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

/** A codec whose frames are byte ranges can also be scanned without making a view per frame. */
export interface ByteCodec extends Codec<Uint8Array> {
  /** The state of one stream, at its first byte. */
  scanner(): FrameScanner;
}

/** Options of every codec that has a limit. */
export interface FrameOptions {
  /** Largest frame in bytes, header included, on decode and on encode alike. @default {1_048_576} */
  maxFrameBytes?: number;
}

/**
 * What a custom `decode` reads from: bytes across chunk borders, with nothing rescanned. A view that it gives
 * may be handed out with the frame; a decoder that keeps one for a later call must copy it.
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
  take(byteLength: number): Uint8Array;
  /** Passes over the next `byteLength` bytes. */
  skip(byteLength: number): void;
}
