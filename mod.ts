/**
 * Packetboat: actor-style networking for Deno. Each connection is an actor with a mailbox, a codec turns
 * its bytes into whole frames, and a handler that throws is restarted on the same open socket.
 *
 * @module
 */

export * from "./src/errors.ts";
export { type Clock, systemClock, type Timer } from "./src/clock.ts";
export type * from "./src/observe/mod.ts";
export * from "./framing.ts";
export * from "./actor.ts";
export { connect, connectionChild, serve, serverChild } from "./src/net/mod.ts";
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
} from "./src/net/mod.ts";
export type {
  Acceptor,
  ByteStream,
  CustomEndpoint,
  Endpoint,
  Network,
  TcpEndpoint,
  TlsEndpoint,
  UnixEndpoint,
} from "./src/transport/mod.ts";
