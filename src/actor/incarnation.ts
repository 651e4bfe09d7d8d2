/**
 * Decides what one incarnation does and in which order it ends: factory, turns one at a time, then the
 * `stopped` callback, then the disposal of its resources, and only then is it over. Whether another follows is
 * not decided here.
 *
 * ```text
 *  born ──▶ factory ──▶ ready ⇄ turn ⇄ idle        kill: from anywhere straight to
 *    │         │          └──────┬───────┘          disposal; from disposal to over
 *    └─────────┴────▶ hook ──▶ disposal ──▶ over
 * ```
 *
 * What was awaited when a kill came may still settle, in any way: it finds another step and is ignored.
 */

import type { Clock } from "../clock.ts";
import { shown } from "../shown.ts";
import { Context, type ContextOwner } from "./context.ts";
import { afterError, afterKill, NORMAL, SHUTDOWN } from "./exit_reason.ts";
import { Grace, type GraceOwner } from "./grace.ts";
import { Holdings, type HoldingsOwner } from "./holdings.ts";
import { BATCH, type Runnable, runQueue } from "./run_queue.ts";
import { isThenable } from "./thenable.ts";
import type {
  ActorRef,
  Behavior,
  BehaviorFactory,
  ExitReason,
} from "./types.ts";

/** What an incarnation needs of the actor that it is one of. */
export interface IncarnationHost<M> {
  readonly name: string;
  readonly clock: Clock;
  readonly self: ActorRef<M>;
  readonly factory: BehaviorFactory<M>;
  /** Incarnations begun so far. */
  readonly count: number;
  /** Messages that wait. */
  readonly size: number;
  /** The oldest message, where `size` is above 0. */
  shift(): M;
  /** The behaviour is made; turns follow. */
  started(): void;
  /** The actor itself wants to end. */
  finishing(): void;
  /** The factory or the turn that served `message` failed; the end follows. */
  crashed(error: unknown, message: M | undefined): void;
  /** All over, resources included. */
  ended(reason: ExitReason): void;
}

type Step =
  | "born"
  | "factory"
  | "ready"
  | "turn"
  | "idle"
  | "hook"
  | "disposal"
  | "over";

