/**
 * Servers and client connections as children of a supervisor. A server that fails is started again by the
 * supervisor. A client connects again by itself, since a peer that is away for a while is no failure of ours
 * and must not use up the supervisor's patience; only what is our own failure reaches the supervisor.
 *
 * @module
 */

import {
  type ActorContext,
  type ActorRef,
  type Behavior,
  type ExitReason,
  Ref,
} from "../actor/mod.ts";
import { type Clock, systemClock } from "../clock.ts";
import {
  ActorStoppedError,
  ConnectError,
  ConnectionLostError,
} from "../errors.ts";
import type { CloseReason, NetEvent } from "../observe/mod.ts";
import {
  actorChild,
  type ChildSpec,
  planRestart,
  type ResolvedRestartLimits,
  resolveRestartLimits,
  type RestartHistory,
} from "../supervision/mod.ts";
import { open, resolveConnectOptions } from "./connect.ts";
import { checkParts, refuse } from "./options.ts";
import { serve } from "./serve.ts";
import type {
  Connection,
  ConnectionChildOptions,
  ConnectionHandler,
  ServeOptions,
} from "./types.ts";

/**
 * Makes a child that is a server. It listens when the supervisor starts it, and again, on the same endpoint,
 * when it is restarted; on port 0 the system then chooses anew.
 *
 * @param name Unique among its siblings; also the server's name in events, unless the options have one.
 * @param options As for `serve`; `graceMs` is also the supervisor's.
 * @param handler As for `serve`.
 *
 * @example
 * ```ts
 * import { connect, lines, serverChild, supervise } from "@packetboat/net";
 * import { assertEquals } from "@std/assert";
 *
 * const port = Promise.withResolvers<number>();
 * await using _tree = await supervise([
 *   serverChild("echo", {
 *     port: 0,
 *     codec: lines(),
 *     onListen: (addr) => port.resolve((addr as Deno.NetAddr).port),
 *   }, (connection) => ({ frame: (line) => connection.send(line) })),
 * ]);
 *
 * await using client = await connect({ port: await port.promise, codec: lines() });
 * client.send("ahoy");
 * for await (const line of client) {
 *   assertEquals(line, "ahoy");
 *   break;
 * }
 * ```
 */
export function serverChild<In, Out = In, M = never>(
  name: string,
  options: ServeOptions<In, Out>,
  handler: ConnectionHandler<In, Out, M>,
): ChildSpec {
  return {
    name,
    start: () => serve({ name, ...options }, handler),
    ...(options.graceMs === undefined ? {} : { graceMs: options.graceMs }),
  };
}

/**
 * Makes a child that is a client connection: it connects, and connects again with backoff whenever the
 * connection is lost, or silent for `idleTimeoutMs`, for as long as it takes. Its ref and its mailbox last: what it is
 * told while there is no connection waits, in order and within the mailbox's bound, for the handler of the next one.
 *
 * Its supervisor decides how long it lives: `signal` among the options is not looked at.
 *
 * It ends when the handler closes the connection, and fails, for its supervisor to decide, when the handler is past
 * its restart limits, the peer breaks the format or `frameTimeoutMs` passes.
 *
 * @param name Unique among its siblings; also the client's name in events, unless the options have one.
 * @param options As for `connect`, and how long to wait before each attempt.
 * @param handler As for `connect`; called for each connection.
 * @throws {RangeError} An option is out of range; the message names it and its value.
 *
 * @example
 * ```ts
 * import { connectionChild, lines, serve, supervise } from "@packetboat/net";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = serve({ port: 0, codec: lines() }, (connection) => ({
 *   frame: (line) => connection.send(line.toUpperCase()),
 * }));
 * const { port } = server.addr as Deno.NetAddr;
 *
 * const answer = Promise.withResolvers<string>();
 * const client = connectionChild<string, string, string>(
 *   "client",
 *   { port, codec: lines() },
 *   (connection) => ({
 *     frame: (line) => answer.resolve(line),
 *     message: (line) => connection.send(line),
 *   }),
 * );
 * client.ref.tell("told before there is a connection");
 * await using _tree = await supervise([client]);
 * assertEquals(await answer.promise, "TOLD BEFORE THERE IS A CONNECTION");
 * ```
 */
