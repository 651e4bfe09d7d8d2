/**
 * A network without sockets, hostile where a test wants it: bytes arrive late, in small pieces, not at all, or
 * the connection is reset. Deterministic: it decides nothing by chance and reads no clock but the one given.
 *
 * What it shares with the real thing: a bounded buffer each way (a peer that does not read blocks the writer),
 * half-close, and a reset that loses what is under way.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import type { Acceptor, ByteStream, Network } from "../transport/mod.ts";

/**
 * How a {@linkcode MemoryNetwork} treats the bytes.
 *
 * @example Bytes that are late, and frames that are torn
 * ```ts
 * import {
 *   manualClock,
 *   type MemoryNetworkOptions,
 *   memoryPair,
 * } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const clock = manualClock();
 * const options: MemoryNetworkOptions = { latencyMs: 40, sliceBytes: 2, clock };
 * const [near, far] = memoryPair(options);
 * await near.write(new Uint8Array([1, 2, 3]));
 * const read = far.read(new Uint8Array(8)).then((n) => [n, clock.now()]);
 * await clock.advance(100);
 * assertEquals(await read, [2, 40]);
 * ```
 */
export interface MemoryNetworkOptions {
  /** From a write to the moment the peer can read it, in milliseconds. @default {0} */
  latencyMs?: number;
  /** The most bytes that one read brings, so that frames are torn. @default {Infinity} */
  sliceBytes?: number;
  /** Bytes each direction holds before a write waits, as a socket's buffer does. @default {65_536} */
  bufferBytes?: number;
  /** For `latencyMs`. */
  clock?: Clock;
}

/**
 * One end of a connection in memory; besides what every stream does, it can misbehave.
 *
 * @example A connection that breaks
 * ```ts
 * import { memoryPair, type MemoryStream } from "@packetboat/net/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const [near, far]: [MemoryStream, MemoryStream] = memoryPair();
 * await near.write(new Uint8Array([1, 2, 3]));
 * near.reset();
 * await assertRejects(() => far.read(new Uint8Array(8)), Error, "ConnectionReset");
 * ```
 */
export interface MemoryStream extends ByteStream {
  /** Breaks the connection: both ends' reads and writes fail, and what was under way is lost. */
  reset(): void;
}

/**
 * A network in memory: `serve` and `connect` take it as `{ transport: "custom", network }`.
 *
 * @example A client that sends what no codec would
 * ```ts
 * import { lines, serve } from "@packetboat/net";
 * import { type MemoryNetwork, memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const network: MemoryNetwork = memoryNetwork();
 * const first = Promise.withResolvers<string>();
 * await using _server = serve(
 *   { transport: "custom", network, codec: lines() },
 *   () => ({ frame: (line) => first.resolve(line) }),
 * );
 * const client = await network.connect();
 * await client.write(new TextEncoder().encode("whole\nhalf a li"));
 * assertEquals(await first.promise, "whole");
 * client.close();
 * ```
 */
export interface MemoryNetwork extends Network {
  /** The next connection's far end, before anybody has accepted it. */
  connect(): Promise<MemoryStream>;
}

/**
 * Makes two connected ends.
 *
 * @example
 * ```ts
 * import { memoryPair } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const [near, far] = memoryPair({ sliceBytes: 2 });
 * await near.write(new Uint8Array([1, 2, 3]));
 * const into = new Uint8Array(8);
 * assertEquals(await far.read(into), 2);
 * assertEquals(await far.read(into), 1);
 * near.close();
 * assertEquals(await far.read(into), null);
 * far.close();
 * ```
 */
export function memoryPair(
  options: MemoryNetworkOptions = {},
): [MemoryStream, MemoryStream] {
  return pair(options, address(1), address(2));
}

/**
 * Makes a network on which one server can listen and any number of clients can connect.
 *
 * @example A server whose every read brings one byte
 * ```ts
 * import { connect, lines, serve } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const network = memoryNetwork({ sliceBytes: 1 });
 * await using server = serve(
 *   { transport: "custom", network, codec: lines() },
 *   (connection) => ({ frame: (line) => connection.send(line.toUpperCase()) }),
 * );
 * await using client = await connect({
 *   transport: "custom",
 *   network,
 *   codec: lines(),
 * });
 * client.send("torn");
 * for await (const line of client) {
 *   assertEquals(line, "TORN");
 *   break;
 * }
 * ```
 */
export function memoryNetwork(
  options: MemoryNetworkOptions = {},
): MemoryNetwork {
  const waiting: MemoryStream[] = [];
  let accepting: PromiseWithResolvers<ByteStream> | undefined;
  let listening = false;
  let nextPort = 1;
  const home = address(0);

  const acceptor: Acceptor = {
    addr: home,
    accept() {
      const stream = waiting.shift();
      if (stream !== undefined) return Promise.resolve(stream);
      if (!listening) return Promise.reject(named("BadResource"));
      accepting = Promise.withResolvers();
      return accepting.promise;
    },
    close() {
      listening = false;
      for (const stream of waiting.splice(0)) stream.reset();
      accepting?.reject(named("Interrupted"));
      accepting = undefined;
    },
    ref() {},
    unref() {},
  };
  return {
    listen() {
      if (listening) throw named("AddrInUse");
      listening = true;
      return acceptor;
    },
    connect() {
      if (!listening) return Promise.reject(named("ConnectionRefused"));
      const [near, far] = pair(options, address(nextPort++), home);
      if (accepting === undefined) waiting.push(far);
      else accepting.resolve(far);
      accepting = undefined;
      return Promise.resolve(near);
    },
  };
}

