/**
 * A network without sockets, hostile where a test wants it: bytes arrive late, in small pieces, not at all, or
 * the connection is reset. Deterministic: it decides nothing by chance and reads no clock but the one given.
 *
 * Decides who is connected with whom, and what an end that is closed still does, which is what a socket does. How
 * bytes travel is the pipes' business.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { shown } from "../shown.ts";
import type { Acceptor, ByteStream, Network } from "../transport/mod.ts";
import { MemoryPipe, named, type PipeLimits } from "./memory_pipe.ts";

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
      if (accepting !== undefined) return Promise.reject(named("Busy"));
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
  options: MemoryNetworkOptions,
  nearAddr: Deno.NetAddr,
  farAddr: Deno.NetAddr,
): [MemoryStream, MemoryStream] {
  const limits = resolveLimits(options);
  const there = new MemoryPipe(limits);
  const back = new MemoryPipe(limits);
  return [
    makeEnd(back, there, nearAddr, farAddr),
    makeEnd(there, back, farAddr, nearAddr),
  ];
}

/** @throws {RangeError} For an option out of range. */
function resolveLimits(options: MemoryNetworkOptions): PipeLimits {
  const {
    latencyMs = 0,
    sliceBytes = Infinity,
    bufferBytes = 65_536,
    clock = systemClock,
  } = options;
  atLeast(0, "latencyMs", latencyMs);
  atLeast(1, "sliceBytes", sliceBytes);
  atLeast(1, "bufferBytes", bufferBytes);
  return { latencyMs, sliceBytes, bufferBytes, clock };
}

function atLeast(least: number, option: string, value: number): void {
  if (typeof value === "number" && value >= least) return;
  throw new RangeError(
    `Cannot make a memory network: '${option}' must be at least ${least}: current value is ${
      shown(value)
    }`,
  );
}

function makeEnd(
  incoming: MemoryPipe,
  outgoing: MemoryPipe,
  localAddr: Deno.NetAddr,
  remoteAddr: Deno.NetAddr,
): MemoryStream {
  let isClosed = false;
  const unlessClosed = <T>(work: () => Promise<T>): Promise<T> =>
    isClosed ? Promise.reject(named("BadResource")) : work();
  return {
    localAddr,
    remoteAddr,
    read: (into) => unlessClosed(() => incoming.read(into)),
    write: (bytes) => unlessClosed(() => outgoing.write(bytes)),
    closeWrite: () => unlessClosed(() => Promise.resolve(outgoing.end())),
    close() {
      if (isClosed) throw named("BadResource");
      isClosed = true;
      outgoing.end();
      incoming.abandon();
    },
    reset() {
      incoming.fail();
      outgoing.fail();
    },
  };
}

function address(port: number): Deno.NetAddr {
  return { transport: "tcp", hostname: "memory", port };
}
