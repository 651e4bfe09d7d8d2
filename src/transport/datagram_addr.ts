/**
 * Decides how the address of a datagram's peer is written: exactly as `receive` will report it, so that an
 * answer finds the peer that asked. Names are refused for that reason; nothing here asks a name server.
 *
 * @module
 */

import { shown } from "../shown.ts";
import { checkEndpoint, DEFAULT_HOSTNAME } from "./endpoint.ts";
import type { DatagramEndpoint, MulticastGroup } from "./datagram_types.ts";

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

/** 65,535 less the headers of UDP (8 bytes) and IPv4 (20): RFC 768, RFC 791. */
const MAX_UDP_BYTES = 65_507;
/** What is received lies in 65,536 bytes, and the last one tells that a datagram was cut off. */
const MAX_UNIXPACKET_BYTES = 65_535;

/** The largest datagram that can be sent from a socket bound to `addr`. */
export function maxDatagramBytes(addr: Deno.Addr): number {
  return addr.transport === "udp" ? MAX_UDP_BYTES : MAX_UNIXPACKET_BYTES;
}

/**
 * Throws on an endpoint that cannot be meant.
 *
 * @throws {RangeError} For a port outside 0 to 65535, a name for an address, a multicast group outside
 * 224.0.0.0/4, or a path that is empty or too long.
 * @throws {TypeError} For an unknown transport.
 */
export function checkDatagramEndpoint(endpoint: DatagramEndpoint): void {
  const { transport } = endpoint;
  if (transport === "unixpacket") {
    return checkEndpoint({ transport: "unix", path: endpoint.path });
  }
  if (transport !== undefined && transport !== "udp") {
    throw new TypeError(
      `Cannot use endpoint: 'transport' must be "udp" or "unixpacket": current value is ${
        shown(transport)
      }`,
    );
  }
  const { hostname = DEFAULT_HOSTNAME, port, multicast = [] } = endpoint;
  checkEndpoint({ port });
  canonicalIp(hostname, false);
  for (const group of multicast) checkMulticastGroup(group);
}

/** @throws {RangeError} For a group outside 224.0.0.0/4, or an interface that is no IPv4 address. */
export function checkMulticastGroup(
  { group, interface: on = "0.0.0.0" }: MulticastGroup,
): void {
  const first = IPV4.test(group) ? parseInt(group) : 0;
  if (first < 224 || first > 239) {
    throw new RangeError(
      `Cannot join multicast: 'group' must be an IPv4 address from 224.0.0.0 to 239.255.255.255: current value is ${
        shown(group)
      }`,
    );
  }
  if (!IPV4.test(on)) {
    throw new RangeError(
      `Cannot join multicast: 'interface' must be the IPv4 address of an interface: current value is ${
        shown(on)
      }`,
    );
  }
}

/**
 * The address to send to, from a socket bound to `ours`.
 *
 * @throws {RangeError} For a name other than `localhost`, an address of the other IP version, or a port outside
 * 1 to 65535.
 * @throws {TypeError} For a path where `ours` is UDP, or the other way round.
 */
export function peerAddr(
  to: { hostname: string; port: number } | { path: string },
  ours: Deno.Addr,
): Deno.Addr {
  if ("path" in to) {
    if (ours.transport === "unixpacket") {
      checkEndpoint({ transport: "unix", path: to.path });
      return { transport: "unixpacket", path: to.path };
    }
  } else if (ours.transport === "udp") {
    const { hostname, port } = to;
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new RangeError(
        `Cannot use address: 'port' must be an integer from 1 to 65535: current value is ${
          shown(port)
        }`,
      );
    }
    const over6 = ours.hostname.includes(":");
    const ip = canonicalIp(hostname, over6);
    if (ip.includes(":") !== over6) {
      throw new RangeError(
        `Cannot use address: 'hostname' must be an IPv4 address, as that of the socket: current value is ${
          shown(hostname)
        }`,
      );
    }
    return { transport: "udp", hostname: ip, port };
  }
  throw new TypeError(
    `Cannot use address: a socket of transport ${ours.transport} sends to ${
      ours.transport === "udp" ? "a 'hostname' and a 'port'" : "a 'path'"
    }`,
  );
}

/** One spelling for each IP address: that of RFC 5952, which the runtime uses. */
function canonicalIp(hostname: string, over6: boolean): string {
  const host = hostname === "localhost"
    ? over6 ? "::1" : DEFAULT_HOSTNAME
    : hostname;
  // A socket of IPv6 sees peers of IPv4 as mapped addresses.
  if (IPV4.test(host)) return over6 ? `::ffff:${host}` : host;
  // Without a colon it could be a name that happens to parse.
  const url = /^[0-9a-f.]*:[0-9a-f.:]*$/i.test(host)
    ? URL.parse(`http://[${host}]/`)
    : null;
  if (url === null) {
    throw new RangeError(
      `Cannot use address: 'hostname' must be an IP address or localhost: current value is ${
        shown(hostname)
      }`,
    );
  }
  const ip = url.hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(ip);
  if (mapped === null) return ip;
  const [high, low] = [parseInt(mapped[1], 16), parseInt(mapped[2], 16)];
  return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
