/**
 * Decides how a question waits for its answer: one deadline, at most one outcome, nothing left behind.
 * Knows nothing of mailboxes; it is handed the `tell` to send by.
 *
 * A timer per question would cost more than the question. There is one per owner, set to the earliest deadline;
 * an answer leaves it alone. When no question is open any more it goes, one task of the event loop later, so
 * that questions in a row share it.
 */

import { type Clock, nextTask, type Timer } from "../clock.ts";
import {
  ActorStoppedError,
  AskTimeoutError,
  MailboxFullError,
} from "../errors.ts";
import { shown } from "../shown.ts";
import type { AskOptions, ReplyTo, TellVerdict } from "./types.ts";

const DEFAULT_TIMEOUT_MS = 5_000;

/** A question under way: one link of a list. `message` tells which one it is when a turn fails. */
interface Pending {
  readonly timeoutMs: number;
  readonly dueMs: number;
  message: unknown;
  reject(error: unknown): void;
  before: Pending | undefined;
  after: Pending | undefined;
}

/** What is told to those whose question `owner` crashed on with `error`. */
export function crashedOn(owner: string, error: unknown): ActorStoppedError {
  return new ActorStoppedError(
    `Cannot ask "${owner}": it crashed on the question`,
    { cause: error },
  );
}

/** What is told to those whose question `owner` has no room for, or had to discard for a later message. */
export function mailboxFull(owner: string): MailboxFullError {
  return new MailboxFullError(`Cannot ask "${owner}": its mailbox is full`);
}

/** The questions that wait for answers of one owner. */
export class Asks {
  readonly #owner: string;
  readonly #clock: Clock;
  /** A list and not a set, whose table every actor that was ever asked would keep. */
  #first: Pending | undefined = undefined;
  #last: Pending | undefined = undefined;
  #size = 0;
  #timer: Timer | undefined = undefined;
  #timerDueMs = Infinity;
  /** A look at whether the timer can go is on its way. */
  #leaving = false;

  constructor(owner: string, clock: Clock) {
    this.#owner = owner;
    this.#clock = clock;
  }

  /** Questions that have no answer yet. */
  get size(): number {
    return this.#size;
  }

  /** Sends `make(reply)` by `tell` and waits for `reply`. The promise rejects for whatever prevents an answer. */
  ask<M, R>(
    tell: (message: M) => TellVerdict,
    make: (reply: ReplyTo<R>) => M,
    options: AskOptions = {},
  ): Promise<R> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    return new Promise<R>((resolve, reject) => {
      if (!(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
        throw new RangeError(
          `Cannot ask "${this.#owner}": 'timeoutMs' must be a positive number, current value is ${
            shown(timeoutMs)
          }`,
        );
      }
      if (signal?.aborted) throw signal.reason;
      let open = true;
      let waits = false;
      const end = (): boolean => {
        if (!open) return false;
        open = false;
        if (waits) this.#remove(pending);
        signal?.removeEventListener("abort", abort);
        return true;
      };
      const pending: Pending = {
        timeoutMs,
        dueMs: this.#clock.now() + timeoutMs,
        message: undefined,
        reject(error) {
          if (end()) reject(error);
        },
        before: undefined,
        after: undefined,
      };
      const abort = () => pending.reject(signal!.reason);
      const reply = ((value: R) => {
        if (end()) resolve(value);
      }) as ReplyTo<R>;
      reply.fail = pending.reject;

      const message = make(reply);
      // Answered before it was sent, by `make` itself: there is nothing left to ask.
      if (!open) return;
      pending.message = message;
      // All in its place before the message goes out: it may be answered inside `tell`.
      waits = true;
      this.#add(pending);
      if (pending.dueMs < this.#timerDueMs) this.#arm(pending.dueMs);
      signal?.addEventListener("abort", abort, { once: true });
      const verdict = tell(message);
      if (verdict !== "accepted") pending.reject(this.#refusal(verdict));
    });
  }

  /** Rejects the question that was asked by `message`, because the turn that took it failed with `error`. */
  fail(message: unknown, error: unknown): void {
    this.#find(message)?.reject(crashedOn(this.#owner, error));
  }

  /** Rejects the question that was asked by `message` with `error` itself: no turn will come for it. */
  refuse(message: unknown, error: unknown): void {
    this.#find(message)?.reject(error);
  }

  /** Rejects every question that is still open. */
  close(): void {
    while (this.#first !== undefined) {
      this.#first.reject(this.#refusal("stopped"));
    }
    this.#disarm();
  }

  #find(message: unknown): Pending | undefined {
    let pending = this.#first;
    while (pending !== undefined && pending.message !== message) {
      pending = pending.after;
    }
    return pending;
  }

  #add(pending: Pending): void {
    this.#size++;
    pending.before = this.#last;
    if (this.#last === undefined) this.#first = pending;
    else this.#last.after = pending;
    this.#last = pending;
  }

  #remove(pending: Pending): void {
    const { before, after } = pending;
    this.#size--;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    // Whoever keeps an old `reply` must not thereby keep every question that came after it.
    pending.before = undefined;
    pending.after = undefined;
    this.#letGo();
  }

  #arm(dueMs: number): void {
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    const leftMs = Math.max(0, dueMs - this.#clock.now());
    this.#timer = this.#clock.after(leftMs, () => this.#sweep());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
  }

  /** Rejects what is overdue, and waits for the next deadline if there is one. */
  #sweep(): void {
    this.#disarm();
    const nowMs = this.#clock.now();
    let nextMs = Infinity;
    let next = this.#first;
    while (next !== undefined) {
      const pending = next;
      // Read before it is taken out of the list.
      next = pending.after;
      const { dueMs, timeoutMs } = pending;
      if (dueMs > nowMs) {
        nextMs = Math.min(nextMs, dueMs);
        continue;
      }
      pending.reject(
        new AskTimeoutError(
          `Cannot ask "${this.#owner}": no answer within ${timeoutMs} ms`,
          timeoutMs,
        ),
      );
    }
    if (nextMs < this.#timerDueMs) this.#arm(nextMs);
  }

  #letGo(): void {
    if (this.#leaving || this.#size > 0 || this.#timer === undefined) {
      return;
    }
    this.#leaving = true;
    nextTask(() => {
      this.#leaving = false;
      if (this.#size === 0) this.#disarm();
    });
  }

  #refusal(verdict: TellVerdict): Error {
    if (verdict === "stopped") {
      return new ActorStoppedError(
        `Cannot ask "${this.#owner}": it has stopped`,
      );
    }
    return mailboxFull(this.#owner);
  }
}
