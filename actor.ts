/**
 * Actors and supervision alone, without any socket. Names no `Deno`, needs no permission.
 *
 * @module
 */

export {
  ActorStoppedError,
  AskTimeoutError,
  MailboxFullError,
  RestartLimitError,
} from "./src/errors.ts";
export * from "./src/actor/mod.ts";
export * from "./src/supervision/mod.ts";
