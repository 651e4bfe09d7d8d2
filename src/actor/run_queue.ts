/**
 * Decides who runs next, and when the event loop gets its turn. Whoever has work stands in one line; each gets
 * a batch of turns and, if it has more, goes to the back. After a burst of turns, of whomever, everything pauses
 * until the event loop has been round: else two actors that play ping-pong would keep every socket waiting.
 * Never runs anybody inside `schedule`, and knows nothing of mail.
 */

import { nextTask } from "../clock.ts";

/** Something that has work to do, a batch at a time. Must not throw. */
export interface Runnable {
  /** Does up to {@linkcode BATCH} turns and says how many it did; schedules itself again if there are more. */
  run(): number;
}

/** Turns in a row for one actor. Fewer would cost a place in the line per message, more would let others wait. */
export const BATCH = 64;

/**
 * Turns until the event loop gets in. Measured here: going round the loop costs 1 to 2 µs and a turn 30 to 60 ns,
 * so that this share is about a tenth at 256, and a half at 16.
 */
const BURST = 256;

/** The line of those that have work. */
class RunQueue {
  /** The round under way, from `#next` on; who comes meanwhile stands in `#later`. */
  #now: Runnable[] = [];
  #next = 0;
  #later: Runnable[] = [];
  #turns = 0;
  #awake = false;
  readonly #drain = () => this.#run();

  /** Puts `runnable` at the back. It must not stand in the line already. */
  schedule(runnable: Runnable): void {
    this.#later.push(runnable);
    if (this.#awake) return;
    this.#awake = true;
    queueMicrotask(this.#drain);
  }

  #run(): void {
    for (;;) {
      while (this.#next < this.#now.length) {
        if (this.#turns >= BURST) {
          this.#turns = 0;
          nextTask(this.#drain);
          return;
        }
        // At least one, so that those who only ever start or end cannot keep the event loop out either.
        this.#turns += this.#now[this.#next++].run() || 1;
      }
      if (this.#later.length === 0) break;
      const done = this.#now;
      this.#now = this.#later;
      this.#later = done;
      this.#next = 0;
      done.length = 0;
    }
    // Nobody who has run is kept alive by the line.
    this.#now.length = 0;
    this.#next = 0;
    this.#awake = false;
  }
}

/**
 * The one line of this realm, as the microtask queue is one: fairness between actors that know nothing of each
 * other needs a place where they meet. It is empty whenever nobody has work.
 */
export const runQueue = new RunQueue();
