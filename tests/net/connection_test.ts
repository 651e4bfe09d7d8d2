import {
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  type ConnectionHandler,
  ConnectionLostError,
  type ConnectionOptions,
  delimited,
  EncodeError,
  encodeFrame,
  FrameTooLargeError,
  lengthPrefixed,
  lines,
  type NetEvent,
  RestartLimitError,
  SlowConsumerError,
  TimeoutError,
  TruncatedFrameError,
} from "../../mod.ts";
import { nextTask } from "../../src/clock.ts";
import { ConnectionActor } from "../../src/net/connection.ts";
import { resolveConnectionOptions } from "../../src/net/options.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { openConnection } from "./scripted_connection.ts";
import { ScriptedStream, settle } from "./scripted_stream.ts";

/** A connection that speaks lines, on a stream and a clock that the test plays. */
function open<M = never>(
  handler: ConnectionHandler<string, string, M> | undefined,
  options: ConnectionOptions = {},
) {
  const clock = manualClock();
  return {
    ...openConnection(lines(), handler, { clock, ...options }),
    clock,
  };
}

/** Keeps the runtime busy for longer than a connection listens at its end, and then for so many tasks. */
async function keepBusy(tasks: number): Promise<void> {
  const untilMs = performance.now() + 20;
  while (performance.now() < untilMs);
  for (let i = 0; i < tasks; i++) await new Promise<void>(nextTask);
}

const echo: ConnectionHandler<string, string, never> = (connection) => ({
  frame: (line) => connection.send(line.toUpperCase()),
});

Deno.test("Connection hands out whole frames in order, for every one of the 2,048 ways to cut them", async () => {
  const wire = "one\ntwo\n\nsix";
  for (let cuts = 0; cuts < 2 ** (wire.length - 1); cuts++) {
    const seen: string[] = [];
    const { connection, stream } = open(() => ({
      async frame(line) {
        seen.push(line);
        await Promise.resolve(); // so that some is read ahead
      },
    }));
    let from = 0;
    for (let at = 1; at <= wire.length; at++) {
      // Bit n of `cuts` says whether there is a cut in front of byte n + 1.
      if (at < wire.length && !(cuts >> (at - 1) & 1)) continue;
      stream.peer(wire.slice(from, at));
      from = at;
    }
    stream.peer(null);
    await connection.closed;
    assertEquals(seen, ["one", "two", "", "six"], cuts.toString(2));
  }
});

Deno.test("Connection sends the frames of one turn, and of all turns at hand, in one write", async () => {
  const { connection, stream } = open(echo);
  stream.peer("one\ntwo\nthree\n");
  await settle();
  assertEquals(stream.writes.length, 1);
  for (let i = 0; i < 100; i++) connection.send(String(i));
  await settle();
  assertEquals(
    stream.writes.length,
    2,
    "100 frames sent at once are one write",
  );
  await connection.close();
});

Deno.test("Connection gathers what is sent while a write is under way into the next write", async () => {
  const { connection, stream } = open(echo);
  stream.takesWrites = false;
  connection.send("a");
  await settle();
  connection.send("b");
  await settle();
  connection.send("c");
  stream.takeWrites();
  await settle();
  assertEquals(stream.writes.map((bytes) => new TextDecoder().decode(bytes)), [
    "a\n",
    "b\nc\n",
  ]);
  await connection.close();
});

Deno.test("Connection writes the rest after a partial write", async () => {
  const { connection, stream } = open(echo);
  stream.mostPerWrite = 3;
  connection.send("abcdefgh");
  await settle();
  assertEquals(stream.written(), "abcdefgh\n");
  assertEquals(connection.stats.bytesOut, 9);
  await connection.close();
});

