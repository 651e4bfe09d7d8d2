/**
 * A datagram server: one socket, its receive loop, its peers. Decides which datagram makes a peer, and how all of it
 * ends: every peer serves what is at hand, then the socket closes.
 *
 * @module
 */

import type { ExitReason } from "../../actor/mod.ts";
import { ActorStoppedError } from "../../errors.ts";
import type { Codec } from "../../framing/mod.ts";
import {
  addrText,
  type DatagramSocket,
  type Membership,
  type MulticastGroup,
  openDatagrams,
  peerAddr,
} from "../../transport/mod.ts";
import { checkParts } from "../options.ts";
import { Pause } from "../pause.ts";
import { decodeDatagram } from "./decode_datagram.ts";
import { resolveUdpOptions, type UdpSettings } from "./options.ts";
import { Outgoing } from "./outgoing.ts";
import { PeerActor, type PeerHost } from "./peer.ts";
import { PeerDirectory } from "./peer_directory.ts";
import type { Sender } from "./peer_input.ts";
import {
  type Lease,
  ReceiveLoop,
  type ReceiveLoopOwner,
} from "./receive_loop.ts";
import type { PeerHandler, UdpOptions, UdpServer } from "./types.ts";

/**
 * Binds a datagram socket, and gives each remote address a handler of its own. Returns when it is bound.
 *
 * A handler that throws is restarted, without the frame it failed on; every other peer goes on. A datagram that
 * the codec refuses is a `malformed` event with its sender, and nothing of it reaches a handler. `await using`
 * stops the server at the end of the scope: every peer serves what is at hand, then the socket closes.
 *
 * @param options Where to bind, the codec, and limits; every limit has a default.
 * @param handler Called at the first datagram of each peer, and again at each restart.
 * @throws {ListenError} The address cannot be bound; `code` says why, such as `"ADDR_IN_USE"`, or
 * `"UNSTABLE_NET"` where Deno runs without `--unstable-net`. A socket file that is in the way is looked into first:
 * whether somebody answers there is told by `exited`.
 * @throws {RangeError} An option is out of range; the message names it and its value.
 * @throws {TypeError} An unknown transport, or a codec, signal or handler that is none.
 *
 * @example An echo server, and a client that talks to it
 * ```ts
 * import { lines } from "@packetboat/net";
 * import { serveUdp } from "@packetboat/net/udp";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = serveUdp({ port: 0, codec: lines() }, (peer) => ({
 *   frame: (line) => peer.send(line.toUpperCase()),
 * }));
 *
 * const answer = Promise.withResolvers<string>();
 * await using client = serveUdp({ port: 0, codec: lines() }, () => ({
 *   frame: (line) => answer.resolve(line),
 * }));
 * client.peer(server.addr as Deno.NetAddr).send("ahoy");
 * assertEquals(await answer.promise, "AHOY");
 * ```
 */
export function serveUdp<In, Out = In, M = never>(
  options: UdpOptions<In, Out>,
  handler: PeerHandler<In, Out, M>,
): UdpServer<In, Out, M> {
  checkParts(options, handler);
  const settings = resolveUdpOptions(options);
  return new DatagramServer(openDatagrams(options), options, settings, handler);
}

