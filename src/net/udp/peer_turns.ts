/**
 * The turns of one peer. Decides their order: a message and a frame by turns, for callbacks as for a script that pulls.
 * Decides what a datagram does that comes meanwhile: it waits, within bounds. Never decides what follows a crash or
 * when it is over: that is its life's.
 *
 * @module
 */

import { isThenable } from "../../actor/mod.ts";
import {
  Turns,
  TURNS_PER_PUMP,
  type TurnsLife,
  type TurnsState,
} from "../turns.ts";
import type { UdpSettings } from "./options.ts";
import { PeerInput, type PeerInputHost, type Sender } from "./peer_input.ts";
import type { Lease } from "./receive_loop.ts";
import type { PeerHandlers } from "./types.ts";

/** What turns need of the server. */
export interface TurnsHost<In> extends PeerInputHost<In> {
  readonly settings: UdpSettings;
}

/** What turns need of the peer's life. */
export interface PeerTurnsLife<In, M> extends TurnsLife {
  /** Serve what is at hand, then end. */
  readonly isDraining: boolean;
  readonly handlers: PeerHandlers<In, M> | undefined;
  /** Nothing is at hand, and no turn is under way. */
  rested(): void;
}

/** The lanes of one peer, and who is served next. */
export class PeerTurns<In, M> extends Turns<In, M> {
  protected readonly life: PeerTurnsLife<In, M>;
  readonly #host: TurnsHost<In>;
  readonly #sender: Sender & { readonly name: string };
  readonly #input: PeerInput<In>;
  framesIn = 0;
  bytesIn = 0;

  constructor(
    host: TurnsHost<In>,
    sender: Sender & { readonly name: string },
    life: PeerTurnsLife<In, M>,
  ) {
    super();
    this.#host = host;
    this.#sender = sender;
    this.life = life;
    this.#input = new PeerInput(host.settings.maxQueuedDatagrams);
  }

  get settings(): UdpSettings {
    return this.#host.settings;
  }

  /** Bytes of the datagrams that wait. */
  get bufferedBytes(): number {
    return this.#input.bufferedBytes;
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
    if (this.life.isOver) return false;
    this.bytesIn += bytes.length;
    if (frames.length === 0) return false;
    const isLent = lease === "lent";
    this.#input.serve(frames, isLent ? bytes : undefined, this.#host);
    this.pump();
    return isLent && this.#input.holds(bytes);
  }

  /** Nothing more is taken in, and what waits is dropped; the turn under way may finish. */
  close(): void {
    this.#input.clear(this.#host);
    this.closeMail();
  }

  /** Turns that were cut may still look at what they were given. */
  end(): void {
    this.#input.end(this.#host);
  }

  override failed(error: unknown): void {
    super.failed(error);
    this.frameAtHand = undefined;
  }

  override turnOver(): void {
    this.#input.frameOver(this.#host);
  }

  // ── the order ──

  protected serve(): TurnsState {
    for (let left = TURNS_PER_PUMP; left > 0; left--) {
      if (this.life.phase !== "running") return "resting";
      const { handlers } = this.life;
      try {
        let result: unknown;
        if (handlers === undefined) {
          this.#servePulls();
          return "resting";
        } else if (!this.wireIsNext && this.mailboxSize > 0) {
          result = this.messageTurn(handlers);
        } else if (this.take()) {
          this.wireIsNext = false;
          result = handlers.frame(this.frameAtHand as In);
        } else if (this.mailboxSize > 0) {
          result = this.messageTurn(handlers);
        } else {
          this.life.rested();
          return "resting";
        }
        // Inside, because to look at what a handler returned may run code of its own, which may throw.
        if (isThenable(result)) return this.goOn(result);
      } catch (error) {
        this.turnFailed(error);
        continue;
      }
      this.turnOver();
    }
    return this.makeWay();
  }

  protected served(): void {
    if (this.life.isOver) this.life.finish();
  }

  /** Never: what is sent is gone at once, or dropped. */
  protected get isHeldUp(): boolean {
    return false;
  }

  protected take(): boolean {
    this.messageAtHand = undefined;
    this.frameAtHand = this.#input.take(this.#host, this.#sender);
    if (this.frameAtHand === undefined) return false;
    this.framesIn++;
    return true;
  }

  /** The frame that it failed on has been told, and is given back like any other. */
  protected override turnFailed(error: unknown): void {
    super.turnFailed(error);
    this.turnOver();
  }

  #servePulls(): void {
    this.givePulls();
    if (!this.#input.isEmpty) return;
    // A script that drains sees the end of its loop, and ends in its own time.
    if (this.life.isDraining) this.endPulls();
    else this.life.rested();
  }

  /** A datagram that comes now has to wait. */
  #isBusy(): boolean {
    return !this.isResting || this.life.phase !== "running" ||
      !this.#input.isEmpty ||
      (this.life.handlers === undefined && !this.isWanted);
  }
}
