/**
 * The contract of datagram sockets: where they are bound, what they do. `Deno.DatagramConn` is behind it; a
 * test makes up its own.
 *
 * @module
 */

/** Where datagrams are received. */
export type DatagramEndpoint = UdpEndpoint | UnixpacketEndpoint;

/** A UDP address. */
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

/** A Unix datagram socket. */
export interface UnixpacketEndpoint {
  /** Tells it from UDP. */
  transport: "unixpacket";
  /**
   * Path of the socket file, 1 to 102 bytes. It is removed at the end, and so is a second one, `.wake` beside it. Files
   * that a dead process left there are replaced.
   */
  path: string;
}

/** An IPv4 multicast group, heard on one network interface. */
export interface MulticastGroup {
  /** 224.0.0.0 to 239.255.255.255. */
  group: string;
  /** The IPv4 address of the interface; `0.0.0.0` lets the system choose. @default {"0.0.0.0"} */
  interface?: string;
}

/** Being in a multicast group. Disposing of it leaves the group. */
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
