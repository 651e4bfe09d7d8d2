/** The door of the actor room. @module */
export { Asks } from "./asks.ts";
export { Lifecycle, type LifecycleEvent, TRANSITIONS } from "./lifecycle.ts";
export { Mailbox } from "./mailbox.ts";
export type * from "./types.ts";
