/**
 * Decides how one actor hears of the end of another, and how it stops listening. Of one of ours without a promise: the
 * reactions of a promise cannot be taken back, so that whatever is watched by many, one after the other, would remember
 * all of them for as long as it lives.
 */

import type { Held, Notice, NoticeLane } from "./notice.ts";
import type { ExitReason, Supervisable } from "./types.ts";

/** Hears of an end. */
export interface ExitWatcher {
  fire(reason: ExitReason): void;
}

/** By this our own actors let themselves be watched. */
export const watchExit: unique symbol = Symbol("packetboat.watchExit");

/** Something that can be watched so. */
export interface ExitWatchable {
  /** Tells `watcher` of the end, at once where it has come already. What is given back takes the watcher out. */
  [watchExit](watcher: ExitWatcher): () => void;
}

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

/** Whether `other` can be watched without a promise. */
function isExitWatchable(other: object): other is ExitWatchable {
  return watchExit in other;
}
