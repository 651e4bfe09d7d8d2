/**
 * The contract of datagrams: peers, their handlers, the server they belong to. Holds types only.
 *
 * @module
 */

import type { ActorRef, Supervisable } from "../../actor/mod.ts";
import type { Clock } from "../../clock.ts";
import type { Codec } from "../../framing/mod.ts";
import type { ConnectionStats } from "../../observe/mod.ts";
import type {
  DatagramEndpoint,
  Membership,
  MulticastGroup,
} from "../../transport/mod.ts";
import type { ConnectionHandlers, ConnectionOptions } from "../types.ts";

/**
 * One remote address: an actor whose mailbox takes the frames of its datagrams and messages from other actors.
 * Lives from its first datagram until it has been silent for `peerIdleMs`; then the same address gets a new one.
 *
 * @example
 * ```ts
 * import { lines } from "@packetboat/net";
 * import { type Peer, serveUdp } from "@packetboat/net/udp";
 * import { assertEquals } from "@std/assert";
 *
 * const heard = Promise.withResolvers<string>();
 * await using server = serveUdp({ port: 0, codec: lines() }, () => ({
 *   frame: (line) => heard.resolve(line),
 * }));
 * await using client = serveUdp({ port: 0, codec: lines() }, () => ({
 *   frame() {},
 * }));
 * const peer: Peer<string> = client.peer(server.addr as Deno.NetAddr);
 * assertEquals(peer.send("ahoy"), true);
 * assertEquals(await heard.promise, "ahoy");
 * assertEquals(peer.stats.framesOut, 1);
 * ```
 */
export interface Peer<In, Out = In, M = never>
  extends ActorRef<M>, AsyncIterable<In> {
  /** Counts from 1 in each server. */
  readonly id: number;
  /** Where its datagrams come from, and where `send` sends to. */
  readonly remoteAddr: Deno.Addr;
  /** Aborts when the peer ends, also while a handler is still busy. */
  readonly signal: AbortSignal;
  /**
   * One frame, one datagram, sent at once. `false` = it was not: the peer has ended, or the socket is too far
   * behind. `true` promises no more than UDP does; a failure that the system reports is a `sendFailed` event.
   *
   * @throws {EncodeError} The codec cannot carry this frame, or it is too large for a datagram; nothing was sent.
   */
  send(frame: Out): boolean;
  /** Ends it. What was sent before is sent; the next datagram from its address makes a new peer. */
  close(): void;
  /** What it has done so far; a copy. */
  readonly stats: ConnectionStats;
}

/**
 * What a handler returns: callbacks, run one at a time, never re-entered. A returned promise is awaited before the next.
 *
 * @example Callbacks with a count of their own for each peer
 * ```ts
 * import { lines } from "@packetboat/net";
 * import { type PeerHandlers, serveUdp } from "@packetboat/net/udp";
 * import { assertEquals } from "@std/assert";
 *
 * const total = Promise.withResolvers<number>();
 * function counting(): PeerHandlers<string> {
 *   let count = 0;
 *   return { frame: (line) => line === "bye" ? total.resolve(count) : count++ };
 * }
 * await using server = serveUdp({ port: 0, codec: lines() }, counting);
 * await using client = serveUdp({ port: 0, codec: lines() }, counting);
 * const peer = client.peer(server.addr as Deno.NetAddr);
 * for (const line of ["one", "two", "bye"]) peer.send(line);
 * assertEquals(await total.promise, 2);
 * ```
 */
export type PeerHandlers<In, M = never> = Pick<
  ConnectionHandlers<In, M>,
  "frame" | "message" | "closed"
>;

/**
 * Called at the first datagram of a peer and again at every restart: either hands out callbacks, or is itself a
 * script that reads with `for await`. When a script ends, so does its peer.
 *
 * @example A script that numbers the lines of its peer
 * ```ts
 * import { lines } from "@packetboat/net";
 * import { type PeerHandler, serveUdp } from "@packetboat/net/udp";
 * import { assertEquals } from "@std/assert";
 *
 * const numbering: PeerHandler<string, string, never> = async (peer) => {
 *   let count = 0;
 *   for await (const line of peer) peer.send(`${++count} ${line}`);
 * };
 * await using server = serveUdp({ port: 0, codec: lines() }, numbering);
 *
 * const answer = Promise.withResolvers<string>();
 * await using client = serveUdp({ port: 0, codec: lines() }, () => ({
 *   frame: (line) => answer.resolve(line),
 * }));
 * client.peer(server.addr as Deno.NetAddr).send("ahoy");
 * assertEquals(await answer.promise, "1 ahoy");
 * ```
 */
