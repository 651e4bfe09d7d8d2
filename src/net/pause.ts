/**
 * A wait between two tries of a loop, which the end of the loop cuts short.
 *
 * @module
 */

import type { Clock, Timer } from "../clock.ts";

/** The waits of one loop, one at a time. */
export class Pause {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #end: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `delayMs`, or at `cut`. */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#end = resolve;
      this.#timer = this.#clock.after(delayMs, resolve);
    });
  }

  /** Ends the wait that is under way, if any. */
  cut(): void {
    this.#timer?.cancel();
    this.#end?.();
  }
}
