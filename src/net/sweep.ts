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

/** The connections under one sweep. */
export class Sweep {
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #members = new Set<Swept>();
  #timer: Timer | undefined;

  constructor(clock: Clock, limits: DeadlineLimits) {
    this.#clock = clock;
    this.#periodMs = Math.min(limits.idleTimeoutMs, limits.frameTimeoutMs) /
      LOOKS_PER_DEADLINE;
  }

  /** Looks at `member` from now on. */
  add(member: Swept): void {
    this.#members.add(member);
    if (this.#periodMs < Infinity) this.#arm();
  }

  /** Looks at `member` no more. */
  remove(member: Swept): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer ??= this.#clock.after(this.#periodMs, () => {
      this.#timer = undefined;
      const nowMs = this.#clock.now();
      for (const member of this.#members) member.checkDeadlines(nowMs);
      if (this.#members.size > 0) this.#arm();
    });
  }
}
