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
export type {
  ActorContext,
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
export type {
  ChildSpec,
  RestartLimits,
  Supervisor,
  SupervisorOptions,
} from "./src/supervision/mod.ts";
