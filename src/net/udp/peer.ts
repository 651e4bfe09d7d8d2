/**
 * One remote address as an actor: what everybody sees of it, and what its server tells it. Decides nothing but what
 * is counted; the order of its turns is in `peer_turns.ts`, its beginning, crashes and end are in `peer_life.ts`.
 *
 * A peer that begins to end is at once nobody's any more: its address is free for a new one. The turn under
 * way may finish; what waits is dropped, except at `stop`, which serves it first.
 *
 * @module
 */

import type {
  AskOptions,
  ExitReason,
  Phase,
  ReplyTo,
  TellVerdict,
} from "../../actor/mod.ts";
import { ActorStoppedError } from "../../errors.ts";
import type { CloseReason, ConnectionStats } from "../../observe/mod.ts";
import { frameIterator, notIterable } from "../pulls.ts";
import { type LifeOwner, PeerLife } from "./peer_life.ts";
import { PeerTurns, type TurnsHost } from "./peer_turns.ts";
import type { Lease } from "./receive_loop.ts";
import type { Place } from "./silence.ts";
import type { Peer, PeerHandler } from "./types.ts";

/** What a peer needs of its server. */
export interface PeerHost<In, Out, M> extends TurnsHost<In> {
  readonly name: string;
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

/** The implementation of {@linkcode Peer}. */
export class PeerActor<In, Out, M>
  implements Peer<In, Out, M>, LifeOwner<In, M> {
  readonly id: number;
  readonly remoteAddr: Deno.Addr;
  /** Address as text. */
  readonly key: string;
  /** Made by our own side, so that what we send counts as a sign of life too. */
  readonly madeHere: boolean;
  /** Where it stands in the order of silence; the server's. */
  place: Place<PeerActor<In, Out, M>> | undefined;
  readonly #host: PeerHost<In, Out, M>;
  readonly #life: PeerLife<In, M>;
  readonly #turns: PeerTurns<In, M>;
  #framesOut = 0;
  #bytesOut = 0;
  readonly #openedAtMs = Date.now();

  constructor(host: PeerHost<In, Out, M>, parts: PeerParts) {
    this.#host = host;
    this.id = parts.id;
    this.remoteAddr = parts.remoteAddr;
    this.key = parts.key;
    this.madeHere = parts.madeHere;
    this.#life = new PeerLife(this, host.settings);
    this.#turns = this.#life.turns = new PeerTurns(host, this, this.#life);
  }

  // ── what everybody sees ──

  get name(): string {
    return `${this.#host.name}#${this.id}`;
  }

  get phase(): Phase {
    return this.#life.phase;
  }

  get mailboxSize(): number {
    return this.#turns.mailboxSize;
  }

  get exited(): Promise<ExitReason> {
    return this.#life.notices.exited;
  }

  get signal(): AbortSignal {
    return this.#life.notices.signal;
  }

  get stats(): ConnectionStats {
    const { framesIn, bytesIn, bufferedBytes } = this.#turns;
    return {
      framesIn,
      framesOut: this.#framesOut,
      bytesIn,
      bytesOut: this.#bytesOut,
      restarts: this.#life.restarts,
      bufferedBytes,
      openedAtMs: this.#openedAtMs,
    };
  }

  send(frame: Out): boolean {
    if (this.#life.isOver) return false;
    const byteLength = this.#host.transmit(frame, this);
    if (byteLength === undefined) return false;
    this.#framesOut++;
    this.#bytesOut += byteLength;
    return true;
  }

  tell(message: M): TellVerdict {
    if (this.#life.isOver) return "stopped";
    return this.#turns.mail.tell(message);
  }

  deliver(message: M, options?: { signal?: AbortSignal }): Promise<void> {
    if (this.#life.isOver) return Promise.reject(this.#stopped());
    return this.#turns.mail.deliver(message, options);
  }

  ask<R>(make: (reply: ReplyTo<R>) => M, options?: AskOptions): Promise<R> {
    if (this.#life.isOver) return Promise.reject(this.#stopped());
    return this.#turns.mail.ask(make, options);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<In> {
    if (!this.#life.isScript) {
      throw notIterable(this.name);
    }
    return frameIterator(() => this.#turns.pull());
  }

  close(): void {
    this.end({ by: "local" });
  }

  stop(options?: { graceMs?: number }): Promise<ExitReason> {
    const { exited } = this;
    this.#life.drain(options?.graceMs);
    return exited;
  }

  kill(): void {
    this.#life.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.exited;
  }

  // ── what the server tells ──

  /** Starts the handler. Called once. */
  open(): void {
    const { id: connection, remoteAddr } = this;
    const { name: server, settings } = this.#host;
    settings.emit({ kind: "opened", server, connection, remoteAddr });
    this.#life.begin();
  }

  /** A datagram of this peer. `true` = its `bytes`, which are lent, are still looked at. */
  arrived(bytes: Uint8Array, lease: Lease): boolean {
    this.#life.isSilent = false;
    return this.#turns.arrived(bytes, lease);
  }

  /** The same for the only datagram at hand, decoded. */
  arrivedDecoded(
    frames: readonly In[],
    bytes: Uint8Array,
    lease: Lease,
  ): boolean {
    return this.#turns.arrivedDecoded(frames, bytes, lease);
  }

  /** Something was sent, and that counts as a sign of life. */
  renewed(): void {
    this.#life.isSilent = false;
  }

  /** It has been silent too long. */
  silenced(): void {
    this.#life.silenced();
  }

  /** Ends it: nothing more is taken in, the turn under way may finish. */
  end(reason: CloseReason): void {
    this.#life.end(reason);
  }

  // ── what its life asks for ──

  makeHandler(): ReturnType<PeerHandler<In, Out, M>> {
    return this.#host.handler(this);
  }

  onEnding(): void {
    this.#host.onEnding(this);
  }

  onEnded(): void {
    this.#host.onEnded(this);
  }

  #stopped(): ActorStoppedError {
    return new ActorStoppedError(`Cannot reach ${this.name}: it has stopped`);
  }
}
