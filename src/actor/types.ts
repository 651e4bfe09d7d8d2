/**
 * The contract of the actor room: behaviours, refs, reasons. Holds types only.
 *
 * @module
 */

/**
 * What an actor does, made afresh at every (re)start, so its state lives in the closure that makes it.
 *
 * @example
 * ```ts
 * import { type ActorContext, type Behavior, spawn } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * const log: string[] = [];
 * function logger(context: ActorContext<string>): Behavior<string> {
 *   return {
 *     receive: (line) => line === "quit" ? context.stop() : log.push(line),
 *     stopped: ({ kind }) => log.push(`end: ${kind}`),
 *   };
 * }
 *
 * await using actor = spawn(logger);
 * actor.tell("hello");
 * actor.tell("quit");
 * await actor.exited;
 * assertEquals(log, ["hello", "end: normal"]);
 * ```
 */
export interface Behavior<M> {
  /**
   * Called with one message at a time. A returned promise is awaited before the next message. What it throws or
   * rejects with is a crash: that message is lost, and an `ask` that it carried is refused at once.
   */
  receive(message: M): unknown;
  /**
   * Runs once at the end of this incarnation, also before a restart, but not after a kill. Its `context.signal`
   * has aborted by then and its `context.resources` are still there. A returned promise is awaited. What it throws
   * turns the end into a failure; where it was one already, both errors are kept in a `SuppressedError`.
   */
  stopped?(reason: ExitReason): unknown;
}

/**
 * Why an actor, a connection or a supervisor ended. `"normal"`: by its own wish; `"shutdown"`: it was told to
 * stop and did; `"killed"`: it was killed, or told to stop and did not in time; `"failed"`: it crashed.
 *
 * @example
 * ```ts
 * import { type ExitReason, spawn } from "@packetboat/net/actor";
 * import { assert } from "@std/assert";
 *
 * const parser = spawn<string>(() => ({ receive: (text) => JSON.parse(text) }));
 * parser.tell("{");
 *
 * const reason: ExitReason = await parser.exited;
 * assert(reason.kind === "failed");
 * assert(reason.error instanceof SyntaxError);
 * ```
 */
export type ExitReason =
  | { kind: "normal" | "shutdown" | "killed" }
  | { kind: "failed"; error: unknown };

/**
 * What happened to an actor that its own ref does not tell. Each is also a `NetEvent`, with the same fields.
 * A callback for events is called synchronously; what it throws goes to `reportError`.
 *
 * @example
 * ```ts
 * import { type ActorEvent, spawn } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * const log: string[] = [];
 * const onEvent = (event: ActorEvent) => {
 *   if (event.kind !== "crashed") return;
 *   log.push(`${event.actor}, again: ${event.willRestart}`);
 * };
 *
 * const receive = (text: string) => JSON.parse(text);
 * const actor = spawn(() => ({ receive }), { name: "parser", onEvent });
 * actor.tell("{");
 * await actor.exited;
 * assertEquals(log, ["parser, again: false"]);
 * ```
 */
export type ActorEvent =
  | {
    /** A factory, a turn or an ending failed. `inMs` is the delay before the restart, in milliseconds. */
    kind: "crashed";
    actor: string;
    error: unknown;
    willRestart: boolean;
    inMs: number;
  }
  | { kind: "restarted"; actor: string; incarnation: number }
  | { kind: "dropped"; actor: string; count: number };

/**
 * How much mail may wait, and what happens to more.
 *
 * @example
 * ```ts
 * import { type MailboxOptions, spawn } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * const mailbox: MailboxOptions = { capacity: 2, overflow: "dropOldest" };
 * const seen: number[] = [];
 * const gauge = spawn<number>((context) => ({
 *   receive(value) {
 *     seen.push(value);
 *     if (value === 3) context.stop();
 *   },
 * }), { mailbox });
 *
 * for (const value of [1, 2, 3]) gauge.tell(value);
 * await gauge.exited;
 * assertEquals(seen, [2, 3]);
 * ```
 */
