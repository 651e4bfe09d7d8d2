/**
 * Decides what a lone actor does after a crash: end, or begin again within its limits. Binds the actor room's
 * machinery to the restart policy. Actors under a supervisor are made elsewhere.
 */

import {
  type ActorRef,
  type BehaviorFactory,
  Cell,
  type ExitReason,
  type Next,
  Ref,
  type Succession,
} from "../actor/mod.ts";
import { type Clock, systemClock } from "../clock.ts";
import { checkObserver, report } from "./report.ts";
import {
  planRestart,
  type ResolvedRestartLimits,
  resolveRestartLimits,
  type RestartHistory,
} from "./restart_policy.ts";
import type { SpawnOptions } from "./types.ts";

/** Nobody listens and nothing begins again: one for all such actors. */
const ENDS: Succession = Object.freeze({
  lives: "once",
  ended: (reason: ExitReason): Next => ({ then: "end", reason }),
});
const NO_FAILURES: RestartHistory = Object.freeze([]);

/**
 * Starts an actor and gives its ref at once; the factory runs soon after, never inside this call.
 *
 * Messages that are told before the factory is through wait in the mailbox. A crash (whatever the factory,
 * `receive` or `stopped` throws or rejects with) ends the actor for good, unless `restart` is given: then the
 * factory is called again for a behaviour with fresh state, after the old incarnation has ended entirely. The ref
 * and all mail survive that, but for the message that crashed.
 *
 * `stop()` finishes the turn under way and discards the mail that waits; to have it served first, send a last
 * message on which the actor calls `context.stop()`. `kill()` does not wait for the turn and skips `stopped`, but
 * disposes of `context.resources`. An actor that is idle and holds nothing is collected once nobody has its ref.
 *
 * TypeScript infers `M`, the type of a message, only of a factory that does without `context`. Otherwise write
 * `spawn<M>(…)`: left out it is `never`, and `tell` takes nothing.
 *
 * @param factory Makes the behaviour of one incarnation.
 * @param options Name, mailbox, restart limits, signal.
 * @throws {RangeError} For mailbox or restart options out of range.
 * @throws {TypeError} For a factory or an `onEvent` that is no function, and for mailbox or restart options that are none.
 *
 * @example
 * ```ts
 * import { type ReplyTo, spawn } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * type Message = { add: number } | { total: ReplyTo<number> };
 *
 * await using counter = spawn<Message>(() => {
 *   let total = 0;
 *   return {
 *     receive(message) {
 *       if ("add" in message) total += message.add;
 *       else message.total(total);
 *     },
 *   };
 * });
 *
 * counter.tell({ add: 2 });
 * counter.tell({ add: 3 });
 * assertEquals(await counter.ask<number>((total) => ({ total })), 5);
 * ```
 *
 * @example A crash loses the message that caused it, and the state; nothing else.
 * ```ts
 * import { type ReplyTo, spawn } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * await using parser = spawn<{ text: string; reply: ReplyTo<unknown> }>(
 *   () => ({ receive: ({ text, reply }) => reply(JSON.parse(text)) }),
 *   { restart: { maxRestarts: 1 } },
 * );
 *
 * const bad = parser.ask((reply) => ({ text: "{", reply })).catch((error) =>
 *   error.code
 * );
 * const good = parser.ask((reply) => ({ text: "[1]", reply }));
 * assertEquals(await bad, "ACTOR_STOPPED");
 * assertEquals(await good, [1]);
 * ```
 */
export function spawn<M = never>(
  factory: BehaviorFactory<M>,
  options: SpawnOptions = {},
): ActorRef<M> {
  const { name = "actor", clock = systemClock, onEvent, signal } = options;
  checkObserver(name, onEvent);
  const cell = new Cell({
    name,
    factory,
    mailbox: options.mailbox,
    clock,
    succession: options.restart === undefined && onEvent === undefined
      ? ENDS
      : new LoneSuccession(name, clock, options),
    self: (cell) => new Ref(cell),
  });
  cell.begin();
  if (signal !== undefined) stopWith(signal, cell.self);
  return cell.self;
}

/** For an actor without a supervisor that may begin again, or whose events somebody hears. */
class LoneSuccession implements Succession {
  readonly lives: "once" | "again";
  readonly #name: string;
  readonly #clock: Clock;
  readonly #onEvent: SpawnOptions["onEvent"];
  /** Without them there is no restart. */
  readonly #limits: ResolvedRestartLimits | undefined;
  #history: RestartHistory = NO_FAILURES;

  /** @throws {RangeError} For restart limits out of range. */
  constructor(name: string, clock: Clock, options: SpawnOptions) {
    const { restart, onEvent } = options;
    this.lives = restart === undefined ? "once" : "again";
    this.#name = name;
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#limits = restart === undefined
      ? undefined
      : resolveRestartLimits(restart);
  }

  started(incarnation: number): void {
    if (incarnation === 0) return;
    const actor = this.#name;
    report(this.#onEvent, { kind: "restarted", actor, incarnation });
  }

  dropped(count: number): void {
    report(this.#onEvent, { kind: "dropped", actor: this.#name, count });
  }

  ended(reason: ExitReason, final: boolean): Next {
    if (reason.kind !== "failed") return { then: "end", reason };
    const { error } = reason;
    if (final || this.#limits === undefined) {
      this.#crashed(error, undefined);
      return { then: "end", reason };
    }
    const { plan, history } = planRestart(
      this.#history,
      { atMs: this.#clock.now(), error },
      this.#limits,
      Math.random,
      this.#name,
    );
    this.#history = history;
    this.#crashed(error, plan.restart ? plan.inMs : undefined);
    return plan.restart
      ? { then: "begin", inMs: plan.inMs }
      : { then: "end", reason: { kind: "failed", error: plan.error } };
  }

  /** @param inMs `undefined`: there is no restart. */
  #crashed(error: unknown, inMs: number | undefined): void {
    report(this.#onEvent, {
      kind: "crashed",
      actor: this.#name,
      error,
      willRestart: inMs !== undefined,
      inMs: inMs ?? 0,
    });
  }
}

/** Ties a life to a signal, and lets go of the signal at the end of that life. */
function stopWith<M>(signal: AbortSignal, ref: ActorRef<M>): void {
  const stop = () => void ref.stop();
  if (signal.aborted) return stop();
  signal.addEventListener("abort", stop, { once: true });
  ref.exited.then(() => signal.removeEventListener("abort", stop));
}
