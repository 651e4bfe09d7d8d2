/**
 * The life of one peer, from the first call of its handler to its last word. Decides what a crash costs (the frame or
 * message it happened on, nothing else), when silence ends it, and in which order an end goes: its address is free at
 * once; the turn under way may finish, within the grace; then `closed` runs; then it is over.
 *
 * @module
 */

import { type ExitReason, Lifecycle, type Phase } from "../../actor/mod.ts";
import type { Timer } from "../../clock.ts";
import type { CloseReason, ConnectionStats } from "../../observe/mod.ts";
import type { RestartHistory } from "../../supervision/mod.ts";
import {
  badHandler,
  callbacksOf,
  exitOf,
  isThenable,
  planCrash,
} from "../crash.ts";
import type { UdpSettings } from "./options.ts";
import type { PeerTurns, TurnsLife } from "./peer_turns.ts";
import type { PeerHandlers } from "./types.ts";

/** Whose life it is. */
export interface LifeOwner<In, M> {
  readonly id: number;
  readonly name: string;
  readonly stats: ConnectionStats;
  /** Calls the handler. */
  makeHandler(): PeerHandlers<In, M> | Promise<void>;
  /** Called at the beginning of the end. */
  onEnding(): void;
  /** Called once at the very end, after the `closed` event. */
  onEnded(): void;
}

/** The life of one peer. Its rarely needed parts are made when first needed: there may be many peers. */
export class PeerLife<In, M> implements TurnsLife<In, M> {
  readonly #owner: LifeOwner<In, M>;
  readonly #settings: UdpSettings;
  readonly #life = new Lifecycle();
  #turns!: PeerTurns<In, M>;
  #aborter: AbortController | undefined;
  #exited: PromiseWithResolvers<ExitReason> | undefined;

  handlers: PeerHandlers<In, M> | undefined;
  /** Handlers that are scripts and have not come to their end. */
  #scripts = 0;
  /** The handler is being called: what it will hand out is not known yet. */
  #isStarting = false;
  #incarnation = 0;
  #history: RestartHistory | undefined;
  #restartTimer: Timer | undefined;

  /** Ends when nothing is at hand, because nothing came for too long. */
  isSilent = false;
  isDraining = false;
  #reason: CloseReason | undefined;
  #exit: ExitReason | undefined;
  #graceTimer: Timer | undefined;
  /** Does not wait for the turn under way. */
  #killed = false;
  /** `farewell` = the last callback runs. */
  #ending: "no" | "waiting" | "farewell" | "over" = "no";

  constructor(owner: LifeOwner<In, M>, settings: UdpSettings) {
    this.#owner = owner;
    this.#settings = settings;
  }

  /** Starts the handler, whose turns are `turns`. Called once. */
  begin(turns: PeerTurns<In, M>): void {
    this.#turns = turns;
    this.#start();
    turns.pump();
  }

  get phase(): Phase {
    return this.#life.phase;
  }

  get isOver(): boolean {
    return this.#reason !== undefined;
  }

  get failure(): { error: unknown } | undefined {
    return this.#reason?.by === "failure" ? this.#reason : undefined;
  }

  get isScript(): boolean {
    return this.handlers === undefined;
  }

  get restarts(): number {
    return this.#incarnation;
  }

