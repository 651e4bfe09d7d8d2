/**
 * The wire as a lane: bytes come in, whole frames are taken out when their turn comes. What waits is bytes,
 * never a queue of frames: one unfinished frame, the rest of one read, and at most one read ahead of it.
 *
 * A read is kept pending whenever there is room for what it brings, so that a lost peer is noticed even
 * while a handler is busy. Where the rest of a large frame is to come, it is read into the frame itself.
 * While a body is being read, bytes go past the decoder and no frame can be taken.
 *
 * @module
 */

import type { Codec, FrameDecoder } from "../framing/mod.ts";
import type { ByteStream } from "../transport/mod.ts";
import { Inlet } from "./inlet.ts";
import { SLOT_BYTES, type Slots } from "./slots.ts";

/** The most that one read of a body brings. */
const BODY_BYTES = 65_536;

/** Bytes outside any frame that are still to come, and who waits for them. */
export interface Body {
  left: number;
  /** Nobody reads it any more, or nobody should: what comes is passed over. */
  isAbandoned: boolean;
  wait: PromiseWithResolvers<void> | undefined;
}

/** Whose input it is. */
export interface InputOwner {
  /** `take` may have something new, a frame or the end. */
  onInput(): void;
  /** A read failed; nothing more will come. */
  onLost(error: unknown): void;
}

/** The receiving half of one connection. */
export class Input<In> {
  readonly #stream: ByteStream;
  readonly #borrowed: boolean;
  readonly #slots: Slots;
  readonly #owner: InputOwner;
  #decoder: FrameDecoder<In>;
  /** Whether the memory that was read into may be read into again. */
  #reuse: boolean;
  #inlet: Inlet;
  /** The decoder has asked for more, so what is read goes to it at once. */
  #hungry = true;
  /** What came while nobody asked for it: at most one read, and what a codec or a body left over. */
  #ahead: Uint8Array[] | undefined;
  #body: Body | undefined;
  #reading: Promise<number | null> | undefined;
  // Bound, because two closures and what they close over take twice the memory.
  readonly #onRead = this.#took.bind(this);
  readonly #onFailed = this.#failed.bind(this);
  #into: Uint8Array | undefined;
  /** The read under way goes straight into a frame. */
  #direct = false;
  #eof = false;
  #ended = false;
  #discarded = false;
  /** Everything that will ever come has been taken. */
  finished = false;
  /** Bytes read so far. */
  bytesIn = 0;

