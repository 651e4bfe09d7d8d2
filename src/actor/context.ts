/**
 * Decides what an incarnation holds while it lives, and that all of it ends with it: signal, resources, timers,
 * watches. Everything is made when it is first asked for, because most actors need none of it and there may be
 * a hundred thousand of them. Never runs a turn: what fires becomes a notice in the incarnation's own lane.
 */

import type { Clock, Timer } from "../clock.ts";
import { ActorStoppedError } from "../errors.ts";
import type {
  ActorContext,
  ActorRef,
  ExitReason,
  Supervisable,
} from "./types.ts";

/** A message that waits in the lane for exits and timers, which is not bounded and never drops. */
export interface Notice<M> {
  /** Makes the message; `undefined` when it was cancelled after it had fired. Runs inside the turn that serves it. */
  take(): { message: M } | undefined;
}

/** What a context needs of the incarnation that it belongs to. */
export interface ContextOwner<M> {
  readonly name: string;
  readonly clock: Clock;
  readonly self: ActorRef<M>;
  readonly incarnation: number;
  notify(notice: Notice<M>): void;
  finish(): void;
}

/** What lives no longer than the incarnation. */
interface Held {
  cancel(): void;
}

/** The context of one incarnation. */
export class Context<M> implements ActorContext<M> {
  readonly #owner: ContextOwner<M>;
  #controller: AbortController | undefined = undefined;
  #resources: AsyncDisposableStack | undefined = undefined;
  #held: Set<Held> | undefined = undefined;
  #closed = false;

  constructor(owner: ContextOwner<M>) {
    this.#owner = owner;
  }

  get self(): ActorRef<M> {
    return this.#owner.self;
  }

  get incarnation(): number {
    return this.#owner.incarnation;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#closed) this.#abort();
    }
    return this.#controller.signal;
  }

  get resources(): AsyncDisposableStack {
    if (this.#resources === undefined) {
      this.#resources = new AsyncDisposableStack();
      // Too late to hold anything: a disposed stack says so to whoever tries. There is nothing in it to fail.
      if (this.#closed) void this.#resources.disposeAsync();
    }
    return this.#resources;
  }

  stop(): void {
    this.#owner.finish();
  }

  watch(
    other: Supervisable,
    toMessage: (reason: ExitReason) => M,
  ): Disposable {
    const watch = new Watch(toMessage, this);
    if (this.#hold(watch)) {
      other.exited.then(
        (reason) => watch.fire(reason),
        // `exited` never rejects; a `Supervisable` of somebody else's making might.
        (error) => watch.fire({ kind: "failed", error }),
      );
    }
    return watch;
  }

  after(delayMs: number, message: M): Disposable {
    check("wait", "delayMs", delayMs, delayMs >= 0 && delayMs < Infinity);
    const alarm = new Alarm(message, undefined, this, this.#owner.clock);
    if (this.#hold(alarm)) alarm.arm(delayMs);
    return alarm;
  }

  every(periodMs: number, message: M): Disposable {
    check("repeat", "periodMs", periodMs, periodMs > 0 && periodMs < Infinity);
    const alarm = new Alarm(message, periodMs, this, this.#owner.clock);
    if (this.#hold(alarm)) alarm.arm(periodMs);
    return alarm;
  }

  /** For the incarnation: no timer or watch fires from now on, and the signal aborts. */
  static close<M>(context: Context<M>): void {
    if (context.#closed) return;
    context.#closed = true;
    const held = context.#held;
    context.#held = undefined;
    if (held !== undefined) { for (const thing of held) thing.cancel(); }
    context.#abort();
  }

  /** For the incarnation: aborts the signal while the rest goes on, to hurry a start that is no longer wanted. */
  static abort<M>(context: Context<M>): void {
    // Asked for later, the signal must be aborted too; so it is made now.
    void context.signal;
    context.#abort();
  }

  /** For the incarnation: what there is to dispose of, if anything was ever asked for. */
  static resourcesOf<M>(context: Context<M>): AsyncDisposableStack | undefined {
    return context.#resources;
  }

  /** For watches and alarms. */
  static release<M>(context: Context<M>, thing: Held): void {
    context.#held?.delete(thing);
  }

  /** For watches and alarms. */
  static notify<M>(context: Context<M>, notice: Notice<M>): void {
    context.#owner.notify(notice);
  }

  #hold(thing: Held): boolean {
    if (this.#closed) {
      thing.cancel();
      return false;
    }
    (this.#held ??= new Set()).add(thing);
    return true;
  }

  #abort(): void {
    this.#controller?.abort(
      new ActorStoppedError(`Actor "${this.#owner.name}" has ended`),
    );
  }
}

/** Waits for the exit of another. Lets go of everything when cancelled, because the other may live on for long. */
class Watch<M> implements Notice<M>, Held, Disposable {
  #toMessage: ((reason: ExitReason) => M) | undefined;
  #context: Context<M> | undefined;
  #reason: ExitReason | undefined = undefined;

  constructor(toMessage: (reason: ExitReason) => M, context: Context<M>) {
    this.#toMessage = toMessage;
    this.#context = context;
  }

  fire(reason: ExitReason): void {
    this.#reason = reason;
    if (this.#context !== undefined) Context.notify(this.#context, this);
  }

  take(): { message: M } | undefined {
    const toMessage = this.#toMessage;
    if (toMessage === undefined) return undefined;
    this[Symbol.dispose]();
    return { message: toMessage(this.#reason!) };
  }

  cancel(): void {
    this.#toMessage = undefined;
    this.#context = undefined;
  }

  [Symbol.dispose](): void {
    if (this.#context !== undefined) Context.release(this.#context, this);
    this.cancel();
  }
}

/** Fires once, or again and again; then at most one of its ticks waits, however late its actor is. */
class Alarm<M> implements Notice<M>, Held, Disposable {
  readonly #message: M;
  readonly #periodMs: number | undefined;
  readonly #clock: Clock;
  #context: Context<M> | undefined;
  #timer: Timer | undefined = undefined;
  #dueMs = 0;
  #waits = false;

  constructor(
    message: M,
    periodMs: number | undefined,
    context: Context<M>,
    clock: Clock,
  ) {
    this.#message = message;
    this.#periodMs = periodMs;
    this.#context = context;
    this.#clock = clock;
  }

  arm(delayMs: number): void {
    this.#dueMs = this.#clock.now() + delayMs;
    this.#timer = this.#clock.after(delayMs, () => this.#fire());
  }

  take(): { message: M } | undefined {
    if (this.#context === undefined) return undefined;
    this.#waits = false;
    if (this.#periodMs === undefined) this[Symbol.dispose]();
    return { message: this.#message };
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#context = undefined;
  }

  [Symbol.dispose](): void {
    if (this.#context !== undefined) Context.release(this.#context, this);
    this.cancel();
  }

  #fire(): void {
    if (this.#context === undefined) return;
    if (this.#periodMs !== undefined) {
      // On the beat, not a period after whenever this one got to run; beats that were missed stay missed.
      const lateMs = this.#clock.now() - this.#dueMs;
      const missed = Math.max(0, Math.floor(lateMs / this.#periodMs));
      this.arm((missed + 1) * this.#periodMs - lateMs);
    }
    if (this.#waits) return;
    this.#waits = true;
    Context.notify(this.#context, this);
  }
}

function check(verb: string, option: string, value: number, ok: boolean) {
  if (ok) return;
  throw new RangeError(
    `Cannot ${verb}: '${option}' must be a finite number ${
      option === "periodMs" ? "above" : "from"
    } 0, current value is ${value}`,
  );
}
