/**
 * How a handler starts, and what its crash costs, for connections and for UDP peers alike: decides between
 * restart and end, and reports it. Restarts nothing and ends nothing: that is the caller's.
 *
 * @module
 */

import { type ExitReason, isThenable } from "../actor/mod.ts";
import type { CloseReason } from "../observe/mod.ts";
import { planRestart, type RestartHistory } from "../supervision/mod.ts";
import type { ConnectionSettings } from "./options.ts";

/** One crash. */
export interface Crash {
  /** Whose handler it was, for events and errors. */
  actor: string;
  error: unknown;
  /** What it was given; told in the event where it is bytes. */
  frame: unknown;
  /** The end was decided before: there is nothing to restart. */
  over: boolean;
  history?: RestartHistory;
}

/** What is to be known of the options to plan what follows. */
type CrashSettings = Pick<
  ConnectionSettings,
  "clock" | "emit" | "onCrash" | "restart"
>;

/** What follows it. */
export type CrashPlan =
  | { restart: true; inMs: number; history: RestartHistory }
  | { restart: false; failure: unknown };

/** Plans what follows a crash, and tells of it. */
export function planCrash(
  { actor, error, frame, over, history = [] }: Crash,
  settings: CrashSettings,
): CrashPlan {
  let plan: CrashPlan = { restart: false, failure: error };
  if (!over && settings.onCrash === "restart") {
    const planned = planRestart(
      history,
      { atMs: settings.clock.now(), error },
      settings.restart,
      Math.random,
      actor,
    );
    plan = planned.plan.restart
      ? { ...planned.plan, history: planned.history }
      : { restart: false, failure: planned.plan.error };
  }
  settings.emit({
    kind: "crashed",
    actor,
    error,
    ...(frame instanceof Uint8Array ? { frame } : {}),
    willRestart: plan.restart,
    inMs: plan.restart ? plan.inMs : 0,
  });
  return plan;
}

/** How the actor ended whose socket or peer ended for `reason`. */
export function exitOf(reason: CloseReason): ExitReason {
  if (reason.by === "failure") return { kind: "failed", error: reason.error };
  return { kind: reason.by === "shutdown" ? "shutdown" : "normal" };
}

/**
 * What a handler gave when it was called: its callbacks; `undefined` for a script, whose end is then told.
 *
 * @throws {TypeError} It gave neither.
 */
export function callbacksOf<H extends { frame: unknown }>(
  made: H | PromiseLike<unknown>,
  onScriptEnded: (value: unknown) => void,
  onScriptFailed: (error: unknown) => void,
): H | undefined {
  if (isThenable(made)) {
    // A thenable that is no promise may call back at once, or twice.
    Promise.resolve(made).then(onScriptEnded, onScriptFailed);
    return undefined;
  }
  if (typeof made?.frame !== "function") throw badHandler(made);
  return made;
}

/** What a handler that returned `value` crashed with. */
export function badHandler(value: unknown): TypeError {
  return new TypeError(
    `A handler must return callbacks with a 'frame' function, or be a script that returns a promise of nothing: it returned ${
      value === null ? "null" : typeof value
    }`,
  );
}
