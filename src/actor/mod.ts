/** The door of the actor room. @module */
export type * from "./types.ts";