  get exited(): Promise<ExitReason> {
    this.#exited ??= Promise.withResolvers();
    if (this.#ending === "over") this.#exited.resolve(this.#exit!);
    return this.#exited.promise;
  }

  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.isOver) this.#aborter.abort();
    }
    return this.#aborter.signal;
  }

  /** It has been silent too long. */
  silenced(): void {
    this.isSilent = true;
    this.#turns.pump();
  }

  rested(): void {
    if (this.isDraining) this.end({ by: "shutdown" });
    else if (this.isSilent) this.end({ by: "idle" });
  }

  /** Serves what is at hand, then ends. */
  drain(graceMs: number | undefined): void {
    if (this.isOver || this.isDraining) return;
    this.isDraining = true;
    this.#armGrace(graceMs);
    this.#turns.pump();
  }

  /** Ends it, and does not wait for the turn under way. */
  kill(): void {
    this.#killed = true;
    this.#exit ??= { kind: "killed" };
    this.end({ by: "local" });
  }

  /** Ends it: nothing more is taken in, the turn under way may finish. */
  end(reason: CloseReason): void {
    if (!this.isOver) {
      this.#reason = reason;
      this.#exit ??= exitOf(reason);
      this.#ending = "waiting";
      this.#life.to("stop");
      this.#owner.onEnding();
      this.#restartTimer?.cancel();
      this.#turns.close();
      this.#aborter?.abort();
      this.#turns.endPulls();
    }
    this.#turns.pump();
  }

  crashed(error: unknown): void {
    const over = this.isOver;
    const plan = planCrash({
      actor: this.#owner.name,
      error,
      frame: this.#turns.frame,
      over,
      history: this.#history,
    }, this.#settings);
    this.#turns.failed(error);
    if (over) return;
    if (!plan.restart) {
      return this.end({ by: "failure", error: plan.failure });
    }
    this.#history = plan.history;
    this.#life.to("crashed");
    this.#incarnation++;
    this.#restartTimer = this.#settings.clock.after(plan.inMs, () => {
      this.#life.to("restart");
      this.#start();
      this.#turns.pump();
    });
  }

  finish(): void {
    // A handler that ends its own peer is told of it by the callbacks that it is about to hand out.
    if (this.#isStarting) return;
    if (this.#ending === "waiting") {
      const busy = this.#turns.isTurning || this.#scripts > 0;
      if (busy && !this.#killed) return this.#armGrace();
      this.#ending = "farewell";
      void this.#farewell();
    } else if (this.#ending === "farewell" && this.#killed) this.#over();
  }

  // ── inside ──

  #start(): void {
    const incarnation = this.#incarnation;
    this.#isStarting = true;
    try {
      this.handlers = callbacksOf<PeerHandlers<In, M>>(
        this.#owner.makeHandler(),
        (value) => this.#scriptEnded(incarnation, value),
        (error) => this.#scriptFailed(incarnation, error),
      );
      if (this.handlers === undefined) this.#scripts++;
    } catch (error) {
      return this.crashed(error);
    } finally {
      this.#isStarting = false;
    }
    // The factory itself may have closed the peer.
    if (this.isOver) return;
    this.#life.to("started");
    if (incarnation > 0) {
      const actor = this.#owner.name;
      this.#settings.emit({ kind: "restarted", actor, incarnation });
    }
  }

  #scriptEnded(incarnation: number, value: unknown): void {
    this.#scripts--;
    if (this.isOver || incarnation !== this.#incarnation) {
      return this.#turns.pump();
    }
    if (value !== undefined) {
      this.crashed(badHandler(value));
      return this.#turns.pump();
    }
    this.end({ by: this.isDraining ? "shutdown" : "local" });
  }

  #scriptFailed(incarnation: number, error: unknown): void {
    this.#scripts--;
    const told = this.failure !== undefined && this.failure.error === error;
    // What its loop was told, passed on, is not the script's own failure.
    if (!told && incarnation === this.#incarnation) {
      this.crashed(error);
      this.#turns.frameOver();
    }
    this.#turns.pump();
  }

  async #farewell(): Promise<void> {
    try {
      const result = this.handlers?.closed?.(this.#reason!);
      if (isThenable(result)) {
        this.#armGrace();
        await result;
      }
    } catch (error) {
      this.crashed(error);
    }
    this.#over();
  }

  #over(): void {
    if (this.#ending === "over") return;
    this.#ending = "over";
    this.#turns.end();
    this.#graceTimer?.cancel();
    this.#life.to("ended");
    const { id: connection, stats } = this.#owner;
    const reason = this.#reason!;
    this.#settings.emit({ kind: "closed", connection, reason, stats });
    this.#owner.onEnded();
    this.#exited?.resolve(this.#exit!);
  }

  #armGrace(graceMs = this.#settings.graceMs): void {
    this.#graceTimer ??= this.#settings.clock.after(graceMs, () => {
      // What comes after the cut, `closed`, may take as long again.
      this.#graceTimer = undefined;
      this.#killed = true;
      this.end({ by: this.isDraining ? "shutdown" : "local" });
    });
  }
}
