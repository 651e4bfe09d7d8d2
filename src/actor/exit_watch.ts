/**
 * Decides how one actor waits for the end of another without a promise: the reactions of a promise cannot be taken
 * back, so that whatever is watched by many, one after the other, would remember all of them for as long as it lives.
 */

import type { ExitReason } from "./types.ts";

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

/** Whether `other` can be watched without a promise. */
export function isExitWatchable(other: object): other is ExitWatchable {
  return watchExit in other;
}
