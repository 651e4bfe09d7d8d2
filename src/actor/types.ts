/**
 * The contract of the actor room: behaviours, refs, reasons. Holds types only.
 *
 * @module
 */

/** What an actor does, made afresh at every (re)start, so its state lives in the closure that makes it. */
export interface Behavior<M> {
  /** Called with one message at a time. A returned promise is awaited before the next message. */
  receive(message: M): unknown;
  /** Runs once at the end of this incarnation, also before a restart. */
  stopped?(reason: ExitReason): unknown;
}

/** Why an actor, a connection or a supervisor ended. */
export type ExitReason =
  | { kind: "normal" | "shutdown" | "killed" }
  | { kind: "failed"; error: unknown };

/** How much mail may wait, and what happens to more. */
export interface MailboxOptions {
  /** Messages. @default {1024} */
  capacity?: number;
  /** What `tell` does on a full mailbox. @default {"reject"} */
  overflow?: "reject" | "dropNewest" | "dropOldest";
}

/** What became of a message: taken in, discarded by the overflow rule, refused for lack of room, or too late. */
export type TellVerdict = "accepted" | "dropped" | "full" | "stopped";

/** Where a live thing stands between its start and its end. */
export type Phase =
  | "starting"
  | "running"
  | "restarting"
  | "stopping"
  | "stopped";

/** Anything a supervisor can start, stop and wait for. */
export interface Supervisable extends AsyncDisposable {
  /** For errors and events; need not be unique. */
  readonly name: string;
  /** Resolves at the final end, never rejects. */
  readonly exited: Promise<ExitReason>;
  /** Finishes the work under way, then ends; after `graceMs` it is killed. @default graceMs {5_000} */
  stop(options?: { graceMs?: number }): Promise<ExitReason>;
  /** Ends at once: no further turn runs. A handler that is inside a turn cannot be interrupted, but its signal aborts. */
  kill(): void;
}

/** The address of an actor: to send to it, to watch it, to end it. */
export interface ActorRef<M> extends Supervisable {
  /** Where it stands between its start and its end. */
  readonly phase: Phase;
  /** Messages that wait. */
  readonly mailboxSize: number;
  /** Never throws, never waits. */
  tell(message: M): TellVerdict;
  /** Waits for room. Rejects with `ActorStoppedError` or the signal's reason. */
  deliver(message: M, options?: { signal?: AbortSignal }): Promise<void>;
  /** Sends a request made around a reply function and waits for the reply; always has a deadline. @default timeoutMs {5_000} */
  ask<R>(
    make: (reply: ReplyTo<R>) => M,
    options?: AskOptions,
  ): Promise<R>;
}

/** How long an `ask` waits. */
export interface AskOptions {
  /** The deadline, in milliseconds. @default {5_000} */
  timeoutMs?: number;
  /** Gives up early; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The asker's end of an `ask`: call it with the answer, once. Later calls do nothing. */
export interface ReplyTo<R> {
  (value: R): void;
  /** Makes the `ask` reject with `error`. */
  fail(error: unknown): void;
}

/** What a behaviour's factory is given. */
export interface ActorContext<M> {
  /** This actor, to hand to others. */
  readonly self: ActorRef<M>;
  /** 0 at the first start, then one more at each restart. */
  readonly incarnation: number;
  /** Aborts when this incarnation ends. */
  readonly signal: AbortSignal;
  /** Disposed when this incarnation ends. */
  readonly resources: AsyncDisposableStack;
  /** Sends this actor `toMessage(reason)` when `other` ends. */
  watch(other: Supervisable, toMessage: (reason: ExitReason) => M): Disposable;
  /** Sends this actor `message` once. */
  after(delayMs: number, message: M): Disposable;
  /** Sends this actor `message` again and again. */
  every(periodMs: number, message: M): Disposable;
}

/** Makes the behaviour of one incarnation. Throwing here is a crash like any other. */
export type BehaviorFactory<M> = (
  context: ActorContext<M>,
) => Behavior<M> | Promise<Behavior<M>>;
