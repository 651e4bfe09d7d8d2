/**
 * What alarms and watches have in common: an incarnation holds them, and what they have to say waits as a notice. Holds
 * types only.
 */

/** A message that waits in the lane for exits and timers, which is not bounded and never drops. */
export interface Notice<M> {
  /** Makes the message; `undefined` when it was cancelled after it had fired. Runs inside the turn that serves it. */
  take(): { message: M } | undefined;
}

/** What lives no longer than the incarnation. */
export interface Held {
  cancel(): void;
}

/** Where notices wait, and who holds what makes them. */
export interface NoticeLane<M> {
  /** Takes in a notice that has fired. */
  notify(notice: Notice<M>): void;
  /** Lets go of one that is done. */
  release(thing: Held): void;
}