  /** `borrowed`: frames may be overwritten once `take` is called again. */
  constructor(
    stream: ByteStream,
    codec: Pick<Codec<In, never>, "decoder" | "aliases">,
    borrowed: boolean,
    slots: Slots,
    owner: InputOwner,
  ) {
    this.#stream = stream;
    this.#borrowed = borrowed;
    this.#slots = slots;
    this.#owner = owner;
    this.#decoder = codec.decoder();
    this.#reuse = this.#mayReuse(codec);
    this.#inlet = this.#newInlet(codec);
    if (this.#reuse) this.#decoder.recycle?.();
  }

  /** Bytes that came and are not yet part of a frame that was taken. */
  get bufferedBytes(): number {
    let byteLength = this.#decoder.bufferedBytes;
    for (const chunk of this.#ahead ?? []) byteLength += chunk.length;
    return byteLength;
  }

  /** The stream has ended and every byte of it has become part of a frame that was taken. */
  get exhausted(): boolean {
    return this.#eof && this.bufferedBytes === 0;
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
    if (this.#body !== undefined) return undefined;
    for (;;) {
      const frame = this.#decoder.next();
      if (frame !== undefined) return frame;
      const chunk = this.#ahead?.shift();
      if (chunk !== undefined) {
        this.#feed(chunk);
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
      this.#reading !== undefined || this.#eof || this.#discarded ||
      (this.#ahead !== undefined && this.#ahead.length > 0)
    ) return;
    this.#into = this.#target();
    this.#reading = this.#stream.read(this.#into);
    this.#reading.then(this.#onRead, this.#onFailed);
  }

  /** From the next byte on, another format. */
  switchCodec(codec: Pick<Codec<In, never>, "decoder" | "aliases">): void {
    this.#unread();
    // What is left may lie in a slot, and nothing that is handed out may: the next format decides what that is.
    if (this.#reuse) {
      this.#ahead = this.#ahead?.map((chunk) =>
        this.#inlet.owns(chunk) ? chunk.slice() : chunk
      );
    }
    this.#decoder = codec.decoder();
    this.#reuse = this.#mayReuse(codec);
    // Views on the old memory may be about, and a read into it may be under way.
    this.#inlet = this.#newInlet(codec);
    if (this.#reuse) this.#decoder.recycle?.();
  }

  /** The next `byteLength` bytes go past the decoder: `pullBody` until it gives `undefined`, or `abandonBody`. */
  beginBody(byteLength: number): Body {
    this.#unread();
    this.#inlet.forgetSpare();
    const body = { left: byteLength, isAbandoned: false, wait: undefined };
    this.#body = body;
    this.#endBodyIfOver();
    return body;
  }

  /** Whether bytes go past the decoder now. */
  get inBody(): boolean {
    return this.#body !== undefined;
  }

  /** The next bytes of a body are awaited. */
  get midBody(): boolean {
    return this.#body !== undefined && this.#body.wait !== undefined;
  }

  /**
   * The next bytes of the body, as they come; `undefined` = it is over.
   *
   * @throws {RangeError} The stream ended before the body did, or nobody was to read it any more; the message says
   * how much is missing.
   */
  async pullBody(body: Body): Promise<Uint8Array | undefined> {
    for (;;) {
      if (body.left === 0) return undefined;
      if (!body.isAbandoned) {
        const chunk = this.#takeAhead(body);
        if (chunk !== undefined) return chunk;
      }
      if (body.isAbandoned || this.#eof || this.#discarded) {
        this.#cutBody(body);
        throw new RangeError(`${body.left} bytes are missing`);
      }
      body.wait ??= Promise.withResolvers();
      this.want();
      await body.wait.promise;
    }
  }

  /**
   * Passes over what is left of a body, by default of the one under way, so that the next frame is found. Who reads it
   * is told.
   */
  abandonBody(body: Body | undefined = this.#body): void {
    if (body === undefined || body !== this.#body || body.isAbandoned) return;
    body.isAbandoned = true;
    wake(body);
    this.#passOver(body);
    this.want();
  }

  /** No more bytes are wanted; what came whole can still be taken, and what is cut is not an error. */
  stop(): void {
    this.#eof = true;
    this.#ended = true;
    if (this.#body !== undefined) wake(this.#body);
  }

  /** Gives spare memory back, when there has been nothing to do for a while. */
  relax(): void {
    this.#inlet.relax();
    if (this.#reuse) this.#decoder.recycle?.();
  }

  /** Takes nothing more in and frees the memory. A read under way ends with the stream. */
  discard(): void {
    this.#discarded = true;
    this.#ahead = undefined;
    this.#decoder.takeRest();
    if (this.#body !== undefined) wake(this.#body);
  }

  /** Resolves when no read is under way; never rejects. */
  async idle(): Promise<void> {
    await this.#reading?.catch(() => {/* #onFailed has it */});
  }

  #mayReuse(codec: { readonly aliases: boolean }): boolean {
    return (this.#borrowed || !codec.aliases) &&
      this.#decoder.detach !== undefined;
  }

  /** A frame lent to a handler must not be a view of memory that other connections read into as well. */
  #newInlet(codec: { readonly aliases: boolean }): Inlet {
    const lends = this.#reuse && codec.aliases;
    return new Inlet(
      this.#reuse,
      lends ? new Uint8Array(SLOT_BYTES) : this.#slots.take(),
    );
  }

  /** What the decoder still needs of the chunk before is copied, because that is read over from now on. */
  #feed(chunk: Uint8Array): void {
    if (this.#reuse) this.#decoder.detach!();
    this.#decoder.feed(chunk);
  }

  /** Takes back what the decoder has not used. */
  #unread(): void {
    const rest = this.#decoder.takeRest();
    if (rest.length > 0) (this.#ahead ??= []).unshift(rest);
    this.#hungry = false;
    // A read into the memory of a frame that will not be: what it brings is bytes like any other.
    this.#direct = false;
  }

  #takeAhead(body: Body): Uint8Array | undefined {
    const chunk = this.#ahead?.shift();
    if (chunk === undefined) return undefined;
    const part = chunk.subarray(0, body.left);
    if (part.length < chunk.length) {
      this.#ahead!.unshift(chunk.subarray(part.length));
    }
    body.left -= part.length;
    this.#endBodyIfOver();
    // A body's chunk is the caller's to keep; memory that will be read into again is not.
    return this.#reuse && this.#inlet.owns(part) ? part.slice() : part;
  }

  /** What has come of a body that nobody reads is dropped, and so is the body where nothing more comes. */
  #passOver(body: Body): void {
    while (this.#body === body && this.#takeAhead(body) !== undefined);
    if (this.#eof) this.#cutBody(body);
  }

  /** It will not be whole. What is behind it, if anything, is looked at again, unless it is still passed over. */
  #cutBody(body: Body): void {
    if (this.#body !== body || (body.isAbandoned && !this.#eof)) return;
    this.#body = undefined;
    this.#owner.onInput();
  }

  #endBodyIfOver(): void {
    if (this.#body?.left !== 0) return;
    this.#body = undefined;
    this.#owner.onInput();
  }

  #target(): Uint8Array {
    if (this.#body !== undefined) {
      return new Uint8Array(Math.min(BODY_BYTES, this.#body.left));
    }
    if (!this.#hungry) return this.#inlet.target(false);
    const own = this.#decoder.space?.();
    if (own !== undefined) {
      this.#direct = true;
      return own;
    }
    // Where memory is not read into again, so that nobody holds it while the peer is waited for.
    if (this.#reuse || this.#decoder.bufferedBytes === 0) {
      this.#decoder.detach?.();
    }
    if (this.#reuse && !this.#inlet.isSteady) this.#decoder.recycle?.();
    return this.#inlet.target(true);
  }

  #took(byteLength: number | null): void {
    this.#reading = undefined;
    const into = this.#into!;
    this.#into = undefined;
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
        this.#inlet.drained();
      } else if (this.#hungry) {
        this.#feed(this.#inlet.took(into, byteLength));
        this.#hungry = false;
      } else {
        (this.#ahead ??= []).push(this.#inlet.took(into, byteLength));
      }
    }
    const body = this.#body;
    if (body?.isAbandoned) this.#passOver(body);
    if (body?.wait === undefined) this.#owner.onInput();
    else wake(body);
  }

  #failed(error: unknown): void {
    this.#reading = undefined;
    if (!this.#discarded) this.#owner.onLost(error);
  }
}

/** Whoever waits for more of the body looks again. */
function wake(body: Body): void {
  const { wait } = body;
  body.wait = undefined;
  wait?.resolve();
}
