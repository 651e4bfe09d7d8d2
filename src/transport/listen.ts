/**
 * Opens listeners. Decides what happens where the address is taken: a port in use is an error; a socket
 * file that a dead process left behind is removed, one that a living process answers on is respected.
 *
 * @module
 */

import {
  isAddrInUse,
  isMissing,
  isRefused,
  listenError,
  occupiedError,
} from "./deno_errors.ts";
import { checkEndpoint, DEFAULT_HOSTNAME, endpointText } from "./endpoint.ts";
import { occupantOf } from "./occupant.ts";
import type {
  Acceptor,
  ByteStream,
  Endpoint,
  ListenOptions,
  UnixEndpoint,
} from "./types.ts";
import { requireUnstableNet } from "./unstable_net.ts";

/**
 * Listens on `endpoint`, or says why that cannot be.
 *
 * @throws {ListenError} Where the system or Deno's permissions say no.
 * @throws {RangeError} For an endpoint that cannot be meant; see `checkEndpoint`.
 * @throws {TypeError} For TLS without a certificate and a key.
 */
export function listen(endpoint: Endpoint, options: ListenOptions): Acceptor {
  checkEndpoint(endpoint);
  const where = endpointText(endpoint);
  if (options.reusePort) {
    requireUnstableNet(where, "listeners with 'reusePort'");
  }
  try {
    return open(endpoint, options);
  } catch (error) {
    if (error instanceof TypeError) throw error;
    throw listenError(where, error);
  }
}

/**
 * Removes a socket file that nobody listens on. Resolves to whether the path is free now: not when a
 * process answers there, nor when the file is something else than a socket.
 */
export async function removeStaleSocket(
  { path }: UnixEndpoint,
): Promise<boolean> {
  try {
    // A plain file refuses a connection just as a dead socket does, so the kind is looked at first.
    const stale = await Deno.lstat(path);
    if (!stale.isSocket) return false;
    try {
      (await Deno.connect({ transport: "unix", path })).close();
      return false;
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
    // Another process may have done the same and listen there by now: what it made stays.
    if (!isSameFile(Deno.lstatSync(path), stale)) return false;
    Deno.removeSync(path);
  } catch (error) {
    // Whoever it was has gone, and its file too.
    if (!isMissing(error)) throw error;
  }
  return true;
}

/** The number of a file that is gone may be given to the next. */
function isSameFile(one: Deno.FileInfo, other: Deno.FileInfo): boolean {
  return one.ino === other.ino &&
    one.ctime?.getTime() === other.ctime?.getTime();
}

/** The error for a path that is not free, made of the failure of `listen`: it says what is there, if not a socket. */
export async function takenError(
  { path }: UnixEndpoint,
  inUse: unknown,
): Promise<unknown> {
  // A link may lead to a socket that somebody answers on.
  const what = await occupantOf(path);
  if (what === undefined) return inUse;
  return occupiedError(path, what, (inUse as Error).cause);
}

/** Whether a failure of `listen` may be a socket file left behind. */
export function mayBeStale(endpoint: Endpoint, error: unknown): boolean {
  return endpoint.transport === "unix" && error instanceof Error &&
    isAddrInUse(error.cause);
}

function open(endpoint: Endpoint, options: ListenOptions): Acceptor {
  if (endpoint.transport === "custom") return endpoint.network.listen();
  if (endpoint.transport === "unix") {
    return Deno.listen({ transport: "unix", path: endpoint.path });
  }
  const { hostname = DEFAULT_HOSTNAME, port } = endpoint;
  const { backlog: tcpBacklog, reusePort } = options;
  if (endpoint.transport !== "tls") {
    return Deno.listen({ hostname, port, reusePort, tcpBacklog });
  }
  const { cert, key, alpnProtocols } = endpoint;
  if (cert === undefined || key === undefined) {
    throw new TypeError(
      "Cannot listen with TLS: 'cert' and 'key' must be given, both as PEM text",
    );
  }
  return Deno.listenTls({
    hostname,
    port,
    cert,
    key,
    alpnProtocols,
    reusePort,
    tcpBacklog,
  });
}

/** Finishes a TLS handshake; a stream without one is ready as it is. */
export async function handshake(stream: ByteStream): Promise<void> {
  await (stream as Partial<Deno.TlsConn>).handshake?.();
}

/**
 * Sends small writes at once. Ours are corked by turn already, so waiting for more would only add delay:
 * tcp(7), TCP_NODELAY.
 */
export function tune(stream: ByteStream): void {
  (stream as Partial<Deno.TcpConn>).setNoDelay?.(true);
}