export function connectionChild<In, Out = In, M = never>(
  name: string,
  options: ConnectionChildOptions<In, Out>,
  handler: ConnectionHandler<In, Out, M>,
): ChildSpec & { readonly ref: ActorRef<M> } {
  const { mailbox, clock, graceMs, onEvent, reconnect = {} } = options;
  // Wrong options are told here, not when a supervisor starts the child. Unlike a lone client, it needs a handler.
  checkParts(options, handler);
  if (typeof reconnect !== "object" || reconnect === null) {
    refuse("reconnect", "an object", reconnect);
  }
  const { emit } = resolveConnectOptions(options, handler).settings;
  const patience = resolveRestartLimits({
    maxRestarts: Infinity,
    withinMs: Number.MAX_SAFE_INTEGER,
    backoff: { minMs: 100, maxMs: 30_000, jitter: 0.2, ...reconnect },
  });
  const waiting: M[] = [];
  const child = actorChild<M>(
    name,
    (context) =>
      new Link({ name, ...options }, handler, {
        patience,
        emit,
        waiting,
        context,
      }),
    { mailbox, clock, graceMs, onEvent },
  );
  return {
    ...child,
    start(signal) {
      // Its supervisor was done with it: what waited for it then is gone, as its mail is.
      if (child.ref.phase === "stopped") waiting.length = 0;
      return child.start(signal);
    },
  };
}

/** Messages that a connection may hold: enough that its handler never waits for them. */
const PASSED_ON = 64;

/** What the link tells its own actor when it is over. */
class Over {
  constructor(readonly reason: ExitReason) {}
}

/** What a link needs besides its options. */
interface LinkParts<M> {
  readonly patience: ResolvedRestartLimits;
  readonly emit: (event: NetEvent) => void;
  /**
   * Messages without a connection: the one in the turn under way, and those that a lost connection gave back. It
   * outlives the link, as the mailbox does that they came from.
   */
  readonly waiting: M[];
  readonly context: ActorContext<M>;
}

/** The behaviour of a client: keeps a connection, and passes messages on to it. */
class Link<In, Out, M> implements Behavior<M> {
  readonly #options: ConnectionChildOptions<In, Out> & { name?: string };
  readonly #handler: ConnectionHandler<In, Out, M>;
  readonly #patience: ResolvedRestartLimits;
  readonly #emit: (event: NetEvent) => void;
  readonly #context: ActorContext<M>;
  readonly #clock: Clock;
  readonly #waiting: M[];
  #passing: Promise<void> | undefined;
  #connection: Connection<In, Out, M> | undefined;
  /** `undefined` = there will be none: the end of the loop tells why. */
  #connected = Promise.withResolvers<Connection<In, Out, M> | undefined>();

  constructor(
    options: ConnectionChildOptions<In, Out> & { name?: string },
    handler: ConnectionHandler<In, Out, M>,
    { patience, emit, waiting, context }: LinkParts<M>,
  ) {
    this.#options = options;
    this.#handler = handler;
    this.#patience = patience;
    this.#emit = emit;
    this.#waiting = waiting;
    this.#context = context;
    this.#clock = options.clock ?? systemClock;
    // The end of the loop comes by the lane of watched ends, which is never full.
    const exited = this.#run();
    context.watch({
      name: `${context.self.name} link`,
      exited,
      stop: () => exited,
      kill() {},
      [Symbol.asyncDispose]: async () => void await exited,
    }, (reason) => new Over(reason) as M);
    // Killed, its connection must be gone before the next incarnation makes one.
    context.resources.defer(async () => {
      this.#connection?.kill();
      await exited;
    });
  }

  async receive(message: M): Promise<void> {
    if (message instanceof Over) return this.#over(message.reason);
    this.#waiting.push(message);
    await this.#passOn();
  }

  async stopped(): Promise<void> {
    await this.#connection?.stop();
  }

