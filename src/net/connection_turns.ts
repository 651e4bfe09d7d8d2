/**
 * The turns of one connection. Decides their order: what control asks for, then a message and a frame by turns; when
 * the handler has caught up; and what turns wait for: while more has been sent than the high-water mark allows, there
 * are none. Never decides what follows a crash, a loss or bad bytes, nor when it is over: that is its life's.
 *
 * A UDP peer knows fewer turns, so their order is its own: what it sends does not wait, and its handler has no callbacks
 * for what control asks, for bad bytes, or for having caught up.
 *
 * @module
 */

import { isThenable } from "../actor/mod.ts";
import type { FrameError } from "../errors.ts";
import type { Codec } from "../framing/mod.ts";
import type { CloseReason } from "../observe/mod.ts";
import type { ByteStream } from "../transport/mod.ts";
import type { Manner } from "./ending.ts";
import { Input, type InputOwner } from "./input.ts";
import type { ConnectionSettings } from "./options.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";
import {
  poison,
  Turns,
  TURNS_PER_PUMP,
  type TurnsLife,
  type TurnsState,
} from "./turns.ts";
import type { ConnectionHandlers } from "./types.ts";

/** What the turns of a connection are made from. */
export interface ConnectionTurnsHost<In> {
  readonly codec: Pick<Codec<In, never>, "decoder" | "aliases">;
  readonly settings: ConnectionSettings;
}

/** What the turns of a connection need of its life. */
export interface ConnectionTurnsLife<In, M> extends TurnsLife {
  readonly handlers: ConnectionHandlers<In, M> | undefined;
  /** It is lost, and another connection will serve the messages that wait. */
  readonly leavesMail: boolean;
  /** The peer broke the format. `true` = the handler hears of it when its turn comes; else it was the end. */
  malformed(error: unknown): boolean;
  /** A read or a write failed: nothing more will come or go. */
  lost(error: unknown): void;
  /** Nothing is at hand for callbacks, and no turn is under way. */
  rested(): void;
  /** Nothing is at hand for those who pull; `isWanted` = somebody waits. */
  pullsRested(isWanted: boolean): void;
  /** Ends it, because the handler has nothing more to say. */
  end(reason: CloseReason, manner: Manner): void;
}

