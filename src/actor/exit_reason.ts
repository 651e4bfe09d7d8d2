/**
 * Decides how reasons for an end add up: a failure stays one, whatever comes after it. Pure.
 */

import type { ExitReason } from "./types.ts";

/** By its own wish. */
export const NORMAL: ExitReason = Object.freeze({ kind: "normal" });
/** It was told to stop and did. */
export const SHUTDOWN: ExitReason = Object.freeze({ kind: "shutdown" });
/** It was killed, or did not stop in time. */
export const KILLED: ExitReason = Object.freeze({ kind: "killed" });

/** What a kill makes of `reason`. */
export function afterKill(reason: ExitReason | undefined): ExitReason {
  return reason?.kind === "failed" ? reason : KILLED;
}

/** What an error on the way out makes of `reason`: the language's own rule for two errors is `SuppressedError`. */
export function afterError(reason: ExitReason, error: unknown): ExitReason {
  if (reason.kind !== "failed") return { kind: "failed", error };
  return { kind: "failed", error: new SuppressedError(error, reason.error) };
}
