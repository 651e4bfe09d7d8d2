/**
 * The contract of the net room: connections, their handlers, servers, clients. Holds types only.
 *
 * @module
 */

import type { ActorRef, MailboxOptions, Supervisable } from "../actor/mod.ts";
import type { Clock } from "../clock.ts";
import type { FrameError } from "../errors.ts";
import type { Codec } from "../framing/mod.ts";
import type { CloseReason, ConnectionStats, NetEvent } from "../observe/mod.ts";
import type { RestartLimits } from "../supervision/mod.ts";
import type { Endpoint } from "../transport/mod.ts";

/**
 * One connection: an actor whose mailbox takes frames from the wire and messages from other actors.
 *
 * `In` is a frame that comes, `Out` one that is sent; the codec says both. `M` is a message of another actor's. TypeScript
 * cannot infer it: unless it is written down (`serve<In, Out, M>(…)`) it is `never`, and `tell` takes nothing.
 *
 * @example Both ends of one
 * ```ts
 * import { connect, type Connection, lines, serve } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = { transport: "custom", network: memoryNetwork(), codec: lines() } as const;
 * const greet = (connection: Connection<string>) => ({
 *   frame: (name: string) => connection.send(`${name}, you are number ${connection.id}`),
 * });
 * await using _server = serve(wire, greet);
 *
 * await using client: Connection<string> = await connect(wire);
 * client.send("Ann");
 * await client.endWrite();
 * assertEquals(await Array.fromAsync(client), ["Ann, you are number 1"]);
 * ```
 */
export interface Connection<In, Out = In, M = never>
  extends ActorRef<M>, AsyncIterable<In> {
  /** Counts from 1 in each server; 0 for a connection made by `connect`. */
  readonly id: number;
  /** Our end. */
  readonly localAddr: Deno.Addr;
  /** The peer's end. */
  readonly remoteAddr: Deno.Addr;
  /**
   * Aborts as soon as the connection is lost or ends, also while a handler is still busy. A peer that only
   * ended its own direction (half-close) may still read, so that alone does not abort it; one that has closed
   * looks the same until it refuses what it is sent.
   */
  readonly signal: AbortSignal;
  /**
   * Queues one frame; frames of one turn leave in one write. `false` = above the high-water mark, or closed.
   *
   * @throws {EncodeError} The codec cannot carry this frame; nothing was queued.
   */
  send(frame: Out): boolean;
  /** Resolves when the outbox is below its low-water mark, half of `highWaterBytes`, or nothing will leave any more; never rejects. */
  drained(): Promise<void>;
  /**
   * The next `byteLength` bytes as they come, outside any frame: for a header that announces a body of any size.
   * The next frame begins after them, and its turn comes when they have been read to the end; cancelling the
   * stream passes over the rest. Errors with `ConnectionLostError` where the connection ends first.
   *
   * @throws {RangeError} `byteLength` is not a whole number from 0.
   * @throws {TypeError} Another body is still being read.
   */
  body(byteLength: number): ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Sends bytes outside any frame, with backpressure, after all frames queued so far; frames sent meanwhile
   * follow after them. A source that fails ends the connection, since the peer waits for what will not come; so do
   * `endWrite` and `close` in the middle of it, which cut it and what was sent behind it: await it first.
   *
   * @throws {ConnectionLostError} The connection ended before everything was taken.
   * @throws {TypeError} Another body is still being sent.
   */
  sendBody(source: AsyncIterable<Uint8Array> | Uint8Array): Promise<void>;
  /**
   * From the next byte on, speak another format, both ways. What is queued already leaves as it is. A restart of the
   * handler does not change it back.
   */
  switchCodec<I, O>(codec: Codec<I, O>): Connection<I, O, M>;
  /** Half-close: flush, then FIN; reading goes on. */
  endWrite(): Promise<void>;
  /**
   * Flush, then close. Resolves as `closed` does, which waits for the turn under way: so do not await it in a
   * callback or script of this connection, which would wait for itself until `graceMs` is over.
   */
  close(): Promise<CloseReason>;
  /** Close at once; what is queued is lost. */
  abort(error?: unknown): void;
  /** Resolves when the socket is closed and `closed` has run; never rejects. */
  readonly closed: Promise<CloseReason>;
  /** The frames as a Web Stream, each pulled when its turn comes. Cancelling it leaves the connection open. */
  readonly readable: ReadableStream<In>;
  /** `send` as a Web Stream that waits for the outbox; closing it is `endWrite`, aborting it is `abort`. */
  readonly writable: WritableStream<Out>;
  /** What it has done so far; a copy. */
  readonly stats: ConnectionStats;
}

