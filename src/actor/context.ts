/**
 * Decides what a factory is handed: a view of its incarnation, and no more than that. Keeps nothing itself, so that a
 * context that its behaviour does not keep costs an idle actor nothing.
 */

import { shown } from "../shown.ts";
import type { Holdings } from "./holdings.ts";
import type {
  ActorContext,
  ActorRef,
  ExitReason,
  Supervisable,
} from "./types.ts";

/** What a context needs of the incarnation that it belongs to. */
export interface ContextOwner<M> {
  readonly self: ActorRef<M>;
  readonly holdings: Holdings<M>;
  finish(): void;
}

/** The context of one incarnation. */
export class Context<M> implements ActorContext<M> {
  readonly incarnation: number;
  readonly #owner: ContextOwner<M>;

  constructor(owner: ContextOwner<M>, incarnation: number) {
    this.#owner = owner;
    this.incarnation = incarnation;
  }

  get self(): ActorRef<M> {
    return this.#owner.self;
  }

  get signal(): AbortSignal {
    return this.#owner.holdings.signal;
  }

  get resources(): AsyncDisposableStack {
    return this.#owner.holdings.resources;
  }

  stop(): void {
    this.#owner.finish();
  }

  watch(
    other: Supervisable,
    toMessage: (reason: ExitReason) => M,
  ): Disposable {
    return this.#owner.holdings.watch(other, toMessage);
  }

  after(delayMs: number, message: M): Disposable {
    if (!(Number.isFinite(delayMs) && delayMs >= 0)) {
      throw new RangeError(
        `Cannot wait: 'delayMs' must be a finite number from 0, current value is ${
          shown(delayMs)
        }`,
      );
    }
    return this.#owner.holdings.alarm(message, delayMs, false);
  }

  every(periodMs: number, message: M): Disposable {
    if (!(Number.isFinite(periodMs) && periodMs > 0)) {
      throw new RangeError(
        `Cannot repeat: 'periodMs' must be a finite number above 0, current value is ${
          shown(periodMs)
        }`,
      );
    }
    return this.#owner.holdings.alarm(message, periodMs, true);
  }
}
