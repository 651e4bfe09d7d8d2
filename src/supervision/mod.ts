/** The door of the supervision room. @module */
export type * from "./types.ts";
