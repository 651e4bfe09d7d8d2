/**
 * Memory for many small byte arrays: each is a piece of a larger one, because an `ArrayBuffer` of its own
 * costs more than the bytes of a small datagram. What was handed out is not written again.
 *
 * @module
 */

/** The price of a small piece that is kept: it keeps this much alive. */
const SLAB_BYTES = 16_384;
/** From this size on a piece pays for memory of its own. */
const LARGE_BYTES = 4_096;

/** Small copies of bytes. */
export class Slab {
  #memory = new Uint8Array(0);
  #used = 0;

  /** A copy of `bytes`. */
  copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length >= LARGE_BYTES) return bytes.slice();
    if (length > this.#memory.length - this.#used) {
      this.#memory = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    const piece = this.#memory.subarray(start, this.#used = start + length);
    piece.set(bytes);
    return piece;
  }
}