export type PeerHandler<In, Out, M> =
  | ((peer: Peer<In, Out, M>) => PeerHandlers<In, M>)
  | ((peer: Peer<In, Out, M>) => Promise<void>);

/**
 * Options of {@linkcode serveUdp}.
 *
 * @example Few peers, and none that is silent for long
 * ```ts
 * import { lines } from "@packetboat/net";
 * import { serveUdp, type UdpOptions } from "@packetboat/net/udp";
 * import { assertEquals } from "@std/assert";
 *
 * const options: UdpOptions<string, string> = {
 *   port: 0,
 *   codec: lines(),
 *   maxPeers: 2,
 *   peerIdleMs: 10_000,
 * };
 * await using server = serveUdp(options, () => ({ frame() {} }));
 * for (const port of [9, 10, 11]) server.peer({ hostname: "127.0.0.1", port });
 * assertEquals([...server.peers.keys()], ["127.0.0.1:10", "127.0.0.1:11"]);
 * ```
 */
export type UdpOptions<In, Out> =
  & DatagramEndpoint
  & Pick<
    ConnectionOptions,
    | "onCrash"
    | "restart"
    | "mailbox"
    | "frames"
    | "graceMs"
    | "signal"
    | "onEvent"
  >
  & {
    /** How frames lie in a datagram. A datagram holds whole frames, none or one or several. */
    codec: Codec<In, Out>;
    /** For events and errors. @default {"udp"} */
    name?: string;
    /** Hard limit; where one more comes, the one that has been silent longest ends. @default {10_000} */
    maxPeers?: number;
    /** A peer from which nothing came for this long ends. @default {60_000} */
    peerIdleMs?: number;
    /** Datagrams that may wait for the busy handler of one peer; more are dropped. @default {64} */
    maxQueuedDatagrams?: number;
    /** Bytes of datagrams that may wait for handlers, all peers together; more are dropped. @default {16_777_216} */
    maxQueuedBytes?: number;
    /** Bytes that may wait for the system to send them; more are dropped. @default {16_777_216} */
    maxOutboxBytes?: number;
    /** Where time comes from; a test hands in its own. */
    clock?: Clock;
  };

/**
 * A datagram socket and its peers.
 *
 * @example One datagram to every peer
 * ```ts
 * import { lines } from "@packetboat/net";
 * import { serveUdp, type UdpServer } from "@packetboat/net/udp";
 * import { assertEquals } from "@std/assert";
 *
 * function tellAll(server: UdpServer<string, string, never>, line: string) {
 *   for (const peer of server.peers.values()) peer.send(line);
 * }
 *
 * const heard = Promise.withResolvers<string>();
 * await using listener = serveUdp({ port: 0, codec: lines() }, () => ({
 *   frame: (line) => heard.resolve(line),
 * }));
 * await using server = serveUdp({ port: 0, codec: lines() }, () => ({
 *   frame() {},
 * }));
 * server.peer(listener.addr as Deno.NetAddr);
 * tellAll(server, "all aboard");
 * assertEquals(await heard.promise, "all aboard");
 * ```
 */
export interface UdpServer<In, Out, M> extends Supervisable {
  /** Where it is bound; with port 0 in the options, the port the system chose. */
  readonly addr: Deno.Addr;
  /** The peers that live, by their address as text: `127.0.0.1:5000`, `[::1]:5000`, or a path. */
  readonly peers: ReadonlyMap<string, Peer<In, Out, M>>;
  /**
   * The peer of an address, made from this side if there is none; broadcast and multicast addresses included.
   * One that was made from this side lives as long as either side sends.
   *
   * @throws {RangeError} Not an IP address (or `localhost`), one of the other IP version, or not a port.
   * @throws {TypeError} A path where the socket is UDP, or the other way round.
   * @throws {ActorStoppedError} The server has stopped, or is stopping.
   */
  peer(
    to: { hostname: string; port: number } | { path: string },
  ): Peer<In, Out, M>;
  /**
   * Hears an IPv4 multicast group too, until the membership is left or the server ends.
   *
   * @throws {RangeError} (as a rejection) Not a multicast address, or the interface is not an IPv4 address.
   * @throws {ListenError} (as a rejection) The system refuses, for instance because it has no such interface.
   */
  join(group: MulticastGroup): Promise<Membership>;
}
