/**
 * The memory that a connection reads into. Decides how large it is: little while a peer is waited for, more for one
 * that fills it, and for one that comes back again and again. A read cannot be taken back, so what it waits with is
 * held for as long as the peer is silent. Never gives out a byte for writing that somebody may still look at: bytes
 * that were read belong to the frames, unless `reuse` says that frames do not alias them, or are lent for a turn only.
 *
 * @module
 */

import { Slab } from "../framing/mod.ts";
import { SLOT_BYTES } from "./slots.ts";

/** The first buffer of one's own, for a peer that fills its slot. */
const FIRST_BYTES = 1_024;

/** What the slot brings is kept in memory that grows to this, as long as there is always something to do. */
const BUSY_BYTES = 8_192;

/** 64 KiB is about what one read brings; the rest is for headers, so that payloads of powers of two fit whole. */
const MOST_BYTES = 65_536 + 1_024;

/**
 * A tail smaller than this, or than the last read, is not worth a read of its own: it would cut in two what
 * the next read can bring, and peers that answer each piece would go on sending pieces.
 */
const LEAST_BYTES = 512;

/** Where bytes are kept, a buffer should do for so many reads: making it costs as much as one. */
const READS_PER_BUFFER = 8;

/** After so many reads in a row that a slot would have held, the slot is enough. */
const SHORT_READS = 16;

/**
 * A peer that has come back so often since it was quiet is waited for with a buffer: to begin in the slot costs it one
 * more read each time.
 */
const STEADY_WAITS = 64;

const NOTHING = new Uint8Array(0);

/** The read buffers of one connection. */
export class Inlet {
  readonly #reuse: boolean;
  readonly #slot: Uint8Array;
  /** Length of the next buffer; `SLOT_BYTES` = the slot will do. */
  #size = SLOT_BYTES;
  #buffer = NOTHING;
  #used = 0;
  /** Where buffers are used again, the other of two: one is read ahead into while frames of the other are served. */
  #spare = NOTHING;
  /** Where what came through the slot is kept. */
  #slab: Slab | undefined;
  #shortReads = 0;
  #lastRead = 0;
  /** All that had come was read, so the next read waits. */
  #drained = false;
  /** How often that was so since the peer was quiet. */
  #waits = 0;

  constructor(reuse: boolean, slot: Uint8Array) {
    this.#reuse = reuse;
    this.#slot = slot;
  }

  /**
   * Memory for one read. `free` says that nothing of what was read before is needed any more; otherwise
   * nothing but the last read is.
   */
  target(free: boolean): Uint8Array {
    const waitsInSlot = this.#size === SLOT_BYTES ||
      (this.#drained && !this.isSteady);
    if (waitsInSlot && (free || !this.#reuse)) {
      this.#buffer = NOTHING;
      this.#used = 0;
      this.#spare = NOTHING;
      return this.#slot;
    }
    if (this.#reuse) {
      if (!free) [this.#buffer, this.#spare] = [this.#spare, this.#buffer];
      this.#used = 0;
    }
    const room = this.#buffer.length - this.#used;
    if (
      this.#reuse
        ? room < this.#size
        : room < Math.max(LEAST_BYTES, this.#lastRead)
    ) {
      this.#buffer = new Uint8Array(Math.max(FIRST_BYTES, this.#size));
      this.#used = 0;
    }
    return this.#used === 0 ? this.#buffer : this.#buffer.subarray(this.#used);
  }

  /** The peer comes back again and again, so memory for what it sends is held while it is waited for. */
  get isSteady(): boolean {
    return this.#waits >= STEADY_WAITS;
  }

  /**
   * A body begins. The spare may hold the frame that is lent, or the first of the body: they would be over before it is
   * read into again if all that is read became frames, but a body takes what is ahead of them.
   */
  forgetSpare(): void {
    this.#spare = NOTHING;
  }

  /** Whether `bytes` lie in memory that may be read into again; the spare buffer is not looked at. */
  owns(bytes: Uint8Array): boolean {
    return bytes.buffer === this.#buffer.buffer ||
      bytes.buffer === this.#slot.buffer;
  }

  /**
   * What a read of `byteLength` bytes into the last target brought, as a chunk that stays as it is. A target
   * that is not ours is no news.
   */
  took(target: Uint8Array, byteLength: number): Uint8Array {
    const chunk = target.subarray(0, byteLength);
    const isSlot = target === this.#slot;
    if (!isSlot && target.buffer !== this.#buffer.buffer) {
      // It may be the slot of the inlet before this one, with those of other connections around it.
      return target.length === SLOT_BYTES ? chunk.slice() : chunk;
    }
    if (byteLength < target.length) this.drained();
    else this.#drained = false;
    if (isSlot) return this.#tookSlot(chunk);
    this.#used += byteLength;
    this.#lastRead = byteLength;
    if (this.#shrank(byteLength)) return chunk;
    if (
      this.#used === this.#buffer.length ||
      (!this.#reuse && byteLength * READS_PER_BUFFER > this.#size)
    ) {
      this.#size = Math.min(
        MOST_BYTES,
        Math.max(FIRST_BYTES, this.#size * 4),
      );
    }
    return chunk;
  }

  /** All that had come was read, be it into memory that is not ours. */
  drained(): void {
    this.#drained = true;
    // Counted no further than anybody looks: a large number would be an object of its own.
    if (!this.isSteady) this.#waits++;
  }

  #tookSlot(chunk: Uint8Array): Uint8Array {
    if (this.#size > SLOT_BYTES) this.#shrank(chunk.length);
    else if (chunk.length === SLOT_BYTES) this.#size = FIRST_BYTES;
    if (this.#reuse) return chunk;
    this.#slab ??= new Slab(FIRST_BYTES, SLOT_BYTES, BUSY_BYTES);
    return this.#slab.copy(chunk);
  }

  /** Whether the slot is enough again, after many reads that it would have held. */
  #shrank(byteLength: number): boolean {
    this.#shortReads = byteLength < SLOT_BYTES ? this.#shortReads + 1 : 0;
    if (this.#shortReads < SHORT_READS) return false;
    this.#shortReads = 0;
    this.#size = SLOT_BYTES;
    return true;
  }

  /** Gives spare memory back, when there has been nothing to do for a while. A read under way keeps its own. */
  relax(): void {
    this.#waits = 0;
    this.#spare = NOTHING;
    this.#slab = undefined;
  }
}
