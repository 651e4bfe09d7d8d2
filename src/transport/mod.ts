/** The door of the transport room: opening and accepting streams of bytes. @module */
export { describe, isClosed, lostError } from "./deno_errors.ts";
export { dial } from "./dial.ts";
export { addrText, checkEndpoint, endpointText } from "./endpoint.ts";
export {
  handshake,
  listen,
  mayBeStale,
  removeStaleSocket,
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
