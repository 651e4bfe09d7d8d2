/**
 * Decides what a supervisor makes of its children's ends: restart, leave, shut down, or give up, which is its own
 * failure and thereby the business of the supervisor above. Carries out what the pure restart policy plans; the
 * order of stops and starts is the groups', the starting and stopping itself the slots'.
 */

import {
  type ActorEvent,
  afterKill,
  type ExitReason,
  Grace,
  type GraceOwner,
  NORMAL,
  resolveGraceMs,
  SHUTDOWN,
} from "../actor/mod.ts";
import { type Clock, systemClock } from "../clock.ts";
import { ActorStoppedError } from "../errors.ts";
import { shown } from "../shown.ts";
import {
  checkChildren,
  checkSpec,
  type ResolvedTreeOptions,
  resolveSpec,
  resolveTreeOptions,
} from "./child_spec.ts";
import { Group, type GroupOwner } from "./group.ts";
import { checkObserver, report } from "./report.ts";
import {
  planRestart,
  type ResolvedRestartLimits,
  resolveRestartLimits,
  type RestartHistory,
} from "./restart_policy.ts";
import { Slot, type SlotOwner } from "./slot.ts";
import type { ChildSpec, Supervisor, SupervisorOptions } from "./types.ts";

/** The supervisor; `supervise` makes it and waits for its first start. */
export class Tree implements Supervisor {
  readonly #options: ResolvedTreeOptions;
  readonly #limits: ResolvedRestartLimits;
  readonly #clock: Clock;
  readonly #onEvent: ((event: ActorEvent) => void) | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.stop();
  readonly #slots: Slot[] = [];
  readonly #groups = new Map<Slot, Group>();
  /** The one group of all, where there is one. */
  readonly #shared: Group | undefined;
  readonly #host: SlotOwner & GroupOwner & GraceOwner;
  readonly #grace: Grace;
  readonly #exit = Promise.withResolvers<ExitReason>();
  #history: RestartHistory = [];
  /** Why it ends, once it does. */
  #reason: ExitReason | undefined = undefined;
  #killed = false;
  #over = false;

