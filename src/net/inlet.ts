/**
 * The memory that a connection reads into. Decides how large it is: little for a quiet peer, more for one
 * that fills it. Never gives out a byte for writing that somebody may still look at: bytes that were read
 * belong to the frames, unless `reuse` says that frames do not alias them.
 *
 * @module
 */

/** Enough for a small message; an idle connection pays for it, so it is small. */
const FIRST_BYTES = 1_024;

/** 64 KiB is about what one read brings; the rest is for headers, so that payloads of powers of two fit whole. */
const MOST_BYTES = 65_536 + 1_024;

/** A tail smaller than this is not worth a read of its own. */
const LEAST_BYTES = 512;

/** The read buffers of one connection. */
export class Inlet {
  readonly #reuse: boolean;
  #size = FIRST_BYTES;
  #buffer = new Uint8Array(0);
  #used = 0;

  constructor(reuse: boolean) {
    this.#reuse = reuse;
  }

  /** Memory for one read. `free` says that the decoder needs nothing of what was read before. */
  target(free: boolean): Uint8Array {
    if (free && this.#reuse && this.#buffer.length >= this.#size) {
      this.#used = 0;
    } else if (this.#buffer.length - this.#used < LEAST_BYTES) {
      this.#buffer = new Uint8Array(this.#size);
      this.#used = 0;
    }
    return this.#used === 0 ? this.#buffer : this.#buffer.subarray(this.#used);
  }

  /** Whether `bytes` lie in memory that may be read into again. */
  owns(bytes: Uint8Array): boolean {
    return bytes.buffer === this.#buffer.buffer;
  }

  /** A read of `byteLength` bytes into the last target is over. A target that is not ours is no news. */
  took(target: Uint8Array, byteLength: number): void {
    if (!this.owns(target)) return;
    this.#used += byteLength;
    if (this.#used === this.#buffer.length) {
      this.#size = Math.min(MOST_BYTES, this.#size * 4);
    }
  }
}