Deno.test("Connection never re-enters a handler, and keeps the order of frames and messages", async () => {
  let inside = 0;
  const seen: string[] = [];
  const turn = async (what: string) => {
    assertEquals(++inside, 1);
    await settle();
    seen.push(what);
    inside--;
  };
  const { connection, stream } = open<string>(() => ({
    frame: turn,
    message: turn,
  }));
  stream.peer("f1\nf2\n");
  for (const message of ["m1", "m2"]) {
    assertEquals(connection.tell(message), "accepted");
  }
  for (let i = 0; i < 10; i++) await settle();
  assertEquals(seen.filter((what) => what.startsWith("f")), ["f1", "f2"]);
  assertEquals(seen.filter((what) => what.startsWith("m")), ["m1", "m2"]);
  await connection.close();
});

Deno.test("Connection serves messages and frames by turns, so that neither starves", async () => {
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const { connection, stream } = open<string>(() => ({
    frame: (line) => line === "hold" ? gate.promise : seen.push(line),
    message: (message) => seen.push(message),
  }));
  stream.peer("hold\nf1\nf2\nf3\n");
  await settle();
  for (const message of ["m1", "m2", "m3", "m4"]) connection.tell(message);
  gate.resolve();
  await settle();
  assertEquals(seen, ["m1", "f1", "m2", "f2", "m3", "f3", "m4"]);
  await connection.close();
});

Deno.test("Connection lets timers in when a handler feeds its own mailbox without end", async () => {
  let turns = 0;
  const { connection, clock } = open<string>((connection) => ({
    frame() {},
    message: (message) => {
      if (++turns < 3_000) connection.tell(message);
    },
  }));
  connection.tell("again");
  await settle();
  assertEquals(turns, 1_024);
  await clock.settle();
  assertEquals(turns, 3_000);
  await connection.close();
});

Deno.test("Connection restarts a handler that throws, without the frame it failed on", async () => {
  const made: number[] = [];
  const { connection, stream, clock, events } = open((connection) => {
    made.push(made.length);
    let count = 0;
    return {
      frame(line) {
        if (line === "bad") throw new Error("choked");
        connection.send(`${line} ${++count}`);
      },
    };
  });
  stream.peer("a\nb\nbad\nc\n");
  await clock.advance(0);
  assertEquals(
    stream.written(),
    "a 1\nb 2\nc 1\n",
    "the new incarnation starts with clean state",
  );
  assertEquals(made, [0, 1]);
  const crash = events.find((event) => event.kind === "crashed");
  assertEquals(
    crash?.kind === "crashed" &&
      [crash.willRestart, (crash.error as Error).message],
    [true, "choked"],
  );
  assertEquals(
    events.some((event) =>
      event.kind === "restarted" && event.incarnation === 1
    ),
    true,
  );
  assertFalse(stream.isClosed);
  assertEquals(connection.stats.restarts, 1);
  await connection.close();
});

Deno.test("Connection restarts after a rejected promise as after a throw", async () => {
  const { connection, stream, clock } = open((connection) => ({
    async frame(line) {
      await Promise.resolve();
      if (line === "bad") throw new Error("choked");
      connection.send(line);
    },
  }));
  stream.peer("a\nbad\nc\n");
  await clock.advance(0);
  assertEquals(stream.written(), "a\nc\n");
  await connection.close();
});

Deno.test("Connection tells the crashed frame where it is bytes", async () => {
  const stream = new ScriptedStream();
  const events: NetEvent[] = [];
  const codec = delimited("\n");
  const clock = manualClock();
  const connection = new ConnectionActor<Uint8Array, Uint8Array, never>(
    1,
    stream,
    {
      name: "test#1",
      codec,
      settings: resolveConnectionOptions({
        clock,
        onEvent: (e) => events.push(e),
      }, codec),
      handler: () => ({
        frame() {
          throw new Error("choked");
        },
      }),
    },
  );
  connection.open();
  stream.peer("poison\n");
  await settle();
  const crash = events.find((event) => event.kind === "crashed");
  assertEquals(
    crash?.kind === "crashed" && new TextDecoder().decode(crash.frame),
    "poison",
  );
  await connection.close();
});

