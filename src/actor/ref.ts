/**
 * Decides what the world sees of an actor: its address and nothing behind it. The one place where an address is
 * tied to what it leads to.
 */

import { shown } from "../shown.ts";
import type { Cell } from "./cell.ts";
import type {
  ActorRef,
  AskOptions,
  ExitReason,
  Phase,
  ReplyTo,
  TellVerdict,
} from "./types.ts";
import { type ExitWatchable, type ExitWatcher, watchExit } from "./watch.ts";

const DEFAULT_GRACE_MS = 5_000;

/** The address of an actor that ends when it is told to. */
export class Ref<M> implements ActorRef<M>, ExitWatchable {
  #cell: Cell<M>;

  constructor(cell: Cell<M>) {
    this.#cell = cell;
  }

  get name(): string {
    return this.#cell.name;
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

  stop(options?: { graceMs?: number }): Promise<ExitReason> {
    try {
      return this.#cell.stop(resolveGraceMs(this.name, options?.graceMs));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  kill(): void {
    this.#cell.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** For those who watch it; see `ExitWatchable`. */
  [watchExit](watcher: ExitWatcher): () => void {
    const cell = this.#cell;
    cell.addWatcher(watcher);
    return () => cell.removeWatcher(watcher);
  }

  /** For an actor that hands its messages on: who asked by `message` is told that no answer will come, and why. */
  static refuse<M>(ref: ActorRef<M>, message: M, error: unknown): void {
    (ref as Ref<M>).#cell.refuse(message, error);
  }

  /** For an actor that begins anew after its end: from now on `ref` leads to `cell`. */
  static lead<M>(ref: Ref<M>, cell: Cell<M>): void {
    ref.#cell = cell;
  }
}

/** The time to end politely. @throws {RangeError} Below 0 or not a number; `Infinity` is a time. */
export function resolveGraceMs(
  name: string,
  graceMs: number = DEFAULT_GRACE_MS,
): number {
  if (typeof graceMs === "number" && graceMs >= 0) return graceMs;
  throw new RangeError(
    `Cannot stop "${name}": 'graceMs' must be a number from 0, current value is ${
      shown(graceMs)
    }`,
  );
}
