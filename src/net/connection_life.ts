/**
 * The life of one connection, from the first call of its handler to its last word. Decides what ends it (its own side,
 * a peer that leaves, breaks the format or is lost, silence, the end of the service) and when: what had come whole is
 * served first, except where it is cut. How the socket is shut then is in `ending.ts`; what a crash costs, in
 * `incarnations.ts`.
 *
 * @module
 */

import type { ExitReason } from "../actor/mod.ts";
import type { Timer } from "../clock.ts";
import { ConnectionLostError } from "../errors.ts";
import type { CloseReason, ConnectionStats } from "../observe/mod.ts";
import { addrText, type ByteStream, lostError } from "../transport/mod.ts";
import {
  ConnectionTurns,
  type ConnectionTurnsHost,
  type ConnectionTurnsLife,
} from "./connection_turns.ts";
import { exitOf } from "./crash.ts";
import { Ending, type Manner } from "./ending.ts";
import { Incarnations } from "./incarnations.ts";
import { Notices, type Outcome, type Watched } from "./notices.ts";
import type { ConnectionSettings } from "./options.ts";
import type { ConnectionHandlers } from "./types.ts";

/** Whose life it is. */
export interface LifeOwner<In, M> {
  readonly id: number;
  readonly name: string;
  readonly stats: ConnectionStats;
  /** Given the messages that wait when it ends. */
  readonly onUnserved: ((messages: M[]) => void) | undefined;
  /** Calls the handler; never called where there is none. */
  makeHandler(): ConnectionHandlers<In, M> | Promise<void>;
  /** Called once at the very end, after the `closed` event. */
  onEnded(): void;
}

/** What will end it, and when at the latest, once what is at hand has been served. */
interface Leaving {
  lost: CloseReason | undefined;
  /** It ends when nothing more comes. */
  isDraining: boolean;
  /** After so many bytes nothing more has come for a lull. */
  quietAt: number | undefined;
  quietTimer: Timer | undefined;
  /** The last callback has been called. */
  isLeaveTaken: boolean;
}

