/**
 * When that leaves which is sent outside the turns. It is corked until the code that sends comes to its next `await`,
 * and, in a `for await` loop, as long as its next frame is already at hand. (What is sent in a turn leaves when the
 * turns at hand are over: that is the turns' own.)
 *
 * @module
 */

import type { Outbox } from "./outbox.ts";

/** The cork of one connection. */
export class Cork {
  readonly #outbox: Pick<Outbox, "flush">;
  readonly #hasPulled: () => boolean;
  readonly #onAwait = () => this.#awaited();
  #isQueued = false;

  /** `hasPulled` = whether a loop has asked for a frame since this was asked last. */
  constructor(outbox: Pick<Outbox, "flush">, hasPulled: () => boolean) {
    this.#outbox = outbox;
    this.#hasPulled = hasPulled;
  }

  /** Something was sent. */
  flushLater(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.#hasPulled();
    queueMicrotask(this.#onAwait);
  }

  #awaited(): void {
    if (this.#hasPulled()) {
      queueMicrotask(this.#onAwait);
      return;
    }
    this.#isQueued = false;
    this.#outbox.flush();
  }
}