  constructor(specs: readonly ChildSpec[], options: SupervisorOptions) {
    this.#options = resolveTreeOptions(options);
    checkChildren(this.name, specs);
    checkObserver(this.name, options.onEvent);
    this.#limits = resolveRestartLimits(options);
    this.#clock = options.clock ?? systemClock;
    this.#onEvent = options.onEvent;
    this.#signal = options.signal;
    this.#host = this.#makeHost();
    this.#grace = new Grace(this.#host);
    const { strategy } = this.#options;
    if (strategy !== "oneForOne") {
      this.#shared = new Group(this.#host, strategy === "oneForAll");
    }
    for (const spec of specs) {
      const slot = this.#newSlot(spec);
      this.#groups.get(slot)!.slots.push(slot);
    }
    if (this.#signal?.aborted) this.#onAbort();
    else this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get name(): string {
    return this.#options.name;
  }

  get exited(): Promise<ExitReason> {
    return this.#exit.promise;
  }

  get children(): Supervisor["children"] {
    return this.#slots.map(({ spec, phase, restarts, child }) => ({
      name: spec.name,
      phase,
      restarts,
      child,
    }));
  }

  /** Starts the children left to right. Rejects when one fails to; those that run are stopped before. */
  async begin(): Promise<void> {
    for (const group of new Set(this.#groups.values())) {
      await group.serially(async () => {
        try {
          for (const slot of [...group.slots]) {
            if (this.#reason !== undefined) return;
            await slot.start();
          }
        } catch (error) {
          this.#close({ kind: "failed", error });
        }
      });
    }
    if (this.#reason === undefined) return;
    const reason = await this.exited;
    if (reason.kind === "failed") throw reason.error;
    // What is left is auto-shutdown, which is a success, and the caller's signal.
    this.#signal?.throwIfAborted();
  }

  async add(spec: ChildSpec): Promise<void> {
    checkSpec(spec);
    this.#refuseIfEnding(`Cannot add child "${spec.name}"`);
    const slot = this.#newSlot(spec);
    const group = this.#groups.get(slot)!;
    const runs = await group.serially(async () => {
      if (this.#reason !== undefined) return false;
      group.slots.push(slot);
      try {
        return await slot.start();
      } catch (error) {
        this.#forget(slot);
        throw error;
      }
    });
    if (runs) return;
    this.#forget(slot);
    this.#refuseIfEnding(`Cannot add child "${spec.name}"`);
    throw new ActorStoppedError(
      `Cannot add child "${spec.name}": it was removed before it had started`,
    );
  }

  async remove(name: string): Promise<void> {
    const slot = this.#slots.find(({ spec }) => spec.name === name);
    if (slot === undefined) {
      throw new RangeError(
        `Cannot remove child: "${this.name}" has no child of the name "${name}"`,
      );
    }
    const group = this.#groups.get(slot)!;
    slot.removing = true;
    slot.callOff();
    group.interrupt();
    await group.serially(async () => {
      await slot.stop();
      this.#forget(slot);
    });
  }

  async stop(options?: { graceMs?: number }): Promise<ExitReason> {
    // No limit of its own unless told: every child has one.
    const graceMs = resolveGraceMs(this.name, options?.graceMs ?? Infinity);
    this.#close(SHUTDOWN);
    this.#grace.atMost(graceMs);
    this.#grace.wait();
    return await this.exited;
  }

  kill(): void {
    if (this.#over) return;
    const reason = afterKill(this.#reason);
    if (this.#killed) return this.#end(reason);
    this.#killed = true;
    this.#close(reason);
    this.#reason = reason;
    for (const slot of this.#slots.toReversed()) slot.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #newSlot(spec: ChildSpec): Slot {
    const slot = new Slot(resolveSpec(spec, this.#options), this.#host);
    if (this.#slots.some((other) => other.spec.name === spec.name)) {
      throw new RangeError(
        `Cannot add child: 'name' must be unique in "${this.name}", current value is ${
          shown(spec.name)
        }`,
      );
    }
    this.#slots.push(slot);
    this.#groups.set(slot, this.#shared ?? new Group(this.#host, false));
    return slot;
  }

  #makeHost(): SlotOwner & GroupOwner & GraceOwner {
    return {
      clock: this.#clock,
      kill: () => this.kill(),
      closing: () => this.#reason !== undefined,
      exited: (slot, reason) => this.#exited(slot, reason),
      failedAtEnd: (slot, error) => this.#crashed(slot, error, undefined),
      absorbed: (slot, error) => this.#crashed(slot, error, 0),
      plan: (slot, error) => this.#plan(slot, error),
      forget: (slot) => this.#forget(slot),
      restarted: ({ spec, restarts }) =>
        report(this.#onEvent, {
          kind: "restarted",
          actor: spec.name,
          incarnation: restarts,
        }),
    };
  }

  #exited(slot: Slot, reason: ExitReason): void {
    const { restart, significant } = slot.spec;
    const failed = reason.kind === "failed" || reason.kind === "killed";
    if (this.#reason !== undefined || slot.removing) {
      if (reason.kind === "failed") {
        this.#crashed(slot, reason.error, undefined);
      }
      return;
    }
    if (restart === "always" || (restart === "onFailure" && failed)) {
      const group = this.#groups.get(slot)!;
      return group.failed(slot, errorOf(slot, reason));
    }
    if (failed) this.#crashed(slot, errorOf(slot, reason), undefined);
    if (restart === "never") this.#forget(slot);
    else slot.release();
    if (significant && this.#isDone()) this.#close(NORMAL);
  }

  /** Whether the significant children that are down are enough to shut down. */
  #isDone(): boolean {
    if (this.#options.autoShutdown === "anySignificant") return true;
    return this.#slots.every(({ spec, phase }) =>
      !spec.significant || phase === "stopped"
    );
  }

  #plan(slot: Slot, error: unknown): number {
    const { plan, history } = planRestart(
      this.#history,
      { atMs: this.#clock.now(), error },
      this.#limits,
      Math.random,
      `${this.name}/${slot.spec.name}`,
    );
    this.#history = history;
    this.#crashed(slot, error, plan.restart ? plan.inMs : undefined);
    if (plan.restart) return plan.inMs;
    this.#close({ kind: "failed", error: plan.error });
    return 0;
  }

  #crashed(slot: Slot, error: unknown, inMs: number | undefined): void {
    report(this.#onEvent, {
      kind: "crashed",
      actor: slot.spec.name,
      error,
      willRestart: inMs !== undefined,
      inMs: inMs ?? 0,
    });
  }

  #forget(slot: Slot): void {
    const group = this.#groups.get(slot);
    // Forgotten already: its name, or the very same child, may be in use again.
    if (group === undefined) return;
    this.#groups.delete(slot);
    this.#slots.splice(this.#slots.indexOf(slot), 1);
    group.remove(slot);
    slot.release();
  }

  #close(reason: ExitReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const slot of this.#slots) slot.callOff();
    for (const group of this.#groups.values()) group.interrupt();
    void this.#shutdown();
  }

  async #shutdown(): Promise<void> {
    const groups = new Set(this.#groups.values());
    await Promise.all(
      [...groups].map((group) => group.serially(async () => {})),
    );
    for (const slot of this.#slots.toReversed()) {
      await slot.stop();
      slot.phase = "stopped";
    }
    this.#end(this.#reason!);
  }

  #end(reason: ExitReason): void {
    if (this.#over) return;
    this.#over = true;
    this.#grace.over();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    for (const slot of this.#slots) slot.release();
    this.#exit.resolve(reason);
  }

  #refuseIfEnding(verb: string): void {
    if (this.#reason === undefined) return;
    throw new ActorStoppedError(`${verb}: "${this.name}" has stopped`);
  }
}

/** What a restart answers to. A child that ends without an error and must not has still failed. */
function errorOf(slot: Slot, reason: ExitReason): unknown {
  if (reason.kind === "failed") return reason.error;
  return new ActorStoppedError(
    `Child "${slot.spec.name}" ended without an error (${reason.kind})`,
  );
}
