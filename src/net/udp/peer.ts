/**
 * One remote address as an actor. Decides the order of turns: a message and a frame by turns, one at a time,
 * never re-entered. Decides what waits for a busy handler (whole datagrams, undecoded, within bounds), what a
 * crash costs (the frame or message it happened on, nothing else), and how a peer ends.
 *
 * A peer that begins to end is at once nobody's any more: its address is free for a new one. The turn under
 * way may finish; what waits is dropped, except at `stop`, which serves it first.
 *
 * @module
 */

import {
  type AskOptions,
  type ExitReason,
  Lifecycle,
  type Phase,
  type ReplyTo,
  type TellVerdict,
} from "../../actor/mod.ts";
import type { Timer } from "../../clock.ts";
import { ActorStoppedError } from "../../errors.ts";
import type { CloseReason, ConnectionStats } from "../../observe/mod.ts";
import type { RestartHistory } from "../../supervision/mod.ts";
import {
  badHandler,
  callbacksOf,
  exitOf,
  isThenable,
  planCrash,
} from "../crash.ts";
import { Mail } from "../mail.ts";
import { Pulls } from "../pulls.ts";
import type { UdpSettings } from "./options.ts";
import { PeerInput, type PeerInputHost } from "./peer_input.ts";
import type { Lease } from "./receive_loop.ts";
import type { Place } from "./silence.ts";
import type { Peer, PeerHandler, PeerHandlers } from "./types.ts";

/** Turns before others get a chance: a handler that feeds its own mailbox must not stop the process. */
const TURNS_PER_PUMP = 1_024;

const NO_HISTORY: RestartHistory = [];

/** What a peer needs of its server. */
export interface PeerHost<In, Out, M> extends PeerInputHost<In> {
  readonly name: string;
  readonly settings: UdpSettings;
  readonly handler: PeerHandler<In, Out, M>;
  /** Sends one datagram and says how large it was; `undefined` = dropped. */
  transmit(frame: Out, peer: PeerActor<In, Out, M>): number | undefined;
  /** Called at the beginning of the end: the address is free. */
  onEnding(peer: PeerActor<In, Out, M>): void;
  /** Called once at the very end, after the `closed` event. */
  onEnded(peer: PeerActor<In, Out, M>): void;
}

/** What a peer is made from. */
export interface PeerParts {
  id: number;
  remoteAddr: Deno.Addr;
  key: string;
  madeHere: boolean;
}

/** The implementation of {@linkcode Peer}. Its rarely needed parts are made when first needed: there may be many peers. */
export class PeerActor<In, Out, M> implements Peer<In, Out, M> {
  readonly id: number;
  readonly remoteAddr: Deno.Addr;
  /** Address as text. */
  readonly key: string;
  /** Made by our own side, so that what we send counts as a sign of life too. */
  readonly madeHere: boolean;
  /** Where it stands in the order of silence; the server's. */
  place: Place<PeerActor<In, Out, M>> | undefined;
  readonly #host: PeerHost<In, Out, M>;
  readonly #life = new Lifecycle();
  readonly #input: PeerInput<In>;
  #pulls: Pulls<In> | undefined;
  #mail: Mail<M> | undefined;
  #aborter: AbortController | undefined;
  #exited: PromiseWithResolvers<ExitReason> | undefined;

  /** What the current incarnation handed out; `undefined` for a script. */
  #handlers: PeerHandlers<In, M> | undefined;
  /** Handlers that are scripts and have not come to their end. */
  #scripts = 0;
  #incarnation = 0;
  #history = NO_HISTORY;
  #restartTimer: Timer | undefined;

  /** A callback is running, or what it returned has not settled. */
  #turning = false;
  #pumping = false;
  /** The turns make way for everything else. */
  #pause: Timer | undefined;
  /** The frame of the turn under way, or the last one pulled. */
  #frame: In | undefined;
  /** The message of the turn under way. */
  #message: M | undefined;
  /** Of a message and a frame that both wait, the frame comes next. */
  #wireIsNext = true;
  /** It has been silent too long; ends when nothing is at hand. */
  #silent = false;
  /** Serve what is at hand, then end. */
  #draining = false;

