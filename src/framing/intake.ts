/**
 * The bytes that a decoder was fed and has not used up: the current chunk with a cursor, and the chunks
 * that wait behind it. Also what all decoders share besides: the position in the stream, the end, and the
 * first error, which stays. Holds chunks by reference; copies only when told to (`detach`).
 *
 * Its fields are open to the decoders of this room, because their inner loops read them once per frame.
 *
 * @module
 */

import {
  type FrameError,
  FrameTooLargeError,
  MalformedFrameError,
  TruncatedFrameError,
} from "../errors.ts";
import { concat, EMPTY, hexWindow, plainBytes } from "./bytes.ts";

/** The input side of one decoder. */
export class Intake {
  /** The codec's name, for errors. */
  readonly codec: string;
  /** The current chunk. */
  bytes: Uint8Array<ArrayBuffer> = EMPTY;
  /** Memory of the current chunk, once a view of it was asked for, and where in it the chunk begins. */
  #buffer: ArrayBuffer | undefined;
  #offset = 0;
  /** Index in `bytes` of the next unused byte. */
  at = 0;
  /** `bytes.length`, kept here because reading it from the array costs a check. */
  end = 0;
  /** Position in the stream of `bytes[0]`. */
  base = 0;
  /** No more chunks will come. */
  ended = false;
  /** The first error; thrown again by every later call. */
  error: FrameError | undefined;
  /** Of one chunk at a time, the usual case, nothing waits. */
  #waiting: Uint8Array<ArrayBuffer>[] | undefined;
  #next = 0;
  /** Bytes in those, counted here because a wrapper asks for them at every frame. */
  #waitingBytes = 0;

  constructor(codec: string) {
    this.codec = codec;
  }

  /** Adopts a chunk. After an error it is dropped: nobody will read it. */
  feed(fed: Uint8Array): void {
    this.checkFeed();
    if (fed.length === 0 || this.error !== undefined) return;
    const chunk = plainBytes(fed);
    // Also where the current chunk is used up, and others wait that nobody has asked for yet.
    if (this.empty) {
      this.base += this.end;
      this.#use(chunk);
    } else {
      (this.#waiting ??= []).push(chunk);
      this.#waitingBytes += chunk.length;
    }
  }

  /** Throws when bytes come after the end: the feeder's mistake, not the peer's. */
  checkFeed(): void {
    if (this.ended) {
      throw new TypeError(`Cannot feed a ${this.codec} decoder after end()`);
    }
  }

  /** A view of `[from, to)` of the current chunk. Takes half as long as `subarray`, which asks for a species. */
  view(from: number, to: number): Uint8Array<ArrayBuffer> {
    const buffer = this.#buffer ?? this.#open();
    return new Uint8Array(buffer, this.#offset + from, to - from);
  }

  /** Not in `feed`: the engine may have to move a small chunk's bytes to give it a buffer. */
  #open(): ArrayBuffer {
    this.#offset = this.bytes.byteOffset;
    this.#buffer = this.bytes.buffer;
    return this.#buffer;
  }

  /** Goes to the next chunk, when the current one is used up; `false` = there is none. */
  advance(): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined) return false;
    const chunk = waiting[this.#next];
    waiting[this.#next++] = EMPTY;
    this.#waitingBytes -= chunk.length;
    if (this.#next === waiting.length) {
      this.#waiting = undefined;
      this.#next = 0;
    } else if (this.#next > 32 && this.#next * 2 > waiting.length) {
      // A reader may be behind for ever. Moving the list is paid for by as many chunks as were used up.
      waiting.splice(0, this.#next);
      this.#next = 0;
    }
    this.base += this.end;
    this.#use(chunk);
    return true;
  }

  /** Bytes fed and not used up. */
  get length(): number {
    return this.end - this.at + this.#waitingBytes;
  }

  /** How many of the unused bytes are `byte`, up to the first that is another. */
  countFirst(byte: number): number {
    let { bytes, at } = this;
    let count = 0;
    for (let next = this.#next;; next++) {
      for (; at < bytes.length; at++, count++) {
        if (bytes[at] !== byte) return count;
      }
      const chunk = this.#waiting?.[next];
      if (chunk === undefined) return count;
      [bytes, at] = [chunk, 0];
    }
  }

  /** Neither bytes nor an end nor an error: whoever asks can only wait. */
  get hasNothing(): boolean {
    return this.empty && !this.ended && this.error === undefined;
  }

  /** `true` when the current chunk is used up and none waits. */
  get empty(): boolean {
    return this.at === this.end && this.#waiting === undefined;
  }

  /** Hands over `before` and everything unused as one array, and is empty afterwards. */
  takeRest(before: readonly Uint8Array[] = []): Uint8Array {
    const rest = this.bytes.subarray(this.at, this.end);
    const waiting = this.#waiting?.slice(this.#next) ?? [];
    this.base += this.end;
    this.base += this.#waitingBytes;
    this.#forget();
    return concat([...before, rest, ...waiting]);
  }

  /** Copies what is unused, so that the owner of the chunks may rewrite them. */
  detach(): void {
    this.base += this.at;
    this.#use(
      this.at === this.end ? EMPTY : this.bytes.slice(this.at, this.end),
    );
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    for (let i = this.#next; i < waiting.length; i++) {
      waiting[i] = waiting[i].slice();
    }
  }

  /** Keeps `error` for every later call, frees the memory, and throws. */
  fail(error: FrameError): never {
    this.error = error;
    this.base += this.end;
    this.#forget();
    throw error;
  }

  /** Fails because no valid stream holds these bytes. `seen` = the frame's bytes up to the one that shows it. */
  malformed(
    what: string,
    offset: number,
    seen: Uint8Array,
    hint?: string,
    cause?: unknown,
  ): never {
    this.fail(
      new MalformedFrameError(what, {
        codec: this.codec,
        offset,
        window: hexWindow(seen),
        hint,
        cause,
      }),
    );
  }

  /** Fails because the frame is over the limit. */
  tooLarge(
    declaredBytes: number,
    maxFrameBytes: number,
    offset: number,
    seen: Uint8Array,
    hint?: string,
  ): never {
    this.fail(
      new FrameTooLargeError({
        codec: this.codec,
        offset,
        window: hexWindow(seen),
        hint,
        declaredBytes,
        maxFrameBytes,
      }),
    );
  }

  /** Fails because the stream ended inside a frame. */
  truncated(bufferedBytes: number, offset: number, seen: Uint8Array): never {
    this.fail(
      new TruncatedFrameError({
        codec: this.codec,
        offset,
        window: hexWindow(seen),
        bufferedBytes,
      }),
    );
  }

  #use(chunk: Uint8Array<ArrayBuffer>): void {
    this.bytes = chunk;
    this.#buffer = undefined;
    this.at = 0;
    this.end = chunk.length;
  }

  #forget(): void {
    this.#use(EMPTY);
    this.#waiting = undefined;
    this.#next = 0;
    this.#waitingBytes = 0;
  }
}
