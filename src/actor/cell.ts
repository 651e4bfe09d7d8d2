/**
 * Decides what of an actor outlives its incarnations: name, mailbox, open questions, phase and exit. Begins one
 * incarnation after another, the next never before the last is over; whether there is a next, it asks its
 * `Succession`, because restart policy lives a room higher.
 *
 * A cell is its own mailbox, and what most actors never need is made on demand: a hundred thousand idle actors
 * should cost little.
 */

import type { Clock, Timer } from "../clock.ts";
import { shown } from "../shown.ts";
import { Asks, mailboxFull } from "./asks.ts";
import { KILLED, SHUTDOWN } from "./exit_reason.ts";
import { Incarnation, type IncarnationHost } from "./incarnation.ts";
import { type LifecycleEvent, phaseAfter } from "./lifecycle.ts";
import { Mailbox } from "./mailbox.ts";
import type {
  ActorRef,
  AskOptions,
  BehaviorFactory,
  ExitReason,
  MailboxOptions,
  Phase,
  ReplyTo,
} from "./types.ts";
import type { ExitWatcher } from "./watch.ts";

/** What follows an incarnation: nothing, another one, or a wait until somebody calls `begin`. */
export type Next =
  | { then: "end"; reason: ExitReason }
  | { then: "begin"; inMs: number }
  | { then: "wait" };

/** Decides what follows, and hears what happens. Must not throw. */
export interface Succession {
  /**
   * `"once"`: whatever ends the incarnation ends the actor. `"again"`: a crash may be followed by another one.
   * `"kept"`: others end incarnations without meaning the actor; no end of one closes the mailbox.
   */
  readonly lives: "once" | "again" | "kept";
  /** The factory is through. */
  started?(incarnation: number): void;
  /** An incarnation is over. `final`: the whole actor was told to end, so that none may follow. */
  ended(reason: ExitReason, final: boolean): Next;
  /** The overflow rule has discarded so many messages. */
  dropped?(count: number): void;
}

/** What makes up an actor, resolved. */
export interface CellOptions<M> {
  readonly name: string;
  readonly factory: BehaviorFactory<M>;
  readonly mailbox: MailboxOptions | undefined;
  readonly clock: Clock;
  readonly succession: Succession;
  /** Makes the address of this cell, or lets one that there is lead to it. */
  self(cell: Cell<M>): ActorRef<M>;
  /** The first incarnation's number. @default {0} */
  readonly incarnation?: number;
}

/** An actor from the inside. Nothing runs before `begin`. */
export class Cell<M> extends Mailbox<M> implements IncarnationHost<M> {
  readonly clock: Clock;
  readonly factory: BehaviorFactory<M>;
  readonly self: ActorRef<M>;
  readonly #succession: Succession;
  #phase: Phase = "starting";
  /** Incarnations begun so far. */
  #count: number;
  #incarnation: Incarnation<M> | undefined = undefined;
  #restart: Timer | undefined = undefined;
  #asks: Asks | undefined = undefined;
  #reason: ExitReason | undefined = undefined;
  #exit: PromiseWithResolvers<ExitReason> | undefined = undefined;
  #watchers: Set<ExitWatcher> | undefined = undefined;