/**
 * What a handler returns: callbacks, run one at a time, never re-entered. A returned promise is awaited before the next.
 *
 * @example A peer that stops in the middle of a frame
 * ```ts
 * import { type ConnectionHandlers, lengthPrefixed, serve, text } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const told: string[] = [];
 * const end = Promise.withResolvers<void>();
 * const handlers: ConnectionHandlers<string> = {
 *   frame: (line) => told.push(line),
 *   malformed: (error) => told.push(error.code),
 *   closed: () => end.resolve(),
 * };
 * const network = memoryNetwork();
 * await using _server = serve(
 *   { transport: "custom", network, codec: text(lengthPrefixed()) },
 *   () => handlers,
 * );
 * const peer = await network.connect();
 * await peer.write(Uint8Array.of(0, 0, 0, 2, 0x68, 0x69, 0, 0, 0, 9));
 * peer.close();
 * await end.promise;
 * assertEquals(told, ["hi", "FRAME_TRUNCATED"]);
 * ```
 */
export interface ConnectionHandlers<In, M = never> {
  /** A whole frame came. */
  frame(frame: In): unknown;
  /**
   * No whole frame is at hand any more, or 1,024 came in a row: a turn for what was gathered, such as one question
   * to a database for many frames. Never called without a frame since the last time, and before `malformed`.
   */
  caughtUp?(): unknown;
  /**
   * The peer broke the format, or its stream ended inside a frame (`TruncatedFrameError`): the turn for last words.
   * Then what was sent is flushed and the connection closed, with `error` as the reason. Without this callback it is
   * closed at once.
   */
  malformed?(error: FrameError): unknown;
  /** Another actor sent a message. Without this callback, `tell` answers "dropped". */
  message?(message: M): unknown;
  /** No byte came for `idleTimeoutMs`. Without this callback the connection is closed. */
  idle?(): unknown;
  /** The server is shutting down; the socket is still open for `graceMs`. */
  shutdown?(): unknown;
  /** The socket is closed. Runs after the last turn; if that one hangs, after `graceMs`. May take as long itself. */
  closed?(reason: CloseReason): unknown;
}

/**
 * Called at the start of a connection and again at every restart: either hands out callbacks, or is itself a script that runs to the end.
 *
 * @example A script: the connection is closed when it has run to its end
 * ```ts
 * import { connect, type ConnectionHandler, lines, serve } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const porter: ConnectionHandler<string, string, never> = async (connection) => {
 *   for await (const word of connection) {
 *     if (word === "sesame") break;
 *     connection.send("no");
 *   }
 *   connection.send("enter");
 * };
 * const wire = { transport: "custom", network: memoryNetwork(), codec: lines() } as const;
 * await using _server = serve(wire, porter);
 * await using client = await connect(wire);
 * client.send("barley");
 * client.send("sesame");
 * assertEquals(await Array.fromAsync(client), ["no", "enter"]);
 * ```
 */
export type ConnectionHandler<In, Out, M> =
  | ((connection: Connection<In, Out, M>) => ConnectionHandlers<In, M>)
  | ((connection: Connection<In, Out, M>) => Promise<void>);

/**
 * Options of every connection, whichever side opened it.
 *
 * @example A client that hangs up after a minute of silence
 * ```ts
 * import { connect, type ConnectionOptions, lines, serve } from "@packetboat/net";
 * import { manualClock, memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const clock = manualClock();
 * const patience: ConnectionOptions = { idleTimeoutMs: 60_000, clock };
 * const wire = { transport: "custom", network: memoryNetwork(), codec: lines() } as const;
 * await using _server = serve(wire, () => ({ frame() {} }));
 * await using client = await connect({ ...wire, ...patience }, () => ({ frame() {} }));
 * await clock.advance(60_000);
 * assertEquals(await client.closed, { by: "idle" });
 * ```
 */