/** The implementation of {@linkcode UdpServer}, on any socket. */
export class DatagramServer<In, Out, M>
  implements UdpServer<In, Out, M>, PeerHost<In, Out, M>, ReceiveLoopOwner {
  readonly name: string;
  readonly addr: Deno.Addr;
  readonly settings: UdpSettings;
  readonly handler: PeerHandler<In, Out, M>;
  readonly exited: Promise<ExitReason>;
  #resolveExited!: (reason: ExitReason) => void;
  readonly poisons: boolean;

  readonly #socket: DatagramSocket;
  readonly #codec: Codec<In, Out>;
  readonly #signal: AbortSignal | undefined;
  readonly #loop: ReceiveLoop;
  readonly #outgoing: Outgoing<Out>;
  readonly #directory: PeerDirectory<PeerActor<In, Out, M>>;
  /** The wait for the last sends. */
  readonly #pause: Pause;
  /** Settles when a socket that was not bound at once is, or is not; never rejects. */
  #bound: Promise<void> | undefined;
  #made = 0;
  #queuedBytes = 0;
  #ending: Promise<void> | undefined;
  #graceMs: number;
  readonly #onAbort = () => void this.stop();

  constructor(
    socket: DatagramSocket,
    options: UdpOptions<In, Out>,
    settings: UdpSettings,
    handler: PeerHandler<In, Out, M>,
  ) {
    const { codec, name = "udp", signal } = options;
    this.name = name;
    this.addr = socket.addr;
    this.settings = settings;
    this.#graceMs = settings.graceMs;
    this.handler = handler;
    this.poisons = settings.frames === "poisoned";
    this.exited = new Promise((resolve) => this.#resolveExited = resolve);
    this.#socket = socket;
    this.#codec = codec;
    this.#signal = signal;
    this.#pause = new Pause(settings.clock);
    this.#directory = new PeerDirectory(settings);
    this.#outgoing = new Outgoing(
      socket,
      codec,
      settings.maxOutboxBytes,
      (error, remoteAddr) =>
        settings.emit({ kind: "sendFailed", server: name, remoteAddr, error }),
    );
    if (socket.bound === undefined) this.#listening();
    else {
      this.#bound = socket.bound.then(
        () => this.#listening(),
        (error) => this.#fail(error),
      );
    }
    this.#loop = new ReceiveLoop(socket, this, {
      lease: !codec.aliases
        ? "call"
        : settings.frames === "kept"
        ? "kept"
        : "lent",
      clock: settings.clock,
    });
    if (options.transport !== "unixpacket") {
      for (const group of options.multicast ?? []) void this.#joinOrEnd(group);
    }
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get peers(): ReadonlyMap<string, PeerActor<In, Out, M>> {
    return this.#directory.peers;
  }

  peer(
    to: { hostname: string; port: number } | { path: string },
  ): PeerActor<In, Out, M> {
    const addr = peerAddr(to, this.addr);
    const key = addrText(addr);
    const known = this.peers.get(key);
    if (known !== undefined) return known;
    if (this.#ending !== undefined) {
      throw new ActorStoppedError(
        `Cannot make a peer for ${key}: ${this.name} has stopped`,
      );
    }
    // Whoever had to make room may have ended the server, or made the very same peer.
    return this.#make(addr, key, true) ?? this.peer(to);
  }

  join(group: MulticastGroup): Promise<Membership> {
    return this.#socket.join(group);
  }

  stop(options?: { graceMs?: number }): Promise<ExitReason> {
    const graceMs = options?.graceMs ?? this.settings.graceMs;
    if (this.#ending === undefined) this.#graceMs = graceMs;
    else this.#graceMs = Math.min(this.#graceMs, graceMs);
    this.#end({ kind: "shutdown" });
    for (const peer of this.#directory.all()) void peer.stop({ graceMs });
    return this.exited;
  }

  kill(): void {
    this.#end({ kind: "killed" });
    this.#killPeers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  // ── what the receive loop tells ──

  onDatagram(bytes: Uint8Array, from: Deno.Addr, lease: Lease): boolean {
    if (this.#ending !== undefined) return false;
    const known = this.#directory.find(from);
    if (known !== undefined) {
      this.#directory.heard(known);
      return known.arrived(bytes, lease);
    }
    // A stranger that talks rubbish is not worth a peer.
    const frames = this.#decode(bytes, from);
    if (frames === undefined) return false;
    const peer = this.#make(from, addrText(from), false);
    if (peer === undefined) return this.onDatagram(bytes, from, lease);
    return peer.arrivedDecoded(frames, bytes, lease);
  }

  onFailed(error: unknown, retryInMs: number): void {
    const server = this.name;
    this.settings.emit({ kind: "receiveFailed", server, error, retryInMs });
  }

  onGone(error: unknown): void {
    this.#fail(error);
  }

  // ── what peers ask for ──

  decode(bytes: Uint8Array, { id, remoteAddr }: Sender): readonly In[] {
    return this.#decode(bytes, remoteAddr, id) ?? [];
  }

  transmit(frame: Out, peer: PeerActor<In, Out, M>): number | undefined {
    const byteLength = this.#outgoing.send(frame, peer.remoteAddr);
    if (byteLength === undefined) {
      this.settings.emit({ kind: "dropped", actor: peer.name, count: 1 });
    } else if (peer.madeHere) {
      this.#directory.heard(peer);
      peer.renewed();
    }
    return byteLength;
  }

  reserve(byteLength: number): boolean {
    if (this.#queuedBytes + byteLength > this.settings.maxQueuedBytes) {
      return false;
    }
    this.#queuedBytes += byteLength;
    return true;
  }

  release(byteLength: number): void {
    this.#queuedBytes -= byteLength;
  }

  giveBack(bytes: Uint8Array, free: boolean): void {
    this.#loop.giveBack(bytes, free);
  }

  onEnding(peer: PeerActor<In, Out, M>): void {
    this.#directory.free(peer);
  }

  onEnded(peer: PeerActor<In, Out, M>): void {
    this.#directory.forget(peer);
  }

  // ── inside ──

  #listening(): void {
    if (this.#ending !== undefined) return;
    const { name: server, addr } = this;
    this.settings.emit({ kind: "listening", server, addr });
  }

  /** A new peer; `undefined` = there was none to be made any more, once room was made for it. */
  #make(
    remoteAddr: Deno.Addr,
    key: string,
    madeHere: boolean,
  ): PeerActor<In, Out, M> | undefined {
    const isWanted = () => this.#ending === undefined && !this.peers.has(key);
    this.#directory.makeRoom(isWanted);
    if (!isWanted()) return undefined;
    const id = ++this.#made;
    const peer = new PeerActor(this, { id, remoteAddr, key, madeHere });
    this.#directory.add(peer);
    peer.open();
    return peer;
  }

  /** The frames of a datagram; `undefined` = it is malformed, and nothing of it counts. */
  #decode(
    bytes: Uint8Array,
    remoteAddr: Deno.Addr,
    connection?: number,
  ): In[] | undefined {
    try {
      return decodeDatagram(this.#codec, bytes);
    } catch (error) {
      this.settings.emit({
        kind: "malformed",
        ...(connection === undefined ? {} : { connection }),
        remoteAddr,
        error,
      });
      return undefined;
    }
  }

  async #joinOrEnd(group: MulticastGroup): Promise<void> {
    try {
      await this.#socket.join(group);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#ending !== undefined) return;
    this.#end({ kind: "failed", error });
    this.#killPeers();
  }

  #killPeers(): void {
    this.#graceMs = 0;
    this.#pause.cut();
    for (const peer of this.#directory.all()) peer.kill();
  }

  /** Called before peers are ended: from now on their last callbacks make no others. */
  #end(reason: ExitReason): void {
    if (this.#ending !== undefined) return;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#ending = this.#shut(reason);
  }

  async #shut(reason: ExitReason): Promise<void> {
    const peers = this.#directory.all();
    await Promise.all(peers.map(({ exited }) => exited));
    const sent = this.#outgoing.idle().then(() => this.#pause.cut());
    await this.#pause.wait(this.#graceMs);
    await this.#loop.stop();
    await this.#bound;
    await sent;
    this.#resolveExited(reason);
  }
}
