/**
 * Datagrams: UDP peers as actors, broadcast, multicast. Needs `--unstable-net`, or `"unstable": ["net"]` in the
 * application's deno.json. Codecs and errors come from the main entry point.
 *
 * @module
 */

export { datagram, serveUdp, udpChild } from "./src/net/mod.ts";
export type {
  Peer,
  PeerHandler,
  PeerHandlers,
  UdpOptions,
  UdpServer,
} from "./src/net/mod.ts";
export type {
  DatagramEndpoint,
  Membership,
  MulticastGroup,
  UdpEndpoint,
  UnixpacketEndpoint,
} from "./src/transport/mod.ts";