  #over(reason: ExitReason): void {
    if (reason.kind === "failed") throw reason.error;
    this.#context.stop();
  }

  /** Hands on what waits, oldest first; resolves when all of it is in the mailbox of a connection. */
  #passOn(): Promise<void> {
    return this.#passing ??= this.#passAll().finally(() =>
      this.#passing = undefined
    );
  }

  async #passAll(): Promise<void> {
    const waiting = this.#waiting;
    while (waiting.length > 0) {
      const connection = await this.#connected.promise;
      if (connection === undefined) return;
      const message = waiting[0];
      const answer = connection.tell(message);
      if (answer === "stopped") {
        await connection.closed;
        continue;
      }
      // Taken out before the wait: should the connection end meanwhile, it gives the message back in front.
      waiting.shift();
      if (answer === "full" && !await roomMade(connection, message)) {
        waiting.unshift(message);
      }
    }
  }

  async #run(): Promise<ExitReason> {
    const { signal } = this.#context;
    let history: RestartHistory = [];
    while (!signal.aborted) {
      const { error, isOver, wasUseful } = await this.#once();
      if (signal.aborted) break;
      if (isOver) {
        const reason: ExitReason = error === undefined
          ? { kind: "normal" }
          : { kind: "failed", error };
        this.#connected.resolve(undefined);
        return reason;
      }
      if (wasUseful) history = [];
      const next = planRestart(
        history,
        { atMs: this.#clock.now(), error },
        this.#patience,
        Math.random,
        this.#context.self.name,
      );
      history = next.history;
      if (!next.plan.restart) break;
      const { inMs } = next.plan;
      this.#emit({
        kind: "reconnecting",
        actor: this.#context.self.name,
        error,
        inMs,
      });
      await this.#wait(inMs);
    }
    return { kind: "shutdown" };
  }

  /** One connection, from the attempt to its end. */
  async #once(): Promise<
    { error?: unknown; isOver: boolean; wasUseful: boolean }
  > {
    let connection: Connection<In, Out, M>;
    try {
      connection = await open(
        {
          ...this.#options,
          signal: this.#context.signal,
          mailbox: { capacity: PASSED_ON },
        },
        this.#handler,
        {
          onUnserved: (messages) => this.#waiting.unshift(...messages),
          onRefused: (message, error) =>
            Ref.refuse(this.#context.self, message, error),
        },
      );
    } catch (error) {
      const isOver = !(error instanceof ConnectError);
      return { error, isOver, wasUseful: false };
    }
    this.#connection = connection;
    this.#connected.resolve(connection);
    // What the last connection gave back; should the link fail meanwhile, its end tells.
    this.#passOn().catch(() => {});
    const reason = await connection.closed;
    this.#connection = undefined;
    this.#connected = Promise.withResolvers();
    const wasUseful = connection.stats.framesIn > 0;
    return { ...verdict(reason), wasUseful };
  }

  #wait(delayMs: number): Promise<void> {
    const { signal } = this.#context;
    // Whoever was told of the wait may have ended the child.
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.after(delayMs, () => {
        signal.removeEventListener("abort", end);
        resolve();
      });
      const end = () => {
        timer.cancel();
        resolve();
      };
      signal.addEventListener("abort", end, { once: true });
    });
  }
}

/** Waits until `connection` has taken `message`; `false` = it ended first. */
async function roomMade<In, Out, M>(
  connection: Connection<In, Out, M>,
  message: M,
): Promise<boolean> {
  try {
    await connection.deliver(message);
    return true;
  } catch (error) {
    if (error instanceof ActorStoppedError) return false;
    throw error;
  }
}

/** Which ends are the network's doing, so that another connection may do better. */
function verdict(reason: CloseReason): { error?: unknown; isOver: boolean } {
  switch (reason.by) {
    case "peer":
    case "idle":
      return { isOver: false };
    case "failure":
      return {
        error: reason.error,
        isOver: !(reason.error instanceof ConnectionLostError),
      };
    default:
      return { isOver: true };
  }
}
