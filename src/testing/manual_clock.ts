/**
 * Decides when time passes in a test: only when told. Timers run in the order in which they are due, each at
 * its own moment, and what they set off settles before the next one runs. Waits for no real time.
 *
 * @module
 */

import { type Clock, nextTask, type Timer } from "../clock.ts";
import { shown } from "../shown.ts";

/**
 * A {@linkcode Clock} that a test moves by hand.
 *
 * @example An actor that counts seconds, without waiting for them
 * ```ts
 * import { spawn } from "@packetboat/net/actor";
 * import { type ManualClock, manualClock } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const clock: ManualClock = manualClock();
 * const ticks: number[] = [];
 * const ticker = spawn<"tick">((context) => {
 *   context.every(1_000, "tick");
 *   return { receive: () => ticks.push(clock.now()) };
 * }, { clock });
 * await clock.settle();
 * await clock.advance(2_500);
 * assertEquals(ticks, [1_000, 2_000]);
 * await ticker.stop();
 * assertEquals(clock.pendingTimers, 0);
 * ```
 */
export interface ManualClock extends Clock {
  /** Timers that have neither run nor been cancelled: 0 at the end of a test that cleans up. */
  readonly pendingTimers: number;
  /**
   * Lets `ms` milliseconds pass. Runs every timer that comes due on the way, earliest first and of equal ones
   * the older first, each with `now()` at its own due time; promises and actors settle before the next runs.
   *
   * @param ms Whole or not, from 0. `advance(0)` runs what is due now.
   * @throws {RangeError} (as a rejection) For a negative or infinite `ms`.
   */
  advance(ms: number): Promise<void>;
  /** Lets promises and actors do all that they can without time passing. */
  settle(): Promise<void>;
}

interface Waiting {
  readonly dueMs: number;
  readonly run: () => void;
}

/**
 * Makes a clock that starts at 0 ms and stands still until {@linkcode ManualClock.advance}.
 *
 * @example
 * ```ts
 * import { manualClock } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const clock = manualClock();
 * const rang: number[] = [];
 * clock.after(100, () => rang.push(clock.now()));
 * clock.after(50, () => rang.push(clock.now()));
 *
 * await clock.advance(99);
 * assertEquals(rang, [50]);
 * await clock.advance(1);
 * assertEquals(rang, [50, 100]);
 * ```
 */
export function manualClock(): ManualClock {
  /** In the order of their making, as sets are. */
  const waiting = new Set<Waiting>();
  let nowMs = 0;

  /** The earliest that is due by then; of equal ones the oldest. */
  const nextBy = (untilMs: number): Waiting | undefined => {
    let next: Waiting | undefined;
    for (const timer of waiting) {
      if (timer.dueMs > untilMs) continue;
      if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    }
    return next;
  };

  return {
    now: () => nowMs,
    after(delayMs, run): Timer {
      const timer = { dueMs: nowMs + Math.max(0, delayMs), run };
      waiting.add(timer);
      return { cancel: () => void waiting.delete(timer) };
    },
    get pendingTimers() {
      return waiting.size;
    },
    async advance(ms) {
      if (!(Number.isFinite(ms) && ms >= 0)) {
        throw new RangeError(
          `Cannot advance clock: 'ms' must be a finite number from 0, current value is ${
            shown(ms)
          }`,
        );
      }
      const untilMs = nowMs + ms;
      await settle();
      for (
        let timer = nextBy(untilMs);
        timer !== undefined;
        timer = nextBy(untilMs)
      ) {
        waiting.delete(timer);
        nowMs = Math.max(nowMs, timer.dueMs);
        timer.run();
        await settle();
      }
      nowMs = Math.max(nowMs, untilMs);
    },
    settle,
  };
}

/**
 * A task of the event loop begins only when all microtasks are done, so waiting for one settles every chain of
 * promises, however long. Several, because an actor with much mail goes on in a task of its own, and because
 * streams and sockets of the runtime take a task here and there.
 */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>(nextTask);
}
