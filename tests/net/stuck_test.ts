/** Nothing holds a connection for ever: what hangs, stalls, or is never read has a bound. And nothing is lost by it. */

import {
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  type ConnectionHandler,
  ConnectionLostError,
  type ConnectionOptions,
  lines,
  TimeoutError,
} from "../../mod.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { openConnection } from "./scripted_connection.ts";
import { settle } from "./scripted_stream.ts";

const RESET = new Deno.errors.ConnectionReset("reset");
const never = new Promise<void>(() => {});

/** A connection that speaks lines, on a stream and a clock that the test plays. */
function open<M = never>(
  handler: ConnectionHandler<string, string, M>,
  options: ConnectionOptions = {},
  onUnserved?: (messages: M[]) => void,
) {
  const clock = manualClock();
  const opened = openConnection(
    lines(),
    handler,
    { clock, ...options },
    onUnserved,
  );
  /** Time passes, with a look at the deadlines at its end, as the server's sweep does. */
  const pass = async (ms: number) => {
    await clock.advance(ms);
    opened.connection.checkDeadlines(clock.now());
    await settle();
  };
  return { ...opened, clock, pass };
}

Deno.test("a 'closed' callback that hangs is cut after graceMs", async () => {
  const { connection, clock, kinds } = open(() => ({
    frame() {},
    closed: () => never,
  }), { graceMs: 500 });
  const closed = connection.close();
  await settle();
  await clock.advance(499);
  assertEquals(connection.phase, "stopping");
  await clock.advance(1);
  assertEquals(await closed, { by: "local" });
  assertEquals(kinds().at(-1), "closed");
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("a 'closed' callback that hangs is cut at once by kill()", async () => {
  const { connection, clock } = open(() => ({
    frame() {},
    closed: () => never,
  }));
  void connection.close();
  await settle();
  assertEquals(connection.phase, "stopping");
  connection.kill();
  assertEquals(await connection.closed, { by: "local" });
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("a 'closed' callback that fails after it was cut is told, not thrown", async () => {
  const late = Promise.withResolvers<void>();
  const { connection, clock, kinds } = open(() => ({
    frame() {},
    closed: () => late.promise,
  }), { graceMs: 10 });
  void connection.close();
  await settle();
  await clock.advance(10);
  await connection.closed;
  late.reject(new Error("too late"));
  await settle();
  assertEquals(kinds(), ["opened", "closed", "crashed"]);
});

Deno.test("sendBody() goes on while more waits behind it than may wait", async () => {
  const { connection, stream } = open(() => ({ frame() {} }), {
    highWaterBytes: 100,
  });
  const next = [new Uint8Array(50), new Uint8Array(60)].map((chunk) => ({
    chunk,
    wanted: Promise.withResolvers<void>(),
  }));
  const body = connection.sendBody((async function* () {
    for (const { chunk, wanted } of next) {
      await wanted.promise;
      yield chunk;
    }
  })());
  for (let i = 0; i < 20; i++) connection.send("behind it");
  for (const { wanted } of next) {
    wanted.resolve();
    await settle();
  }
  await body;
  await settle();
  const written = stream.written();
  assertEquals(written.length, 110 + 20 * 10);
  assertEquals(written.indexOf("behind"), 110);
  await connection.close();
});

Deno.test("sendBody() with a source that is silent rejects when the connection is lost", async () => {
  let returned = false;
  const { connection, stream } = open(() => ({ frame() {} }));
  const body = connection.sendBody({
    [Symbol.asyncIterator]: () => ({
      next: () => never as Promise<never>,
      return() {
        returned = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  });
  await settle();
  stream.peer(RESET);
  const error = await assertRejects(() => body, ConnectionLostError);
  assertEquals(error.code, "CONNECTION_RESET");
  assertEquals(returned, true);
  await connection.closed;
});

Deno.test("messages that wait when the connection is lost are not served by the dead one, if another will come", async () => {
  const served: string[] = [];
  const unserved: string[] = [];
  const slow = Promise.withResolvers<void>();
  const { connection, stream } = open<string>(
    () => ({
      frame() {},
      async message(text) {
        served.push(text);
        await slow.promise;
      },
    }),
    {},
    (messages) => unserved.push(...messages),
  );
  for (const message of ["slow", "a", "b"]) connection.tell(message);
  await settle();
  stream.peer(RESET);
  await settle();
  connection.tell("c");
  slow.resolve();
  await connection.closed;
  assertEquals([served, unserved], [["slow"], ["a", "b", "c"]]);
});

Deno.test("the rest of a body whose handler crashed is passed over, and the next frame comes", async () => {
  for (const cut of [0, 3, 8]) {
    const seen: string[] = [];
    const { connection, stream, clock } = open((connection) => ({
      async frame(line) {
        seen.push(line);
        if (line !== "8") return;
        const reader = connection.body(8).getReader();
        if (cut > 0) await reader.read();
        throw new Error("the disk is full");
      },
    }));
    stream.peer("8\n" + "abcdefgh".slice(0, cut));
    await settle();
    await clock.advance(0);
    stream.peer("abcdefgh".slice(cut) + "next\n");
    await settle();
    assertEquals(seen, ["8", "next"], `${cut} bytes at hand`);
    await connection.close();
  }
});

Deno.test("who still reads the body of a handler that crashed is told that it is cut", async () => {
  let background: Promise<unknown> | undefined;
  const seen: string[] = [];
  const { connection, stream, clock } = open((connection) => ({
    frame(line) {
      seen.push(line);
      if (line !== "8") return;
      background = assertRejects(
        () => Array.fromAsync(connection.body(8)),
        ConnectionLostError,
        "in the middle of a body",
      );
      throw new Error("and nobody waits for the body");
    },
  }));
  stream.peer("8\nabcd");
  await clock.advance(0);
  stream.peer("efghnext\n");
  await background;
  await settle();
  assertEquals(seen, ["8", "next"]);
  await connection.close();
});

Deno.test("a peer that ends in a body whose handler crashed ends the connection", async () => {
  const { connection, stream, clock } = open((connection) => ({
    frame() {
      connection.body(8);
      throw new Error("no");
    },
  }));
  stream.peer("8\nabc");
  await settle();
  await clock.advance(0);
  stream.peer(null);
  assertEquals((await connection.closed).by, "peer");
});

Deno.test("a body that stalls is ended by frameTimeoutMs, counted from its last byte", async () => {
  let cut: unknown;
  const { connection, stream, pass } = open((connection) => ({
    async frame() {
      try {
        await Array.fromAsync(connection.body(10));
      } catch (error) {
        cut = error;
      }
    },
  }), { frameTimeoutMs: 1_000 });
  stream.peer("10\na");
  await settle();
  await pass(900);
  for (let i = 0; i < 3; i++) {
    stream.peer("b");
    await settle();
    await pass(900);
  }
  assertEquals(connection.phase, "running");
  await pass(1_000);
  const reason = await connection.closed;
  assertInstanceOf((reason as { error?: unknown }).error, TimeoutError);
  assertInstanceOf(cut, TimeoutError);
  assertStringIncludes(cut.message, "body");
});

Deno.test("a handler that is slow to read a body is no slow peer", async () => {
  const work = Promise.withResolvers<void>();
  const { connection, stream, pass } = open((connection) => ({
    async frame() {
      const body = connection.body(10);
      await work.promise;
      connection.send(`${(await new Response(body as never).bytes()).length}`);
    },
  }), { frameTimeoutMs: 1_000 });
  stream.peer("10\na");
  await settle();
  for (let i = 0; i < 5; i++) await pass(1_000);
  assertEquals(connection.phase, "running");
  work.resolve();
  stream.peer("bcdefghij");
  // The streams of the platform take turns of the event loop.
  while (stream.written() === "") await new Promise((r) => setTimeout(r, 0));
  assertEquals(stream.written(), "10\n");
  await connection.close();
});

Deno.test("a peer that neither sends nor reads is idle, also when more waits for it than may", async () => {
  const { connection, stream, clock, pass } = open((connection) => {
    connection.send("x".repeat(200));
    return { frame() {} };
  }, { idleTimeoutMs: 1_000, highWaterBytes: 100, graceMs: 50 });
  stream.takesWrites = false;
  await settle();
  connection.send("y".repeat(200));
  await pass(500);
  assertEquals(connection.phase, "running");
  await pass(600);
  assertEquals(connection.phase, "stopping");
  await clock.advance(50);
  assertEquals(await connection.closed, { by: "idle" });
});

Deno.test("stop({ graceMs }) holds for a connection that is closing already, and a shorter one for the longer before it", async () => {
  for (const first of ["close", "stop"] as const) {
    const { connection, stream, clock } = open(() => ({ frame() {} }), {
      graceMs: 10_000,
    });
    stream.takesWrites = false;
    connection.send("never read");
    void connection[first]();
    await settle();
    const exited = connection.stop({ graceMs: 50 });
    void connection.stop({ graceMs: 5_000 });
    await clock.advance(49);
    assertNotEquals(connection.phase, "stopped", first);
    await clock.advance(1);
    await exited;
    await connection.stop({ graceMs: 50 });
    assertEquals(clock.pendingTimers, 0);
  }
});

Deno.test("stop({ graceMs }) may give more time than the connection's own options do", async () => {
  const { connection, stream, clock } = open(() => ({ frame() {} }), {
    graceMs: 50,
  });
  stream.takesWrites = false;
  connection.send("read late");
  const exited = connection.stop({ graceMs: 5_000 });
  void connection.close();
  await clock.advance(4_999);
  stream.takeWrites();
  await exited;
  assertEquals(stream.written(), "read late\n");
});

Deno.test("a loss is the reason of the end, also when the grace cuts the turn that did not notice", async () => {
  const { connection, stream, clock } = open(() => ({ frame: () => never }));
  stream.peer("hang\n");
  await settle();
  stream.peer(RESET);
  await settle();
  const exited = connection.stop({ graceMs: 50 });
  await clock.advance(50);
  assertEquals((await connection.closed).by, "failure");
  assertEquals((await exited).kind, "failed");
});

Deno.test("a handler that fails because the connection is lost is not restarted on the dead socket", async () => {
  const { connection, stream, kinds } = open(async (connection) => {
    try {
      for await (const _ of connection);
    } catch (cause) {
      throw new Error("wrapped", { cause });
    }
  });
  await settle();
  stream.peer(RESET);
  const reason = await connection.closed as { error?: unknown };
  assertInstanceOf(reason.error, ConnectionLostError);
  assertEquals(kinds(), ["opened", "crashed", "closed"]);
});
