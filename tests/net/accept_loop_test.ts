/** The accept loop outlives every failure, waits longer each time, and stops at once. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { lines, type NetEvent, serve } from "../../mod.ts";
import { AcceptLoop } from "../../src/net/accept_loop.ts";
import { manualClock, memoryPair } from "../../testing.ts";
import type { Acceptor, ByteStream, Network } from "../../src/transport/mod.ts";

/** An acceptor whose every answer the test gives. */
class ScriptedAcceptor implements Acceptor {
  readonly addr: Deno.NetAddr = {
    transport: "tcp",
    hostname: "127.0.0.1",
    port: 1,
  };
  isClosed = false;
  #pending: PromiseWithResolvers<ByteStream> | undefined;
  /** How often `accept` was called. */
  calls = 0;
  /** `ref` and `unref`, as they were called. */
  readonly refs: string[] = [];

  accept(): Promise<ByteStream> {
    this.calls++;
    this.#pending = Promise.withResolvers();
    return this.#pending.promise;
  }

  give(stream: ByteStream): void {
    this.#pending!.resolve(stream);
  }

  fail(error: unknown): void {
    this.#pending!.reject(error);
  }

  close(): void {
    this.isClosed = true;
  }

  ref(): void {
    this.refs.push("ref");
  }

  unref(): void {
    this.refs.push("unref");
  }
}

const EMFILE = Object.assign(new Error("too many open files"), {
  code: "EMFILE",
});

function start() {
  const acceptor = new ScriptedAcceptor();
  const clock = manualClock();
  const streams: ByteStream[] = [];
  const failures: [unknown, number][] = [];
  const loop = new AcceptLoop(acceptor, {
    onStream: (stream) => {
      streams.push(stream);
      return undefined;
    },
    onFailed: (error, retryInMs) => failures.push([error, retryInMs]),
  }, clock);
  return { acceptor, clock, streams, failures, loop };
}

Deno.test("AcceptLoop waits 100 ms after a failure, twice as long after each more, 1.6 s at the most, and begins anew after a success", async () => {
  const { acceptor, clock, streams, failures, loop } = start();
  const [near, far] = memoryPair();
  for (const wait of [100, 200, 400, 800, 1_600, 1_600]) {
    acceptor.fail(EMFILE);
    await clock.settle();
    assertEquals(failures.at(-1), [EMFILE, wait]);
    const { calls } = acceptor;
    await clock.advance(wait - 1);
    assertEquals(acceptor.calls, calls, `asked again before ${wait} ms`);
    await clock.advance(1);
    assertEquals(acceptor.calls, calls + 1);
  }
  acceptor.give(far);
  await clock.settle();
  assertEquals(streams.length, 1);
  acceptor.fail(EMFILE);
  await clock.settle();
  assertEquals(failures.at(-1), [EMFILE, 100]);
  await loop.stop();
  assertEquals(clock.pendingTimers, 0);
  near.close();
  far.close();
});

Deno.test("AcceptLoop that is stopped while it waits ends at once, and asks no more", async () => {
  const { acceptor, clock, loop } = start();
  acceptor.fail(EMFILE);
  await clock.settle();
  assertEquals(clock.pendingTimers, 1);
  await loop.stop();
  assertEquals(
    [acceptor.isClosed, acceptor.calls, clock.pendingTimers],
    [true, 1, 0],
  );
});

Deno.test("AcceptLoop that is stopped is over when the pending accept is, and its failure is nobody's", async () => {
  const { acceptor, clock, failures, loop } = start();
  let isOver = false;
  const stopped = loop.stop().then(() => isOver = true);
  await clock.settle();
  assertEquals(isOver, false, "the port is not free before");
  acceptor.fail(new Deno.errors.BadResource("closed"));
  await stopped;
  assertEquals(failures, []);
});

Deno.test("AcceptLoop closes who comes in while it stops", async () => {
  const { acceptor, streams, loop } = start();
  const [near, far] = memoryPair();
  const stopped = loop.stop();
  acceptor.give(far);
  await stopped;
  assertEquals(streams, []);
  assertEquals(await near.read(new Uint8Array(1)), null);
  near.close();
});

function scripted(): { acceptor: ScriptedAcceptor; network: Network } {
  const acceptor = new ScriptedAcceptor();
  const network: Network = {
    listen: () => acceptor,
    connect: () => Promise.reject(new Error("not here")),
  };
  return { acceptor, network };
}

Deno.test("serve() tells of each accept that failed, and goes on", async () => {
  const { acceptor, network } = scripted();
  const clock = manualClock();
  const events: NetEvent[] = [];
  const server = serve({
    transport: "custom",
    network,
    codec: lines(),
    clock,
    name: "door",
    onEvent: (event) => events.push(event),
  }, (connection) => ({ frame: (line) => connection.send(line) }));
  acceptor.fail(EMFILE);
  await clock.settle();
  const failed = events.find(({ kind }) => kind === "acceptFailed");
  assertEquals(failed, {
    kind: "acceptFailed",
    server: "door",
    error: EMFILE,
    retryInMs: 100,
  });
  await clock.advance(100);
  const [near, far] = memoryPair();
  acceptor.give(far);
  await clock.settle();
  assertEquals(server.connections.size, 1);
  near.close();
  const stopped = server.stop();
  await clock.settle();
  acceptor.fail(new Deno.errors.BadResource("closed"));
  assertEquals(await stopped, { kind: "shutdown" });
});

Deno.test("AcceptLoop that is stopped by whoever is told of a failure does not wait", async () => {
  const acceptor = new ScriptedAcceptor();
  const clock = manualClock();
  const loop: AcceptLoop = new AcceptLoop(acceptor, {
    onStream: () => undefined,
    onFailed: () => void loop.stop(),
  }, clock);
  acceptor.fail(EMFILE);
  await clock.settle();
  assertEquals(clock.pendingTimers, 0);
  await loop.stop();
});

Deno.test("Server.unref() and ref() are passed on to the listener", async () => {
  const { acceptor, network } = scripted();
  const server = serve(
    { transport: "custom", network, codec: lines() },
    () => ({ frame() {} }),
  );
  server.unref();
  server.ref();
  assertEquals(acceptor.refs, ["unref", "ref"]);
  const stopped = server.stop();
  acceptor.fail(new Deno.errors.BadResource("closed"));
  await stopped;
});

Deno.test("serve() with a signal that has aborted stops at once, and frees the port", async () => {
  const server = serve(
    { port: 0, codec: lines(), signal: AbortSignal.abort() },
    () => ({ frame() {} }),
  );
  assertEquals(server.status, "stopping");
  assertEquals(await server.exited, { kind: "shutdown" });
  assertEquals(server.status, "stopped");
  const { port } = server.addr as Deno.NetAddr;
  await using again = serve({ port, codec: lines() }, () => ({ frame() {} }));
  assertStrictEquals((again.addr as Deno.NetAddr).port, port);
});

Deno.test("Server.unref() lets the process end while it listens", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-net=127.0.0.1",
      new URL("../support/unref_server.ts", import.meta.url).pathname,
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  // Only for the case that it does not end: then the test fails by the code.
  const guard = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const { code, stdout } = await child.output();
  clearTimeout(guard);
  assertEquals([code, new TextDecoder().decode(stdout)], [0, "listening\n"]);
});
