/** Decides when a timer of an actor fires, and what becomes of the beats that a late actor has missed. */

import type { Clock, Timer } from "../clock.ts";
import type { Held, Notice, NoticeLane } from "./notice.ts";

/** Fires once, or again and again; then at most one of its ticks waits, however late its actor is. */
export class Alarm<M> implements Notice<M>, Held, Disposable {
  readonly #message: M;
  readonly #periodMs: number | undefined;
  readonly #clock: Clock;
  #lane: NoticeLane<M> | undefined;
  #timer: Timer | undefined = undefined;
  #dueMs = 0;
  #waits = false;

  constructor(
    message: M,
    periodMs: number | undefined,
    lane: NoticeLane<M>,
    clock: Clock,
  ) {
    this.#message = message;
    this.#periodMs = periodMs;
    this.#lane = lane;
    this.#clock = clock;
  }

  arm(nowMs: number, delayMs: number): void {
    this.#dueMs = nowMs + delayMs;
    this.#timer = this.#clock.after(delayMs, () => this.#fire());
  }

  take(): { message: M } | undefined {
    if (this.#lane === undefined) return undefined;
    this.#waits = false;
    if (this.#periodMs === undefined) this[Symbol.dispose]();
    return { message: this.#message };
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#lane = undefined;
  }

  [Symbol.dispose](): void {
    this.#lane?.release(this);
    this.cancel();
  }

  #fire(): void {
    if (this.#periodMs !== undefined) {
      // On the beat, not a period after whenever this one got to run; beats that were missed stay missed.
      const nowMs = this.#clock.now();
      const lateMs = nowMs - this.#dueMs;
      const missed = Math.max(0, Math.floor(lateMs / this.#periodMs));
      this.arm(nowMs, (missed + 1) * this.#periodMs - lateMs);
    }
    if (this.#waits) return;
    this.#waits = true;
    this.#lane?.notify(this);
  }
}
