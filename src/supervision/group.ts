/**
 * Decides in which order the children that are restarted together come back: those concerned are stopped right
 * to left, then the delay passes, then they are started left to right, one after the other. Under `oneForOne`
 * every child is a group of its own; under the other strategies all children are one. Whether to restart at all,
 * and after which delay, is asked of the supervisor.
 *
 * One piece of work at a time: repair, `add` and `remove` stand in line. A failure that comes in the middle of a
 * repair is taken into it.
 */

import type { Clock } from "../clock.ts";
import type { Slot } from "./slot.ts";

/** What a group asks of its supervisor. */
export interface GroupOwner {
  readonly clock: Clock;
  /** The supervisor is ending: nothing is started any more. */
  closing(): boolean;
  /** The delay before the restart in milliseconds. Where there is to be none, the supervisor is ending by then. */
  plan(slot: Slot, error: unknown): number;
  /** A failure that changes nothing, because the child was about to be stopped and restarted anyway. */
  absorbed(slot: Slot, error: unknown): void;
  /** A failure of a child that is not to be started again. */
  failedAtEnd(slot: Slot, error: unknown): void;
  restarted(slot: Slot): void;
  /** A child that was stopped with the others and is not to be started again. */
  forget(slot: Slot): void;
}

/** Children that are restarted together. */
export class Group {
  readonly slots: Slot[] = [];
  readonly #owner: GroupOwner;
  readonly #fromFirst: boolean;
  #failures: { slot: Slot; error: unknown }[] = [];
  /** In a repair: all from this one on are, or are about to be, stopped; `slots.length` when everybody is up. */
  #from = 0;
  #line: Promise<void> = Promise.resolve();
  #repairing = false;
  #wake: (() => void) | undefined = undefined;

  /** @param fromFirst Whether a failure concerns all, or the failed child and those after it. */
  constructor(owner: GroupOwner, fromFirst: boolean) {
    this.#owner = owner;
    this.#fromFirst = fromFirst;
  }

  /** Runs `work` when everything before it is done. */
  serially<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#line.then(work);
    this.#line = result.then(() => {}, () => {});
    return result;
  }

  /** Takes a child out for good. */
  remove(slot: Slot): void {
    const index = this.slots.indexOf(slot);
    if (index < 0) return;
    this.slots.splice(index, 1);
    if (index < this.#from) this.#from--;
  }

  /** Takes in that a child ended, or failed to start, and must be started again. */
  failed(slot: Slot, error: unknown): void {
    slot.phase = "restarting";
    this.#failures.push({ slot, error });
    this.interrupt();
    if (this.#repairing) return;
    this.#repairing = true;
    void this.serially(() => this.#repair());
  }

  /** Ends a delay early, to look at what has changed. */
  interrupt(): void {
    this.#wake?.();
  }

  async #repair(): Promise<void> {
    const { clock } = this.#owner;
    let dueMs = -Infinity;
    this.#from = this.slots.length;
    while (!this.#isOver()) {
      for (const { slot, error } of this.#failures.splice(0)) {
        dueMs = Math.max(dueMs, this.#takeIn(slot, error));
      }
      if (this.#isUp()) break;
      if (!this.#isStale()) await this.#stopDown();
      if (!this.#isStale()) await this.#until(dueMs);
      // Woken early by something that changes nothing for the rest.
      if (clock.now() < dueMs) continue;
      while (!this.#isUp() && !this.#isStale()) {
        // Counted as up from here on, so that a failed start is a failure like any other.
        await this.#start(this.slots[this.#from++]);
      }
    }
    // From the last look on without a pause, or a failure in between would be nobody's.
    this.#repairing = false;
    for (const { slot, error } of this.#failures.splice(0)) {
      this.#owner.failedAtEnd(slot, error);
    }
  }

  #isUp(): boolean {
    return this.#from >= this.slots.length;
  }

  /** There is nobody to start any more. */
  #isOver(): boolean {
    return this.#owner.closing() || this.slots.every((slot) => slot.removing);
  }

  /** Something has happened that changes what is to be done. */
  #isStale(): boolean {
    return this.#failures.length > 0 || this.#isOver();
  }

  /** What a failure means for the repair under way: the moment before which nobody is started. */
  #takeIn(slot: Slot, error: unknown): number {
    const owner = this.#owner;
    const index = this.slots.indexOf(slot);
    if (slot.removing || owner.closing()) owner.failedAtEnd(slot, error);
    else if (index >= this.#from) owner.absorbed(slot, error);
    else {
      this.#from = this.#fromFirst ? 0 : index;
      return owner.clock.now() + owner.plan(slot, error);
    }
    return -Infinity;
  }

  async #stopDown(): Promise<void> {
    // Of a copy, because those that are never started again leave on the way.
    for (const slot of this.slots.slice(this.#from).reverse()) {
      await slot.stop();
      if (slot.spec.restart === "never") this.#owner.forget(slot);
      else slot.phase = "restarting";
    }
  }

  async #start(slot: Slot): Promise<void> {
    // Counted before: once it runs, others may hear of it sooner than we do.
    if (!slot.removing) slot.restarts++;
    try {
      if (await slot.start()) this.#owner.restarted(slot);
    } catch (error) {
      this.failed(slot, error);
    }
  }

  async #until(dueMs: number): Promise<void> {
    const waitMs = dueMs - this.#owner.clock.now();
    if (!(waitMs > 0)) return;
    await new Promise<void>((resolve) => {
      const timer = this.#owner.clock.after(waitMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