  /**
   * @throws {RangeError} For mailbox options out of range.
   * @throws {TypeError} For mailbox options that are none, and for a factory that is no function.
   */
  constructor(options: CellOptions<M>) {
    super(options.name, options.mailbox);
    if (typeof options.factory !== "function") {
      throw new TypeError(
        `Cannot make actor "${options.name}": its factory must be a function, current value is ${
          shown(options.factory)
        }`,
      );
    }
    this.clock = options.clock;
    this.factory = options.factory;
    this.#succession = options.succession;
    this.#count = options.incarnation ?? 0;
    this.self = options.self(this);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get count(): number {
    return this.#count;
  }

  /** Made when somebody asks for it: most actors end unwatched. */
  get exited(): Promise<ExitReason> {
    if (this.#exit === undefined) {
      this.#exit = Promise.withResolvers();
      if (this.#reason !== undefined) this.#exit.resolve(this.#reason);
    }
    return this.#exit.promise;
  }

  /** Tells `watcher` of the end, when it comes; it may be taken out before. */
  addWatcher(watcher: ExitWatcher): void {
    if (this.#reason !== undefined) watcher.fire(this.#reason);
    else (this.#watchers ??= new Set()).add(watcher);
  }

  /** Forgets `watcher`. */
  removeWatcher(watcher: ExitWatcher): void {
    this.#watchers?.delete(watcher);
  }

  ask<R>(
    make: (reply: ReplyTo<R>) => M,
    options?: AskOptions,
  ): Promise<R> {
    this.#asks ??= new Asks(this.name, this.clock);
    return this.#asks.ask(
      (message: M) => this.tell(message),
      make,
      options,
    );
  }

  /** Rejects the question that was asked by `message`, which an incarnation has handed on, with `error`. */
  refuse(message: M, error: unknown): void {
    this.#asks?.refuse(message, error);
  }

  /** Begins the next incarnation; the factory runs when the line comes to it, never inside this call. */
  begin(): void {
    if (this.#phase === "restarting") this.#to("restart");
    this.#incarnation = new Incarnation(this);
    this.#count++;
  }

  /** Ends the actor after the turn under way. Mail that waits is discarded now, and later mail refused. */
  stop(graceMs: number): Promise<ExitReason> {
    if (this.#closing()) this.#incarnation?.stop(graceMs);
    if (this.#incarnation === undefined) this.#finish(SHUTDOWN);
    return this.exited;
  }

  /** Ends the actor at once. */
  kill(): void {
    if (this.#closing()) this.#incarnation?.kill();
    if (this.#incarnation === undefined) this.#finish(KILLED);
  }

  /** Ends the incarnation only, if there is one. */
  stopIncarnation(graceMs: number): void {
    this.#incarnation?.stop(graceMs);
  }

  /** Kills the incarnation only, if there is one. */
  killIncarnation(): void {
    this.#incarnation?.kill();
  }

  /** For an actor between incarnations: there will be no next one. */
  release(reason: ExitReason): void {
    if (this.#incarnation === undefined) this.#finish(reason);
  }

  started(): void {
    this.#to("started");
    this.#succession.started?.(this.#count - 1);
  }

  finishing(): void {
    if (this.#succession.lives !== "kept") this.#closing();
  }

  crashed(error: unknown, message: M | undefined): void {
    if (message !== undefined) this.#asks?.fail(message, error);
    if (this.#phase === "stopping") return;
    if (this.#succession.lives === "once") this.#closing();
    else this.#to("crashed");
  }

  ended(reason: ExitReason): void {
    const next = this.#succession.ended(reason, this.#phase === "stopping");
    this.#incarnation = undefined;
    if (next.then === "end") return this.#finish(next.reason);
    // Whoever has just heard of the end may have told the whole actor to end.
    if (this.#phase === "stopping") return this.#finish(reason);
    if (this.#phase !== "restarting") this.#to("crashed");
    if (next.then === "wait") return;
    if (next.inMs === 0) return this.begin();
    this.#restart = this.clock.after(next.inMs, () => this.begin());
  }

  override onMail(): void {
    this.#incarnation?.wake();
  }

  override onDrop(count: number, oldest?: M): void {
    if (oldest !== undefined) this.refuse(oldest, mailboxFull(this.name));
    this.#succession.dropped?.(count);
  }

  /** Whether the actor still lives; if it does, it is from now on about to end. */
  #closing(): boolean {
    if (this.#phase === "stopped") return false;
    if (this.#phase === "stopping") return true;
    this.#to("stop");
    this.#restart?.cancel();
    this.close();
    return true;
  }

  #finish(reason: ExitReason): void {
    if (this.#phase === "stopped") return;
    this.#to("ended");
    this.close();
    this.#asks?.close();
    this.#reason = reason;
    this.#exit?.resolve(reason);
    const watchers = this.#watchers;
    this.#watchers = undefined;
    if (watchers === undefined) return;
    for (const watcher of watchers) watcher.fire(reason);
  }

  #to(event: LifecycleEvent): void {
    this.#phase = phaseAfter(this.#phase, event);
  }
}
