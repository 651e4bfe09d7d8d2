/**
 * The incarnations of one handler, for connections and UDP peers alike: how one starts, as callbacks or as a script;
 * what its crash costs, the frame or message it happened on and nothing else; when the next one follows; and how long the
 * last callback may take. When the life is over is decided by what extends it.
 *
 *     starting ──> running <──> restarting
 *                     │              │
 *                     └──> stopping <┘ ──> stopped
 *
 * @module
 */

import { isThenable, Lifecycle } from "../actor/mod.ts";
import type { Timer } from "../clock.ts";
import type { CloseReason } from "../observe/mod.ts";
import type { RestartHistory } from "../supervision/mod.ts";
import { badHandler, callbacksOf, planCrash } from "./crash.ts";
import { Grace } from "./grace.ts";
import type { ConnectionSettings } from "./options.ts";

/** What the handlers of one life have been through. */
interface Restarts {
  count: number;
  history: RestartHistory;
  timer: Timer;
}

/** What incarnations need of their turns. */
export interface IncarnationTurns {
  /** What the handler was given last, while it may still fail on it. */
  readonly frame: unknown;
  /** The handler failed with `error`: whoever waits for its answer is told. */
  failed(error: unknown): void;
  /** Serves what is at hand. */
  pump(): void;
}

/** What incarnations need of their callbacks. */
export interface IncarnationHandlers {
  readonly frame: unknown;
  closed?(reason: CloseReason): unknown;
}

/** The life of one handler. */
export abstract class Incarnations<H extends IncarnationHandlers>
  extends Lifecycle {
  /** Whose life it is. */
  abstract readonly name: string;
  /** The end has begun. */
  abstract readonly isOver: boolean;
  /** What its loops are told, or will be: what broke it. */
  abstract readonly failure: { error: unknown } | undefined;
  abstract readonly turns: IncarnationTurns;
  protected abstract readonly settings: ConnectionSettings;
  #handlers: H | undefined;
  /** Handlers that are scripts and have not come to their end. */
  #scripts = 0;
  #restarts: Restarts | undefined;
  #grace: Grace | undefined;

  /** Calls the handler. */
  protected abstract makeHandler(): H | Promise<void>;

  /** There will be no other incarnation. */
  protected abstract gaveUp(failure: unknown): void;

  /** A script came to its end, as it should. */
  protected abstract scriptEnded(): void;

  /** A script failed with what its loop was told: that is not a failure of its own. */
  protected abstract scriptTold(): void;

  /** The time that its end was given is over: it waits for nobody any more. */
  protected abstract graceOver(): void;

  /** Nothing is left to wait for; called again where it was cut. */
  protected abstract over(): void;

  /** It has not ended, but will: there is nothing to restart for. */
  protected get isCut(): boolean {
    return false;
  }

  /** What the current incarnation handed out; `undefined` for a script. */
  get handlers(): H | undefined {
    return this.#handlers;
  }

  /** How many incarnations there were before this one. */
  get restarts(): number {
    return this.#restarts === undefined ? 0 : this.#restarts.count;
  }

  /** A script goes on, be it of this incarnation or an earlier one. */
  get hasScripts(): boolean {
    return this.#scripts > 0;
  }

  /** A turn, or the handler itself, threw. */
  crashed(error: unknown): void {
    const over = this.isOver || this.isCut;
    const plan = planCrash({
      actor: this.name,
      error,
      frame: this.turns.frame,
      over,
      history: this.#restarts?.history,
    }, this.settings);
    this.turns.failed(error);
    // Whoever was told of the crash may have ended it.
    if (over || this.isOver) return;
    if (!plan.restart) return this.gaveUp(plan.failure);
    this.to("crashed");
    this.#restarts = {
      count: this.restarts + 1,
      history: plan.history,
      timer: this.settings.clock.after(plan.inMs, () => {
        this.to("restart");
        this.start();
        this.turns.pump();
      }),
    };
  }

  // ── for what extends it ──

  /** The next incarnation begins. */
  protected start(): void {
    const incarnation = this.restarts;
    try {
      this.#handlers = callbacksOf<H>(
        this.makeHandler(),
        (value) => this.scriptReturned(incarnation, value),
        (error) => this.scriptThrew(incarnation, error),
      );
      if (this.#handlers === undefined) this.#scripts++;
    } catch (error) {
      return this.crashed(error);
    }
    // The factory itself may have ended it.
    if (this.isOver) return;
    this.to("started");
    if (incarnation > 0) {
      const { emit } = this.settings;
      emit({ kind: "restarted", actor: this.name, incarnation });
    }
  }

  /** How long its end may wait for others. */
  protected get grace(): Grace {
    return this.#grace ??= new Grace(
      this.settings.clock,
      () => this.graceOver(),
    );
  }

  /** Its end waits for nothing more. */
  protected cancelGrace(): void {
    this.#grace?.cancel();
  }

  /** The last callback, which may take as long as a turn may; then it is over. */
  protected async farewell(reason: CloseReason): Promise<void> {
    try {
      const result = this.#handlers?.closed?.(reason);
      if (isThenable(result)) {
        this.grace.anew(this.settings.graceMs);
        await result;
      }
    } catch (error) {
      this.farewellFailed(error);
    }
    this.over();
  }

  protected farewellFailed(error: unknown): void {
    this.crashed(error);
  }

  /** The life is over: no other incarnation follows. */
  protected cancelRestart(): void {
    this.#restarts?.timer.cancel();
  }

  protected scriptCrashed(error: unknown): void {
    this.crashed(error);
  }

  // Not private, because private methods make every instance a word larger, and there are thousands.

  protected scriptReturned(incarnation: number, value: unknown): void {
    this.#scripts--;
    if (this.isOver || incarnation !== this.restarts) {
      return this.turns.pump();
    }
    if (value !== undefined) {
      this.crashed(badHandler(value));
      return this.turns.pump();
    }
    this.scriptEnded();
  }

  protected scriptThrew(incarnation: number, error: unknown): void {
    this.#scripts--;
    const { failure } = this;
    if (failure !== undefined && failure.error === error) this.scriptTold();
    else if (incarnation === this.restarts) this.scriptCrashed(error);
    this.turns.pump();
  }
}
