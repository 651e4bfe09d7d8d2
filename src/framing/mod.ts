/** The door of the framing room. @module */
export type * from "./codec.ts";
