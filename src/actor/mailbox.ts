/**
 * Decides how mail waits: a ring of messages, and behind it the senders that wait for room. Keeps the order
 * of each sender, over `tell` and `deliver` alike: while anybody waits, nobody who comes later gets in before.
 * Never runs a turn and never looks at a message. Whoever owns a mailbox is told of new mail through
 * `onMail`, takes messages out with `shift`, and closes it at the end.
 */

import { ActorStoppedError } from "../errors.ts";
import type { MailboxOptions, TellVerdict } from "./types.ts";

/** A sender that waits for room: one link of a list, so that giving up takes it out at once. */
interface Waiting<M> {
  message: M;
  admit(): void;
  refuse(error: unknown): void;
  before: Waiting<M> | undefined;
  after: Waiting<M> | undefined;
}

const DEFAULT_CAPACITY = 1024;
/** Enough for an actor that talks now and then, of which there may be many; without mail there is no ring at all. */
const FIRST_RING = 4;
/** A ring above this is given back when it runs empty, so that one burst does not hold its memory for ever. */
const KEPT_RING = 1024;
const NO_RING: never[] = Object.freeze([]) as unknown as never[];
const OVERFLOWS = ["reject", "dropNewest", "dropOldest"] as const;

/** Bounded mail of one owner, first in, first out. */
export class Mailbox<M> {
  readonly #owner: string;
  readonly #overflow: "reject" | "dropNewest" | "dropOldest";
  /** Becomes -1 at `close`, so that the fast path of `tell` needs one comparison only. */
  #room: number;
  /** The length is 0 or a power of two; slots outside the mail are `undefined`, so that nothing is kept alive. */
  #ring: (M | undefined)[] = NO_RING;
  #head = 0;
  #size = 0;
  #firstWaiting: Waiting<M> | undefined = undefined;
  #lastWaiting: Waiting<M> | undefined = undefined;

  /**
   * Called whenever a message comes into an empty mailbox; never from inside `shift`, whose caller looks at
   * `size` afterwards anyway.
   */
  onMail: () => void = nothing;
  /** Called with the number of messages that the overflow rule has just discarded. */
  onDrop: ((count: number) => void) | undefined = undefined;

  /** @throws {RangeError} For a capacity below 1 or an unknown overflow rule. */
  constructor(owner: string, options: MailboxOptions = {}) {
    const { capacity = DEFAULT_CAPACITY, overflow = "reject" } = options;
    if (
      capacity !== Infinity && !(Number.isInteger(capacity) && capacity > 0)
    ) {
      throw new RangeError(
        `Cannot make mailbox of "${owner}": 'capacity' must be a positive integer or Infinity, current value is ${capacity}`,
      );
    }
    if (!OVERFLOWS.includes(overflow)) {
      throw new RangeError(
        `Cannot make mailbox of "${owner}": 'overflow' must be one of ${
          OVERFLOWS.join(", ")
        }, current value is ${overflow}`,
      );
    }
    this.#owner = owner;
    this.#overflow = overflow;
    this.#room = capacity;
  }

  /** Messages that can be taken out now; senders that wait for room are not counted. */
  get size(): number {
    return this.#size;
  }

  /** Takes the message in, or says why not. Never throws, never waits, makes no promise. */
  tell(message: M): TellVerdict {
    if (this.#size < this.#room) {
      this.#push(message);
      return "accepted";
    }
    if (this.#room < 0) return "stopped";
    if (this.#overflow === "dropNewest") {
      this.onDrop?.(1);
      return "dropped";
    }
    // Dropping the oldest would make room for this message in front of those who wait: they came first.
    if (this.#overflow === "reject" || this.#firstWaiting !== undefined) {
      return "full";
    }
    this.#take();
    this.#push(message);
    this.onDrop?.(1);
    return "accepted";
  }

  /**
   * Takes the message in as soon as there is room, in the order of coming. A call that is cancelled leaves
   * nothing behind: its message never gets in.
   */
  deliver(message: M, options?: { signal?: AbortSignal }): Promise<void> {
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#size < this.#room) {
      this.#push(message);
      return Promise.resolve();
    }
    if (this.#room < 0) return Promise.reject(this.#stopped());
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#unlink(waiting);
        reject(signal!.reason);
      };
      const waiting: Waiting<M> = {
        message,
        admit() {
          signal?.removeEventListener("abort", giveUp);
          resolve();
        },
        refuse(error) {
          signal?.removeEventListener("abort", giveUp);
          reject(error);
        },
        before: this.#lastWaiting,
        after: undefined,
      };
      if (this.#lastWaiting === undefined) this.#firstWaiting = waiting;
      else this.#lastWaiting.after = waiting;
      this.#lastWaiting = waiting;
      signal?.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** The oldest message; the first sender that waits gets in behind the rest. The caller has seen a `size` above 0. */
  shift(): M {
    const message = this.#take();
    const waiting = this.#firstWaiting;
    if (waiting !== undefined) {
      this.#unlink(waiting);
      this.#put(waiting.message);
      waiting.admit();
    }
    return message;
  }

  /** Discards what waits, refuses who waits, and everything that comes later. */
  close(): void {
    if (this.#room < 0) return;
    this.#room = -1;
    this.#ring = NO_RING;
    this.#head = 0;
    this.#size = 0;
    let waiting = this.#firstWaiting;
    this.#firstWaiting = undefined;
    this.#lastWaiting = undefined;
    for (; waiting !== undefined; waiting = waiting.after) {
      waiting.refuse(this.#stopped());
    }
  }

  #push(message: M): void {
    this.#put(message);
    if (this.#size === 1) this.onMail();
  }

  #put(message: M): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = message;
    this.#size++;
  }

  #take(): M {
    const message = this.#ring[this.#head] as M;
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
    if (this.#size === 0 && this.#ring.length > KEPT_RING) {
      this.#ring = NO_RING;
      this.#head = 0;
    }
    return message;
  }

  #grow(): void {
    const old = this.#ring;
    const ring = new Array<M | undefined>(old.length * 2 || FIRST_RING).fill(
      undefined,
    );
    for (let i = 0; i < this.#size; i++) {
      ring[i] = old[(this.#head + i) & (old.length - 1)];
    }
    this.#ring = ring;
    this.#head = 0;
  }

  #unlink(waiting: Waiting<M>): void {
    const { before, after } = waiting;
    if (before === undefined) this.#firstWaiting = after;
    else before.after = after;
    if (after === undefined) this.#lastWaiting = before;
    else after.before = before;
  }

  #stopped(): ActorStoppedError {
    return new ActorStoppedError(
      `Cannot deliver to actor "${this.#owner}": it has stopped`,
    );
  }
}

function nothing(): void {}