  #framesIn = 0;
  #framesOut = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  readonly #openedAtMs = Date.now();

  #reason: CloseReason | undefined;
  #exit: ExitReason | undefined;
  #graceTimer: Timer | undefined;
  /** Does not wait for the turn under way. */
  #killed = false;
  /** `farewell` = the last callback runs. */
  #ending: "no" | "waiting" | "farewell" | "over" = "no";

  constructor(host: PeerHost<In, Out, M>, parts: PeerParts) {
    this.#host = host;
    this.#input = new PeerInput(host.settings.maxQueuedDatagrams);
    this.id = parts.id;
    this.remoteAddr = parts.remoteAddr;
    this.key = parts.key;
    this.madeHere = parts.madeHere;
  }

  /** Starts the handler. Called once, by the server. */
  open(): void {
    const { name: server, settings } = this.#host;
    settings.emit({
      kind: "opened",
      server,
      connection: this.id,
      remoteAddr: this.remoteAddr,
    });
    this.#start();
    this.#pump();
  }

  // ── what everybody sees ──

  get name(): string {
    return `${this.#host.name}#${this.id}`;
  }

  get phase(): Phase {
    return this.#life.phase;
  }

  get mailboxSize(): number {
    return this.#mail?.size ?? 0;
  }

  get exited(): Promise<ExitReason> {
    this.#exited ??= Promise.withResolvers();
    if (this.#ending === "over") this.#exited.resolve(this.#exit!);
    return this.#exited.promise;
  }

  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.#reason !== undefined) this.#aborter.abort();
    }
    return this.#aborter.signal;
  }

  get stats(): ConnectionStats {
    return {
      framesIn: this.#framesIn,
      framesOut: this.#framesOut,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      restarts: this.#incarnation,
      bufferedBytes: this.#input.bufferedBytes,
      openedAtMs: this.#openedAtMs,
    };
  }

  send(frame: Out): boolean {
    if (this.#reason !== undefined) return false;
    const byteLength = this.#host.transmit(frame, this);
    if (byteLength === undefined) return false;
    this.#framesOut++;
    this.#bytesOut += byteLength;
    return true;
  }

  tell(message: M): TellVerdict {
    if (this.#reason !== undefined) return "stopped";
    return this.#mailFor().tell(message);
  }

  deliver(message: M, options?: { signal?: AbortSignal }): Promise<void> {
    if (this.#reason !== undefined) return Promise.reject(this.#stopped());
    return this.#mailFor().deliver(message, options);
  }

  ask<R>(make: (reply: ReplyTo<R>) => M, options?: AskOptions): Promise<R> {
    if (this.#reason !== undefined) return Promise.reject(this.#stopped());
    return this.#mailFor().ask(make, options);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<In> {
    if (this.#handlers !== undefined) {
      throw new TypeError(
        `Cannot iterate over ${this.name}: its frames go to the handler's 'frame' callback`,
      );
    }
    return {
      next: () => this.#pull(),
      // Leaving the loop leaves the peer as it is: what is unread waits for the next loop.
      return: () => Promise.resolve({ done: true, value: undefined }),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  close(): void {
    this.end({ by: "local" });
  }

  stop(options?: { graceMs?: number }): Promise<ExitReason> {
    const exited = this.exited;
    if (this.#reason === undefined && !this.#draining) {
      this.#draining = true;
      this.#armGrace(options?.graceMs);
      this.#pump();
    }
    return exited;
  }

  kill(): void {
    this.#killed = true;
    this.#exit ??= { kind: "killed" };
    this.end({ by: "local" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.exited;
  }

  // ── what the server tells ──

  /** A datagram of this peer. `true` = its `bytes`, which are lent, are still looked at. */
  arrived(bytes: Uint8Array, lease: Lease): boolean {
    this.#silent = false;
    if (!this.#isBusy()) {
      return this.arrivedDecoded(
        this.#host.decode(bytes, this),
        bytes,
        lease,
      );
    }
    if (this.#input.put(bytes, lease === "kept", this.#host)) {
      this.#bytesIn += bytes.length;
    } else {
      const { emit } = this.#host.settings;
      emit({ kind: "dropped", actor: this.name, count: 1 });
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
    if (this.#reason !== undefined) return false;
    this.#bytesIn += bytes.length;
    if (frames.length === 0) return false;
    const isLent = lease === "lent";
    this.#input.serve(frames, isLent ? bytes : undefined, this.#host);
    this.#pump();
    return isLent && this.#input.holds(bytes);
  }

  /** Something was sent, and that counts as a sign of life. */
  renewed(): void {
    this.#silent = false;
  }

  /** It has been silent too long. */
  silenced(): void {
    this.#silent = true;
    this.#pump();
  }

  /** Ends it: nothing more is taken in, the turn under way may finish. */
  end(reason: CloseReason): void {
    if (this.#reason === undefined) {
      this.#reason = reason;
      this.#exit ??= exitOf(reason);
      this.#ending = "waiting";
      this.#life.to("stop");
      this.#host.onEnding(this);
      this.#restartTimer?.cancel();
      this.#pause?.cancel();
      this.#pause = undefined;
      this.#input.clear(this.#host);
      this.#mail?.close();
      this.#aborter?.abort();
      this.#endPulls();
    }
    this.#pump();
  }

  // ── turns ──

  /** Serves what is at hand. Safe to call at any time. */
  readonly #pump = (): void => {
    if (this.#pumping) return;
    if (!this.#turning && this.#pause === undefined) {
      this.#pumping = true;
      this.#turning = this.#turns();
      this.#pumping = false;
    }
    if (this.#reason !== undefined) this.#finish();
  };

  /** One turn after the other; `true` = the last one goes on, and its end pumps again. */
  #turns(): boolean {
    for (let left = TURNS_PER_PUMP; left > 0; left--) {
      if (this.phase !== "running") return false;
      const handlers = this.#handlers;
      let result: unknown;
      try {
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
          this.#nothingAtHand();
          return false;
        }
      } catch (error) {
        this.#crashed(error);
        this.#input.frameOver(this.#host);
        continue;
      }
      if (isThenable(result)) {
        Promise.resolve(result).then(this.#onTurnDone, this.#onTurnFailed);
        return true;
      }
      this.#input.frameOver(this.#host);
    }
    // So much at once: timers and other peers come first.
    this.#pause = this.#host.settings.clock.after(0, () => {
      this.#pause = undefined;
      this.#pump();
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
    this.#frame = this.#input.take(this.#host, this);
    if (this.#frame === undefined) return false;
    this.#framesIn++;
    return true;
  }

  #nothingAtHand(): void {
    if (this.#draining) this.end({ by: "shutdown" });
    else if (this.#silent) this.end({ by: "idle" });
  }

  /** A datagram that comes now has to wait. */
  #isBusy(): boolean {
    return this.#turning || this.#pumping || this.#pause !== undefined ||
      this.phase !== "running" || !this.#input.isEmpty ||
      (this.#handlers === undefined && (this.#pulls?.size ?? 0) === 0);
  }

  readonly #onTurnDone = (): void => {
    this.#turning = false;
    this.#input.frameOver(this.#host);
    this.#pump();
  };

  readonly #onTurnFailed = (error: unknown): void => {
    this.#turning = false;
    this.#crashed(error);
    this.#input.frameOver(this.#host);
    this.#pump();
  };

  // ── frames by pull ──

  #pull(): Promise<IteratorResult<In>> {
    const pulls = this.#pulls ??= new Pulls();
    this.#input.frameOver(this.#host);
    if (this.phase === "running" && pulls.size === 0 && this.#take()) {
      return Promise.resolve({ done: false, value: this.#frame as In });
    }
    const waiting = pulls.wait();
    if (this.#reason === undefined) this.#pump();
    else this.#endPulls();
    return waiting;
  }

  #servePulls(): void {
    const pulls = this.#pulls;
    while (pulls !== undefined && pulls.size > 0 && this.#take()) {
      pulls.give(this.#frame as In);
    }
    if (!this.#input.isEmpty) return;
    // A script that drains sees the end of its loop, and ends in its own time.
    if (this.#draining) this.#endPulls();
    else this.#nothingAtHand();
  }

  #endPulls(): void {
    const failure = this.#reason?.by === "failure" ? this.#reason : undefined;
    this.#pulls?.end(failure);
  }

  // ── crash and restart ──

  #start(): void {
    const incarnation = this.#incarnation;
    try {
      this.#handlers = callbacksOf<PeerHandlers<In, M>>(
        this.#host.handler(this),
        (value) => this.#scriptEnded(incarnation, value),
        (error) => this.#scriptFailed(incarnation, error),
      );
      if (this.#handlers === undefined) this.#scripts++;
    } catch (error) {
      return this.#crashed(error);
    }
    // The factory itself may have closed the peer.
    if (this.#reason !== undefined) return;
    this.#life.to("started");
    if (incarnation > 0) {
      this.#host.settings.emit({
        kind: "restarted",
        actor: this.name,
        incarnation,
      });
    }
  }

  #crashed(error: unknown): void {
    const { settings } = this.#host;
    const over = this.#reason !== undefined;
    const plan = planCrash({
      actor: this.name,
      error,
      frame: this.#frame,
      over,
      history: this.#history,
    }, settings);
    if (this.#message !== undefined) this.#mail?.fail(this.#message, error);
    this.#message = undefined;
    this.#frame = undefined;
    if (over) return;
    if (!plan.restart) {
      return this.end({ by: "failure", error: plan.failure });
    }
    this.#history = plan.history;
    this.#life.to("crashed");
    this.#incarnation++;
    this.#restartTimer = settings.clock.after(plan.inMs, () => {
      this.#life.to("restart");
      this.#start();
      this.#pump();
    });
  }

  #scriptEnded(incarnation: number, value: unknown): void {
    this.#scripts--;
    if (this.#reason !== undefined || incarnation !== this.#incarnation) {
      return this.#pump();
    }
    if (value !== undefined) {
      this.#crashed(badHandler(value));
      return this.#pump();
    }
    this.end({ by: this.#draining ? "shutdown" : "local" });
  }

  #scriptFailed(incarnation: number, error: unknown): void {
    this.#scripts--;
    const told = this.#reason?.by === "failure" && this.#reason.error === error;
    // What its loop was told, passed on, is not the script's own failure.
    if (!told && incarnation === this.#incarnation) {
      this.#crashed(error);
      this.#input.frameOver(this.#host);
    }
    this.#pump();
  }

  // ── messages, inside ──

  #mailFor(): Mail<M> {
    return this.#mail ??= new Mail<M>({
      name: this.name,
      takesMessages: () =>
        // While a handler is being made nobody knows yet, so mail waits.
        this.phase !== "running" || this.#handlers?.message !== undefined,
      onMail: () => {
        if (!this.#turning && !this.#pumping) queueMicrotask(this.#pump);
      },
    }, this.#host.settings);
  }

  #stopped(): ActorStoppedError {
    return new ActorStoppedError(`Cannot reach ${this.name}: it has stopped`);
  }

  // ── the end ──

  #finish(): void {
    if (this.#ending === "waiting") {
      const busy = this.#turning || this.#scripts > 0;
      if (busy && !this.#killed) return this.#armGrace();
      this.#ending = "farewell";
      void this.#farewell();
    } else if (this.#ending === "farewell" && this.#killed) this.#over();
  }

  async #farewell(): Promise<void> {
    try {
      const result = this.#handlers?.closed?.(this.#reason!);
      if (isThenable(result)) {
        this.#armGrace();
        await result;
      }
    } catch (error) {
      this.#crashed(error);
    }
    this.#over();
  }

  #over(): void {
    if (this.#ending === "over") return;
    this.#ending = "over";
    this.#input.end(this.#host);
    this.#graceTimer?.cancel();
    this.#life.to("ended");
    this.#host.settings.emit({
      kind: "closed",
      connection: this.id,
      reason: this.#reason!,
      stats: this.stats,
    });
    this.#host.onEnded(this);
    this.#exited?.resolve(this.#exit!);
  }

  #armGrace(graceMs = this.#host.settings.graceMs): void {
    this.#graceTimer ??= this.#host.settings.clock.after(graceMs, () => {
      this.#killed = true;
      this.end({ by: this.#draining ? "shutdown" : "local" });
    });
  }
}
