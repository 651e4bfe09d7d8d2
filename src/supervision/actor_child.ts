/**
 * Decides how an actor lives under a supervisor: the supervisor begins and ends its incarnations one by one,
 * while ref, mailbox and open questions stay. Only when the supervisor is done with the child is the ref
 * stopped; should a supervisor start the child again even then (a branch that is rebuilt), the ref comes back
 * to life with an empty mailbox. Decides nothing about when to restart.
 */

import {
  type ActorRef,
  type BehaviorFactory,
  Cell,
  type ExitReason,
  type Next,
  Ref,
  resolveGraceMs,
  SHUTDOWN,
  type Succession,
  type Supervisable,
} from "../actor/mod.ts";
import { systemClock } from "../clock.ts";
import { ActorStoppedError } from "../errors.ts";
import { checkObserver, report } from "./report.ts";
import type { ActorChildOptions, ChildSpec } from "./types.ts";

const WAIT: Next = Object.freeze({ then: "wait" });

/** By this a supervisor tells a child of ours that it is done with it. A symbol, so that it survives `{...spec}`. */
export const released: unique symbol = Symbol("packetboat.released");

/** A child that wants to know when its supervisor is done with it. */
export interface ReleasableSpec extends ChildSpec {
  /** `mayRun`: what the supervisor has started may not have ended yet. */
  [released]?(mayRun: boolean): void;
}

/**
 * Makes a child that is an actor. Its ref can be told messages before the supervisor starts it, and it and its
 * mailbox survive restarts; a crash loses only the message that caused it. `M` is inferred, or not, as for `spawn`.
 *
 * The ref's `stop()` and `kill()` end the incarnation under way and resolve with its reason; whether another
 * follows is for `restart` to say. Its `exited` resolves when the supervisor is done with the child.
 *
 * @param name Unique among its siblings.
 * @param factory Makes the behaviour of one incarnation. The next sibling starts when it is through.
 * @param options Restart kind, grace, mailbox.
 * @throws {RangeError} For mailbox options or a `graceMs` out of range.
 * @throws {TypeError} For a factory or an `onEvent` that is no function, and for mailbox options that are none.
 *
 * @example
 * ```ts
 * import { actorChild, type ReplyTo, supervise } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * type Message = "crash" | { ask: ReplyTo<number> };
 *
 * const child = actorChild<Message>("child", ({ incarnation }) => ({
 *   receive(message) {
 *     if (message === "crash") throw new Error("as you wish");
 *     message.ask(incarnation);
 *   },
 * }));
 *
 * await using _tree = await supervise([child]);
 * child.ref.tell("crash");
 * assertEquals(await child.ref.ask<number>((ask) => ({ ask })), 1);
 * ```
 */
export function actorChild<M = never>(
  name: string,
  factory: BehaviorFactory<M>,
  options: ActorChildOptions = {},
): ChildSpec & { readonly ref: ActorRef<M> } {
  const child = new Child(name, factory, options);
  const { restart, graceMs, significant } = options;
  const spec: ReleasableSpec & { readonly ref: ActorRef<M> } = {
    name,
    ref: child.ref,
    start: (signal) => child.start(signal),
    [released]: (mayRun) => child.release(mayRun),
  };
  // Left out rather than `undefined`, so that `{ ...defaults, ...spec }` keeps the defaults.
  if (restart !== undefined) spec.restart = restart;
  if (graceMs !== undefined) spec.graceMs = graceMs;
  if (significant !== undefined) spec.significant = significant;
  return spec;
}

/** The address of a child. It can end the incarnation under way; what follows is the supervisor's business. */
class ChildRef<M> extends Ref<M> {
  readonly #child: Child<M>;

  constructor(cell: Cell<M>, child: Child<M>) {
    super(cell);
    this.#child = child;
  }

  override async stop(options?: { graceMs?: number }): Promise<ExitReason> {
    return await this.#child.stop(options);
  }

  override kill(): void {
    this.#child.kill();
  }
}

/** One incarnation, as its supervisor sees it: once it is over, it has no power over the next. */
class Life<M> implements Supervisable {
  readonly #cell: Cell<M>;
  readonly #start = Promise.withResolvers<Supervisable>();
  readonly #exit = Promise.withResolvers<ExitReason>();
  #over = false;

  constructor(cell: Cell<M>) {
    this.#cell = cell;
  }

  get name(): string {
    return this.#cell.name;
  }

  /** Resolves with this life when the factory is through. */
  get started(): Promise<Supervisable> {
    return this.#start.promise;
  }

