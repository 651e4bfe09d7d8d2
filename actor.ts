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
export { type Clock, systemClock, type Timer } from "./src/clock.ts";
export type {
  ActorContext,
  ActorEvent,
  ActorRef,
  AskOptions,
  Behavior,
  BehaviorFactory,
  ExitReason,
  MailboxOptions,
  Phase,
  ReplyTo,
  Supervisable,
  TellVerdict,
} from "./src/actor/mod.ts";
export { actorChild, spawn, supervise } from "./src/supervision/mod.ts";
export type {
  ActorChildOptions,
  ChildSpec,
  RestartLimits,
  SpawnOptions,
  Supervisor,
  SupervisorOptions,
} from "./src/supervision/mod.ts";