/** The lanes of one connection, and who is served next. */
export class ConnectionTurns<In, M> extends Turns<In, M>
  implements InputOwner, OutboxOwner {
  readonly settings: ConnectionSettings;
  readonly input: Input<In>;
  readonly outbox: Outbox;
  protected readonly life: ConnectionTurnsLife<In, M>;
  framesIn = 0;
  /** The turns wait for the outbox. */
  #throttled = false;
  /** Turns until others get a chance. */
  #turnsLeft = 0;
  /** Frames since the last `caughtUp`; counted only where there is one. */
  #behind = 0;
  /** The peer broke the format, and the handler is not through with what came before. */
  #broken: { error: FrameError; told: boolean } | undefined;
  /** Control asks for a turn; the end of the service is more urgent than silence. */
  #asked: "shutdown" | "idle" | undefined;

  constructor(
    { codec, settings }: ConnectionTurnsHost<In>,
    stream: ByteStream,
    life: ConnectionTurnsLife<In, M>,
  ) {
    super();
    const isLent = settings.frames !== "kept";
    this.settings = settings;
    this.life = life;
    this.input = new Input(stream, codec, isLent, settings.slots, this);
    this.outbox = new Outbox(stream, settings.writers, this);
  }

  /** Control wants a turn. */
  ask(what: "shutdown" | "idle"): void {
    if (what === "shutdown") this.#asked = what;
    else this.#asked ??= what;
    this.pump();
  }

  /** The stream is lost. What had come whole before is still handed out. */
  cut(): void {
    this.input.stop();
    // A turn that waits for the wire comes to its end by this; else so would nothing here.
    this.outbox.discard();
    this.outbox.ended = true;
    this.pump();
  }

  /** Nothing more is taken in; `onUnserved` is given the messages that wait. */
  close(onUnserved: ((messages: M[]) => void) | undefined): void {
    this.closeMail(onUnserved);
    this.input.discard();
    this.outbox.endWaits();
  }

  /** What fails from now on does not fail on the frame that was handed out last. */
  forgetFrame(): void {
    this.frameAtHand = undefined;
  }

  // ── what its input and outbox tell ──

  onInput(): void {
    this.pump();
  }

  onWritten(): void {
    // Without this test the end of every write would look for turns that are not there.
    if (this.#throttled || this.life.isOver) {
      this.#throttled = false;
      this.pump();
    }
  }

  onLost(error: unknown): void {
    this.life.lost(error);
  }

  // ── the order ──

  protected serve(): TurnsState {
    this.#turnsLeft = TURNS_PER_PUMP;
    while (this.#turnsLeft-- > 0) {
      if (this.life.phase !== "running") return "resting";
      // What control asks for does not wait for a peer that does not read: it may be the end of it.
      if (this.isHeldUp && this.#asked === undefined) {
        this.#throttled = true;
        return "resting";
      }
      const { handlers } = this.life;
      try {
        let result: unknown;
        if (this.#asked !== undefined) {
          result = this.#controlTurn(handlers);
        } else if (handlers === undefined) {
          this.#servePulls();
          return "resting";
        } else if (!this.wireIsNext && this.#hasMail) {
          result = this.messageTurn(handlers);
        } else if (this.#behind < TURNS_PER_PUMP && this.take()) {
          result = this.#frameTurns(handlers);
        } else if (this.#behind > 0) {
          this.#behind = 0;
          this.frameAtHand = undefined;
          result = handlers.caughtUp?.();
        } else if (this.#broken !== undefined) {
          result = this.#brokenTurn(handlers, this.#broken);
        } else if (this.#hasMail) {
          result = this.messageTurn(handlers);
        } else {
          this.life.rested();
          return "resting";
        }
        // Inside, because to look at what a handler returned may run code of its own, which may throw.
        if (isThenable(result)) return this.goOn(result);
      } catch (error) {
        this.life.crashed(error);
        continue;
      }
      this.turnOver();
    }
    return this.makeWay();
  }

  /** What turns gave is sent, and more is waited for. */
  protected served(): void {
    if (this.life.isOver) return this.life.finish();
    this.outbox.flush();
    this.input.want();
  }

  /** The turn of the frame at hand, and of those behind it as long as nothing else can be due. */
  #frameTurns(handlers: ConnectionHandlers<In, M>): unknown {
    this.wireIsNext = false;
    if (handlers.caughtUp !== undefined) this.#behind++;
    const alone = handlers.caughtUp === undefined && !this.#poisons;
    for (;;) {
      const result = handlers.frame(this.frameAtHand as In);
      if (!alone || isThenable(result)) return result;
      if (
        this.#isDue() || this.#turnsLeft-- <= 0 || !this.take()
      ) return undefined;
    }
  }

  /** Messages wait, and for this connection. */
  get #hasMail(): boolean {
    return this.mailboxSize > 0 && !this.life.leavesMail;
  }

  /** Whether the next turn may be another than a frame's. */
  #isDue(): boolean {
    return this.life.isOver || this.#asked !== undefined ||
      this.mailboxSize > 0 || this.isHeldUp;
  }

  /** More waits to be sent than turns should add to. */
  protected get isHeldUp(): boolean {
    return this.outbox.size > this.settings.highWaterBytes;
  }

  #controlTurn(handlers: ConnectionHandlers<In, M> | undefined): unknown {
    this.frameAtHand = undefined;
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked === "shutdown") return handlers?.shutdown?.();
    if (handlers?.idle !== undefined) return handlers.idle();
    this.life.end({ by: "idle" }, "polite");
  }

  /** Nothing but the bytes that broke the format is left: last words, then the end. */
  #brokenTurn(
    handlers: ConnectionHandlers<In, M>,
    broken: { error: FrameError; told: boolean },
  ): unknown {
    this.frameAtHand = undefined;
    const { error, told } = broken;
    broken.told = true;
    if (!told && handlers.malformed !== undefined) {
      return handlers.malformed(error);
    }
    this.life.end({ by: "failure", error }, "polite");
  }

  /** Takes the next frame from the wire; `false` = none at hand, or the peer broke the format. */
  protected take(): boolean {
    if (this.#broken !== undefined) return false;
    try {
      this.frameAtHand = this.input.take();
    } catch (error) {
      if (this.life.malformed(error)) {
        this.#broken = { error: error as FrameError, told: false };
        this.input.stop();
      } else this.#behind = 0;
      return false;
    }
    if (this.frameAtHand === undefined) return false;
    this.messageAtHand = undefined;
    this.framesIn++;
    return true;
  }

  #servePulls(): void {
    this.givePulls();
    const { isWanted } = this;
    // Nobody pulls, and there is nothing to pull: what is left is the end, and it is seen by taking.
    if (!isWanted && this.input.exhausted) {
      // The frame that is lent is still to be overwritten.
      const lent = this.frameAtHand;
      this.take();
      this.frameAtHand = lent;
    }
    if (this.isHeldUp) this.#throttled = true;
    if (!this.life.isOver && !this.#throttled) this.life.pullsRested(isWanted);
  }

  protected turnOver(): void {
    if (!this.#poisons) return;
    poison(this.frameAtHand);
    this.frameAtHand = undefined;
  }

  get #poisons(): boolean {
    return this.settings.frames === "poisoned";
  }
}
