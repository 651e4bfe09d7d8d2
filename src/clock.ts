/**
 * Decides how Packetboat tells the time and waits. Everything that waits takes a `Clock`, so that a test
 * can hand in one that it moves by hand. Never reads the wall clock: a changed date must not end a wait.
 *
 * @module
 */

/**
 * A timer that is under way; see {@linkcode Clock.after}.
 *
 * @example
 * ```ts
 * import type { Timer } from "@packetboat/net/actor";
 * import { manualClock } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const clock = manualClock();
 * const rang: string[] = [];
 * const early: Timer = clock.after(100, () => rang.push("early"));
 * clock.after(200, () => rang.push("late"));
 * early.cancel();
 * await clock.advance(200);
 * assertEquals(rang, ["late"]);
 * ```
 */
export interface Timer {
  /** Ends the wait. Calling it again, or after the timer ran, does nothing. */
  cancel(): void;
}

/**
 * Where time comes from: the system, or a test.
 *
 * @example
 * ```ts
 * import { type Clock, systemClock } from "@packetboat/net/actor";
 * import { manualClock } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * function stopwatch(clock: Clock = systemClock): () => number {
 *   const startMs = clock.now();
 *   return () => clock.now() - startMs;
 * }
 *
 * const clock = manualClock();
 * const elapsedMs = stopwatch(clock);
 * await clock.advance(250);
 * assertEquals(elapsedMs(), 250);
 * ```
 */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes backwards. */
  now(): number;
  /** Calls `run` once, no sooner than `delayMs` from now, and never from inside this call. */
  after(delayMs: number, run: () => void): Timer;
}

/** What one `setTimeout` can hold (2^31-1 ms, about 25 days): a longer delay would fire at once. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/**
 * The monotonic clock of the runtime; the default wherever a {@linkcode Clock} can be given.
 *
 * @example
 * ```ts
 * import { systemClock } from "@packetboat/net/actor";
 * import { assert } from "@std/assert";
 *
 * const startMs = systemClock.now();
 * const { promise, resolve } = Promise.withResolvers<void>();
 * systemClock.after(0, resolve);
 * await promise;
 * assert(systemClock.now() >= startMs);
 * ```
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, run) {
    if (delayMs > MAX_TIMEOUT_MS) return longTimer(delayMs, run);
    const id = setTimeout(run, Math.max(0, delayMs));
    return { cancel: () => clearTimeout(id) };
  },
};

/** A delay that one `setTimeout` cannot hold, in stages. */
function longTimer(delayMs: number, run: () => void): Timer {
  const dueMs = performance.now() + delayMs;
  let id: ReturnType<typeof setTimeout>;
  const arm = () => {
    const leftMs = dueMs - performance.now();
    id = leftMs > MAX_TIMEOUT_MS
      ? setTimeout(arm, MAX_TIMEOUT_MS)
      : setTimeout(run, Math.max(0, leftMs));
  };
  arm();
  return { cancel: () => clearTimeout(id) };
}

/** The globals that may or may not be there; Deno and Node have the first, browsers the second. */
interface TaskGlobals {
  setImmediate?: (run: () => void) => unknown;
  scheduler?: { postTask?(run: () => void): Promise<unknown> };
}

/**
 * Calls `run` in a task of its own, after the event loop has had its turn: pending reads, writes and timers get
 * theirs. The shortest way to do so that the runtime has, because `setTimeout(run, 0)` costs one or more
 * milliseconds of idling and `queueMicrotask` would never let the event loop in.
 */
export function nextTask(run: () => void): void {
  const { setImmediate, scheduler } = globalThis as TaskGlobals;
  if (setImmediate !== undefined) setImmediate(run);
  else if (scheduler?.postTask !== undefined) void scheduler.postTask(run);
  else setTimeout(run, 0);
}
