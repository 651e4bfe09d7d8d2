/** What happened: the events and their fields. @module */
export type { CloseReason, ConnectionStats, NetEvent } from "./events.ts";