export interface MailboxOptions {
  /** Messages. @default {1024} */
  capacity?: number;
  /** What `tell` does on a full mailbox. @default {"reject"} */
  overflow?: "reject" | "dropNewest" | "dropOldest";
}

/**
 * What became of a message: taken in, discarded by the overflow rule, refused for lack of room, or too late.
 *
 * @example
 * ```ts
 * import { spawn, type TellVerdict } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * const actor = spawn<string>(() => ({ receive() {} }), {
 *   mailbox: { capacity: 1 },
 * });
 * const verdicts: TellVerdict[] = [actor.tell("a"), actor.tell("b")];
 * await actor.stop();
 * verdicts.push(actor.tell("c"));
 * assertEquals(verdicts, ["accepted", "full", "stopped"]);
 * ```
 */
export type TellVerdict = "accepted" | "dropped" | "full" | "stopped";

/**
 * Where a live thing stands between its start and its end.
 *
 * @example
 * ```ts
 * import { type Phase, type ReplyTo, spawn } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * const actor = spawn<ReplyTo<void>>(() => ({ receive: (reply) => reply() }));
 * const phases: Phase[] = [actor.phase];
 * await actor.ask<void>((reply) => reply);
 * phases.push(actor.phase);
 * await actor.stop();
 * phases.push(actor.phase);
 * assertEquals(phases, ["starting", "running", "stopped"]);
 * ```
 */
export type Phase =
  | "starting"
  | "running"
  | "restarting"
  | "stopping"
  | "stopped";

/**
 * Anything a supervisor can start, stop and wait for.
 *
 * @example
 * ```ts
 * import { spawn, type Supervisable, supervise } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * // An actor, a supervisor or a server: all end the same way.
 * async function end(part: Supervisable): Promise<string> {
 *   const { kind } = await part.stop({ graceMs: 1_000 });
 *   return `${part.name}: ${kind}`;
 * }
 *
 * const actor = spawn(() => ({ receive() {} }));
 * assertEquals(await end(actor), "actor: shutdown");
 * assertEquals(await end(await supervise([])), "supervisor: shutdown");
 * ```
 */
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

/**
 * The address of an actor: to send to it, to watch it, to end it.
 *
 * @example
 * ```ts
 * import { type ActorRef, type ReplyTo, spawn } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * type Message = string | ReplyTo<number>;
 *
 * async function send(to: ActorRef<Message>, lines: string[]): Promise<number> {
 *   for (const line of lines) await to.deliver(line); // waits while the mailbox is full
 *   return await to.ask<number>((reply) => reply);
 * }
 *
 * await using counter = spawn<Message>(() => {
 *   let lines = 0;
 *   return { receive: (m) => typeof m === "string" ? lines++ : m(lines) };
 * }, { mailbox: { capacity: 1 } });
 * assertEquals(await send(counter, ["a", "b", "c"]), 3);
 * ```
 */
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

/**
 * How long an `ask` waits.
 *
 * @example
 * ```ts
 * import { type AskOptions, AskTimeoutError, type ReplyTo, spawn } from "@packetboat/net/actor";
 * import { manualClock } from "@packetboat/net/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const clock = manualClock();
 * await using silent = spawn<ReplyTo<string>>(() => ({ receive() {} }), { clock });
 *
 * const options: AskOptions = { timeoutMs: 200 };
 * const refused = assertRejects(
 *   () => silent.ask<string>((reply) => reply, options),
 *   AskTimeoutError,
 * );
 * await clock.advance(200);
 * assertEquals((await refused).afterMs, 200);
 * ```
 */
