/**
 * Packetboat: actor-style networking for Deno.
 *
 * @module
 */

export * from "./src/errors.ts";
export type * from "./src/observe/mod.ts";
export * from "./src/framing/mod.ts";
export * from "./actor.ts";
