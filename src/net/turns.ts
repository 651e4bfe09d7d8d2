/**
 * What the turns of connections and of UDP peers have in common: one at a time, never re-entered, not too many at
 * once; the lane of messages; frames for those who pull. Which turn comes next, and what a turn costs besides, is
 * decided by what extends it.
 *
 *     resting ──pump──▶ serving ──▶ resting   nothing is at hand, or it has to wait
 *        ▲                 ├──────▶ turning   until what a callback returned has settled ──┐
 *        │                 └──────▶ paused    until others have had a chance ──────────────┤
 *        └─────────────────────────────────────────────────────────────────────────────────┘
 *
 * @module
 */

import type { Phase } from "../actor/mod.ts";
import { Mail, type MailSettings } from "./mail.ts";
import { Pulls } from "./pulls.ts";

/** Turns before others get a chance: a handler that feeds its own mailbox must not stop the process. */
export const TURNS_PER_PUMP = 1_024;

/** What poisoned frames are overwritten with: no ASCII, no zero, easy to see in a dump. */
const POISON = 0xdb;

/** Overwrites a frame whose turn is over, so that whoever kept it finds out. */
export function poison(frame: unknown): void {
  if (frame instanceof Uint8Array) frame.fill(POISON);
}

/**
 * `serving`: the synchronous part of turns runs. `turning`: what a callback returned has not settled. `paused`: the
 * turns make way for everything else.
 */
export type TurnsState = "resting" | "serving" | "turning" | "paused";

/** What turns need of the life that they are a part of. */
export interface TurnsLife {
  /** Whose turns they are. */
  readonly name: string;
  readonly phase: Phase;
  /** The end has begun: no more turns. */
  readonly isOver: boolean;
  /** Why a loop over the frames ends with an error. */
  readonly failure: { error: unknown } | undefined;
  /** What the current incarnation handed out; `undefined` for a script and for `for await`. */
  readonly handlers: { message?(message: never): unknown } | undefined;
  /** A turn threw. */
  crashed(error: unknown): void;
  /** Called after turns where `isOver`: perhaps it can end now. */
  finish(): void;
}

/** What goes on when what a callback returned has settled. */
interface AfterTurn {
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** The turns of one connection or peer. Rarely needed parts are made when first needed: most are idle. */
export abstract class Turns<In, M> {
  protected abstract readonly life: TurnsLife;
  abstract readonly settings: MailSettings;
  #mail: Mail<M> | undefined;
  #pulls: Pulls<In> | undefined;
  #afterTurn: AfterTurn | undefined;
  #state: TurnsState = "resting";
  /** The frame of the turn under way, or the last one pulled. */
  protected frameAtHand: In | undefined;
  /** The message of the turn under way. */
  protected messageAtHand: M | undefined;
  /** Of a message and a frame that both wait, the frame comes next. */
  protected wireIsNext = true;

  /** Runs turns as long as there is something at hand, and says why there are no more for now. */
  protected abstract serve(): TurnsState;

  /** Called after turns, and where there could be none. */
  protected abstract served(): void;

  /** Takes the next frame; `false` = none at hand. */
  protected abstract take(): boolean;

  /** No frame may be taken now. */
  protected abstract readonly isHeldUp: boolean;

  /** The turn that was served last is over, and with it the time for which its frame was lent. */
  protected abstract turnOver(): void;

  /** A callback runs, up to its first `await`. */
  get isServing(): boolean {
    return this.#state === "serving";
  }

  /** What a callback returned has not settled. */
  get isTurning(): boolean {
    return this.#state === "turning";
  }

  /** Nothing is under way, so a pump would serve what is at hand. */
  protected get isResting(): boolean {
    return this.#state === "resting";
  }

  /** What the handler was given last, while it may still fail on it. */
  get frame(): In | undefined {
    return this.frameAtHand;
  }

  /** Messages that wait. */
  get mailboxSize(): number {
    return this.#mail === undefined ? 0 : this.#mail.size;
  }

  /** The messages from other actors. */
  get mail(): Mail<M> {
    if (this.#mail === undefined) {
      this.#mail = new Mail<M>({
        name: this.life.name,
        takesMessages: () =>
          // While a handler is being made nobody knows yet, so mail waits.
          this.life.phase !== "running" ||
          this.life.handlers?.message !== undefined,
        onMail: () => {
          if (this.isTurning || this.isServing) return;
          queueMicrotask(() => this.pump());
        },
      }, this.settings);
      if (this.life.isOver) this.#mail.close();
    }
    return this.#mail;
  }

  /** Serves what is at hand. Safe to call at any time. */
  pump(): void {
    if (this.#state === "serving") return;
    if (this.#state === "resting") {
      this.#state = "serving";
      this.#state = this.serve();
    }
    this.served();
  }

  /** The next frame for a script or a loop. */
  pull(): Promise<IteratorResult<In>> {
    const { pulls } = this;
    pulls.count++;
    this.turnOver();
    if (
      this.life.phase === "running" && pulls.size === 0 && !this.isHeldUp &&
      this.take()
    ) return Promise.resolve({ done: false, value: this.frameAtHand as In });
    const waiting = pulls.wait();
    if (!this.life.isOver) this.pump();
    else this.endPulls();
    return waiting;
  }

  /** Those who pull. */
  get pulls(): Pulls<In> {
    return this.#pulls ??= new Pulls();
  }

  /** Whether somebody has pulled since this was asked last. */
  hasPulled(): boolean {
    return this.#pulls !== undefined && this.#pulls.mark();
  }

  /** Ends the loops: with the failure, or as the end of the iteration. */
  endPulls(): void {
    this.#pulls?.end(this.life.failure);
  }

  /** The handler failed with `error`; whoever asked by the message of this turn is told. */
  failed(error: unknown): void {
    if (this.messageAtHand !== undefined) {
      this.#mail?.fail(this.messageAtHand, error);
    }
    this.messageAtHand = undefined;
  }

  // ── for what extends it ──

  protected messageTurn(handlers: { message?(message: M): unknown }): unknown {
    this.frameAtHand = undefined;
    this.wireIsNext = true;
    const message = this.messageAtHand = this.#mail!.shift();
    return handlers.message!(message);
  }

  /** The turn goes on until `result` settles. */
  protected goOn(result: PromiseLike<unknown>): TurnsState {
    const { done, failed } = this.#afterTurn ??= {
      done: () => {
        this.#state = "resting";
        this.turnOver();
        this.pump();
      },
      failed: (error) => {
        this.#state = "resting";
        this.turnFailed(error);
        this.pump();
      },
    };
    Promise.resolve(result).then(done, failed);
    return "turning";
  }

  protected turnFailed(error: unknown): void {
    this.life.crashed(error);
  }

  /** Others have had their chance, or there are no more turns. */
  protected endPause(): void {
    if (this.#state === "paused") this.#state = "resting";
  }

  /** Whether anybody who pulls has to wait. */
  protected get isWanted(): boolean {
    return this.#pulls !== undefined && this.#pulls.size > 0;
  }

  /** Gives frames to those who wait for one. */
  protected givePulls(): void {
    while (this.isWanted && !this.isHeldUp && this.take()) {
      this.#pulls!.give(this.frameAtHand as In);
    }
  }

  /** Refuses what waits and everything that comes later, except for what `onUnserved` is given. */
  protected closeMail(onUnserved?: (messages: M[]) => void): void {
    const mail = this.#mail;
    if (mail === undefined) return;
    if (onUnserved !== undefined) {
      const messages: M[] = [];
      while (mail.size > 0) messages.push(mail.shift());
      onUnserved(messages);
    }
    mail.close();
  }
}
