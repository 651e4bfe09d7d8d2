/**
 * A server: a listener, its accept loop, its connections. Decides how all of it ends: stop accepting, tell every
 * connection, wait for their last turn and flush, within the grace. Who is let in is decided by `admission.ts`.
 *
 * @module
 */

import type { ExitReason } from "../actor/mod.ts";
import {
  type Acceptor,
  type ByteStream,
  listen,
  mayBeStale,
  removeStaleSocket,
  takenError,
  tune,
} from "../transport/mod.ts";
import { AcceptLoop } from "./accept_loop.ts";
import { Admission } from "./admission.ts";
import { ConnectionActor, type ConnectionHost } from "./connection.ts";
import {
  type AdmissionSettings,
  checkParts,
  type ConnectionSettings,
  resolveAdmissionOptions,
  resolveConnectionOptions,
} from "./options.ts";
import { Sweep } from "./sweep.ts";
import type {
  ConnectionHandler,
  ServeOptions,
  Server,
  ServerStats,
} from "./types.ts";

/**
 * Listens, and gives each connection a handler of its own. Returns when it listens.
 *
 * A handler that throws is restarted on the same open socket, without the frame it failed on; the server,
 * its listener and every other connection go on. `await using` stops the server at the end of the scope:
 * it tells every connection, waits for their last turn and flush, and closes.
 *
 * A Unix socket whose file is there already is the one case that takes a moment: the file is removed if
 * nobody answers on it, else `exited` says that it is in use, or what else is in its place.
 *
 * @param options Where to listen, the codec, and limits; every limit has a default.
 * @param handler Called for each connection, and again at each restart.
 * @throws {ListenError} The address cannot be listened on; `code` says why, such as `"ADDR_IN_USE"`.
 * @throws {RangeError} An option is out of range; the message names it and its value.
 * @throws {TypeError} TLS without `cert` and `key`, an unknown transport, or a codec, signal or handler that is none.
 *
 * @example An echo server, and a client that talks to it
 * ```ts
 * import { connect, lines, serve } from "@packetboat/net";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = serve({ port: 0, codec: lines() }, (connection) => ({
 *   frame: (line) => connection.send(line.toUpperCase()),
 * }));
 * const { port } = server.addr as Deno.NetAddr;
 *
 * await using client = await connect({ port, codec: lines() });
 * client.send("ahoy");
 * for await (const answer of client) {
 *   assertEquals(answer, "AHOY");
 *   break;
 * }
 * ```
 */
export function serve<In, Out = In, M = never>(
  options: ServeOptions<In, Out>,
  handler: ConnectionHandler<In, Out, M>,
): Server<In, Out, M> {
  return new SocketServer(options, handler);
}

class SocketServer<In, Out, M> implements Server<In, Out, M> {
  readonly name: string;
  readonly exited: Promise<ExitReason>;
  #resolveExited!: (reason: ExitReason) => void;
  readonly connections = new Map<number, ConnectionActor<In, Out, M>>();

  readonly #options: ServeOptions<In, Out>;
  readonly #host: ConnectionHost<In, Out, M>;
  readonly #settings: ConnectionSettings;
  readonly #limits: AdmissionSettings;
  readonly #admission: Admission;
  readonly #sweep: Sweep;
  #addr: Deno.Addr;
  #acceptor: Acceptor | undefined;
  #loop: AcceptLoop | undefined;
  #status: "running" | "stopping" | "stopped" = "running";
  #ending: Promise<void> | undefined;
  #keepsAlive = true;
  /** Of connections that are gone, and of the door. */
  readonly #past = {
    accepted: 0,
    refused: 0,
    restarts: 0,
    framesIn: 0,
    framesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
  readonly #onAbort = () => void this.stop();

