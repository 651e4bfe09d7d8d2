/**
 * Decides what an incarnation holds besides its behaviour, and that all of it ends with it: signal, resources,
 * timers, watches. Made when the first of them is asked for, because most actors need none. Never runs a turn:
 * what fires becomes a notice, and waits here until the incarnation takes it.
 */

import type { Clock } from "../clock.ts";
import { ActorStoppedError } from "../errors.ts";
import { Alarm } from "./alarm.ts";
import type { Held, Notice, NoticeLane } from "./notice.ts";
import type { ExitReason, Supervisable } from "./types.ts";
import { Watch } from "./watch.ts";

/** Whose holdings they are. */
export interface HoldingsOwner {
  readonly name: string;
  readonly clock: Clock;
  /** A notice waits. */
  wake(): void;
}

/** What one incarnation holds. */
export class Holdings<M> implements NoticeLane<M> {
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
    this.#closed = true;
    const things = this.#things;
    this.#things = undefined;
    things?.forEach((thing) => thing.cancel());
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
    if (this.#closed) return false;
    (this.#things ??= new Set()).add(thing);
    return true;
  }

  #abort(): void {
    this.#controller?.abort(
      new ActorStoppedError(`Actor "${this.#owner.name}" has ended`),
    );
  }
}
