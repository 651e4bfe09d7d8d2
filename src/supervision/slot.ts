/**
 * Decides how one child of a supervisor is started and stopped: a start can be called off, and one that does not
 * heed that is left behind, to be killed should it ever succeed. Never decides whether to start again.
 */

import {
  type ExitReason,
  type Phase,
  resolveGraceMs,
  type Supervisable,
} from "../actor/mod.ts";
import type { Clock, Timer } from "../clock.ts";
import { ActorStoppedError } from "../errors.ts";
import { shown } from "../shown.ts";
import { released } from "./actor_child.ts";
import type { ResolvedSpec } from "./child_spec.ts";

/** What a slot tells its supervisor. */
export interface SlotOwner {
  readonly clock: Clock;
  /** The child ended, and not because the slot was told to stop it. */
  exited(slot: Slot, reason: ExitReason): void;
  /** The child failed while it was being stopped, or while its start was called off. */
  failedAtEnd(slot: Slot, error: unknown): void;
}

/** A start under way. */
interface Attempt {
  readonly controller: AbortController;
  readonly abandoned: PromiseWithResolvers<undefined>;
  timer: Timer | undefined;
  isKilled: boolean;
}

/** The place of one child in its supervisor. */
export class Slot {
  readonly spec: ResolvedSpec;
  readonly #owner: SlotOwner;
  /**
   * For `children`, and so that an exit that was asked for is told from one that was not. What a slot is that has no
   * child any more is for whoever decides what follows.
   */
  phase: Phase = "starting";
  restarts = 0;
  child: Supervisable | undefined = undefined;
  /** Somebody wants it gone for good: it is not started any more. */
  removing = false;
  #attempt: Attempt | undefined = undefined;
  /** The last start was given up without an end: what it begins, or has begun, is still ours. */
  #isLeft = false;

  constructor(spec: ResolvedSpec, owner: SlotOwner) {
    this.spec = spec;
    this.#owner = owner;
  }

  /** Resolves with whether the child runs; `false` means that the start was called off. Rejects when it failed. */
  async start(): Promise<boolean> {
    if (this.removing) return false;
    this.phase = "starting";
    const attempt: Attempt = {
      controller: new AbortController(),
      abandoned: Promise.withResolvers(),
      timer: undefined,
      isKilled: false,
    };
    const { signal } = attempt.controller;
    this.#attempt = attempt;
    try {
      const started = this.#call(signal);
      const child = await Promise.race([started, attempt.abandoned.promise]);
      if (child === undefined) {
        this.#isLeft = true;
        started.then((late) => late.kill(), () => {});
        return false;
      }
      this.#run(child);
      if (!signal.aborted) return true;
      if (attempt.isKilled) child.kill();
      await this.stop();
      return false;
    } catch (error) {
      if (!signal.aborted) throw error;
      if (error !== signal.reason && !(error instanceof ActorStoppedError)) {
        this.#owner.failedAtEnd(this, error);
      }
      return false;
    } finally {
      attempt.timer?.cancel();
      this.#attempt = undefined;
    }
  }

  /** Stops the child, if one runs, and waits for its end. Never rejects. */
  async stop(): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    this.phase = "stopping";
    const { graceMs } = this.spec;
    const options = graceMs === undefined ? undefined : { graceMs };
    // A `stop` of somebody else's making that fails, or throws, must not leave the child running.
    Promise.try(() => child.stop(options)).catch(() => child.kill());
    const reason = await ending(child);
    if (this.child !== child) return;
    this.child = undefined;
    if (reason.kind === "failed") this.#owner.failedAtEnd(this, reason.error);
  }

  /** Calls a start off, if one is under way; it has its grace to come to an end. */
  callOff(): void {
    const attempt = this.#attempt;
    if (attempt === undefined || attempt.controller.signal.aborted) return;
    attempt.controller.abort(
      new ActorStoppedError(
        `Cannot start "${this.spec.name}": its supervisor no longer wants it`,
      ),
    );
    const graceMs = resolveGraceMs(this.spec.name, this.spec.graceMs);
    if (graceMs === Infinity) return;
    attempt.timer = this.#owner.clock.after(
      graceMs,
      () => attempt.abandoned.resolve(undefined),
    );
  }

  /** Kills whatever there is; a start was called off before. */
  kill(): void {
    if (this.#attempt !== undefined) {
      this.#attempt.isKilled = true;
      this.#attempt.abandoned.resolve(undefined);
    }
    if (this.child === undefined) return;
    this.phase = "stopping";
    this.child.kill();
  }

  /** The supervisor is done with the child, at least for now. */
  release(): void {
    this.spec.source[released]?.(this.child !== undefined || this.#isLeft);
  }

  async #call(signal: AbortSignal): Promise<Supervisable> {
    const child = await this.spec.source.start(signal);
    if (typeof child?.stop === "function") return child;
    throw new TypeError(
      `Cannot start child "${this.spec.name}": 'start' must return something that can be stopped, current value is ${
        typeof child === "object" && child !== null
          ? "an object without 'stop'"
          : shown(child)
      }`,
    );
  }

  #run(child: Supervisable): void {
    this.child = child;
    this.phase = "running";
    ending(child).then((reason) => {
      if (this.child !== child || this.phase !== "running") return;
      this.child = undefined;
      this.phase = "stopped";
      this.#owner.exited(this, reason);
    });
  }
}

/** `exited` never rejects; a `Supervisable` of somebody else's making might. */
async function ending(child: Supervisable): Promise<ExitReason> {
  try {
    return await child.exited;
  } catch (error) {
    return { kind: "failed", error };
  }
}
