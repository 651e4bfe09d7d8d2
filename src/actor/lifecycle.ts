/**
 * Decides which step of a life may follow which: one table, read by everything that starts and ends.
 * Never runs anything. What the table does not list is a bug of the caller: it changes nothing and throws.
 *
 * ```text
 *             started              crashed             restart
 *  starting ──────────▶ running ──────────▶ restarting ──────────▶ starting …
 *      │ crashed ─────────────────────────▶ ▲   │
 *      │ stop        │ stop                     │ stop
 *      └─────────────┴──────────▶ stopping ◀────┘
 *                                    │ ended
 *        any of them ── ended ──▶ stopped
 * ```
 */

import type { Phase } from "./types.ts";

/**
 * What can happen to a life. `crashed`: the incarnation failed and another may follow. `ended`: it is all over,
 * be it at the end of `stopping`, by a kill, or because nobody restarts it.
 */
export type LifecycleEvent =
  | "started"
  | "crashed"
  | "restart"
  | "stop"
  | "ended";

/** The whole truth about lives: the phase that follows each event in each phase; no entry, no way. */
const TRANSITIONS: {
  readonly [P in Phase]: { readonly [E in LifecycleEvent]?: Phase };
} = {
  starting: {
    started: "running",
    crashed: "restarting",
    stop: "stopping",
    ended: "stopped",
  },
  running: { crashed: "restarting", stop: "stopping", ended: "stopped" },
  restarting: { restart: "starting", stop: "stopping", ended: "stopped" },
  stopping: { ended: "stopped" },
  stopped: {},
};

/** The phase after `event`. @throws {TypeError} Where the table has no such step. */
export function phaseAfter(phase: Phase, event: LifecycleEvent): Phase {
  const next = TRANSITIONS[phase][event];
  if (next !== undefined) return next;
  throw new TypeError(
    `Cannot take lifecycle event "${event}" in phase "${phase}"`,
  );
}

/** Where one life stands. */
export class Lifecycle {
  #phase: Phase = "starting";

  /** The phase now. */
  get phase(): Phase {
    return this.#phase;
  }

  /** Goes on by `event`. @throws {TypeError} Where the table has no such step; the phase stays. */
  to(event: LifecycleEvent): Phase {
    return this.#phase = phaseAfter(this.#phase, event);
  }
}