function pair(
  {
    latencyMs = 0,
    sliceBytes = Infinity,
    bufferBytes = 65_536,
    clock = systemClock,
  }: MemoryNetworkOptions,
  nearAddr: Deno.NetAddr,
  farAddr: Deno.NetAddr,
): [MemoryStream, MemoryStream] {
  for (
    const [option, value, least] of [["latencyMs", latencyMs, 0], [
      "sliceBytes",
      sliceBytes,
      1,
    ], ["bufferBytes", bufferBytes, 1]] as const
  ) {
    if (!(value >= least)) {
      throw new RangeError(
        `Cannot make a memory network: '${option}' must be at least ${least}: current value is ${value}`,
      );
    }
  }
  const limits = { latencyMs, sliceBytes, bufferBytes, clock };
  const there = new Pipe(limits);
  const back = new Pipe(limits);
  const end = (
    incoming: Pipe,
    outgoing: Pipe,
    localAddr: Deno.NetAddr,
    remoteAddr: Deno.NetAddr,
  ): MemoryStream => {
    let closed = false;
    return {
      localAddr,
      remoteAddr,
      read: (into) =>
        closed ? Promise.reject(named("BadResource")) : incoming.read(into),
      write: (bytes) =>
        closed ? Promise.reject(named("BadResource")) : outgoing.write(bytes),
      closeWrite() {
        outgoing.end();
        return Promise.resolve();
      },
      close() {
        if (closed) throw named("BadResource");
        closed = true;
        outgoing.end();
        incoming.abandon();
      },
      reset() {
        incoming.fail();
        outgoing.fail();
      },
    };
  };
  return [
    end(back, there, nearAddr, farAddr),
    end(there, back, farAddr, nearAddr),
  ];
}

/** One direction: a bounded queue of bytes between one writer and one reader. */
class Pipe {
  readonly #limits: Required<MemoryNetworkOptions>;
  #chunks: Uint8Array[] = [];
  /** Bytes that are written and not read, those still on the way included. */
  #size = 0;
  #onTheWay = 0;
  #ended = false;
  #failed = false;
  /** The reader has gone: what is written goes nowhere, and the writer is told. */
  #abandoned = false;
  #reader:
    | { into: Uint8Array; done: PromiseWithResolvers<number | null> }
    | undefined;
  #writer:
    | { bytes: Uint8Array; done: PromiseWithResolvers<number> }
    | undefined;

  constructor(limits: Required<MemoryNetworkOptions>) {
    this.#limits = limits;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#reader !== undefined) return Promise.reject(named("Busy"));
    const done = Promise.withResolvers<number | null>();
    this.#reader = { into, done };
    this.#move();
    return done.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#writer !== undefined) return Promise.reject(named("Busy"));
    const done = Promise.withResolvers<number>();
    this.#writer = { bytes, done };
    this.#move();
    return done.promise;
  }

  end(): void {
    this.#ended = true;
    this.#writer?.done.reject(named("Interrupted"));
    this.#writer = undefined;
    this.#move();
  }

  abandon(): void {
    this.#abandoned = true;
    this.#reader?.done.reject(named("Interrupted"));
    this.#reader = undefined;
    this.#chunks = [];
    this.#move();
  }

  fail(): void {
    this.#failed = true;
    this.#chunks = [];
    this.#move();
  }

  /** Does what can be done now: takes a write in, hands a read out, tells who waits in vain. */
  #move(): void {
    this.#takeWrite();
    const reader = this.#reader;
    if (reader === undefined) return;
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      const count = Math.min(
        chunk.length,
        reader.into.length,
        this.#limits.sliceBytes,
      );
      reader.into.set(chunk.subarray(0, count));
      if (count < chunk.length) this.#chunks.unshift(chunk.subarray(count));
      this.#size -= count;
      this.#reader = undefined;
      reader.done.resolve(count);
      this.#takeWrite();
    } else if (this.#failed) {
      this.#reader = undefined;
      reader.done.reject(named("ConnectionReset"));
    } else if (this.#ended && this.#onTheWay === 0) {
      this.#reader = undefined;
      reader.done.resolve(null);
    }
  }

  #takeWrite(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    const { latencyMs, bufferBytes, clock } = this.#limits;
    if (this.#failed || this.#abandoned) {
      this.#writer = undefined;
      writer.done.reject(
        named(this.#failed ? "ConnectionReset" : "BrokenPipe"),
      );
      return;
    }
    const count = Math.min(writer.bytes.length, bufferBytes - this.#size);
    if (count === 0) return;
    // The writer may use its memory again once it has been told.
    const chunk = writer.bytes.slice(0, count);
    this.#size += count;
    this.#writer = undefined;
    writer.done.resolve(count);
    if (latencyMs === 0) {
      this.#chunks.push(chunk);
      return;
    }
    this.#onTheWay++;
    clock.after(latencyMs, () => {
      this.#onTheWay--;
      if (!this.#failed && !this.#abandoned) this.#chunks.push(chunk);
      this.#move();
    });
  }
}

function address(port: number): Deno.NetAddr {
  return { transport: "tcp", hostname: "memory", port };
}

/** An error by the name of one of the runtime's, which is how they are told apart. */
function named(name: string): Error {
  const error = new Error(`${name} (in memory)`);
  error.name = name;
  return error;
}