export interface AskOptions {
  /** The deadline, in milliseconds. @default {5_000} */
  timeoutMs?: number;
  /** Gives up early; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * The asker's end of an `ask`: call it with the answer, once. Later calls do nothing.
 *
 * @example
 * ```ts
 * import { type ReplyTo, spawn } from "@packetboat/net/actor";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * await using roots = spawn<{ of: number; reply: ReplyTo<number> }>(() => ({
 *   receive({ of, reply }) {
 *     if (of < 0) reply.fail(new RangeError(`${of} is negative`));
 *     else reply(Math.sqrt(of));
 *   },
 * }));
 *
 * assertEquals(await roots.ask<number>((reply) => ({ of: 9, reply })), 3);
 * await assertRejects(
 *   () => roots.ask<number>((reply) => ({ of: -1, reply })),
 *   RangeError,
 * );
 * ```
 */
export interface ReplyTo<R> {
  (value: R): void;
  /** Makes the `ask` reject with `error`. */
  fail(error: unknown): void;
}

/**
 * What a behaviour's factory is given. All of it belongs to one incarnation and ends with it.
 *
 * @example
 * ```ts
 * import { type ActorContext, spawn } from "@packetboat/net/actor";
 * import { manualClock } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const log: string[] = [];
 * function lamp(context: ActorContext<"off">) {
 *   context.after(1_000, "off");
 *   context.resources.defer(() => void log.push("released"));
 *   return { receive: () => context.stop() };
 * }
 *
 * const clock = manualClock();
 * const actor = spawn(lamp, { clock });
 * await clock.advance(1_000);
 * assertEquals(await actor.exited, { kind: "normal" });
 * assertEquals(log, ["released"]);
 * ```
 */
export interface ActorContext<M> {
  /** This actor, to hand to others. Do not await its `stop`, `ask` or `deliver` in a turn: each may wait for the turn. */
  readonly self: ActorRef<M>;
  /** 0 at the first start, then one more at each restart. */
  readonly incarnation: number;
  /**
   * Aborts when this incarnation ends: after its last turn, before `stopped` runs. At once when it is killed, and
   * when it is stopped while its factory has not finished.
   */
  readonly signal: AbortSignal;
  /** Disposed when this incarnation ends, after `stopped`. The next incarnation begins only when that is done. */
  readonly resources: AsyncDisposableStack;
  /**
   * Ends this actor normally, after the turn under way. Mail that waits is discarded. Under a supervisor the mail
   * waits on: whether the actor is started again is for its restart kind to say.
   */
  stop(): void;
  /**
   * Sends this actor `toMessage(reason)` when `other` ends; at once if it has ended already. Such messages are
   * served before others, do not count for the mailbox's capacity and are never dropped. Disposing the result
   * ends the watch, also when `other` has ended but the message has not been served.
   */
  watch(other: Supervisable, toMessage: (reason: ExitReason) => M): Disposable;
  /**
   * Sends this actor `message` once, no sooner than `delayMs` from now, past a full mailbox as `watch` does.
   * After its result is disposed, the message does not come any more.
   *
   * @param delayMs From 0, finite.
   * @throws {RangeError} For a delay out of range.
   */
  after(delayMs: number, message: M): Disposable;
  /**
   * Sends this actor `message` again and again, past a full mailbox as `watch` does. Never more than one of them
   * waits: an actor that is late gets one, not all that it missed, and stays on the beat.
   *
   * @param periodMs Above 0, finite.
   * @throws {RangeError} For a period out of range.
   */
  every(periodMs: number, message: M): Disposable;
}

/**
 * Makes the behaviour of one incarnation. Throwing here is a crash like any other.
 *
 * @example
 * ```ts
 * import { type BehaviorFactory, type ReplyTo, spawn } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * // What is outside the factory outlives a restart, what is inside begins afresh.
 * const numbers = (from: number): BehaviorFactory<ReplyTo<number>> => () => {
 *   let next = from;
 *   return { receive: (reply) => reply(next++) };
 * };
 *
 * await using ids = spawn(numbers(100));
 * assertEquals(await ids.ask<number>((reply) => reply), 100);
 * assertEquals(await ids.ask<number>((reply) => reply), 101);
 * ```
 */
export type BehaviorFactory<M> = (
  context: ActorContext<M>,
) => Behavior<M> | Promise<Behavior<M>>;
