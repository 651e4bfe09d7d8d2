/**
 * Opens client connections. A deadline or an abort ends the attempt in any of its phases: name, TCP, TLS.
 * A call that fails leaves nothing open behind, but for a TLS handshake that is cut off: Deno keeps its socket
 * until the peer leaves, however it is closed. And Deno 2.9 loses a TCP socket whose connection comes about just as its
 * `signal` aborts: 7 to 16 of 1,000 on loopback, each aborted at random within 4 ms. Without that signal, one that
 * nobody answers would be tried for two minutes.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { ConnectError } from "../errors.ts";
import { connectError, isRefused, noSocketError } from "./deno_errors.ts";
import { checkEndpoint, DEFAULT_HOSTNAME, endpointText } from "./endpoint.ts";
import { occupantBehind } from "./occupant.ts";
import type { ByteStream, Endpoint } from "./types.ts";

/** How long a dial may take. */
export interface DialOptions {
  timeoutMs: number;
  signal?: AbortSignal;
  clock?: Clock;
}

/**
 * Connects to `endpoint`.
 *
 * @throws {ConnectError} Where nobody listens, the name is unknown, permission is missing, the handshake
 * fails, or `timeoutMs` passes (`code` is `"TIMED_OUT"`).
 * @throws The reason of `signal`, once it aborts.
 */
export async function dial(
  endpoint: Endpoint,
  options: DialOptions,
): Promise<ByteStream> {
  checkEndpoint(endpoint);
  const { timeoutMs, signal, clock = systemClock } = options;
  signal?.throwIfAborted();
  const where = endpointText(endpoint);
  const attempt = new AbortController();
  const onAbort = () => attempt.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = timeoutMs === Infinity ? undefined : clock.after(
    timeoutMs,
    () =>
      attempt.abort(
        new ConnectError(
          `Cannot connect to ${where}: no answer within ${timeoutMs} ms`,
          "TIMED_OUT",
        ),
      ),
  );
  try {
    return await unlessAborted(open(endpoint, attempt.signal), attempt.signal);
  } catch (error) {
    if (attempt.signal.aborted) throw attempt.signal.reason;
    if (error instanceof TypeError) throw error;
    const what = endpoint.transport === "unix" && isRefused(error)
      ? await occupantBehind(endpoint.path)
      : undefined;
    throw what === undefined
      ? connectError(where, error)
      : noSocketError(where, what, error);
  } finally {
    timer?.cancel();
    signal?.removeEventListener("abort", onAbort);
  }
}

async function open(
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<ByteStream> {
  if (endpoint.transport === "custom") {
    return await endpoint.network.connect(signal);
  }
  if (endpoint.transport === "unix") {
    return await Deno.connect({ transport: "unix", path: endpoint.path });
  }
  const { hostname = DEFAULT_HOSTNAME, port } = endpoint;
  if (endpoint.transport !== "tls") {
    return await Deno.connect({ hostname, port, signal });
  }
  const { caCerts, alpnProtocols } = endpoint;
  const conn = await Deno.connectTls({
    hostname,
    port,
    caCerts,
    alpnProtocols,
  });
  try {
    await unlessAborted(conn.handshake(), signal);
    return conn;
  } catch (error) {
    conn.close();
    throw error;
  }
}

/**
 * The runtime's own `signal` misses an abort during name resolution, and `connectTls` takes none; so the
 * abort is raced here, and a connection that is made after it is closed at once.
 */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    work.then((value) => {
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) (value as Partial<ByteStream> | void)?.close?.();
      resolve(value);
    }, (error) => {
      signal.removeEventListener("abort", onAbort);
      reject(error);
    });
  });
}
