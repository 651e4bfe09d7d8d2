/**
 * How long an end may wait for others: the turn under way, the last flush, the last callback. Of several bounds the
 * nearest holds. What follows when the time is over is decided by whoever grants it.
 *
 * @module
 */

import type { Clock, Timer } from "../clock.ts";

/** The time that one end is given. */
export class Grace {
  readonly #clock: Clock;
  readonly #onOver: () => void;
  #endMs = Infinity;
  #timer: Timer | undefined;

  /** `onOver` is called each time that a bound has passed. */
  constructor(clock: Clock, onOver: () => void) {
    this.#clock = clock;
    this.#onOver = onOver;
  }

  /** From now on so much at most, unless it is less already. */
  atMost(graceMs: number): void {
    const endMs = this.#clock.now() + graceMs;
    if (this.#timer !== undefined && this.#endMs <= endMs) return;
    this.cancel();
    this.#endMs = endMs;
    this.#timer = this.#clock.after(graceMs, () => {
      this.#timer = undefined;
      this.#onOver();
    });
  }

  /** So much, where nobody has set a bound. */
  unlessSet(graceMs: number): void {
    if (this.#timer === undefined) this.atMost(graceMs);
  }

  /** From now on so much, whatever was set before. */
  anew(graceMs: number): void {
    this.cancel();
    this.atMost(graceMs);
  }

  /** There is no bound any more. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
