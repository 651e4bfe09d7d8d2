/**
 * Decides how a question waits for its answer: one deadline, at most one outcome, nothing left behind.
 * Knows nothing of mailboxes; it is handed the `tell` to send by.
 */

import type { Clock, Timer } from "../clock.ts";
import {
  ActorStoppedError,
  AskTimeoutError,
  MailboxFullError,
} from "../errors.ts";
import type { AskOptions, ReplyTo, TellVerdict } from "./types.ts";

const DEFAULT_TIMEOUT_MS = 5_000;

/** A question under way. `message` tells which one it is when a turn fails. */
interface Pending {
  message: unknown;
  reject(error: unknown): void;
}

/** The questions that wait for answers of one owner. */
export class Asks {
  readonly #owner: string;
  readonly #clock: Clock;
  readonly #pending = new Set<Pending>();

  constructor(owner: string, clock: Clock) {
    this.#owner = owner;
    this.#clock = clock;
  }

  /** Questions that have no answer yet. */
  get size(): number {
    return this.#pending.size;
  }

  /** Sends `make(reply)` by `tell` and waits for `reply`. The promise rejects for whatever prevents an answer. */
  ask<M, R>(
    tell: (message: M) => TellVerdict,
    make: (reply: ReplyTo<R>) => M,
    options: AskOptions = {},
  ): Promise<R> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    return new Promise<R>((resolve, reject) => {
      if (!(timeoutMs > 0 && timeoutMs < Infinity)) {
        throw new RangeError(
          `Cannot ask "${this.#owner}": 'timeoutMs' must be a positive number, current value is ${timeoutMs}`,
        );
      }
      if (signal?.aborted) throw signal.reason;
      let timer: Timer | undefined = undefined as Timer | undefined;
      let open = true;
      const end = (): boolean => {
        if (!open) return false;
        open = false;
        this.#pending.delete(pending);
        timer?.cancel();
        signal?.removeEventListener("abort", abort);
        return true;
      };
      const pending: Pending = {
        message: undefined,
        reject(error) {
          if (end()) reject(error);
        },
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
      // Armed before the message goes out: whoever answers inside `tell` finds everything in its place.
      this.#pending.add(pending);
      timer = this.#clock.after(timeoutMs, () =>
        pending.reject(
          new AskTimeoutError(
            `Cannot ask "${this.#owner}": no answer within ${timeoutMs} ms`,
            timeoutMs,
          ),
        ));
      signal?.addEventListener("abort", abort, { once: true });
      const verdict = tell(message);
      if (verdict !== "accepted") pending.reject(this.#refusal(verdict));
    });
  }

  /** Rejects the question that was asked by `message`, because the turn that took it failed with `error`. */
  fail(message: unknown, error: unknown): void {
    for (const pending of this.#pending) {
      if (pending.message !== message) continue;
      pending.reject(
        new ActorStoppedError(
          `Cannot ask "${this.#owner}": it crashed on the question`,
          { cause: error },
        ),
      );
      return;
    }
  }

  /** Rejects every question that is still open. */
  close(): void {
    for (const pending of this.#pending) {
      pending.reject(this.#refusal("stopped"));
    }
  }

  #refusal(verdict: TellVerdict): Error {
    if (verdict === "stopped") {
      return new ActorStoppedError(
        `Cannot ask "${this.#owner}": it has stopped`,
      );
    }
    return new MailboxFullError(
      `Cannot ask "${this.#owner}": its mailbox is full`,
    );
  }
}
