/**
 * The contract of datagram sockets: where they are bound, what they do. `Deno.DatagramConn` is behind it; a
 * test makes up its own.
 *
 * @module
 */

/**
 * Where datagrams are received.
 *
 * @example Where to bind, from the command line: a port or a path
 * ```ts
 * import type { DatagramEndpoint } from "@packetboat/net/udp";
 * import { assertEquals } from "@std/assert";
 *
 * function endpoint(where: string): DatagramEndpoint {
 *   return where.includes("/")
 *     ? { transport: "unixpacket", path: where }
 *     : { port: Number(where) };
 * }
 * assertEquals(endpoint("5353"), { port: 5353 });
 * assertEquals(endpoint("/run/log"), {
 *   transport: "unixpacket",
 *   path: "/run/log",
 * });
 * ```
 */
export type DatagramEndpoint = UdpEndpoint | UnixpacketEndpoint;

/**
 * A UDP address.
 *
 * @example
 * ```ts
 * import { datagram, serveUdp, type UdpEndpoint } from "@packetboat/net/udp";
 * import { assert } from "@std/assert";
 *
 * const endpoint: UdpEndpoint = { hostname: "127.0.0.1", port: 0 };
 * await using server = serveUdp(
 *   { ...endpoint, codec: datagram() },
 *   (peer) => ({ frame: (bytes) => peer.send(bytes) }),
 * );
 * assert(server.addr.transport === "udp" && server.addr.port > 0);
 * ```
 */
export interface UdpEndpoint {
  /** May be left out. */
  transport?: "udp";
  /** An IP address or `localhost`; `0.0.0.0` also hears broadcasts and multicast groups. @default {"127.0.0.1"} */
  hostname?: string;
  /** 0 to 65535; on 0 the system chooses a free one. */
  port: number;
  /** Several sockets on one port; each of them hears broadcasts and multicast. @default {false} */
  reuseAddress?: boolean;
  /** IPv4 multicast groups to join; they are left when the socket is closed. */
  multicast?: readonly MulticastGroup[];
}

/**
 * A Unix datagram socket.
 *
 * @example
 * ```ts
 * import {
 *   datagram,
 *   serveUdp,
 *   type UnixpacketEndpoint,
 * } from "@packetboat/net/udp";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const endpoint: UnixpacketEndpoint = {
 *   transport: "unixpacket",
 *   path: `${folder}/echo.sock`,
 * };
 * const server = serveUdp(
 *   { ...endpoint, codec: datagram() },
 *   (peer) => ({ frame: (bytes) => peer.send(bytes) }),
 * );
 * assertEquals(server.addr, endpoint);
 * await server.stop();
 * await Deno.remove(folder); // The socket file is gone already.
 * ```
 */
export interface UnixpacketEndpoint {
  /** Tells it from UDP. */
  transport: "unixpacket";
  /**
   * Path of the socket file, 1 to 102 bytes. It is removed at the end, and so is a second one, `.wake` beside it. Files
   * that a dead process left there are replaced.
   */
  path: string;
}

/**
 * An IPv4 multicast group, heard on one network interface.
 *
 * @example A server that hears a group from its start to its end
 * ```ts
 * import { lines } from "@packetboat/net";
 * import { type MulticastGroup, serveUdp } from "@packetboat/net/udp";
 * import { assertEquals } from "@std/assert";
 *
 * const crew: MulticastGroup = { group: "239.66.88.10", interface: "127.0.0.1" };
 * const heard = Promise.withResolvers<string>();
 * await using server = serveUdp(
 *   { hostname: "0.0.0.0", port: 0, multicast: [crew], codec: lines() },
 *   () => ({ frame: (line) => heard.resolve(line) }),
 * );
 * await using sender = serveUdp({ port: 0, codec: lines() }, () => ({
 *   frame() {},
 * }));
 * const { port } = server.addr as Deno.NetAddr;
 * sender.peer({ hostname: crew.group, port }).send("all hands");
 * assertEquals(await heard.promise, "all hands");
 * ```
 */
export interface MulticastGroup {
  /** 224.0.0.0 to 239.255.255.255. */
  group: string;
  /** The IPv4 address of the interface; `0.0.0.0` lets the system choose. @default {"0.0.0.0"} */
  interface?: string;
}

/**
 * Being in a multicast group. Disposing of it leaves the group.
 *
 * @example
 * ```ts
 * import { lines } from "@packetboat/net";
 * import { type Membership, serveUdp } from "@packetboat/net/udp";
 * import { assertEquals } from "@std/assert";
 *
 * const heard = Promise.withResolvers<string>();
 * const handler = () => ({ frame: (line: string) => heard.resolve(line) });
 * const codec = lines();
 * await using server = serveUdp({ hostname: "0.0.0.0", port: 0, codec }, handler);
 * await using sender = serveUdp({ port: 0, codec }, handler);
 *
 * const crew = { group: "239.66.88.11", interface: "127.0.0.1" };
 * const membership: Membership = await server.join(crew);
 * const { port } = server.addr as Deno.NetAddr;
 * sender.peer({ hostname: crew.group, port }).send("all hands");
 * assertEquals(await heard.promise, "all hands");
 * await membership.leave();
 * ```
 */
export interface Membership extends AsyncDisposable {
  /** Hears no more of the group. Leaving again does nothing. */
  leave(): Promise<void>;
}

/** An open socket for datagrams. */
export interface DatagramSocket {
  readonly addr: Deno.Addr;
  /**
   * Resolves when it is bound, rejects with a `ListenError` when it cannot be; absent where it is bound already.
   * `receive` and `send` wait for it, and settle only after a `close` when it fails.
   */
  readonly bound?: Promise<void>;
  /** The next datagram, in the front of `into`, and its sender. Not called while one is pending. */
  receive(into: Uint8Array): Promise<[Uint8Array, Deno.Addr]>;
  /** Sends one datagram. `bytes` stay as they are until it settles. Calls are carried out in their order. */
  send(bytes: Uint8Array, to: Deno.Addr): Promise<number>;
  /** Hears a multicast group too. */
  join(group: MulticastGroup): Promise<Membership>;
  /** Frees the socket; what is pending rejects. */
  close(): void;
}