export interface ConnectionOptions {
  /** After a handler throws: restart it on the same open socket, without the frame it failed on, or close. @default {"restart"} */
  onCrash?: "restart" | "close";
  /** Past these the connection is closed. @default {{ maxRestarts: 3, withinMs: 5_000 }} */
  restart?: RestartLimits;
  /** Bound and overflow rule of the messages from other actors. */
  mailbox?: MailboxOptions;
  /** Silence of the peer for this long is answered by `idle`, or by closing. @default {Infinity} */
  idleTimeoutMs?: number;
  /**
   * From the first byte of a frame to its last, while somebody waits for it: a handler, or `for await`. Also from one
   * byte of a `body()` to the next, while somebody reads it.
   *
   * @default {30_000}
   */
  frameTimeoutMs?: number;
  /**
   * How long a frame of bytes stays as it is. `"kept"`: for ever. `"borrowed"`: until the handler's turn ends, the
   * promise that it returned included; buffers are then used again, which pays for large frames and proxies.
   * `"poisoned"`: as borrowed, and each frame is overwritten after its turn, so that a test finds who kept one.
   *
   * @default {"kept"}
   */
  frames?: "kept" | "borrowed" | "poisoned";
  /** Outbox above this makes the loop wait before the next turn. Bytes. @default {65_536} */
  highWaterBytes?: number;
  /** Outbox above this closes the connection with `SlowConsumerError`. Bytes. @default {16_777_216} */
  maxOutboxBytes?: number;
  /** Waiting for the last turn and the last flush at `close`, `stop` and shutdown, and then for `closed`. @default {5_000} */
  graceMs?: number;
  /** Stops what the options are for when it aborts. */
  signal?: AbortSignal;
  /** Told synchronously of everything that happens. What it throws goes to `reportError`. */
  onEvent?: (event: NetEvent) => void;
  /** Where time comes from; a test hands in its own. */
  clock?: Clock;
}

/**
 * Options of {@linkcode serve}.
 *
 * @example Options that stand apart from the call
 * ```ts
 * import { lines, serve, type ServeOptions } from "@packetboat/net";
 * import { assertEquals } from "@std/assert";
 *
 * const heard: Deno.Addr[] = [];
 * const options: ServeOptions<string, string> = {
 *   port: 0,
 *   codec: lines(),
 *   name: "echo",
 *   maxConnections: 100,
 *   onListen: (addr) => heard.push(addr),
 * };
 * await using server = serve(options, (connection) => ({
 *   frame: (line) => connection.send(line),
 * }));
 * assertEquals(heard, [server.addr]);
 * ```
 */
export type ServeOptions<In, Out> = Endpoint & ConnectionOptions & {
  /** How frames lie in the stream. */
  codec: Codec<In, Out>;
  /** For events and errors. @default {"server"} */
  name?: string;
  /** Hard limit; one more is refused at the door. @default {10_000} */
  maxConnections?: number;
  /** The same for each remote address; IPv6 is counted by /64. @default {Infinity} */
  maxConnectionsPerIp?: number;
  /** From the accept to the end of the TLS handshake. @default {5_000} */
  handshakeTimeoutMs?: number;
  /** Connections that the system queues for `accept`. @default {511} */
  backlog?: number;
  /** Several processes on one port (Linux; needs `--unstable-net`). @default {false} */
  reusePort?: boolean;
  /** Called once, when connections are taken. If it throws, nothing listens, and `serve` throws the same. */
  onListen?: (addr: Deno.Addr) => void;
};

/**
 * What a server has done so far; open and closed connections together.
 *
 * @example What one echoed line counts for
 * ```ts
 * import { connect, lines, serve, type ServerStats } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = { transport: "custom", network: memoryNetwork(), codec: lines() } as const;
 * await using server = serve(wire, (connection) => ({
 *   frame: (line) => connection.send(line),
 * }));
 * await using client = await connect(wire);
 * client.send("ahoy");
 * await client.endWrite();
 * await Array.fromAsync(client);
 * const { accepted, framesIn, bytesIn }: ServerStats = server.stats;
 * assertEquals({ accepted, framesIn, bytesIn }, { accepted: 1, framesIn: 1, bytesIn: 5 });
 * ```
 */