  get exited(): Promise<ExitReason> {
    return this.#exit.promise;
  }

  async stop(options?: { graceMs?: number }): Promise<ExitReason> {
    const graceMs = resolveGraceMs(this.name, options?.graceMs);
    if (!this.#over) this.#cell.stopIncarnation(graceMs);
    return await this.exited;
  }

  kill(): void {
    if (!this.#over) this.#cell.killIncarnation();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  begun(): void {
    this.#start.resolve(this);
  }

  ended(reason: ExitReason): void {
    this.#over = true;
    this.#exit.resolve(reason);
    // Each of these does nothing where the start has succeeded already.
    if (reason.kind === "failed") this.#start.reject(reason.error);
    else if (reason.kind === "normal") this.#start.resolve(this);
    else {
      this.#start.reject(
        new ActorStoppedError(
          `Cannot start actor "${this.name}": it was ${
            reason.kind === "killed" ? "killed" : "stopped"
          } before its factory was through`,
        ),
      );
    }
  }
}

/** An actor whose incarnations a supervisor begins and ends. */
class Child<M> implements Succession {
  readonly lives = "kept";
  readonly #name: string;
  readonly #factory: BehaviorFactory<M>;
  readonly #options: ActorChildOptions;
  readonly #graceMs: number;
  #ref: ChildRef<M> | undefined = undefined;
  #cell: Cell<M>;
  #life: Life<M> | undefined = undefined;
  #lastReason: ExitReason = SHUTDOWN;
  /** The supervisor was done with the child before its incarnation had ended: that end is the last. */
  #isReleased = false;

  constructor(
    name: string,
    factory: BehaviorFactory<M>,
    options: ActorChildOptions,
  ) {
    checkObserver(name, options.onEvent);
    this.#name = name;
    this.#factory = factory;
    this.#options = options;
    this.#graceMs = resolveGraceMs(name, options.graceMs);
    this.#cell = this.#newCell(0);
  }

  get ref(): ActorRef<M> {
    return this.#cell.self;
  }

  /** Ends the incarnation under way and resolves with its reason, or else with the last one's. */
  async stop(options?: { graceMs?: number }): Promise<ExitReason> {
    if (this.#life !== undefined) return await this.#life.stop(options);
    resolveGraceMs(this.#name, options?.graceMs);
    return this.#lastReason;
  }

  /** Kills the incarnation under way. */
  kill(): void {
    this.#life?.kill();
  }

  /** Resolves when the factory is through; an aborted start ends as a stop does. */
  async start(signal: AbortSignal): Promise<Supervisable> {
    if (this.#life !== undefined) {
      throw new TypeError(
        `Cannot start actor "${this.#name}": it runs already, under this or another supervisor`,
      );
    }
    signal.throwIfAborted();
    if (this.#cell.phase === "stopped") {
      this.#cell = this.#newCell(this.#cell.count);
    }
    this.#isReleased = false;
    const cell = this.#cell;
    const life = new Life(cell);
    this.#life = life;
    const hurry = () => cell.stopIncarnation(this.#graceMs);
    signal.addEventListener("abort", hurry, { once: true });
    cell.begin();
    try {
      return await life.started;
    } finally {
      signal.removeEventListener("abort", hurry);
    }
  }

  /** The supervisor is done with the child, at least for now: as it ended last, so has the ref. */
  release(mayRun: boolean): void {
    // What runs although it cannot be the supervisor's own is another's.
    if (this.#life !== undefined && !mayRun) return;
    this.#isReleased = true;
    this.#cell.release(this.#lastReason);
  }

  started(): void {
    this.#life?.begun();
  }

  ended(reason: ExitReason): Next {
    const life = this.#life!;
    this.#life = undefined;
    this.#lastReason = reason;
    life.ended(reason);
    return this.#isReleased ? { then: "end", reason } : WAIT;
  }

  dropped(count: number): void {
    report(this.#options.onEvent, {
      kind: "dropped",
      actor: this.#name,
      count,
    });
  }

  /** A cell lives once, from its start to its end; the address leads to one after the other. */
  #newCell(incarnation: number): Cell<M> {
    const { mailbox, clock = systemClock } = this.#options;
    return new Cell<M>({
      name: this.#name,
      factory: this.#factory,
      mailbox,
      clock,
      incarnation,
      succession: this,
      self: (cell) => {
        if (this.#ref === undefined) this.#ref = new ChildRef(cell, this);
        else Ref.lead(this.#ref, cell);
        return this.#ref;
      },
    });
  }
}
