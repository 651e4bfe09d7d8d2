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

/** More than so many connections are rarely in the middle of a write at once. */
const MOST_KEPT = 8;

/** The spare buffers of one server. */
export class Writers {
  #spare: ByteWriter[] = [];

  /** An empty buffer. */
  take(): ByteWriter {
    return this.#spare.pop() ?? new ByteWriter();
  }

  /** Takes a buffer back that nobody looks at any more. */
  give(writer: ByteWriter): void {
    if (writer.length > KEPT_BYTES || this.#spare.length === MOST_KEPT) return;
    writer.truncate(0);
    this.#spare.push(writer);
  }

  /** Lets the memory go. */
  clear(): void {
    this.#spare = [];
  }
}
