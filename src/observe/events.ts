/**
 * Every event that servers and connections report through `onEvent`, with its fields and units. Nothing in
 * this package logs: what happened is told here, and the application decides what to do with it.
 *
 * @module
 */

/**
 * Why a connection is closed: who ended it, or what failed.
 *
 * @example A reason in words
 * ```ts
 * import { type CloseReason, connect, lines, serve } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * function words(reason: CloseReason): string {
 *   return reason.by === "failure" ? `failed: ${reason.error}` : `ended: ${reason.by}`;
 * }
 * const wire = { transport: "custom", network: memoryNetwork(), codec: lines() } as const;
 * await using _server = serve(wire, () => ({ frame() {} }));
 * const client = await connect(wire);
 * assertEquals(words(await client.close()), "ended: local");
 * ```
 */
export type CloseReason =
  | { by: "local" | "peer" | "shutdown" | "idle" | "limit" }
  | { by: "failure"; error: unknown };

/**
 * What a connection has done so far.
 *
 * @example What a client has sent and received
 * ```ts
 * import { connect, type ConnectionStats, lines, serve } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = { transport: "custom", network: memoryNetwork(), codec: lines() } as const;
 * await using _server = serve(wire, (connection) => ({
 *   frame: (line) => connection.send(line.repeat(2)),
 * }));
 * await using client = await connect(wire);
 * client.send("ahoy");
 * await client.endWrite();
 * await Array.fromAsync(client);
 * const { framesOut, bytesOut, framesIn, bytesIn }: ConnectionStats = client.stats;
 * assertEquals([framesOut, bytesOut, framesIn, bytesIn], [1, 5, 1, 9]);
 * ```
 */
export interface ConnectionStats {
  /** Whole frames handed to the handler. */
  framesIn: number;
  /** Frames taken by `send`. */
  framesOut: number;
  /** Bytes read from the peer. */
  bytesIn: number;
  /** Bytes accepted by the operating system. */
  bytesOut: number;
  /** Restarts of the handler. */
  restarts: number;
  /** Bytes that wait now: not yet decoded, and not yet written. */
  bufferedBytes: number;
  /** When it was opened, in milliseconds since the Unix epoch. */
  openedAtMs: number;
}

/**
 * Something that happened to a server or a connection. `onEvent` is called synchronously; what it throws goes to
 * `reportError`.
 *
 * @example A log of a handler that fails on one line, and goes on
 * ```ts
 * import { connect, lines, type NetEvent, serve } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const log: string[] = [];
 * function onEvent(event: NetEvent): void {
 *   log.push(event.kind === "crashed" ? `crashed: ${event.error}` : event.kind);
 * }
 * const wire = { transport: "custom", network: memoryNetwork(), codec: lines() } as const;
 * {
 *   await using _server = serve({ ...wire, onEvent }, () => ({
 *     frame(line) {
 *       if (line === "bad") throw new Error("a bad line");
 *     },
 *   }));
 *   await using client = await connect(wire);
 *   client.send("bad");
 *   client.send("good");
 *   await client.endWrite();
 *   await Array.fromAsync(client);
 * }
 * assertEquals(log, ["listening", "opened", "crashed: Error: a bad line", "restarted", "closed"]);
 * ```
 */
export type NetEvent =
  | { kind: "listening"; server: string; addr: Deno.Addr }
  | {
    kind: "opened";
    server?: string;
    connection: number;
    remoteAddr: Deno.Addr;
  }
  | {
    kind: "refused";
    server: string;
    remoteAddr: Deno.Addr;
    why: "maxConnections" | "maxConnectionsPerIp" | "suspended";
  }
  | {
    /** A handler threw. The socket stays open while `willRestart`, which is after `inMs`, in whole milliseconds. `frame` is the frame it failed on, where it is bytes. */
    kind: "crashed";
    actor: string;
    error: unknown;
    frame?: Uint8Array;
    willRestart: boolean;
    inMs: number;
  }
  | { kind: "restarted"; actor: string; incarnation: number }
  | { kind: "dropped"; actor: string; count: number }
  | {
    kind: "malformed";
    connection?: number;
    remoteAddr: Deno.Addr;
    error: unknown;
  }
  | {
    kind: "closed";
    connection: number;
    reason: CloseReason;
    stats: ConnectionStats;
  }
  | {
    /** A client of `connectionChild` lost its connection (`error`: how, unless the peer just closed or was silent), or could not make one. It tries again after `inMs`, in whole milliseconds. */
    kind: "reconnecting";
    actor: string;
    error?: unknown;
    inMs: number;
  }
  | { kind: "acceptFailed"; server: string; error: unknown; retryInMs: number }
  | { kind: "receiveFailed"; server: string; error: unknown; retryInMs: number }
  | {
    /** The system did not take a datagram, for instance because there is no route. The socket and the peer go on. */
    kind: "sendFailed";
    server: string;
    remoteAddr: Deno.Addr;
    error: unknown;
  };
