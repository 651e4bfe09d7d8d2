/**
 * The life of one peer, from the first call of its handler to its last word. Decides when silence ends it, and in which
 * order an end goes: its address is free at once; the turn under way may finish, within the grace; then `closed` runs;
 * then it is over. What a crash costs is in `incarnations.ts`.
 *
 * @module
 */

import type { ExitReason } from "../../actor/mod.ts";
import type { CloseReason, ConnectionStats } from "../../observe/mod.ts";
import { exitOf } from "../crash.ts";
import { Incarnations } from "../incarnations.ts";
import { Notices, type Outcome, type Watched } from "../notices.ts";
import type { UdpSettings } from "./options.ts";
import type { PeerTurns, PeerTurnsLife } from "./peer_turns.ts";
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
export class PeerLife<In, M> extends Incarnations<PeerHandlers<In, M>>
  implements PeerTurnsLife<In, M>, Watched {
  /** Set by whoever made both. */
  turns!: PeerTurns<In, M>;
  protected readonly settings: UdpSettings;
  readonly #owner: LifeOwner<In, M>;
  #notices: Notices | undefined;

  /** Ends when nothing is at hand, because nothing came for too long. */
  isSilent = false;
  isDraining = false;
  #reason: CloseReason | undefined;
  #exit: ExitReason | undefined;
  /** The handler has not been called, or not returned yet: what it will hand out is not known. */
  #isStarting = true;
  /** Does not wait for the turn under way. */
  #killed = false;
  /** `farewell` = the last callback runs. */
  #ending: "no" | "waiting" | "farewell" | "over" = "no";

  constructor(owner: LifeOwner<In, M>, settings: UdpSettings) {
    super();
    this.#owner = owner;
    this.settings = settings;
  }

  /** Starts the handler. Called once. */
  begin(): void {
    this.start();
    this.turns.pump();
  }

  get name(): string {
    return this.#owner.name;
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

  get isEnding(): boolean {
    return this.isOver;
  }

  get outcome(): Outcome | undefined {
    if (this.#ending !== "over") return undefined;
    return { reason: this.#reason!, exit: this.#exit! };
  }

  /** Those who want to know of its end. */
  get notices(): Notices {
    return this.#notices ??= new Notices(this);
  }

  /** It has been silent too long. */
  silenced(): void {
    this.isSilent = true;
    this.turns.pump();
  }

  rested(): void {
    if (this.isDraining) this.end({ by: "shutdown" });
    else if (this.isSilent) this.end({ by: "idle" });
  }

  /** Serves what is at hand, then ends. */
  drain(graceMs = this.settings.graceMs): void {
    if (this.phase === "stopped") return;
    this.grace.atMost(graceMs);
    if (this.isOver || this.isDraining) return;
    this.isDraining = true;
    this.turns.pump();
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
      this.to("stop");
      this.#owner.onEnding();
      this.cancelRestart();
      this.turns.close();
      this.#notices?.ending();
      this.turns.endPulls();
    }
    this.turns.pump();
  }

  finish(): void {
    // A handler that ends its own peer is told of it by the callbacks that it is about to hand out.
    if (this.#isStarting) return;
    if (this.#ending === "waiting") {
      const busy = this.turns.isTurning || this.hasScripts;
      if (busy && !this.#killed) {
        return this.grace.unlessSet(this.settings.graceMs);
      }
      this.#ending = "farewell";
      void this.farewell(this.#reason!);
    } else if (this.#ending === "farewell" && this.#killed) this.over();
  }

  // ── for the incarnations ──

  protected makeHandler(): PeerHandlers<In, M> | Promise<void> {
    return this.#owner.makeHandler();
  }

  protected override start(): void {
    this.#isStarting = true;
    super.start();
    this.#isStarting = false;
  }

  protected gaveUp(error: unknown): void {
    this.end({ by: "failure", error });
  }

  protected graceOver(): void {
    this.#killed = true;
    this.end(this.#ownReason);
  }

  protected over(): void {
    if (this.#ending === "over") return;
    this.#ending = "over";
    this.turns.end();
    this.cancelGrace();
    this.to("ended");
    const { id: connection, stats } = this.#owner;
    const reason = this.#reason!;
    this.settings.emit({ kind: "closed", connection, reason, stats });
    this.#owner.onEnded();
    this.#notices?.ended(this.outcome!);
  }

  protected scriptEnded(): void {
    this.end(this.#ownReason);
  }

  /** Only a peer that is over has told its loops of a failure. */
  protected scriptTold(): void {}

  protected override scriptCrashed(error: unknown): void {
    super.scriptCrashed(error);
    this.turns.turnOver();
  }

  // ── inside ──

  /** Why it ends when nothing but our own side ends it. */
  get #ownReason(): CloseReason {
    return { by: this.isDraining ? "shutdown" : "local" };
  }
}
