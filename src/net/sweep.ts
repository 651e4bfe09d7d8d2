/**
 * One timer for the deadlines of many connections. Runs only while there are any.
 *
 * @module
 */

import type { Clock, Timer } from "../clock.ts";
import type { DeadlineLimits } from "./deadlines.ts";

/** A deadline is noticed at most this share of it too late. */
const LOOKS_PER_DEADLINE = 8;

/** Something whose deadlines a sweep looks at. */
export interface Swept {
  checkDeadlines(nowMs: number): void;
}

/** The sweep over `members`, whoever they are when it looks. */
export class Sweep {
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #members: () => Iterable<Swept>;
  #timer: Timer | undefined;

  constructor(
    clock: Clock,
    limits: DeadlineLimits,
    members: () => Iterable<Swept>,
  ) {
    this.#clock = clock;
    this.#periodMs = Math.min(limits.idleTimeoutMs, limits.frameTimeoutMs) /
      LOOKS_PER_DEADLINE;
    this.#members = members;
  }

  /** Looks every now and then, until `stop`; called again it changes nothing. */
  start(): void {
    if (this.#periodMs === Infinity) return;
    this.#timer ??= this.#clock.after(this.#periodMs, () => {
      this.#timer = undefined;
      const nowMs = this.#clock.now();
      this.start();
      for (const member of this.#members()) member.checkDeadlines(nowMs);
    });
  }

  /** There is nobody left to look at. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
