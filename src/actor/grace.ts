/**
 * Decides how long an end may take: of several bounds the nearest holds. When it has passed, the owner is killed; what
 * a kill still waits for gets as long again, and then a second kill leaves it to itself. Sets no timer before there is
 * something to wait for, because most ends are over at once.
 */

import type { Clock, Timer } from "../clock.ts";

/** Whose end it is. */
export interface GraceOwner {
  readonly clock: Clock;
  kill(): void;
}

/** The time that one end may take. */
export class Grace {
  readonly #owner: GraceOwner;
  #graceMs = Infinity;
  /** When the time is up; `-Infinity` when the end has come, which no bound is nearer than. */
  #dueMs = Infinity;
  #timer: Timer | undefined = undefined;

  constructor(owner: GraceOwner) {
    this.#owner = owner;
  }

  /** From now on at most so much, unless it is less already. Whoever has to wait says so anew. */
  atMost(graceMs: number): void {
    const dueMs = this.#owner.clock.now() + graceMs;
    if (dueMs >= this.#dueMs) return;
    this.#graceMs = graceMs;
    this.#dueMs = dueMs;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** There is something to wait for: when the time is up, the owner is killed. */
  wait(): void {
    if (this.#timer !== undefined || !Number.isFinite(this.#dueMs)) return;
    const { clock } = this.#owner;
    const leftMs = Math.max(0, this.#dueMs - clock.now());
    this.#timer = clock.after(leftMs, () => {
      this.#dueMs = Infinity;
      this.#owner.kill();
      this.atMost(this.#graceMs);
      this.wait();
    });
  }

  /** The end has come. */
  over(): void {
    this.#dueMs = -Infinity;
    this.#timer?.cancel();
  }
}