Deno.test("Connection keeps messages that wait over a restart", async () => {
  const seen: string[] = [];
  const turn = Promise.withResolvers<void>();
  const { connection, stream, clock } = open<string>(() => ({
    frame: () => turn.promise,
    message: (message) => seen.push(message),
  }));
  stream.peer("bad\n");
  await settle();
  assertEquals(connection.tell("before the crash"), "accepted");
  turn.reject(new Error("choked"));
  await settle();
  assertEquals(connection.phase, "restarting");
  assertEquals(connection.tell("before the restart"), "accepted");
  assertEquals(seen, []);
  await clock.advance(0);
  assertEquals(seen, ["before the crash", "before the restart"]);
  await connection.close();
});

Deno.test("Connection past its restart limits closes with RestartLimitError, after what was sent", async () => {
  const { connection, stream, clock } = open((connection) => ({
    frame(line) {
      connection.send(line);
      if (line === "bad") throw new Error("choked");
    },
  }));
  stream.peer("bad\n".repeat(10));
  await clock.advance(0);
  await clock.advance(0);
  await clock.advance(0);
  const reason = await connection.closed;
  assertInstanceOf(reason.by === "failure" && reason.error, RestartLimitError);
  assertEquals(stream.written(), "bad\n".repeat(4));
  assertEquals(stream.isClosed, true);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("Connection with onCrash 'close' closes at the first crash", async () => {
  const error = new Error("choked");
  const { connection, stream } = open(() => ({
    frame() {
      throw error;
    },
  }), { onCrash: "close" });
  stream.peer("bad\n");
  assertEquals(await connection.closed, { by: "failure", error });
  assertEquals(await connection.exited, { kind: "failed", error });
});

Deno.test("Connection whose factory throws counts it as a crash", async () => {
  let made = 0;
  const { connection, stream, clock } = open((connection) => {
    if (++made < 3) throw new Error("not yet");
    return { frame: (line) => connection.send(line) };
  });
  stream.peer("a\n");
  await clock.advance(0);
  await clock.advance(0);
  assertEquals(made, 3);
  assertEquals(stream.written(), "a\n", "no frame was lost");
  await connection.close();
});

Deno.test("Connection refuses a handler that returns neither callbacks nor a promise", async () => {
  const { connection, events } = open((() => 7) as never, { onCrash: "close" });
  const reason = await connection.closed;
  assertInstanceOf(reason.by === "failure" && reason.error, TypeError);
  assertEquals(events.filter(({ kind }) => kind === "crashed").length, 1);
});

Deno.test("Connection answers everything to a peer that ended its direction, then closes", async () => {
  const { connection, stream } = open((connection) => ({
    async frame(line) {
      await settle();
      connection.send(line);
    },
  }));
  stream.peer("a\nb\nc");
  stream.peer(null);
  assertEquals(await connection.closed, { by: "peer" });
  assertEquals(stream.written(), "a\nb\nc\n");
  assertEquals(stream.finSent, true);
});

Deno.test("Connection closes on malformed bytes, after what it sent before; memory is freed", async () => {
  const { connection, stream, events } = open((connection) => ({
    frame: (line) => connection.send(line),
  }));
  stream.peer("good\n");
  stream.peer(new Uint8Array([0xff, 0xfe, 0x0a]));
  const reason = await connection.closed;
  assertEquals(reason.by, "failure");
  assertEquals(stream.written(), "good\n");
  assertEquals(connection.stats.bufferedBytes, 0);
  const malformed = events.find(({ kind }) => kind === "malformed");
  assertEquals(
    malformed?.kind === "malformed" && malformed.remoteAddr,
    stream.remoteAddr,
  );
});

Deno.test("Connection closes with TruncatedFrameError when the stream ends inside a frame", async () => {
  const stream = new ScriptedStream();
  const codec = lengthPrefixed();
  const connection = new ConnectionActor<Uint8Array, Uint8Array, never>(
    1,
    stream,
    {
      name: "test#1",
      codec,
      settings: resolveConnectionOptions({}, codec),
      handler: (connection) => ({ frame: (bytes) => connection.send(bytes) }),
    },
  );
  connection.open();
  stream.peer(encodeFrame(codec, new Uint8Array(3)).subarray(0, 5));
  stream.peer(null);
  const reason = await connection.closed;
  assertInstanceOf(
    reason.by === "failure" && reason.error,
    TruncatedFrameError,
  );
});

Deno.test("Connection closes on an oversized declaration without waiting for the bytes", async () => {
  const stream = new ScriptedStream();
  const codec = lengthPrefixed({ maxFrameBytes: 1_000 });
  const connection = new ConnectionActor<Uint8Array, Uint8Array, never>(
    1,
    stream,
    {
      name: "test#1",
      codec,
      settings: resolveConnectionOptions({}, codec),
      handler: () => ({ frame() {} }),
    },
  );
  connection.open();
  stream.peer(new Uint8Array([0, 0, 0xff, 0xff]));
  const reason = await connection.closed;
  assertInstanceOf(reason.by === "failure" && reason.error, FrameTooLargeError);
  assertEquals(stream.isClosed, true);
});

Deno.test("Connection aborts its signal when the peer resets it, also while a handler is busy", async () => {
  const busy = Promise.withResolvers<void>();
  const { connection, stream } = open((connection) => ({
    frame: () =>
      new Promise((resolve) =>
        connection.signal.addEventListener("abort", resolve)
      ).then(() => busy.resolve()),
  }));
  stream.peer("work\n");
  await settle();
  assertFalse(connection.signal.aborted);
  stream.peer(new Deno.errors.ConnectionReset("reset"));
  await busy.promise;
  const reason = await connection.closed;
  assertInstanceOf(
    reason.by === "failure" && reason.error,
    ConnectionLostError,
  );
});

Deno.test("Connection hands out the whole frames that came before a reset", async () => {
  const seen: string[] = [];
  const { connection, stream } = open(() => ({
    frame: (line) => settle().then(() => seen.push(line)),
  }));
  stream.peer("a\nb\nc\ncut");
  stream.peer(new Deno.errors.ConnectionReset("reset"));
  const reason = await connection.closed;
  assertEquals(reason.by, "failure");
  assertEquals(seen, ["a", "b", "c"]);
});

Deno.test("Connection waits for a slow reader before the next turn, and then reads no more than one buffer ahead", async () => {
  let turns = 0;
  const { connection, stream } = open((connection) => ({
    frame() {
      turns++;
      connection.send("x".repeat(100));
    },
  }), { highWaterBytes: 1_000 });
  stream.takesWrites = false;
  for (let i = 0; i < 100; i++) stream.peer("line\n");
  await settle();
  const before = turns;
  assertEquals(before < 100, true);
  await settle();
  assertEquals(turns, before);
  assertFalse(stream.reading, "what was read ahead is not read past");
  stream.takeWrites();
  for (let i = 0; i < 20; i++) await settle();
  assertEquals(turns, 100);
  await connection.close();
});

Deno.test("send() above maxOutboxBytes closes with SlowConsumerError", async () => {
  const { connection, stream } = open(echo, {
    highWaterBytes: 10,
    maxOutboxBytes: 2_000_000,
  });
  stream.takesWrites = false;
  while (connection.phase === "running") connection.send("x".repeat(100_000));
  const reason = await connection.closed;
  const error = reason.by === "failure" && reason.error;
  assertInstanceOf(error, SlowConsumerError);
  assertEquals(error.outboxBytes > 2_000_000, true);
  assertEquals(connection.send("more"), false);
});

Deno.test("send() that cannot encode throws EncodeError and queues nothing", async () => {
  const { connection, stream } = open(undefined);
  connection.send("a");
  assertThrows(() => connection.send("two\nlines"), EncodeError);
  connection.send("b");
  await settle();
  assertEquals(stream.written(), "a\nb\n");
  await connection.close();
});

Deno.test("drained() resolves below the low-water mark, and at the end", async () => {
  const { connection, stream } = open(echo, { highWaterBytes: 10 });
  await connection.drained();
  stream.takesWrites = false;
  assertEquals(connection.send("x".repeat(20)), false);
  let drained = 0;
  void connection.drained().then(() => drained++);
  await settle();
  assertEquals(drained, 0);
  stream.takeWrites();
  await settle();
  assertEquals(drained, 1);
  stream.takesWrites = false;
  connection.send("x".repeat(20));
  void connection.drained().then(() => drained++);
  connection.abort();
  await connection.closed;
  assertEquals(drained, 2);
});

Deno.test("A script pulls frames and its end closes the connection politely", async () => {
  const { connection, stream } = open(async (connection) => {
    for await (const line of connection) {
      if (line === "quit") break;
      connection.send(line);
    }
    connection.send("bye");
  });
  stream.peer("a\nb\nquit\nc\n");
  assertEquals(await connection.closed, { by: "local" });
  assertEquals(stream.written(), "a\nb\nbye\n");
  assertEquals(
    stream.writes.length,
    1,
    "frames at hand are answered in one write",
  );
});

Deno.test("A script that throws is restarted, and goes on with the next frame", async () => {
  const { connection, stream, clock } = open(async (connection) => {
    for await (const line of connection) {
      if (line === "bad") throw new Error("choked");
      connection.send(line);
    }
  });
  stream.peer("a\nbad\nb\n");
  await clock.advance(0);
  assertEquals(stream.written(), "a\nb\n");
  stream.peer(null);
  assertEquals(await connection.closed, { by: "peer" });
});

Deno.test("A script sees malformed bytes as the error of its loop, and that is no crash", async () => {
  let seen: unknown;
  const { connection, stream, kinds } = open(async (connection) => {
    try {
      for await (const line of connection) connection.send(line);
    } catch (error) {
      seen = error;
      throw error;
    }
  });
  stream.peer(new Uint8Array([0xff, 0x0a]));
  const reason = await connection.closed;
  assertEquals(reason.by === "failure" && reason.error === seen, true);
  assertFalse(kinds().includes("crashed"));
});

Deno.test("What a script sends before its next await leaves, though it reads no frame", async () => {
  const gate = Promise.withResolvers<void>();
  const { connection, stream } = open(async (connection) => {
    connection.send("hello");
    await gate.promise;
  });
  await settle();
  assertEquals(stream.written(), "hello\n");
  gate.resolve();
  await connection.closed;
});

Deno.test("Iterating over a connection that has callbacks is refused", async () => {
  const { connection } = open(echo);
  assertThrows(
    () => connection[Symbol.asyncIterator](),
    TypeError,
    "'frame' callback",
  );
  await connection.close();
});

Deno.test("A client without handler reads by for await, and may go on in a second loop", async () => {
  const { connection, stream } = open(undefined);
  stream.peer("a\nb\nc\n");
  const seen: string[] = [];
  for await (const line of connection) {
    seen.push(line);
    if (line === "b") break;
  }
  stream.peer(null);
  for await (const line of connection) seen.push(line);
  assertEquals(seen, ["a", "b", "c"]);
  assertEquals(await connection.closed, { by: "peer" });
});

Deno.test("A client without handler sees that the peer closed, though nobody reads", async () => {
  const { connection, stream } = open(undefined);
  stream.peer(null);
  assertEquals(await connection.closed, { by: "peer" });
});

Deno.test("A client without handler keeps what came before the peer closed until it is read", async () => {
  const { connection, stream } = open(undefined);
  stream.peer("unread\n");
  stream.peer(null);
  await settle();
  assertEquals(connection.phase, "running");
  assertEquals(await Array.fromAsync(connection), ["unread"]);
  assertEquals(await connection.closed, { by: "peer" });
});

Deno.test("for await rejects with the loss of the connection", async () => {
  const { connection, stream } = open(undefined);
  stream.peer("a\n");
  const iterator = connection[Symbol.asyncIterator]();
  assertEquals(await iterator.next(), { done: false, value: "a" });
  const next = iterator.next();
  stream.peer(new Deno.errors.ConnectionReset("reset"));
  await assertRejects(() => next, ConnectionLostError, "reset");
  await connection.closed;
});

Deno.test("tell() to a handler without message callback answers 'dropped', and 'stopped' after the end", async () => {
  const { connection, kinds } = open<string>((connection) => ({
    frame: (line) => connection.send(line),
  }));
  assertEquals(connection.tell("x"), "dropped");
  await assertRejects(
    () => connection.deliver("x"),
    TypeError,
    "'message' callback",
  );
  await connection.close();
  assertEquals(connection.tell("x"), "stopped");
  assertEquals(kinds().filter((kind) => kind === "dropped").length, 1);
});

Deno.test("ask() is answered by the handler, and rejected when it crashes on the question", async () => {
  type Ask = { reply(value: number): void };
  const { connection } = open<Ask>(() => ({
    frame() {},
    message({ reply }) {
      reply(42);
    },
  }));
  assertEquals(await connection.ask<number>((reply) => ({ reply })), 42);
  await connection.close();
  const other = open<Ask>(() => ({
    frame() {},
    message() {
      throw new Error("choked");
    },
  }));
  await assertRejects(
    () => other.connection.ask<number>((reply) => ({ reply })),
    Error,
    "crashed on the question",
  );
  await other.connection.close();
});

Deno.test("An idle peer is closed, or told to the handler", async () => {
  const { connection, clock } = open(echo, { idleTimeoutMs: 1_000 });
  connection.checkDeadlines(clock.now());
  await clock.advance(1_000);
  connection.checkDeadlines(clock.now());
  assertEquals(await connection.closed, { by: "idle" });

  let idles = 0;
  const other = open(() => ({ frame() {}, idle: () => idles++ }), {
    idleTimeoutMs: 1_000,
  });
  await other.clock.advance(1_000);
  other.connection.checkDeadlines(other.clock.now());
  other.connection.checkDeadlines(other.clock.now());
  assertEquals(idles, 1);
  await other.connection.close();
});

Deno.test("Messages from other actors do not count as signs of life of the peer", async () => {
  const { connection, clock } = open<string>(
    () => ({ frame() {}, message() {} }),
    { idleTimeoutMs: 1_000 },
  );
  for (let i = 0; i < 10; i++) {
    connection.tell("hello");
    await clock.advance(100);
    connection.checkDeadlines(clock.now());
  }
  assertEquals(await connection.closed, { by: "idle" });
});

Deno.test("A frame that is not complete in time closes the connection with TimeoutError", async () => {
  const { connection, stream, clock } = open(echo, { frameTimeoutMs: 1_000 });
  for (let i = 0; i < 12; i++) {
    stream.peer("x");
    await clock.advance(100);
    connection.checkDeadlines(clock.now());
  }
  const reason = await connection.closed;
  assertInstanceOf(reason.by === "failure" && reason.error, TimeoutError);
});

Deno.test("A busy handler is not a slow peer: no frame deadline passes while it works", async () => {
  const gate = Promise.withResolvers<void>();
  const { connection, stream, clock } = open(
    () => ({ frame: () => gate.promise }),
    { frameTimeoutMs: 1_000 },
  );
  stream.peer("a\nb");
  for (let i = 0; i < 5; i++) {
    await clock.advance(1_000);
    connection.checkDeadlines(clock.now());
  }
  assertEquals(connection.phase, "running");
  gate.resolve();
  await connection.close();
});

Deno.test("close() flushes, and is cut after graceMs by a peer that does not read", async () => {
  const { connection, stream, clock } = open(echo, { graceMs: 1_000 });
  stream.takesWrites = false;
  connection.send("never read");
  const closed = connection.close();
  await clock.advance(999);
  assertFalse(stream.isClosed);
  await clock.advance(1);
  assertEquals(await closed, { by: "local" });
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("stop() serves the frames at hand, tells the handler, flushes and closes", async () => {
  const seen: string[] = [];
  const { connection, stream } = open((connection) => ({
    async frame(line) {
      await settle();
      connection.send(line);
    },
    shutdown: () => {
      seen.push("shutdown");
      connection.send("going down");
    },
    closed: ({ by }) => seen.push(`closed by ${by}`),
  }));
  stream.peer("a\nb\n");
  await settle();
  assertEquals(await connection.stop(), { kind: "shutdown" });
  assertEquals(stream.written().split("\n").toSorted(), [
    "",
    "a",
    "b",
    "going down",
  ]);
  assertEquals(seen, ["shutdown", "closed by shutdown"]);
});

Deno.test("stop() answers a question that came in time, though the runtime was too busy to bring it", async () => {
  const { connection, stream } = open(echo);
  const exited = connection.stop();
  await keepBusy(200);
  stream.peer("late\n");
  assertEquals(await exited, { kind: "shutdown" });
  assertEquals(stream.written(), "LATE\n");
});

Deno.test("stop() lets a script that was busy for long read what came behind what had been read ahead", async () => {
  const seen: string[] = [];
  const go = Promise.withResolvers<void>();
  const { connection, stream } = open(async (connection) => {
    await go.promise;
    for await (const line of connection) seen.push(line);
  });
  const asked = Array.from({ length: 1_000 }, (_, i) => `question ${i}`);
  stream.peer(asked.join("\n") + "\n");
  await settle();
  const exited = connection.stop();
  // No news for long, but because nothing more was read.
  await keepBusy(2_000);
  go.resolve();
  assertEquals(await exited, { kind: "shutdown" });
  assertEquals(seen, asked);
});

Deno.test("stop() cuts a handler that hangs after the grace, and still runs 'closed'", async () => {
  let closed = 0;
  const { connection, stream, clock } = open(() => ({
    frame: () => new Promise(() => {}),
    closed: () => closed++,
  }));
  stream.peer("hang\n");
  await settle();
  const exited = connection.stop({ graceMs: 500 });
  await clock.advance(499);
  assertFalse(stream.isClosed);
  await clock.advance(1);
  assertEquals(await exited, { kind: "shutdown" });
  assertEquals(closed, 1);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("kill() ends at once, also in the middle of a turn; its late failure is told, not thrown", async () => {
  const late = Promise.withResolvers<void>();
  const { connection, stream, clock, kinds } = open(() => ({
    frame: () => late.promise,
  }));
  stream.peer("work\n");
  await settle();
  connection.kill();
  assertEquals(await connection.exited, { kind: "killed" });
  assertEquals(stream.isClosed, true);
  assertFalse(stream.finSent);
  late.reject(new Error("too late"));
  await settle();
  assertEquals(kinds().at(-1), "crashed");
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("abort(error) loses what is queued and names the error", async () => {
  const error = new Error("enough");
  const { connection, stream } = open(echo);
  stream.takesWrites = false;
  connection.send("lost");
  connection.abort(error);
  assertEquals(await connection.closed, { by: "failure", error });
});

Deno.test("endWrite() flushes, sends FIN, and reading goes on", async () => {
  const { connection, stream } = open(undefined);
  connection.send("question");
  await connection.endWrite();
  assertEquals([stream.written(), stream.finSent], ["question\n", true]);
  assertEquals(connection.send("more"), false);
  stream.peer("answer\n");
  for await (const line of connection) {
    assertEquals(line, "answer");
    break;
  }
  await connection.close();
});

Deno.test("A failing 'closed' callback is an event, and the end comes all the same", async () => {
  const { connection, kinds } = open(() => ({
    frame() {},
    closed() {
      throw new Error("choked");
    },
  }));
  assertEquals(await connection.close(), { by: "local" });
  assertEquals(kinds(), ["opened", "crashed", "closed"]);
});

Deno.test("Bytes that a handler keeps are never written over", async () => {
  const stream = new ScriptedStream();
  const codec = delimited("\n");
  const kept: Uint8Array[] = [];
  const connection = new ConnectionActor<Uint8Array, Uint8Array, never>(
    1,
    stream,
    {
      name: "test#1",
      codec,
      settings: resolveConnectionOptions({}, codec),
      handler: () => ({ frame: (bytes) => kept.push(bytes) }),
    },
  );
  connection.open();
  const sent = Array.from({ length: 2_000 }, (_, i) => `line ${i}`);
  for (const line of sent) {
    stream.peer(line + "\n");
    await Promise.resolve();
  }
  for (let i = 0; i < 200; i++) await settle();
  assertEquals(kept.map((bytes) => new TextDecoder().decode(bytes)), sent);
  await connection.close();
});
