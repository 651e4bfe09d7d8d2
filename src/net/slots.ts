/**
 * Small places to read into, for connections that wait: cut from larger arrays, since an array of its own
 * costs more than the bytes in it. A slot belongs to one connection for life and is never handed on; what
 * is read into it is copied out before anybody outside sees it, so no frame is a view of it. An array of slots
 * is freed when the last of its connections is gone.
 *
 * @module
 */

/** Holds most requests; what is larger shows itself by filling it. */
export const SLOT_BYTES = 256;

/** A connection that outlives its neighbours keeps so many slots. */
const MOST_SLOTS = 32;

/** The slots of one server. */
export class Slots {
  #array = new Uint8Array(0);
  #at = 0;
  /** A client has one connection and wants one slot, a server with many wants arrays of many. */
  #next = 1;

  /** A new slot. */
  take(): Uint8Array {
    if (this.#at === this.#array.length) {
      this.#array = new Uint8Array(SLOT_BYTES * this.#next);
      this.#at = 0;
      this.#next = Math.min(MOST_SLOTS, this.#next * 2);
    }
    const slot = this.#array.subarray(this.#at, this.#at + SLOT_BYTES);
    this.#at += SLOT_BYTES;
    return slot;
  }
}
