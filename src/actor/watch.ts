/** Decides how an actor hears of the end of another, and how it stops listening. */

import { type ExitWatcher, isExitWatchable, watchExit } from "./exit_watch.ts";
import type { Held, Notice, NoticeLane } from "./notice.ts";
import type { ExitReason, Supervisable } from "./types.ts";

/** Waits for the exit of another. Lets go of everything when cancelled, because the other may live on for long. */
export class Watch<M> implements Notice<M>, Held, ExitWatcher, Disposable {
  #toMessage: ((reason: ExitReason) => M) | undefined;
  #lane: NoticeLane<M> | undefined;
  #reason: ExitReason | undefined = undefined;
  #leave: (() => void) | undefined = undefined;

  constructor(toMessage: (reason: ExitReason) => M, lane: NoticeLane<M>) {
    this.#toMessage = toMessage;
    this.#lane = lane;
  }

  follow(other: Supervisable): void {
    // One of ours may be watched by thousands, one after the other, and lets go of those that have gone.
    if (isExitWatchable(other)) {
      this.#leave = other[watchExit](this);
      return;
    }
    other.exited.then(
      (reason) => this.fire(reason),
      // `exited` never rejects; a `Supervisable` of somebody else's making might.
      (error) => this.fire({ kind: "failed", error }),
    );
  }

  fire(reason: ExitReason): void {
    this.#leave = undefined;
    this.#reason = reason;
    this.#lane?.notify(this);
  }

  take(): { message: M } | undefined {
    const toMessage = this.#toMessage;
    if (toMessage === undefined) return undefined;
    this[Symbol.dispose]();
    return { message: toMessage(this.#reason!) };
  }

  cancel(): void {
    this.#toMessage = undefined;
    this.#lane = undefined;
    this.#leave?.();
    this.#leave = undefined;
  }

  [Symbol.dispose](): void {
    this.#lane?.release(this);
    this.cancel();
  }
}
