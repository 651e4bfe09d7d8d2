/**
 * The turns of one peer. Decides their order: a message and a frame by turns, one at a time, never re-entered, for
 * callbacks as for a script that pulls. Decides what a datagram does that comes meanwhile: it waits, within bounds.
 * Never decides what follows a crash or when it is over: that is its life's.
 *
 * @module
 */

import type { Phase } from "../../actor/mod.ts";
import { nextTask } from "../../clock.ts";
import { isThenable } from "../crash.ts";
import { Mail } from "../mail.ts";
import { Pulls } from "../pulls.ts";
import type { UdpSettings } from "./options.ts";
import { PeerInput, type PeerInputHost, type Sender } from "./peer_input.ts";
import type { Lease } from "./receive_loop.ts";
import type { PeerHandlers } from "./types.ts";

/** Turns before others get a chance: a handler that feeds its own mailbox must not stop the process. */
const TURNS_PER_PUMP = 1_024;

/** What turns need of the server. */
export interface TurnsHost<In> extends PeerInputHost<In> {
  readonly settings: UdpSettings;
}

/** What turns need of the peer's life. */
export interface TurnsLife<In, M> {
  readonly phase: Phase;
  /** The end has begun: no more turns. */
  readonly isOver: boolean;
  /** Why a loop over its frames ends with an error. */
  readonly failure: { error: unknown } | undefined;
  /** Serve what is at hand, then end. */
  readonly isDraining: boolean;
  /** What the current incarnation handed out; `undefined` for a script. */
  readonly handlers: PeerHandlers<In, M> | undefined;
  /** A turn threw. */
  crashed(error: unknown): void;
  /** Nothing is at hand, and no turn is under way. */
  rested(): void;
  /** Called after turns where `isOver`: perhaps it can end now. */
  finish(): void;
}

/** The lanes of one peer, and who is served next. Its rarely needed parts are made when first needed. */
export class PeerTurns<In, M> {
  readonly #host: TurnsHost<In>;
  readonly #sender: Sender & { readonly name: string };
  readonly #life: TurnsLife<In, M>;
  readonly #input: PeerInput<In>;
  #pulls: Pulls<In> | undefined;
  #mail: Mail<M> | undefined;

  /** A callback is running, or what it returned has not settled. */
  isTurning = false;
  #isPumping = false;
  /** The turns make way for everything else. */
  #isPaused = false;
  /** The frame of the turn under way, or the last one pulled. */
  #frame: In | undefined;
  /** The message of the turn under way. */
  #message: M | undefined;
  /** Of a message and a frame that both wait, the frame comes next. */
  #wireIsNext = true;

  // Made with the first turn that is awaited.
  #onTurnDone: (() => void) | undefined;
  #onTurnFailed: ((error: unknown) => void) | undefined;

  framesIn = 0;
  bytesIn = 0;

  constructor(
    host: TurnsHost<In>,
    sender: Sender & { readonly name: string },
    life: TurnsLife<In, M>,
  ) {
    this.#host = host;
    this.#sender = sender;
    this.#life = life;
    this.#input = new PeerInput(host.settings.maxQueuedDatagrams);
  }

  /** Messages that wait. */
  get mailboxSize(): number {
    return this.#mail?.size ?? 0;
  }

  /** Bytes of the datagrams that wait. */
  get bufferedBytes(): number {
    return this.#input.bufferedBytes;
  }

  /** What the handler was given last, while it may still fail on it. */
  get frame(): In | undefined {
    return this.#frame;
  }

