/**
 * Decides how an actor lives under a supervisor: the supervisor begins and ends its incarnations one by one,
 * while ref, mailbox and open questions stay. Only when the supervisor is done with the child is the ref
 * stopped; should a supervisor start the child again even then (a branch that is rebuilt), the ref comes back
 * to life with an empty mailbox. Decides nothing about when to restart.
 */

import {
  type ActorRef,
  type AskOptions,
  type BehaviorFactory,
  Cell,
  type ExitReason,
  type Phase,
  type ReplyTo,
  resolveGraceMs,
  type Supervisable,
  type TellVerdict,
} from "../actor/mod.ts";
import { systemClock } from "../clock.ts";
import { ActorStoppedError } from "../errors.ts";
import { report } from "./report.ts";
import type { ActorChildOptions, ChildSpec } from "./types.ts";

/** By this a supervisor tells a child of ours that it is done with it. A symbol, so that it survives `{...spec}`. */
export const released: unique symbol = Symbol("packetboat.released");

/** A child that wants to know when its supervisor is done with it. */
export interface ReleasableSpec extends ChildSpec {
  [released]?(reason: ExitReason): void;
}

/**
 * Makes a child that is an actor. Its ref can be told messages before the supervisor starts it, and it and its
 * mailbox survive restarts; a crash loses only the message that caused it.
 *
 * The ref's `stop()` and `kill()` end the incarnation under way and resolve with its reason; whether another
 * follows is for `restart` to say. Its `exited` resolves when the supervisor is done with the child.
 *
 * @param name Unique among its siblings.
 * @param factory Makes the behaviour of one incarnation. The next sibling starts when it is through.
 * @param options Restart kind, grace, mailbox.
 * @throws {RangeError} For mailbox options or a `graceMs` out of range.
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
export function actorChild<M>(
  name: string,
  factory: BehaviorFactory<M>,
  options: ActorChildOptions = {},
): ChildSpec & { readonly ref: ActorRef<M> } {
  const ref = new ChildRef(name, factory, options);
  const { restart, graceMs, significant } = options;
  const spec: ReleasableSpec & { readonly ref: ActorRef<M> } = {
    name,
    ref,
    start: (signal) => ChildRef.start(ref, signal),
    [released]: (reason) => ChildRef.release(ref, reason),
  };
  // Left out rather than `undefined`, so that `{ ...defaults, ...spec }` keeps the defaults.
  if (restart !== undefined) spec.restart = restart;
  if (graceMs !== undefined) spec.graceMs = graceMs;
  if (significant !== undefined) spec.significant = significant;
  return spec;
}

/** One incarnation, as its supervisor sees it. */
interface Life {
  readonly exit: PromiseWithResolvers<ExitReason>;
  readonly start: PromiseWithResolvers<Supervisable>;
  handle: Supervisable;
}

class ChildRef<M> implements ActorRef<M> {
  readonly name: string;
  readonly #factory: BehaviorFactory<M>;
  readonly #options: ActorChildOptions;
  readonly #graceMs: number;
  #cell: Cell<M>;
  #life: Life | undefined = undefined;
  #lastReason: ExitReason = { kind: "shutdown" };

  constructor(
    name: string,
    factory: BehaviorFactory<M>,
    options: ActorChildOptions,
  ) {
    this.name = name;
    this.#factory = factory;
    this.#options = options;
    this.#graceMs = resolveGraceMs(name, options.graceMs);
    this.#cell = this.#newCell(0);
  }

  get phase(): Phase {
    return this.#cell.phase;
  }

  get mailboxSize(): number {
    return this.#cell.size;
  }

  get exited(): Promise<ExitReason> {
    return this.#cell.exited;
  }

  tell(message: M): TellVerdict {
    return this.#cell.tell(message);
  }

  deliver(message: M, options?: { signal?: AbortSignal }): Promise<void> {
    return this.#cell.deliver(message, options);
  }

  ask<R>(
    make: (reply: ReplyTo<R>) => M,
    options?: AskOptions,
  ): Promise<R> {
    return this.#cell.ask(make, options);
  }

  async stop(options?: { graceMs?: number }): Promise<ExitReason> {
    const graceMs = resolveGraceMs(this.name, options?.graceMs);
    const life = this.#life;
    if (life === undefined) return this.#lastReason;
    this.#cell.stopIncarnation(graceMs);
    return await life.exit.promise;
  }

  kill(): void {
    this.#cell.killIncarnation();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** For the spec. Resolves when the factory is through; an aborted start ends as a stop does. */
  static start<M>(
    ref: ChildRef<M>,
    signal: AbortSignal,
  ): Promise<Supervisable> {
    return ref.#start(signal);
  }

  /** For the spec. */
  static release<M>(ref: ChildRef<M>, reason: ExitReason): void {
    ref.#cell.release(reason);
  }

  async #start(signal: AbortSignal): Promise<Supervisable> {
    if (this.#life !== undefined) {
      throw new TypeError(
        `Cannot start actor "${this.name}": it runs already, under this or another supervisor`,
      );
    }
    signal.throwIfAborted();
    if (this.#cell.phase === "stopped") {
      this.#cell = this.#newCell(this.#cell.count);
    }
    const life: Life = {
      exit: Promise.withResolvers(),
      start: Promise.withResolvers(),
      handle: undefined as unknown as Supervisable,
    };
    life.handle = this.#handle(life);
    this.#life = life;
    const hurry = () => this.#cell.stopIncarnation(this.#graceMs);
    signal.addEventListener("abort", hurry, { once: true });
    this.#cell.begin();
    try {
      return await life.start.promise;
    } finally {
      signal.removeEventListener("abort", hurry);
    }
  }

  #newCell(incarnation: number): Cell<M> {
    const { mailbox, clock = systemClock, onEvent } = this.#options;
    return new Cell<M>({
      name: this.name,
      factory: this.#factory,
      mailbox,
      clock,
      incarnation,
      succession: {
        lives: "kept",
        started: () => this.#life?.start.resolve(this.#life.handle),
        ended: (reason) => {
          this.#ended(reason);
          return { then: "wait" };
        },
        dropped: (count) =>
          report(onEvent, { kind: "dropped", actor: this.name, count }),
      },
      self: () => this,
    });
  }

  #ended(reason: ExitReason): void {
    const life = this.#life!;
    this.#life = undefined;
    this.#lastReason = reason;
    life.exit.resolve(reason);
    // Each of these does nothing where the start has succeeded already.
    if (reason.kind === "failed") life.start.reject(reason.error);
    else if (reason.kind === "normal") life.start.resolve(life.handle);
    else {
      life.start.reject(
        new ActorStoppedError(
          `Cannot start actor "${this.name}": it was ${
            reason.kind === "killed" ? "killed" : "stopped"
          } before its factory was through`,
        ),
      );
    }
  }

  #handle(life: Life): Supervisable {
    const { name } = this;
    const stop = async (options?: { graceMs?: number }) => {
      const graceMs = resolveGraceMs(name, options?.graceMs);
      if (this.#life === life) this.#cell.stopIncarnation(graceMs);
      return await life.exit.promise;
    };
    return {
      name,
      exited: life.exit.promise,
      stop,
      kill: () => {
        if (this.#life === life) this.#cell.killIncarnation();
      },
      [Symbol.asyncDispose]: async () => void await stop(),
    };
  }
}
