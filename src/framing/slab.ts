/**
 * Memory for many small byte arrays: each is a piece of a larger one, because an `ArrayBuffer` of its own costs
 * ten times as much as the bytes of a small frame. No byte is handed out twice. Every stream has a slab of its own,
 * so that whoever looks at the memory around his frame sees nothing of another stream; so has every datagram socket.
 *
 * @module
 */

/** What a slab has room for at least; of larger pieces, for so many of them. */
const SLAB_BYTES = 1_024;
const PIECES = 4;

/** Small pieces of memory. */
export class Slab {
  readonly #largest: number;
  readonly #most: number;
  /** Length of the next array. */
  #size: number;
  #memory: ArrayBuffer | undefined;
  #used = 0;

  /**
   * Pieces above `largest` bytes get memory of their own. The price of a small piece that somebody keeps is that it
   * keeps `least` bytes alive, or four times its size; each array is twice as large as the one before, up to `most`.
   */
  constructor(least = SLAB_BYTES, largest = SLAB_BYTES, most = least) {
    this.#size = least;
    this.#largest = largest;
    this.#most = most;
  }

  /** So many zeros, which nobody else has. Throws what `new Uint8Array` throws, where there is no such memory. */
  take(byteLength: number): Uint8Array<ArrayBuffer> {
    if (byteLength === 0 || byteLength > this.#largest) {
      return new Uint8Array(byteLength);
    }
    let memory = this.#memory;
    // Memory that somebody has transferred has no bytes any more.
    if (memory === undefined || memory.byteLength - this.#used < byteLength) {
      const size = Math.max(this.#size, PIECES * byteLength);
      this.#memory = memory = new Uint8Array(size).buffer;
      this.#used = 0;
      if (this.#size < this.#most) this.#size *= 2;
    }
    const start = this.#used;
    this.#used = start + byteLength;
    return new Uint8Array(memory, start, byteLength);
  }

  /** A copy of `bytes`. */
  copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    if (bytes.length > this.#largest) return bytes.slice();
    const piece = this.take(bytes.length);
    piece.set(bytes);
    return piece;
  }
}
