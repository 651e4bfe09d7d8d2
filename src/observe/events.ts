/**
 * Every event that servers and connections report through `onEvent`, with its fields and units. Nothing in
 * this package logs: what happened is told here, and the application decides what to do with it.
 *
 * @module
 */

/** Why a connection is closed: who ended it, or what failed. */
export type CloseReason =
  | { by: "local" | "peer" | "shutdown" | "idle" | "limit" }
  | { by: "failure"; error: unknown };

/** What a connection has done so far. */
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
    /** A handler threw. The socket stays open while `willRestart`. `frame` is the frame it failed on, where it is bytes. */
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
    /** A client of `connectionChild` lost its connection (`error`: how, unless the peer just closed), or could not make one. */
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
