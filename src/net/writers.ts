/**
 * The buffers in which connections of one server gather what they send. A connection has one only while it
 * has something to send, so many quiet connections cost nothing, and few buffers stay warm in the caches.
 * Nobody but an outbox ever sees their memory. A buffer whose write failed is not taken back, since the
 * system may still look at it.
 *
 * @module
 */

import { ByteWriter } from "../framing/mod.ts";

/**
 * What a buffer may hold and still be kept: a frame of 1 MiB, the default limit, and its header. Fresh memory
 * for each such frame costs more than copying it.
 */
const KEPT_BYTES = 1_048_576 + 65_536;

/**
 * What all spare buffers of a server may hold together. By bytes, not by count: as many connections as have
 * news in one round of the event loop are in the middle of a write at once, and each wants its buffer warm.
 */
const ALL_KEPT_BYTES = 4_194_304;

/** The spare buffers of one server. */
export class Writers {
  #spare: ByteWriter[] = [];
  #spareBytes = 0;

  /** An empty buffer. */
  take(): ByteWriter {
    const writer = this.#spare.pop();
    if (writer === undefined) return new ByteWriter();
    this.#spareBytes -= writer.capacity;
    return writer;
  }

  /** Takes a buffer back that nobody looks at any more. */
  give(writer: ByteWriter): void {
    const { capacity } = writer;
    if (
      writer.length > KEPT_BYTES ||
      this.#spareBytes + capacity > ALL_KEPT_BYTES
    ) return;
    writer.truncate(0);
    this.#spare.push(writer);
    this.#spareBytes += capacity;
  }

  /** Lets the memory go. */
  clear(): void {
    this.#spare = [];
    this.#spareBytes = 0;
  }
}
