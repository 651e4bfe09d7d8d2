/**
 * The wire as a lane: bytes come in, whole frames are taken out when their turn comes. What waits is bytes,
 * never a queue of frames: one unfinished frame, the rest of one read, and at most one read ahead of it.
 *
 * A read is kept pending whenever there is room for what it brings, so that a lost peer is noticed even
 * while a handler is busy. Where the rest of a large frame is to come, it is read into the frame itself.
 *
 * @module
 */

import type { Codec, FrameDecoder } from "../framing/mod.ts";
import type { ByteStream } from "../transport/mod.ts";
import { Inlet } from "./inlet.ts";

/** The receiving half of one connection. */
export class Input<In> {
  readonly #stream: ByteStream;
  readonly #onInput: () => void;
  readonly #onLost: (error: unknown) => void;
  readonly #decoder: FrameDecoder<In>;
  readonly #inlet: Inlet;
  readonly #reuse: boolean;
  /** The decoder has asked for more, so what is read goes to it at once. */
  #hungry = true;
  /** What was read while the decoder still had work. */
  #ahead: Uint8Array | undefined;
  #reading: Promise<number | null> | undefined;
  /** The read under way goes straight into a frame. */
  #direct = false;
  #eof = false;
  #ended = false;
  #discarded = false;
  /** Everything that will ever come has been taken. */
  finished = false;
  /** Bytes read so far. */
  bytesIn = 0;

  /** `onInput`: `take` may have something new, a frame or the end. `onLost`: a read failed; nothing more will come. */
  constructor(
    stream: ByteStream,
    codec: Pick<Codec<In, never>, "decoder" | "aliases">,
    onInput: () => void,
    onLost: (error: unknown) => void,
  ) {
    this.#stream = stream;
    this.#onInput = onInput;
    this.#onLost = onLost;
    this.#decoder = codec.decoder();
    this.#reuse = !codec.aliases && this.#decoder.detach !== undefined;
    this.#inlet = new Inlet(this.#reuse);
  }

  /** Bytes that came and are not yet part of a frame that was taken. */
  get bufferedBytes(): number {
    return this.#decoder.bufferedBytes + (this.#ahead?.length ?? 0);
  }

  /** Bytes of an unfinished frame are at hand, and its rest is awaited. */
  get midFrame(): boolean {
    return this.#hungry && !this.#eof && this.#decoder.bufferedBytes > 0;
  }

  /**
   * The next whole frame; `undefined` = none at hand.
   *
   * @throws {FrameError} The peer broke the format; thrown again at every call.
   */
  take(): In | undefined {
    for (;;) {
      const frame = this.#decoder.next();
      if (frame !== undefined) return frame;
      if (this.#ahead !== undefined) {
        this.#decoder.feed(this.#ahead);
        this.#ahead = undefined;
      } else if (this.#eof && !this.#ended) {
        this.#ended = true;
        this.#decoder.end();
      } else {
        this.#hungry = true;
        this.finished = this.#ended;
        return undefined;
      }
    }
  }

  /** Starts a read, unless one is pending or what the last one brought still waits. */
  want(): void {
    if (
      this.#reading !== undefined || this.#ahead !== undefined || this.#eof ||
      this.#discarded
    ) return;
    const target = this.#target();
    this.#reading = this.#stream.read(target);
    this.#reading.then(this.#onRead, this.#onFailed);
  }

  /** No more bytes are wanted; what came whole can still be taken, and what is cut is not an error. */
  stop(): void {
    this.#eof = true;
    this.#ended = true;
  }

  /** Takes nothing more in and frees the memory. A read under way ends with the stream. */
  discard(): void {
    this.#discarded = true;
    this.#ahead = undefined;
    this.#decoder.takeRest();
  }

  /** Resolves when no read is under way; never rejects. */
  async idle(): Promise<void> {
    await this.#reading?.catch(() => {/* #onFailed has it */});
  }

  #target(): Uint8Array {
    if (!this.#hungry) return this.#inlet.target(false);
    const own = this.#decoder.space?.();
    if (own !== undefined) {
      this.#direct = true;
      return own;
    }
    if (this.#reuse) this.#decoder.detach!();
    return this.#inlet.target(true);
  }

  readonly #onRead = (byteLength: number | null): void => {
    this.#reading = undefined;
    const direct = this.#direct;
    this.#direct = false;
    if (this.#discarded || this.#eof) return;
    if (byteLength === null) {
      this.#eof = true;
    } else {
      this.bytesIn += byteLength;
      if (direct) {
        this.#decoder.filled!(byteLength);
        this.#hungry = false;
      } else if (this.#hungry) {
        this.#decoder.feed(this.#inlet.took(byteLength));
        this.#hungry = false;
      } else {
        this.#ahead = this.#inlet.took(byteLength);
      }
    }
    this.#onInput();
  };

  readonly #onFailed = (error: unknown): void => {
    this.#reading = undefined;
    if (!this.#discarded) this.#onLost(error);
  };
}