  /** The messages from other actors. */
  get mail(): Mail<M> {
    return this.#mail ??= new Mail<M>({
      name: this.#sender.name,
      takesMessages: () =>
        // While a handler is being made nobody knows yet, so mail waits.
        this.#life.phase !== "running" ||
        this.#life.handlers?.message !== undefined,
      onMail: () => {
        if (!this.isTurning && !this.#isPumping) {
          queueMicrotask(() => this.pump());
        }
      },
    }, this.#host.settings);
  }

  /** A datagram of this peer. `true` = its `bytes`, which are lent, are still looked at. */
  arrived(bytes: Uint8Array, lease: Lease): boolean {
    if (!this.#isBusy()) {
      const frames = this.#host.decode(bytes, this.#sender);
      return this.arrivedDecoded(frames, bytes, lease);
    }
    if (this.#input.put(bytes, lease === "kept", this.#host)) {
      this.bytesIn += bytes.length;
    } else {
      const { emit } = this.#host.settings;
      emit({ kind: "dropped", actor: this.#sender.name, count: 1 });
    }
    return false;
  }

  /** The same for the only datagram at hand, decoded. */
  arrivedDecoded(
    frames: readonly In[],
    bytes: Uint8Array,
    lease: Lease,
  ): boolean {
    // Its handler may have ended it before it saw a frame.
    if (this.#life.isOver) return false;
    this.bytesIn += bytes.length;
    if (frames.length === 0) return false;
    const isLent = lease === "lent";
    this.#input.serve(frames, isLent ? bytes : undefined, this.#host);
    this.pump();
    return isLent && this.#input.holds(bytes);
  }

  /** The next frame for a script. */
  pull(): Promise<IteratorResult<In>> {
    const pulls = this.#pulls ??= new Pulls();
    this.frameOver();
    if (this.#life.phase === "running" && pulls.size === 0 && this.#take()) {
      return Promise.resolve({ done: false, value: this.#frame as In });
    }
    const waiting = pulls.wait();
    if (!this.#life.isOver) this.pump();
    else this.endPulls();
    return waiting;
  }

  /** Serves what is at hand. Safe to call at any time. */
  pump(): void {
    if (this.#isPumping) return;
    if (!this.isTurning && !this.#isPaused) {
      this.#isPumping = true;
      this.isTurning = this.#turns();
      this.#isPumping = false;
    }
    if (this.#life.isOver) this.#life.finish();
  }

  /** Nothing more is taken in, and what waits is dropped; the turn under way may finish. */
  close(): void {
    this.#input.clear(this.#host);
    this.#mail?.close();
  }

  /** Ends the scripts' loops: with the failure, or as the end of the iteration. */
  endPulls(): void {
    this.#pulls?.end(this.#life.failure);
  }

  /** Turns that were cut may still look at what they were given. */
  end(): void {
    this.#input.end(this.#host);
  }

  /** The handler failed with `error`; whoever asked by the message of this turn is told. */
  failed(error: unknown): void {
    if (this.#message !== undefined) this.#mail?.fail(this.#message, error);
    this.#message = undefined;
    this.#frame = undefined;
  }

  /** The turn is over, and with it the time for which its frame was lent. */
  frameOver(): void {
    this.#input.frameOver(this.#host);
  }

  // ── inside ──

  /** One turn after the other; `true` = the last one goes on, and its end pumps again. */
  #turns(): boolean {
    const { phase, handlers } = this.#life;
    if (
      phase === "running" && this.mailboxSize > 0 &&
      handlers?.message === undefined
    ) this.#mail!.drop();
    for (let left = TURNS_PER_PUMP; left > 0; left--) {
      if (this.#life.phase !== "running") return false;
      const { handlers } = this.#life;
      try {
        let result: unknown;
        if (handlers === undefined) {
          this.#servePulls();
          return false;
        } else if (!this.#wireIsNext && this.mailboxSize > 0) {
          result = this.#messageTurn(handlers);
        } else if (this.#take()) {
          this.#wireIsNext = false;
          result = handlers.frame(this.#frame as In);
        } else if (this.mailboxSize > 0) {
          result = this.#messageTurn(handlers);
        } else {
          this.#life.rested();
          return false;
        }
        // Inside, because to look at what a handler returned may run code of its own, which may throw.
        if (isThenable(result)) {
          Promise.resolve(result).then(
            this.#onTurnDone ??= () => this.#turnDone(),
            this.#onTurnFailed ??= (error) => this.#turnFailed(error),
          );
          return true;
        }
      } catch (error) {
        this.#life.crashed(error);
        this.frameOver();
        continue;
      }
      this.frameOver();
    }
    // So much at once: timers and other peers come first.
    this.#isPaused = true;
    nextTask(() => {
      this.#isPaused = false;
      this.pump();
    });
    return false;
  }

  #messageTurn(handlers: PeerHandlers<In, M>): unknown {
    this.#frame = undefined;
    this.#wireIsNext = true;
    const message = this.#message = this.#mail!.shift();
    return handlers.message!(message);
  }

  /** Takes the next frame; `false` = none at hand. */
  #take(): boolean {
    this.#message = undefined;
    this.#frame = this.#input.take(this.#host, this.#sender);
    if (this.#frame === undefined) return false;
    this.framesIn++;
    return true;
  }

  #servePulls(): void {
    const pulls = this.#pulls;
    while (pulls !== undefined && pulls.size > 0 && this.#take()) {
      pulls.give(this.#frame as In);
    }
    if (!this.#input.isEmpty) return;
    // A script that drains sees the end of its loop, and ends in its own time.
    if (this.#life.isDraining) this.endPulls();
    else this.#life.rested();
  }

  /** A datagram that comes now has to wait. */
  #isBusy(): boolean {
    return this.isTurning || this.#isPumping || this.#isPaused ||
      this.#life.phase !== "running" || !this.#input.isEmpty ||
      (this.#life.handlers === undefined && (this.#pulls?.size ?? 0) === 0);
  }

  #turnDone(): void {
    this.isTurning = false;
    this.frameOver();
    this.pump();
  }

  #turnFailed(error: unknown): void {
    this.isTurning = false;
    this.#life.crashed(error);
    this.frameOver();
    this.pump();
  }
}
