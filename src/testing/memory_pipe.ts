/**
 * Decides how bytes travel in memory: one direction of a connection, from one writer to one reader. What it shares with
 * the real thing: a bounded buffer (a peer that does not read blocks the writer), an end that comes after all bytes, and
 * a reset that loses what is under way. Copies what is written, and hands out nothing but what it copies into the
 * reader's memory.
 */

import type { Clock, Timer } from "../clock.ts";

/** See `MemoryNetworkOptions`; resolved. */
export interface PipeLimits {
  readonly latencyMs: number;
  readonly sliceBytes: number;
  readonly bufferBytes: number;
  readonly clock: Clock;
}

/** One direction: a bounded queue of bytes between one writer and one reader. */
export class MemoryPipe {
  readonly #limits: PipeLimits;
  #chunks: Uint8Array[] = [];
  /** Bytes that are written and not read, those still on the way included. */
  #size = 0;
  readonly #onTheWay = new Set<Timer>();
  #ended = false;
  #failed = false;
  /** The reader has gone: what is written goes nowhere, and the writer is told. */
  #abandoned = false;
  #reader:
    | { into: Uint8Array; done: PromiseWithResolvers<number | null> }
    | undefined;
  #writer:
    | { bytes: Uint8Array; done: PromiseWithResolvers<number> }
    | undefined;

  constructor(limits: PipeLimits) {
    this.#limits = limits;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#reader !== undefined) return Promise.reject(named("Busy"));
    if (into.length === 0) return Promise.resolve(0);
    const done = Promise.withResolvers<number | null>();
    this.#reader = { into, done };
    this.#move();
    return done.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#writer !== undefined) return Promise.reject(named("Busy"));
    if (bytes.length === 0) return Promise.resolve(0);
    const done = Promise.withResolvers<number>();
    this.#writer = { bytes, done };
    this.#move();
    return done.promise;
  }

  end(): void {
    this.#ended = true;
    this.#writer?.done.reject(named("Interrupted"));
    this.#writer = undefined;
    this.#move();
  }

  abandon(): void {
    this.#abandoned = true;
    this.#reader?.done.reject(named("Interrupted"));
    this.#reader = undefined;
    this.#lose();
    this.#move();
  }

  fail(): void {
    this.#failed = true;
    this.#lose();
    this.#move();
  }

  /** Nobody reads any more what has been written. */
  #lose(): void {
    this.#chunks = [];
    for (const timer of this.#onTheWay) timer.cancel();
    this.#onTheWay.clear();
  }

  /** Does what can be done now: takes a write in, hands a read out, tells who waits in vain. */
  #move(): void {
    this.#takeWrite();
    const reader = this.#reader;
    if (reader === undefined) return;
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      const count = Math.min(
        chunk.length,
        reader.into.length,
        this.#limits.sliceBytes,
      );
      reader.into.set(chunk.subarray(0, count));
      if (count < chunk.length) this.#chunks.unshift(chunk.subarray(count));
      this.#size -= count;
      this.#reader = undefined;
      reader.done.resolve(count);
      this.#takeWrite();
    } else if (this.#failed) {
      this.#reader = undefined;
      reader.done.reject(named("ConnectionReset"));
    } else if (this.#ended && this.#onTheWay.size === 0) {
      this.#reader = undefined;
      reader.done.resolve(null);
    }
  }

  #takeWrite(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    const { latencyMs, bufferBytes, clock } = this.#limits;
    if (this.#failed || this.#abandoned || this.#ended) {
      this.#writer = undefined;
      writer.done.reject(
        named(this.#failed ? "ConnectionReset" : "BrokenPipe"),
      );
      return;
    }
    const count = Math.min(writer.bytes.length, bufferBytes - this.#size);
    if (count === 0) return;
    // The writer may use its memory again once it has been told.
    const chunk = writer.bytes.slice(0, count);
    this.#size += count;
    this.#writer = undefined;
    writer.done.resolve(count);
    if (latencyMs === 0) {
      this.#chunks.push(chunk);
      return;
    }
    const timer = clock.after(latencyMs, () => {
      this.#onTheWay.delete(timer);
      this.#chunks.push(chunk);
      this.#move();
    });
    this.#onTheWay.add(timer);
  }
}

/** An error by the name of one of the runtime's, which is how they are told apart. */
export function named(name: string): Error {
  const error = new Error(`${name} (in memory)`);
  error.name = name;
  return error;
}
