/**
 * How long a peer may be silent, and how long it may take over one frame. Nothing is timed per frame: a
 * sweep looks at the counters every now and then, so a deadline is noticed at the first look after it.
 *
 * @module
 */

/** What the sweep sees of a connection. */
export interface WireProgress {
  readonly bytesIn: number;
  readonly framesIn: number;
  /** Bytes of an unfinished frame are at hand, and its rest is awaited. */
  readonly midFrame: boolean;
}

/** The limits, in milliseconds. */
export interface DeadlineLimits {
  readonly idleTimeoutMs: number;
  readonly frameTimeoutMs: number;
}

/** The deadlines of one connection. */
export class Deadlines {
  #bytesSeen = 0;
  // Moments are rounded up: a fraction would be an object of its own, and no deadline comes too early by it.
  #silentSinceMs: number;
  /** `framesIn` when the unfinished frame was first seen; -1 = none is under way. */
  #framesSeen = -1;
  #frameSinceMs = 0;
  /** No byte came between the last two looks. */
  silent = false;

  constructor(nowMs: number) {
    this.#silentSinceMs = Math.ceil(nowMs);
  }

  /** Which deadline has passed, if any. Silence is counted anew after it was reported. */
  check(
    nowMs: number,
    { bytesIn, framesIn, midFrame }: WireProgress,
    { idleTimeoutMs, frameTimeoutMs }: DeadlineLimits,
  ): "idle" | "frame" | undefined {
    if (!midFrame) this.#framesSeen = -1;
    else if (this.#framesSeen !== framesIn) {
      this.#framesSeen = framesIn;
      this.#frameSinceMs = Math.ceil(nowMs);
    } else if (nowMs - this.#frameSinceMs >= frameTimeoutMs) return "frame";
    this.silent = bytesIn === this.#bytesSeen;
    if (!this.silent) {
      this.#bytesSeen = bytesIn;
      this.#silentSinceMs = Math.ceil(nowMs);
    } else if (nowMs - this.#silentSinceMs >= idleTimeoutMs) {
      this.#silentSinceMs = Math.ceil(nowMs);
      return "idle";
    }
    return undefined;
  }
}
