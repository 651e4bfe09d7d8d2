/** The door of the actor room. @module */
export { Asks, crashedOn, mailboxFull } from "./asks.ts";
export { Cell, type Next, type Succession } from "./cell.ts";
export { afterKill, NORMAL, SHUTDOWN } from "./exit_reason.ts";
export { Grace, type GraceOwner } from "./grace.ts";
export { Lifecycle, type LifecycleEvent } from "./lifecycle.ts";
export { Mailbox } from "./mailbox.ts";
export { Ref, resolveGraceMs } from "./ref.ts";
export { isThenable } from "./thenable.ts";
export type * from "./types.ts";
