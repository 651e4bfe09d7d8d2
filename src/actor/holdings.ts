/**
 * Decides what an incarnation holds besides its behaviour, and that all of it ends with it: signal, resources,
 * timers, watches. Made when the first of them is asked for, because most actors need none. Never runs a turn:
 * what fires becomes a notice, and waits here until the incarnation takes it.
 */

import type { Clock, Timer } from "../clock.ts";
import { ActorStoppedError } from "../errors.ts";
import { type ExitWatcher, isExitWatchable, watchExit } from "./exit_watch.ts";
import type { ExitReason, Supervisable } from "./types.ts";

/** A message that waits in the lane for exits and timers, which is not bounded and never drops. */
export interface Notice<M> {
  /** Makes the message; `undefined` when it was cancelled after it had fired. Runs inside the turn that serves it. */
  take(): { message: M } | undefined;
}

/** Whose holdings they are. */
export interface HoldingsOwner {
  readonly name: string;
  readonly clock: Clock;
  /** A notice waits. */
  wake(): void;
}

/** What lives no longer than the incarnation. */
interface Held {
  cancel(): void;
}

/** What one incarnation holds. */
export class Holdings<M> {
  readonly #owner: HoldingsOwner;
  #controller: AbortController | undefined = undefined;
  #resources: AsyncDisposableStack | undefined = undefined;
  #things: Set<Held> | undefined = undefined;
  /** From `#next` on they wait; a `shift` would move all the others. */
  #notices: Notice<M>[] = [];
  #next = 0;
  #closed = false;

  constructor(owner: HoldingsOwner) {
    this.#owner = owner;
  }

