/**
 * Decides how mail waits: the oldest message, a ring of those behind it, and last the senders that wait for room.
 * Keeps the order of each sender, over `tell` and `deliver` alike: while anybody waits, nobody who comes later gets
 * in before. Never runs a turn and never looks at a message. Whoever owns a mailbox is told of new mail through
 * `onMail`, takes messages out with `shift`, and closes it at the end.
 *
 * There may be a hundred thousand of these, most of them empty: what few of them need is made when it is needed.
 */

import { ActorStoppedError } from "../errors.ts";
import { shown } from "../shown.ts";
import type { MailboxOptions, TellVerdict } from "./types.ts";

/** A sender that waits for room: one link of a list, so that giving up takes it out at once. */
interface Waiting<M> {
  message: M;
  admit(): void;
  refuse(error: unknown): void;
  before: Waiting<M> | undefined;
  after: Waiting<M> | undefined;
}

/** The senders that wait, in the order of their coming; never empty. */
interface Line<M> {
  first: Waiting<M>;
  last: Waiting<M>;
}

const DEFAULT_CAPACITY = 1024;
/**
 * More mail than there is memory for, so it stands for `Infinity`. The largest of the engine's small integers: one
 * mailbox with any other number in this field would cost every mailbox 16 bytes.
 */
const MAX_CAPACITY = 2 ** 30 - 1;
/** One message waits without a ring; whoever has had two waiting may well have them again. */
const FIRST_RING = 4;
/** A ring above this is given back when it runs empty, so that one burst does not hold its memory for ever. */
const KEPT_RING = 16;
/** Stands where no message is; `undefined` is one. */
const NONE = Symbol("none");
const NO_RING: never[] = Object.freeze([]) as unknown as never[];
const OVERFLOWS = ["reject", "dropNewest", "dropOldest"] as const;

/** Bounded mail of one owner, first in, first out. */
export class Mailbox<M> {
  /** Whose mail it is; for errors. */
  readonly name: string;
  readonly #overflow: "reject" | "dropNewest" | "dropOldest";
  /** Becomes negative at `close`, so that the fast path of `tell` needs one comparison only. */
  #room: number;
  #size = 0;
  /** What came into the empty mailbox. Mostly nothing else comes before it is taken out, and no ring is needed. */
  #first: M | typeof NONE = NONE;
  /** The length is 0 or a power of two; slots outside the mail are `undefined`, so that nothing is kept alive. */
  #ring: (M | undefined)[] = NO_RING;
  #head = 0;
  #line: Line<M> | undefined = undefined;

  /**
   * @throws {RangeError} For a capacity below 1 or an unknown overflow rule.
   * @throws {TypeError} For options that are none.
   */
  constructor(name: string, options: MailboxOptions = {}) {
    if (typeof options !== "object" || options === null) {
      throw new TypeError(
        `Cannot make mailbox of "${name}": 'mailbox' must be an object, current value is ${
          shown(options)
        }`,
      );
    }
    const { capacity = DEFAULT_CAPACITY, overflow = "reject" } = options;
    if (
      capacity !== Infinity && !(Number.isInteger(capacity) && capacity > 0)
    ) {
      throw new RangeError(
        `Cannot make mailbox of "${name}": 'capacity' must be a positive integer or Infinity, current value is ${
          shown(capacity)
        }`,
      );
    }
    if (!OVERFLOWS.includes(overflow)) {
      throw new RangeError(
        `Cannot make mailbox of "${name}": 'overflow' must be one of ${
          OVERFLOWS.join(", ")
        }, current value is ${shown(overflow)}`,
      );
    }
    this.name = name;
    this.#overflow = overflow;
    this.#room = Math.min(capacity, MAX_CAPACITY);
  }

  /**
   * Called whenever a message comes into an empty mailbox; never from inside `shift`, whose caller looks at
   * `size` afterwards anyway. The owner puts its own in place, or overrides it.
   */
  onMail(): void {}

  /**
   * Called with the number of messages that the overflow rule has just discarded, and with the oldest where it is that
   * one, which had been taken in; as `onMail` for the owner to give.
   */
  onDrop(_count: number, _oldest?: M): void {}

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
      this.onDrop(1);
      return "dropped";
    }
    // Dropping the oldest would make room for this message in front of those who wait: they came first.
    if (this.#overflow === "reject" || this.#line !== undefined) {
      return "full";
    }
    const oldest = this.#take();
    this.#push(message);
    this.onDrop(1, oldest);
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
        before: this.#line?.last,
        after: undefined,
      };
      if (this.#line === undefined) {
        this.#line = { first: waiting, last: waiting };
      } else {
        this.#line.last.after = waiting;
        this.#line.last = waiting;
      }
      signal?.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** The oldest message; the first sender that waits gets in behind the rest. The caller has seen a `size` above 0. */
  shift(): M {
    const message = this.#take();
    const waiting = this.#line?.first;
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
    this.#size = 0;
    this.#first = NONE;
    this.#ring = NO_RING;
    this.#head = 0;
    let waiting = this.#line?.first;
    this.#line = undefined;
    for (; waiting !== undefined; waiting = waiting.after) {
      waiting.refuse(this.#stopped());
    }
  }

  #push(message: M): void {
    this.#put(message);
    if (this.#size === 1) this.onMail();
  }

  #put(message: M): void {
    const size = this.#size++;
    if (size === 0) {
      this.#first = message;
      return;
    }
    const inRing = this.#first === NONE ? size : size - 1;
    if (inRing === this.#ring.length) this.#grow();
    this.#ring[(this.#head + inRing) & (this.#ring.length - 1)] = message;
  }

  #take(): M {
    this.#size--;
    const first = this.#first;
    if (first !== NONE) {
      this.#first = NONE;
      return first;
    }
    const ring = this.#ring;
    const message = ring[this.#head] as M;
    ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (ring.length - 1);
    if (this.#size === 0 && ring.length > KEPT_RING) {
      this.#ring = NO_RING;
      this.#head = 0;
    }
    return message;
  }

  /** A larger ring, for a full one. */
  #grow(): void {
    const old = this.#ring;
    const { length } = old;
    const ring = new Array<M | undefined>(
      length === 0 ? FIRST_RING : length * (length < 1024 ? 4 : 2),
    );
    const head = this.#head;
    for (let i = head; i < length; i++) ring[i - head] = old[i];
    for (let i = 0; i < head; i++) ring[length - head + i] = old[i];
    this.#ring = ring;
    this.#head = 0;
  }

  #unlink(waiting: Waiting<M>): void {
    const { before, after } = waiting;
    const line = this.#line!;
    if (before === undefined && after === undefined) this.#line = undefined;
    else if (before === undefined) line.first = after!;
    else if (after === undefined) line.last = before;
    if (before !== undefined) before.after = after;
    if (after !== undefined) after.before = before;
  }

  #stopped(): ActorStoppedError {
    return new ActorStoppedError(
      `Cannot deliver to actor "${this.name}": it has stopped`,
    );
  }
}