/** The life of one connection. */
export class ConnectionLife<In, M>
  extends Incarnations<ConnectionHandlers<In, M>>
  implements ConnectionTurnsLife<In, M>, Watched {
  /** The socket, which its end shuts. */
  readonly stream: ByteStream;
  readonly turns: ConnectionTurns<In, M>;
  readonly #owner: LifeOwner<In, M>;
  #ending: Ending | undefined;
  // Made when first needed: a server has thousands of connections that are idle and pay for every field.
  #leaving: Leaving | undefined;
  #notices: Notices | undefined;

  constructor(
    owner: LifeOwner<In, M>,
    host: ConnectionTurnsHost<In>,
    stream: ByteStream,
  ) {
    super();
    this.#owner = owner;
    this.stream = stream;
    this.turns = new ConnectionTurns<In, M>(host, stream, this);
  }

  /** Starts the handler, if there is one, and the first read. Called once. */
  begin(hasHandler: boolean): void {
    if (hasHandler) this.start();
    else this.to("started");
    this.turns.pump();
  }

  get name(): string {
    return this.#owner.name;
  }

  /** The address of its peer, as text. */
  get peer(): string {
    return addrText(this.stream.remoteAddr);
  }

  get isOver(): boolean {
    return this.#ending !== undefined;
  }

  /** What broke it, if something did: the reason of its end, or a loss that has not led to it yet. */
  get failure(): { error: unknown } | undefined {
    const reason = this.#ending?.reason ?? this.#lost;
    return reason?.by === "failure" ? reason : undefined;
  }

  /** It ends, or will: what its signal tells. */
  get isEnding(): boolean {
    return this.#lost !== undefined || this.isOver;
  }

  get leavesMail(): boolean {
    return this.#lost !== undefined && this.#owner.onUnserved !== undefined;
  }

  get outcome(): Outcome | undefined {
    return this.phase === "stopped" ? this.#ending : undefined;
  }

  /** Those who want to know of its end. */
  get notices(): Notices {
    return this.#notices ??= new Notices(this);
  }

  /** @throws {ConnectionLostError} Nothing can be sent any more: the loss itself, or what ended it as the cause. */
  checkOpen(): void {
    if (!this.isOver && !this.turns.outbox.ended) return;
    const cause = this.failure?.error;
    if (cause instanceof ConnectionLostError) throw cause;
    throw new ConnectionLostError(
      `Cannot send to ${this.peer}: the connection is closed, or its writing end is`,
      "CLOSED",
      { cause },
    );
  }

  // ── what ends it ──

  /** Serves what is at hand, then ends. */
  drain(graceMs = this.settings.graceMs): void {
    if (this.phase === "stopped") return;
    this.grace.atMost(graceMs);
    if (this.isOver || this.#isDraining) return;
    this.#leave().isDraining = true;
    this.turns.ask("shutdown");
  }

  /** A read or a write failed: what had come whole before is still handed out. */
  lost(error: unknown): void {
    if (this.isEnding) return;
    const reason = lostError(this.peer, error);
    this.#leave().lost = { by: "failure", error: reason };
    this.#notices?.ending();
    this.turns.cut();
  }

  malformed(error: unknown): boolean {
    this.settings.emit({
      kind: "malformed",
      connection: this.#owner.id,
      remoteAddr: this.stream.remoteAddr,
      error,
    });
    // Whoever was told may have ended it: there is no turn for last words then.
    if (this.isOver) return false;
    const { malformed, caughtUp } = this.handlers ?? {};
    if (malformed !== undefined || caughtUp !== undefined) return true;
    this.end({ by: "failure", error }, "polite");
    return false;
  }

  rested(): void {
    if (this.#lost !== undefined) this.end(this.#lost, "rude");
    else if (this.turns.input.finished) this.end({ by: "peer" }, "polite");
    else if (this.#isQuiet()) this.end({ by: "shutdown" }, "polite");
  }

  pullsRested(isWanted: boolean): void {
    const { input } = this.turns;
    // What is left is not read further before somebody pulls, so its silence tells nothing.
    if (!isWanted && input.bufferedBytes > 0) return;
    const nothingComes = input.finished || this.#lost !== undefined ||
      this.#isQuiet();
    if (!nothingComes) return;
    // A script sees the end of its loop and ends in its own time; without one there is nobody to wait for.
    if (this.hasScripts) this.turns.endPulls();
    else this.rested();
  }

  /** Ends it, and does not wait for the turn under way. */
  kill(): void {
    this.end({ by: "local" }, "kill", { kind: "killed" });
  }

  /** Ends it, or hastens the end that is under way. */
  end(
    reason: CloseReason,
    manner: Manner,
    exit: ExitReason = exitOf(reason),
  ): void {
    if (this.#ending === undefined) {
      this.#ending = new Ending(reason, exit, {
        stream: this.stream,
        input: this.turns.input,
        outbox: this.turns.outbox,
        isBusy: () => this.turns.isTurning || this.hasScripts,
        onWait: () => this.grace.unlessSet(this.settings.graceMs),
        onOver: () => {
          this.#leave().isLeaveTaken = true;
          void this.farewell(reason);
        },
      });
      this.to("stop");
      this.cancelRestart();
      this.#leaving?.quietTimer?.cancel();
      this.turns.close(this.#owner.onUnserved);
      this.#notices?.ending();
      this.turns.endPulls();
    }
    this.#ending.hurry(manner);
    if (manner === "kill" && this.#leaving?.isLeaveTaken) this.over();
    else this.turns.pump();
  }

  finish(): void {
    this.#ending!.step();
  }

  // ── for the incarnations ──

  override crashed(error: unknown): void {
    // Nobody will read on in its body; the next frame comes behind it.
    this.turns.input.abandonBody();
    super.crashed(error);
  }

  protected override get isCut(): boolean {
    return this.#lost !== undefined;
  }

  protected get settings(): ConnectionSettings {
    return this.turns.settings;
  }

  protected makeHandler(): ConnectionHandlers<In, M> | Promise<void> {
    return this.#owner.makeHandler();
  }

  protected gaveUp(error: unknown): void {
    this.end({ by: "failure", error }, "polite");
  }

  protected graceOver(): void {
    this.end(this.#lost ?? this.#ownReason, "kill");
  }

  protected override farewellFailed(error: unknown): void {
    this.turns.forgetFrame();
    super.farewellFailed(error);
  }

  protected over(): void {
    if (this.outcome !== undefined) return;
    const ending = this.#ending!;
    const { reason } = ending;
    this.cancelGrace();
    this.to("ended");
    const { id: connection, stats } = this.#owner;
    this.settings.emit({ kind: "closed", connection, reason, stats });
    this.#owner.onEnded();
    this.#notices?.ended(ending);
  }

  protected scriptEnded(): void {
    if (this.#lost !== undefined || this.turns.input.finished) this.rested();
    else this.end(this.#ownReason, "polite");
  }

  protected scriptTold(): void {
    if (!this.isOver) this.end(this.#lost!, "rude");
  }

  // ── inside ──

  #leave(): Leaving {
    return this.#leaving ??= {
      lost: undefined,
      isDraining: false,
      quietAt: undefined,
      quietTimer: undefined,
      isLeaveTaken: false,
    };
  }

  get #lost(): CloseReason | undefined {
    return this.#leaving?.lost;
  }

  get #isDraining(): boolean {
    return this.#leaving !== undefined && this.#leaving.isDraining;
  }

  /** Draining, and nothing more comes: what is not known to be quiet yet is listened to for a moment. */
  #isQuiet(): boolean {
    const leaving = this.#leaving;
    if (leaving === undefined || !leaving.isDraining) return false;
    const { bytesIn } = this.turns.input;
    if (leaving.quietAt === bytesIn) return true;
    leaving.quietTimer ??= this.settings.lull.after(() => {
      leaving.quietTimer = undefined;
      leaving.quietAt = bytesIn;
      this.turns.pump();
    });
    return false;
  }

  /** Why it ends when nothing but our own side ends it. */
  get #ownReason(): CloseReason {
    return { by: this.#isDraining ? "shutdown" : "local" };
  }
}