  /** See `ActorContext.signal`. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#closed) this.#abort();
    }
    return this.#controller.signal;
  }

  /** See `ActorContext.resources`. */
  get resources(): AsyncDisposableStack {
    if (this.#resources === undefined) {
      this.#resources = new AsyncDisposableStack();
      // Too late to hold anything: a disposed stack says so to whoever tries. There is nothing in it to fail.
      if (this.#closed) void this.#resources.disposeAsync();
    }
    return this.#resources;
  }

  /** What there is to dispose of, if anybody ever asked for it. */
  get disposable(): AsyncDisposableStack | undefined {
    return this.#resources?.disposed ? undefined : this.#resources;
  }

  /** Whether a notice waits. */
  get hasNotice(): boolean {
    return this.#next < this.#notices.length;
  }

  /** The notice that has waited longest. The caller has seen that there is one. */
  shift(): Notice<M> {
    const notice = this.#notices[this.#next++];
    if (this.#next === this.#notices.length) {
      this.#notices = [];
      this.#next = 0;
    }
    return notice;
  }

  /** See `ActorContext.watch`. */
  watch(
    other: Supervisable,
    toMessage: (reason: ExitReason) => M,
  ): Disposable {
    const watch = new Watch(toMessage, this);
    if (this.#hold(watch)) watch.follow(other);
    return watch;
  }

  /** See `ActorContext.after` and, for one that repeats, `every`. */
  alarm(message: M, delayMs: number, repeats: boolean): Disposable {
    const periodMs = repeats ? delayMs : undefined;
    const alarm = new Alarm(message, periodMs, this, this.#owner.clock);
    if (this.#hold(alarm)) alarm.arm(this.#owner.clock.now(), delayMs);
    return alarm;
  }

  /** Aborts the signal while the rest goes on, to hurry a start that is no longer wanted. */
  hurry(): void {
    // Asked for later, the signal must be aborted too; so it is made now.
    void this.signal;
    this.#abort();
  }

  /** No timer or watch fires from now on, and the signal aborts. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const things = this.#things;
    this.#things = undefined;
    if (things !== undefined) { for (const thing of things) thing.cancel(); }
    this.#abort();
  }

  /** Discards the notices that wait. */
  clear(): void {
    this.#notices = [];
    this.#next = 0;
  }

  /** For watches and alarms. */
  release(thing: Held): void {
    this.#things?.delete(thing);
  }

  /** For watches and alarms. */
  notify(notice: Notice<M>): void {
    this.#notices.push(notice);
    this.#owner.wake();
  }

  #hold(thing: Held): boolean {
    if (this.#closed) {
      thing.cancel();
      return false;
    }
    (this.#things ??= new Set()).add(thing);
    return true;
  }

  #abort(): void {
    this.#controller?.abort(
      new ActorStoppedError(`Actor "${this.#owner.name}" has ended`),
    );
  }
}

/** Waits for the exit of another. Lets go of everything when cancelled, because the other may live on for long. */
class Watch<M> implements Notice<M>, Held, ExitWatcher, Disposable {
  #toMessage: ((reason: ExitReason) => M) | undefined;
  #holdings: Holdings<M> | undefined;
  #reason: ExitReason | undefined = undefined;
  #leave: (() => void) | undefined = undefined;

  constructor(toMessage: (reason: ExitReason) => M, holdings: Holdings<M>) {
    this.#toMessage = toMessage;
    this.#holdings = holdings;
  }

  follow(other: Supervisable): void {
    // One of ours may be watched by thousands, one after the other, and lets go of those that have gone.
    if (isExitWatchable(other)) {
      this.#leave = other[watchExit](this);
      return;
    }
    other.exited.then(
      (reason) => this.fire(reason),
      // `exited` never rejects; a `Supervisable` of somebody else's making might.
      (error) => this.fire({ kind: "failed", error }),
    );
  }

  fire(reason: ExitReason): void {
    this.#leave = undefined;
    this.#reason = reason;
    if (this.#holdings !== undefined) this.#holdings.notify(this);
  }

  take(): { message: M } | undefined {
    const toMessage = this.#toMessage;
    if (toMessage === undefined) return undefined;
    this[Symbol.dispose]();
    return { message: toMessage(this.#reason!) };
  }

  cancel(): void {
    this.#toMessage = undefined;
    this.#holdings = undefined;
    this.#leave?.();
    this.#leave = undefined;
  }

  [Symbol.dispose](): void {
    if (this.#holdings !== undefined) this.#holdings.release(this);
    this.cancel();
  }
}

/** Fires once, or again and again; then at most one of its ticks waits, however late its actor is. */
class Alarm<M> implements Notice<M>, Held, Disposable {
  readonly #message: M;
  readonly #periodMs: number | undefined;
  readonly #clock: Clock;
  #holdings: Holdings<M> | undefined;
  #timer: Timer | undefined = undefined;
  #dueMs = 0;
  #waits = false;

  constructor(
    message: M,
    periodMs: number | undefined,
    holdings: Holdings<M>,
    clock: Clock,
  ) {
    this.#message = message;
    this.#periodMs = periodMs;
    this.#holdings = holdings;
    this.#clock = clock;
  }

  arm(nowMs: number, delayMs: number): void {
    this.#dueMs = nowMs + delayMs;
    this.#timer = this.#clock.after(delayMs, () => this.#fire());
  }

  take(): { message: M } | undefined {
    if (this.#holdings === undefined) return undefined;
    this.#waits = false;
    if (this.#periodMs === undefined) this[Symbol.dispose]();
    return { message: this.#message };
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#holdings = undefined;
  }

  [Symbol.dispose](): void {
    if (this.#holdings !== undefined) this.#holdings.release(this);
    this.cancel();
  }

  #fire(): void {
    if (this.#holdings === undefined) return;
    if (this.#periodMs !== undefined) {
      // On the beat, not a period after whenever this one got to run; beats that were missed stay missed.
      const nowMs = this.#clock.now();
      const lateMs = nowMs - this.#dueMs;
      const missed = Math.max(0, Math.floor(lateMs / this.#periodMs));
      this.arm(nowMs, (missed + 1) * this.#periodMs - lateMs);
    }
    if (this.#waits) return;
    this.#waits = true;
    this.#holdings.notify(this);
  }
}