/** One life of an actor. */
export class Incarnation<M>
  implements Runnable, ContextOwner<M>, HoldingsOwner, GraceOwner {
  readonly #host: IncarnationHost<M>;
  #step: Step = "born";
  #behavior: Behavior<M> | undefined = undefined;
  #holdings: Holdings<M> | undefined = undefined;
  /** Why it ends, once somebody wants it to. */
  #reason: ExitReason | undefined = undefined;
  #grace: Grace | undefined = undefined;

  constructor(host: IncarnationHost<M>) {
    this.#host = host;
    runQueue.schedule(this);
  }

  get name(): string {
    return this.#host.name;
  }

  get clock(): Clock {
    return this.#host.clock;
  }

  get self(): ActorRef<M> {
    return this.#host.self;
  }

  /** Made when they are first asked for; closed from the start, where that is too late. */
  get holdings(): Holdings<M> {
    if (this.#holdings === undefined) {
      this.#holdings = new Holdings(this);
      if (this.#isEnding()) this.#holdings.close();
    }
    return this.#holdings;
  }

  /** There is mail, or a notice. */
  wake(): void {
    if (this.#step !== "idle") return;
    this.#step = "ready";
    runQueue.schedule(this);
  }

  /** The actor's own wish to end. */
  finish(): void {
    if (this.#reason !== undefined) return;
    this.#reason = NORMAL;
    this.#host.finishing();
    this.wake();
  }

  /** Ends after the work under way, or by kill when that takes longer than `graceMs`. */
  stop(graceMs: number): void {
    if (this.#step === "over") return;
    if (this.#reason === undefined) {
      this.#reason = SHUTDOWN;
      // A start that nobody wants any more may as well hurry.
      if (this.#step === "factory") this.holdings.hurry();
      this.wake();
    }
    const grace = this.#grace ??= new Grace(this);
    grace.atMost(graceMs);
    // Whoever is idle, or stands in the line, ends as soon as the line comes to it: mostly no timer is needed.
    if (!this.#at("idle") && !this.#at("ready") && !this.#at("born")) {
      grace.wait();
    }
  }

  /** No further turn. Resources are disposed of; a second kill does not wait for that either. */
  kill(): void {
    if (this.#step === "over") return;
    const reason = this.#reason = afterKill(this.#reason);
    this.#step = "disposal";
    this.#holdings?.close();
    this.#dispose(reason);
  }

  /** For the run queue: starts, or takes a batch of turns. */
  run(): number {
    if (this.#step === "born") this.#start();
    // Killed while it stood in the line, or still waiting for its factory.
    if (this.#step !== "ready") return 0;
    this.#step = "turn";
    const host = this.#host;
    const behavior = this.#behavior!;
    let turns = 0;
    while (turns < BATCH) {
      if (this.#reason !== undefined) {
        this.#end(this.#reason);
        return turns;
      }
      let message: M | undefined;
      try {
        if (this.#holdings?.hasNotice) {
          const taken = this.#holdings.shift().take();
          if (taken === undefined) continue;
          message = taken.message;
        } else if (host.size > 0) {
          message = host.shift();
        } else {
          this.#step = "idle";
          return turns;
        }
        turns++;
        const result = behavior.receive(message as M);
        // Inside, because to look at what somebody returned may run code of theirs, which may throw.
        if (isThenable(result)) {
          this.#wait("turn", result, () => this.#next(), message);
          return turns;
        }
      } catch (error) {
        this.#crash("turn", error, message);
        return turns;
      }
      // The handler may have killed its own actor.
      if (!this.#at("turn")) return turns;
    }
    this.#next();
    return turns;
  }

  #start(): void {
    if (this.#reason !== undefined) return this.#end(this.#reason);
    this.#step = "factory";
    let made: Behavior<M> | Promise<Behavior<M>>;
    try {
      const host = this.#host;
      made = host.factory(new Context(this, host.count - 1));
      if (isThenable(made)) {
        return this.#wait("factory", made, (behavior) => this.#open(behavior));
      }
    } catch (error) {
      return this.#crash("factory", error);
    }
    this.#open(made);
  }

  #open(behavior: Behavior<M>): void {
    if (this.#step !== "factory") return;
    try {
      checkBehavior(this.name, behavior);
    } catch (error) {
      return this.#crash("factory", error);
    }
    this.#behavior = behavior;
    if (this.#reason !== undefined) return this.#end(this.#reason);
    this.#host.started();
    // Whoever hears of a restart may have killed it just now.
    if (this.#at("factory")) this.#next();
  }

  /** After a start, an awaited turn or a whole batch: to the back of the line. */
  #next(): void {
    this.#step = "ready";
    runQueue.schedule(this);
  }

  /** Goes on with `then`, or with a crash, unless the step is no longer the same by then. */
  #wait<T>(
    step: "factory" | "turn",
    promise: PromiseLike<T>,
    then: (value: T) => void,
    message?: M,
  ): void {
    Promise.resolve(promise).then(
      (value) => {
        if (this.#at(step)) then(value);
      },
      (error) => this.#crash(step, error, message),
    );
  }

  #crash(step: "factory" | "turn", error: unknown, message?: M): void {
    if (this.#step !== step) return;
    if (this.#reason !== undefined && step === "factory") {
      // The start was told to hurry by the signal. Ending with the signal's reason is how it does.
      const { signal } = this.holdings;
      if (signal.aborted && error === signal.reason) {
        return this.#end(this.#reason);
      }
    }
    const reason: ExitReason = { kind: "failed", error };
    this.#host.crashed(error, message);
    this.#end(reason);
  }

  #end(reason: ExitReason): void {
    this.#reason = reason;
    this.#step = "hook";
    this.#holdings?.close();
    // Whoever listens to the signal may have killed it just now.
    if (!this.#at("hook")) return;
    const behavior = this.#behavior;
    if (behavior?.stopped === undefined) return this.#dispose(reason);
    const dispose = (reason: ExitReason) => {
      if (this.#at("hook")) this.#dispose(reason);
    };
    try {
      const result = behavior.stopped(reason);
      if (!isThenable(result)) return dispose(reason);
      this.#grace?.wait();
      Promise.resolve(result).then(
        () => dispose(reason),
        (error) => dispose(afterError(reason, error)),
      );
    } catch (error) {
      dispose(afterError(reason, error));
    }
  }

  #dispose(reason: ExitReason): void {
    this.#reason = reason;
    // Over already, when a second kill came from a listener of the signal: disposed of it is all the same.
    if (this.#step !== "over") this.#step = "disposal";
    const resources = this.#holdings?.disposable;
    if (resources === undefined) return this.#over(reason);
    this.#grace?.wait();
    resources.disposeAsync().then(
      () => this.#over(reason),
      (error) => this.#over(afterError(reason, error)),
    );
  }

  /** Whether it has begun to end: too late for timers, watches and resources. */
  #isEnding(): boolean {
    return this.#step === "hook" || this.#step === "disposal" ||
      this.#step === "over";
  }

  /** Read anew: user code that was just called may have moved it on. */
  #at(step: Step): boolean {
    return this.#step === step;
  }

  #over(reason: ExitReason): void {
    if (this.#step === "over") return;
    this.#step = "over";
    this.#grace?.over();
    this.#behavior = undefined;
    this.#holdings?.clear();
    this.#host.ended(reason);
  }
}

/**
 * Whatever a factory may hand out, the failure is its actor's: one that got past here would stop the line in which
 * all actors of the realm stand.
 *
 * @throws {TypeError} There is nothing to give messages to.
 */
function checkBehavior<M>(name: string, behavior: Behavior<M>): void {
  if (typeof behavior?.receive === "function") return;
  throw new TypeError(
    `Cannot start actor "${name}": its factory must return an object with a 'receive' function, current value is ${
      typeof behavior === "object" && behavior !== null
        ? "an object without it"
        : shown(behavior)
    }`,
  );
}
