/**
 * How long a peer may be silent, and how long it may take over one frame, or over the next byte of a body. Nothing is
 * timed per frame: a sweep looks at the counters every now and then, so a deadline is noticed at the first look after it.
 *
 * @module
 */

/** What the sweep sees of a connection. */
export interface WireProgress {
  readonly bytesIn: number;
  readonly framesIn: number;
  /** Bytes of an unfinished frame are at hand, and its rest is awaited. */
  readonly midFrame: boolean;
  /** The next byte of a body is awaited. */
  readonly midBody: boolean;
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
  /** How far what is awaited had come when it was first seen; -1 = nothing is awaited. */
  #awaitedSeen = -1;
  #awaitedSinceMs = 0;
  /** No byte came between the last two looks. */
  silent = false;

  constructor(nowMs: number) {
    this.#silentSinceMs = Math.ceil(nowMs);
  }

  /** Which deadline has passed, if any. Silence is counted anew after it was reported. */
  check(
    nowMs: number,
    { bytesIn, framesIn, midFrame, midBody }: WireProgress,
    { idleTimeoutMs, frameTimeoutMs }: DeadlineLimits,
  ): "idle" | "frame" | undefined {
    // A frame must be whole in time; a body may be of any length, and every byte is a sign of life.
    const awaited = midBody ? -2 - bytesIn : midFrame ? framesIn : -1;
    if (awaited !== this.#awaitedSeen) {
      this.#awaitedSeen = awaited;
      this.#awaitedSinceMs = Math.ceil(nowMs);
    } else if (
      awaited !== -1 && nowMs - this.#awaitedSinceMs >= frameTimeoutMs
    ) return "frame";
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