export interface ServerStats {
  /** Connections taken in. */
  accepted: number;
  /** Connections turned away at the door. */
  refused: number;
  /** Connections open now. */
  open: number;
  /** Restarts of handlers. */
  restarts: number;
  /** Whole frames handed to handlers. */
  framesIn: number;
  /** Frames taken by `send`. */
  framesOut: number;
  /** Bytes read from peers. */
  bytesIn: number;
  /** Bytes accepted by the operating system. */
  bytesOut: number;
}

/**
 * A listening socket, its accept loop and its connections.
 *
 * @example One that turns newcomers away for a while
 * ```ts
 * import { lines, serve, type Server } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = { transport: "custom", network: memoryNetwork(), codec: lines() } as const;
 * await using server: Server<string, string, never> = serve(wire, () => ({ frame() {} }));
 * server.suspend();
 * assertEquals(server.status, "suspended");
 * server.resume();
 * assertEquals(server.status, "running");
 * assertEquals(await server.stop(), { kind: "shutdown" });
 * assertEquals(server.connections.size, 0);
 * ```
 */
export interface Server<In, Out, M> extends Supervisable {
  /** Where it listens; with port 0 in the options, the port the system chose. */
  readonly addr: Deno.Addr;
  /** Where it stands between its start and its end. */
  readonly status: "running" | "suspended" | "stopping" | "stopped";
  /** Open connections by their `id`. */
  readonly connections: ReadonlyMap<number, Connection<In, Out, M>>;
  /** What it has done so far; a copy. */
  readonly stats: ServerStats;
  /** Turns newcomers away until `resume`; open connections go on. */
  suspend(): void;
  /** Takes newcomers again. */
  resume(): void;
  /** Lets the listener keep the process alive (the default). */
  ref(): void;
  /** Lets the process end although the listener is open. */
  unref(): void;
}

/**
 * Options of {@linkcode connect}.
 *
 * @example Nobody listens there
 * ```ts
 * import { connect, ConnectError, type ConnectOptions, lines } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const options: ConnectOptions<string, string> = {
 *   transport: "custom",
 *   network: memoryNetwork(),
 *   codec: lines(),
 *   connectTimeoutMs: 2_000,
 * };
 * const error = await assertRejects(() => connect(options), ConnectError);
 * assertEquals(error.code, "CONNECTION_REFUSED");
 * ```
 */
export type ConnectOptions<In, Out> = Endpoint & ConnectionOptions & {
  /** How frames lie in the stream. */
  codec: Codec<In, Out>;
  /** For events and errors. @default {"client"} */
  name?: string;
  /** From the call to the open connection, TLS handshake included. @default {10_000} */
  connectTimeoutMs?: number;
};

/**
 * Options of {@linkcode connectionChild}.
 *
 * @example The delays of a client whose server is away
 * ```ts
 * import { connectionChild, type ConnectionChildOptions, lines, supervise } from "@packetboat/net";
 * import { manualClock, memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const clock = manualClock();
 * const delays: number[] = [];
 * const options: ConnectionChildOptions<string, string> = {
 *   transport: "custom",
 *   network: memoryNetwork(),
 *   codec: lines(),
 *   reconnect: { minMs: 100, maxMs: 300, jitter: 0 },
 *   clock,
 *   onEvent: (event) => event.kind === "reconnecting" && delays.push(event.inMs),
 * };
 * await using _tree = await supervise([
 *   connectionChild("client", options, () => ({ frame() {} })),
 * ]);
 * await clock.advance(300);
 * assertEquals(delays, [100, 200, 300]);
 * ```
 */
export type ConnectionChildOptions<In, Out> = ConnectOptions<In, Out> & {
  /**
   * Delay before the nth attempt in a row: `minMs`, then twice as long each time, at most `maxMs`, give or take
   * the share `jitter`, rounded up to whole milliseconds. Counted anew after a connection on which a frame came.
   *
   * @default {{ minMs: 100, maxMs: 30_000, jitter: 0.2 }}
   */
  reconnect?: { minMs?: number; maxMs?: number; jitter?: number };
};