  constructor(
    options: ServeOptions<In, Out>,
    handler: ConnectionHandler<In, Out, M>,
  ) {
    checkParts(options, handler);
    const { codec, name = "server", signal } = options;
    this.name = name;
    this.#options = options;
    this.#limits = resolveAdmissionOptions(options);
    this.#settings = resolveConnectionOptions(options, codec);
    this.#host = {
      server: name,
      codec,
      settings: this.#settings,
      handler,
      onEnd: (ended) => this.#ended(ended),
    };
    this.#sweep = new Sweep(
      this.#settings.clock,
      this.#settings,
      () => this.connections.values(),
    );
    this.#admission = new Admission(this.#limits, {
      onAdmitted: (stream) => this.#open(stream),
      onRefused: (remoteAddr, why) => {
        this.#past.refused++;
        this.#settings.emit({ kind: "refused", server: name, remoteAddr, why });
      },
      onHandshakeFailed: (remoteAddr, error) =>
        this.#settings.emit({ kind: "malformed", remoteAddr, error }),
    }, this.#settings.clock);
    this.exited = new Promise((resolve) => this.#resolveExited = resolve);
    try {
      this.#addr = this.#listen();
    } catch (error) {
      if (options.transport !== "unix" || !mayBeStale(options, error)) {
        throw error;
      }
      this.#addr = { transport: "unix", path: options.path };
      void this.#takeOver(error);
    }
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get addr(): Deno.Addr {
    return this.#addr;
  }

  get status(): "running" | "suspended" | "stopping" | "stopped" {
    return this.#status === "running" && this.#admission.isSuspended
      ? "suspended"
      : this.#status;
  }

  get stats(): ServerStats {
    const total: ServerStats = { ...this.#past, open: this.connections.size };
    for (const connection of this.connections.values()) {
      addStats(total, connection.stats);
    }
    return total;
  }

  suspend(): void {
    this.#admission.suspend();
  }

  resume(): void {
    this.#admission.resume();
  }

  ref(): void {
    this.#keepsAlive = true;
    this.#acceptor?.ref();
  }

  unref(): void {
    this.#keepsAlive = false;
    this.#acceptor?.unref();
  }

  stop(options?: { graceMs?: number }): Promise<ExitReason> {
    const graceMs = options?.graceMs ?? this.#settings.graceMs;
    this.#admission.endWithin(graceMs);
    for (const connection of this.connections.values()) {
      void connection.stop({ graceMs });
    }
    this.#end({ kind: "shutdown" });
    return this.exited;
  }

  kill(): void {
    this.#admission.endWithin(0);
    this.#admission.closeAll();
    for (const connection of this.connections.values()) connection.kill();
    this.#end({ kind: "killed" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #listen(): Deno.Addr {
    const { reusePort = false } = this.#options;
    const { backlog } = this.#limits;
    const acceptor = listen(this.#options, { backlog, reusePort });
    if (!this.#keepsAlive) acceptor.unref();
    const { addr } = acceptor;
    this.#settings.emit({ kind: "listening", server: this.name, addr });
    try {
      this.#options.onListen?.(addr);
    } catch (error) {
      acceptor.close();
      throw error;
    }
    // Whoever was told may have ended it, where a takeover came first.
    if (this.#ending !== undefined) {
      acceptor.close();
      return addr;
    }
    this.#acceptor = acceptor;
    this.#loop = new AcceptLoop(acceptor, {
      onStream: (stream) => this.#admission.admit(stream),
      onFailed: (error, retryInMs) => this.#acceptFailed(error, retryInMs),
    }, this.#settings.clock);
    return addr;
  }

  #acceptFailed(error: unknown, retryInMs: number): void {
    const server = this.name;
    this.#settings.emit({ kind: "acceptFailed", server, error, retryInMs });
  }

  /** The socket file is there already: takes its place if it was left behind. */
  async #takeOver(inUse: unknown): Promise<void> {
    const { path } = this.#options as { path: string };
    const endpoint = { transport: "unix", path } as const;
    try {
      if (!await removeStaleSocket(endpoint)) {
        throw await takenError(endpoint, inUse);
      }
      if (this.#ending === undefined) this.#listen();
    } catch (error) {
      this.#end({ kind: "failed", error });
    }
  }

  #open(stream: ByteStream): void {
    const id = this.#past.accepted + 1;
    let connection: ConnectionActor<In, Out, M>;
    try {
      tune(stream);
      connection = new ConnectionActor(id, stream, this.#host);
    } catch (error) {
      // A codec that gives no decoder, say: nothing of the newcomer stays, and its place is free.
      stream.close();
      this.#admission.left(stream.remoteAddr);
      return this.#acceptFailed(error, 0);
    }
    this.#past.accepted = id;
    this.connections.set(id, connection);
    this.#sweep.start();
    connection.open();
    if (this.#status !== "running") {
      void connection.stop({ graceMs: this.#admission.leftMs });
    }
  }

  #ended(connection: ConnectionActor<In, Out, M>): void {
    this.connections.delete(connection.id);
    if (this.connections.size === 0) this.#sweep.stop();
    this.#admission.left(connection.remoteAddr);
    addStats(this.#past, connection.stats);
  }

  #end(reason: ExitReason): void {
    if (this.#ending !== undefined) return;
    this.#status = "stopping";
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#ending = this.#shut(reason);
  }

  /** Those in the system's queue have connected, and may have asked already: they are let in and served. */
  async #lastNewcomers(): Promise<void> {
    const { backlog } = this.#limits;
    const { accepted } = this.#past;
    let seen: number;
    do {
      seen = this.#past.accepted;
      await new Promise<void>((done) => this.#settings.lull.after(done));
    } while (
      this.#past.accepted !== seen &&
      this.#past.accepted - accepted < backlog && this.#admission.leftMs > 0
    );
  }

  async #shut(reason: ExitReason): Promise<void> {
    if (reason.kind === "shutdown") {
      await this.#lastNewcomers();
      this.#admission.closeDoor();
      await this.#loop?.stop();
      await this.#admission.greeted();
    }
    this.#admission.closeAll();
    await this.#loop?.stop();
    await Promise.all(
      Array.from(this.connections.values(), ({ closed }) => closed),
    );
    this.#status = "stopped";
    this.#resolveExited(reason);
  }
}

function addStats(
  total: Omit<ServerStats, "open" | "accepted" | "refused">,
  one: Omit<ServerStats, "open" | "accepted" | "refused">,
): void {
  total.restarts += one.restarts;
  total.framesIn += one.framesIn;
  total.framesOut += one.framesOut;
  total.bytesIn += one.bytesIn;
  total.bytesOut += one.bytesOut;
}
