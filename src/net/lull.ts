/**
 * Decides when a server that stops, or a connection, has heard nothing for long enough. What peers sent before they
 * could know of the end may still lie in the system's buffers, and newcomers in its queue; after a lull there is
 * nothing more of it.
 *
 * Time alone does not tell: while other handlers work, it passes without anybody having looked for news. Deno 2.9 was
 * seen to fetch news of sockets after 61 tasks at the latest, and to hand out those of 64 to 128 sockets then. So a lull
 * is a time and, after it, a number of tasks that grows with the number of those who listen.
 *
 * @module
 */

import { nextTask, systemClock, type Timer } from "../clock.ts";

/** For what is on its way inside the system. By the system's clock, because it is the system that is waited for. */
const QUIET_MS = 10;

/** News of some 500 sockets that know nothing of this lull. Where there is nothing to do, that is a millisecond or two. */
const LEAST_TASKS = 512;

/** Twice what has been seen to be enough. */
const TASKS_PER_LISTENER = 2;

interface Listener {
  readonly run: () => void;
  timer: Timer | undefined;
  /** The task that its time was over in. */
  sinceTask: number;
}

/** The lulls of one server, or of one client connection. */
export class Lull {
  readonly #listeners = new Set<Listener>();
  /** Those whose time is over, the longest waiting first. */
  readonly #timedOut = new Set<Listener>();
  #task = 0;
  #isCounting = false;

  /** Calls `run` when whatever had come by now has been handed out. */
  after(run: () => void): Timer {
    const listener: Listener = { run, timer: undefined, sinceTask: 0 };
    this.#listeners.add(listener);
    listener.timer = systemClock.after(QUIET_MS, () => {
      listener.sinceTask = this.#task;
      this.#timedOut.add(listener);
      this.#count();
    });
    return { cancel: () => this.#forget(listener) };
  }

  #forget(listener: Listener): void {
    listener.timer?.cancel();
    this.#listeners.delete(listener);
    this.#timedOut.delete(listener);
  }

  #count(): void {
    if (this.#isCounting) return;
    this.#isCounting = true;
    nextTask(() => {
      this.#isCounting = false;
      this.#task++;
      for (const listener of this.#timedOut) {
        const tasks = LEAST_TASKS + TASKS_PER_LISTENER * this.#listeners.size;
        if (this.#task - listener.sinceTask < tasks) break;
        this.#forget(listener);
        listener.run();
      }
      if (this.#timedOut.size > 0) this.#count();
    });
  }
}
