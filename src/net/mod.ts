/** The door of the net room: servers, clients, connections. @module */
export { connectionChild, serverChild } from "./children.ts";
export { connect } from "./connect.ts";
export { serve } from "./serve.ts";
export type {
  Connection,
  ConnectionChildOptions,
  ConnectionHandler,
  ConnectionHandlers,
  ConnectionOptions,
  ConnectOptions,
  ServeOptions,
  Server,
  ServerStats,
} from "./types.ts";
export { datagram } from "./udp/datagram_codec.ts";
export { serveUdp } from "./udp/serve_udp.ts";
export { udpChild } from "./udp/udp_child.ts";
export type {
  Peer,
  PeerHandler,
  PeerHandlers,
  UdpOptions,
  UdpServer,
} from "./udp/types.ts";
