/**
 * Opens datagram sockets. Decides what is asked of the runtime before it is asked: whether datagrams are
 * there at all, and whether the address makes sense.
 *
 * @module
 */

import { checkDatagramEndpoint, checkMulticastGroup } from "./datagram_addr.ts";
import type {
  DatagramEndpoint,
  DatagramSocket,
  Membership,
  MulticastGroup,
  UdpEndpoint,
} from "./datagram_types.ts";
import { isClosed, listenError } from "./deno_errors.ts";
import { addrText, DEFAULT_HOSTNAME, endpointText } from "./endpoint.ts";
import { openUnixpacket } from "./unixpacket_takeover.ts";
import { requireUnstableNet } from "./unstable_net.ts";

/**
 * Binds a socket to `endpoint`, or says why that cannot be. Its multicast groups are not joined yet. Where a socket
 * file is in the way, it is bound when that has been looked into: see `DatagramSocket.bound`.
 *
 * @throws {ListenError} Where the system or Deno's permissions say no; `code` is `"UNSTABLE_NET"` where Deno
 * runs without `--unstable-net`.
 * @throws {RangeError} @throws {TypeError} For an endpoint that cannot be meant.
 */
export function openDatagrams(endpoint: DatagramEndpoint): DatagramSocket {
  checkDatagramEndpoint(endpoint);
  const where = endpoint.transport === "unixpacket"
    ? endpoint.path
    : endpointText({ hostname: endpoint.hostname, port: endpoint.port });
  requireUnstableNet(where, "datagrams");
  try {
    return endpoint.transport === "unixpacket"
      ? openUnixpacket(endpoint)
      : new UdpSocket(bind(endpoint));
  } catch (error) {
    throw listenError(where, error);
  }
}

function bind(endpoint: UdpEndpoint): Deno.DatagramConn {
  const { hostname = DEFAULT_HOSTNAME, port, reuseAddress = false } = endpoint;
  return Deno.listenDatagram({
    transport: "udp",
    hostname,
    port,
    reuseAddress,
    // Whoever listens to a group on the machine that sends to it expects to hear that, as everywhere else.
    loopback: true,
  });
}

class UdpSocket implements DatagramSocket {
  readonly #conn: Deno.DatagramConn;
  readonly addr: Deno.NetAddr;

  constructor(conn: Deno.DatagramConn) {
    this.#conn = conn;
    this.addr = conn.addr as Deno.NetAddr;
  }

  receive(into: Uint8Array): Promise<[Uint8Array, Deno.Addr]> {
    return this.#conn.receive(into);
  }

  send(bytes: Uint8Array, to: Deno.Addr): Promise<number> {
    return this.#conn.send(bytes, to);
  }

  async join(wanted: MulticastGroup): Promise<Membership> {
    checkMulticastGroup(wanted);
    const { group, interface: on = "0.0.0.0" } = wanted;
    if (this.addr.hostname.includes(":")) {
      throw new TypeError(
        `Cannot join multicast group ${group}: the socket ${
          addrText(this.addr)
        } is not of IPv4`,
      );
    }
    try {
      return new DenoMembership(await this.#conn.joinMulticastV4(group, on));
    } catch (error) {
      throw listenError(`multicast group ${group}`, error);
    }
  }

  close(): void {
    try {
      this.#conn.close();
    } catch (error) {
      if (!isClosed(error)) throw error;
    }
  }
}

class DenoMembership implements Membership {
  readonly #membership: Deno.MulticastV4Membership;
  #left: Promise<void> | undefined;

  constructor(membership: Deno.MulticastV4Membership) {
    this.#membership = membership;
  }

  leave(): Promise<void> {
    return this.#left ??= this.#leave();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  async #leave(): Promise<void> {
    try {
      await this.#membership.leave();
    } catch (error) {
      // A closed socket has left every group.
      if (!isClosed(error)) throw error;
    }
  }
}
