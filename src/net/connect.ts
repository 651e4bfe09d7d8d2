/**
 * A client connection: the same actor as a server's, opened from this side.
 *
 * @module
 */

import { checkEndpoint, dial, tune } from "../transport/mod.ts";
import { ConnectionActor } from "./connection.ts";
import {
  atLeast,
  checkParts,
  type ConnectionSettings,
  resolveConnectionOptions,
} from "./options.ts";
import { Sweep } from "./sweep.ts";
import type { Connection, ConnectionHandler, ConnectOptions } from "./types.ts";

/**
 * Connects. Without a handler the caller reads by `for await`; with one it runs as it would in `serve`.
 *
 * `signal` ends the attempt, in whatever phase it is, and later stops the connection. A call that fails
 * leaves nothing open behind, with two exceptions that are Deno's. The socket of a TLS handshake that was cut off,
 * by `signal` or by `connectTimeoutMs`, is free when the peer leaves. So is, rarely, one of TCP whose connection comes
 * about in the very moment in which it is cut off.
 *
 * @param options Where to connect, the codec, and limits; every limit has a default.
 * @param handler Called once it is open, and again at each restart.
 * @throws {ConnectError} Nobody listens there, the name is unknown, permission is missing, the TLS handshake
 * failed, or `connectTimeoutMs` passed; `code` says which.
 * @throws {RangeError} An option is out of range; the message names it and its value.
 *
 * @example Ask, and read the answer
 * ```ts
 * import { connect, lengthPrefixed, serve, text } from "@packetboat/net";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = text(lengthPrefixed());
 * await using server = serve({ port: 0, codec }, (connection) => ({
 *   frame: (question) => connection.send(`${question}? Aye.`),
 * }));
 *
 * await using client = await connect({
 *   port: (server.addr as Deno.NetAddr).port,
 *   codec,
 * });
 * client.send("Ready");
 * for await (const answer of client) {
 *   assertEquals(answer, "Ready? Aye.");
 *   break;
 * }
 * ```
 */
export function connect<In, Out = In, M = never>(
  options: ConnectOptions<In, Out>,
  handler?: ConnectionHandler<In, Out, M>,
): Promise<Connection<In, Out, M>> {
  return open(options, handler);
}

/**
 * Fills in and checks the options of a client.
 *
 * @throws {RangeError} Names the option and its value.
 * @throws {TypeError} For an unknown transport, and for a codec, signal or handler that is none.
 */
export function resolveConnectOptions<In, Out, M>(
  options: ConnectOptions<In, Out>,
  handler: ConnectionHandler<In, Out, M> | undefined,
): { readonly timeoutMs: number; readonly settings: ConnectionSettings } {
  // Without one, the caller reads.
  checkParts(options, handler === undefined ? () => {} : handler);
  const { codec, connectTimeoutMs: timeoutMs = 10_000 } = options;
  checkEndpoint(options);
  atLeast("connectTimeoutMs", timeoutMs, 1);
  return { timeoutMs, settings: resolveConnectionOptions(options, codec) };
}

/** For one who hands on the messages of others. */
export interface Forwarder<M> {
  /** Given the messages that the connection had taken and no turn had come for, when it ends. */
  onUnserved(messages: M[]): void;
  /** Told of each message that no answer will come to, and why. */
  onRefused(message: M, error: unknown): void;
}

/** As `connect`; `forwarder` hears what becomes of the messages. */
export async function open<In, Out, M>(
  options: ConnectOptions<In, Out>,
  handler?: ConnectionHandler<In, Out, M>,
  forwarder?: Forwarder<M>,
): Promise<Connection<In, Out, M>> {
  const { codec, name = "client", signal } = options;
  const { timeoutMs, settings: resolved } = resolveConnectOptions(
    options,
    handler,
  );
  const settings: ConnectionSettings = forwarder === undefined ? resolved : {
    ...resolved,
    onRefused: (message, error) => forwarder.onRefused(message as M, error),
  };
  const { clock } = settings;
  const stream = await dial(options, { timeoutMs, signal, clock });
  let connection: ConnectionActor<In, Out, M>;
  try {
    // It may have aborted when the dial was over and this call had not gone on yet.
    signal?.throwIfAborted();
    tune(stream);
    connection = new ConnectionActor<In, Out, M>(0, stream, {
      name,
      codec,
      settings,
      handler,
      onUnserved: forwarder?.onUnserved,
      onEnd: () => {
        sweep.stop();
        signal?.removeEventListener("abort", onAbort);
      },
    });
  } catch (error) {
    stream.close();
    throw error;
  }
  const sweep = new Sweep(settings.clock, settings, () => [connection]);
  const onAbort = () => void connection.stop();
  signal?.addEventListener("abort", onAbort, { once: true });
  sweep.start();
  connection.open();
  return connection;
}
