/** The door of the transport room: opening and accepting streams of bytes, and sockets for datagrams. @module */
export { openDatagrams } from "./datagram.ts";
export { maxDatagramBytes, peerAddr } from "./datagram_addr.ts";
export type * from "./datagram_types.ts";
export { describe, isClosed, lostError } from "./deno_errors.ts";
export { dial } from "./dial.ts";
export { addrText, checkEndpoint, endpointText } from "./endpoint.ts";
export {
  handshake,
  listen,
  mayBeStale,
  removeStaleSocket,
  takenError,
  tune,
} from "./listen.ts";
export type {
  Acceptor,
  ByteStream,
  CustomEndpoint,
  Endpoint,
  ListenOptions,
  Network,
  TcpEndpoint,
  TlsEndpoint,
  UnixEndpoint,
} from "./types.ts";
