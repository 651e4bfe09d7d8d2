/** Sending on a connection that has ended, or whose writing end has: who asks is told why. */

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  type ConnectionHandler,
  ConnectionLostError,
  type ConnectionOptions,
  delimited,
  lines,
  MalformedFrameError,
} from "../../mod.ts";
import { ConnectionActor } from "../../src/net/connection.ts";
import { resolveConnectionOptions } from "../../src/net/options.ts";
import { manualClock } from "../../testing.ts";
import { openConnection } from "./scripted_connection.ts";
import { ScriptedStream, settle } from "./scripted_stream.ts";

const open = (
  handler?: ConnectionHandler<string, string, never>,
  options?: ConnectionOptions,
) => openConnection(lines(), handler, options);

const BODY = new Uint8Array(1_000_000);

Deno.test("sendBody() on a connection that was lost says what broke it", async () => {
  const { connection, stream } = open(() => ({ frame() {} }));
  const reset = new Deno.errors.ConnectionReset("by peer");
  stream.peer(reset);
  const reason = await connection.closed;
  const error = await assertRejects(
    () => connection.sendBody(BODY),
    ConnectionLostError,
    "the peer reset the connection",
  );
  assertEquals(error.code, "CONNECTION_RESET");
  assertStrictEquals(error.cause, reset);
  assertStrictEquals(reason.by === "failure" && reason.error, error);
});

Deno.test("sendBody() that is cut by the loss says what broke it, at once", async () => {
  const { connection, stream } = open(() => ({ frame() {} }));
  stream.takesWrites = false;
  const sent = assertRejects(
    () => connection.sendBody(BODY),
    ConnectionLostError,
    "the peer reset the connection",
  );
  await settle();
  stream.peer(new Deno.errors.ConnectionReset("by peer"));
  assertEquals((await sent).code, "CONNECTION_RESET");
  await connection.closed;
});

Deno.test("sendBody() on a connection that ended for another reason has that as its cause", async () => {
  const { connection, stream } = open(() => ({ frame() {} }));
  stream.peer(new Uint8Array([0xff, 0x0a]));
  await connection.closed;
  const error = await assertRejects(
    () => connection.sendBody(BODY),
    ConnectionLostError,
    "the connection is closed",
  );
  assertEquals(error.code, "CLOSED");
  assertInstanceOf(error.cause, MalformedFrameError);
});

Deno.test("sendBody() after close() or endWrite() has no cause: it was us", async () => {
  for (const how of ["close", "endWrite"] as const) {
    const { connection } = open();
    await connection[how]();
    const error = await assertRejects(
      () => connection.sendBody(BODY),
      ConnectionLostError,
      "the connection is closed, or its writing end is",
    );
    assertEquals([error.code, error.cause], ["CLOSED", undefined]);
    await connection.close();
  }
});

Deno.test("writable rejects on a connection that was lost, and says what broke it", async () => {
  const { connection, stream } = open(() => ({ frame() {} }));
  const writer = connection.writable.getWriter();
  await writer.write("before");
  stream.peer(new Deno.errors.ConnectionReset("by peer"));
  await connection.closed;
  const error = await assertRejects(() => writer.write("after"));
  assertInstanceOf(error, ConnectionLostError);
  assertEquals(error.code, "CONNECTION_RESET");
  await writer.closed.catch(() => {/* the same */});
});

Deno.test("writable waits for a peer that reads slowly, and its abort ends the connection", async () => {
  const { connection, stream } = open(undefined, { highWaterBytes: 1_000 });
  const writer = connection.writable.getWriter();
  stream.takesWrites = false;
  let taken = false;
  const written = writer.write("x".repeat(2_000)).then(() => taken = true);
  await settle();
  assertFalse(taken);
  stream.takeWrites();
  await written;
  const error = new Error("enough");
  await writer.abort(error);
  assertEquals(await connection.closed, { by: "failure", error });
});

Deno.test("a second sendBody() while one is under way is refused, and harms neither it nor the connection", async () => {
  const { connection, stream } = open();
  stream.takesWrites = false;
  const first = connection.sendBody(new TextEncoder().encode("first\n"));
  await assertRejects(
    () => connection.sendBody(BODY),
    TypeError,
    "another one is under way",
  );
  stream.takeWrites();
  await first;
  await connection.close();
  assertEquals(stream.written(), "first\n");
});

Deno.test("endWrite() twice sends one end, and after close() none", async () => {
  const { connection, stream } = open();
  let ends = 0;
  stream.closeWrite = () => {
    ends++;
    return Promise.resolve();
  };
  await Promise.all([connection.endWrite(), connection.endWrite()]);
  await connection.endWrite();
  assertEquals(ends, 1);
  await connection.close();
  await connection.endWrite();
  assertEquals(ends, 1);
});

Deno.test("endWrite() whose end cannot be sent loses the connection, and does not reject", async () => {
  const { connection, stream } = open(() => ({ frame() {} }));
  stream.closeWrite = () =>
    Promise.reject(new Deno.errors.BrokenPipe("nobody there"));
  await connection.endWrite();
  const reason = await connection.closed;
  assert(reason.by === "failure" && reason.error instanceof Error);
  assertEquals((reason.error as ConnectionLostError).code, "BROKEN_PIPE");
});

Deno.test("endWrite() that waits for the outbox resolves when the connection is aborted, and sends no end", async () => {
  const { connection, stream } = open();
  stream.takesWrites = false;
  connection.send("stuck");
  const ended = connection.endWrite();
  await settle();
  connection.abort();
  await ended;
  await connection.closed;
  assertFalse(stream.finSent);
});

Deno.test("close() of a peer that is gone already is an end like any other", async () => {
  const { connection, stream, events } = open();
  stream.closeWrite = () =>
    Promise.reject(new Deno.errors.NotConnected("gone"));
  assertEquals(await connection.close(), { by: "local" });
  assertEquals(events.map(({ kind }) => kind), ["opened", "closed"]);
});

Deno.test("a write that fails ends the connection with what broke it, once", async () => {
  const { connection, stream, events } = open(() => ({ frame() {} }));
  const pipe = new Deno.errors.BrokenPipe("gone");
  stream.write = () => Promise.reject(pipe);
  connection.send("lost");
  const reason = await connection.closed;
  assert(
    reason.by === "failure" && reason.error instanceof ConnectionLostError,
  );
  assertStrictEquals(reason.error.cause, pipe);
  assertEquals(events.filter(({ kind }) => kind === "closed").length, 1);
});

Deno.test("signal asked for after the end has aborted already; one asked for before aborts at the end", async () => {
  const early = open();
  const { signal } = early.connection;
  assertFalse(signal.aborted);
  await early.connection.close();
  assert(signal.aborted);
  const late = open();
  await late.connection.close();
  assert(late.connection.signal.aborted);
  assertStrictEquals(late.connection.signal, late.connection.signal);
});

Deno.test("closed and exited asked for after the end are told all the same", async () => {
  const { connection, events } = open();
  connection.abort();
  while (connection.phase !== "stopped") await settle();
  assertEquals(events.at(-1)?.kind, "closed");
  assertEquals(await connection.closed, { by: "local" });
  assertEquals(await connection.exited, { kind: "normal" });
});

Deno.test("tell, deliver and ask after the end are refused, and the mailbox takes nothing", async () => {
  const stream = new ScriptedStream();
  const codec = lines();
  const connection = new ConnectionActor<string, string, string>(1, stream, {
    name: "test#1",
    codec,
    handler: () => ({ frame() {}, message() {} }),
    settings: resolveConnectionOptions({}, codec),
  });
  connection.open();
  await connection.close();
  assertEquals(connection.tell("x"), "stopped");
  await assertRejects(() => connection.deliver("x"), Error, "stopped");
  await assertRejects(() => connection.ask(() => "x"), Error, "stopped");
  assertEquals(connection.mailboxSize, 0);
});

Deno.test("an iterator of frames is its own iterable, and may be left and taken up again", async () => {
  const { connection, stream } = open();
  stream.peer("a\nb\nc\n");
  const frames = connection[Symbol.asyncIterator]();
  assertStrictEquals(frames[Symbol.asyncIterator](), frames);
  for await (const line of frames) {
    assertEquals(line, "a");
    break;
  }
  assertEquals(await frames.next(), { done: false, value: "b" });
  await connection.close();
});

Deno.test("frames: 'poisoned' overwrites what a synchronous callback and a pull were lent", async () => {
  const codec = delimited("\n");
  const settings = resolveConnectionOptions({ frames: "poisoned" }, codec);
  const kept: Uint8Array[] = [];
  for (const pulls of [false, true]) {
    const stream = new ScriptedStream();
    const connection = new ConnectionActor<Uint8Array, Uint8Array, never>(
      1,
      stream,
      {
        name: "test#1",
        codec,
        settings,
        ...(pulls
          ? {}
          : { handler: () => ({ frame: (frame) => void kept.push(frame) }) }),
      },
    );
    connection.open();
    stream.peer("one\ntwo\n");
    stream.peer(null);
    if (pulls) { for await (const frame of connection) kept.push(frame); }
    await connection.closed;
  }
  assertEquals(kept.map(({ length }) => length), [3, 3, 3, 3]);
  for (const frame of kept) {
    assert(frame.every((byte) => byte === 0xdb), `${frame}`);
  }
});

Deno.test("frames is refused where it is none of three", () => {
  assertThrows(
    () => resolveConnectionOptions({ frames: "lent" as never }, lines()),
    RangeError,
    `'frames' must be "kept", "borrowed" or "poisoned": current value is "lent"`,
  );
});

Deno.test("a script that returns something is a crash, as one that throws is", async () => {
  const clock = manualClock();
  const { connection, stream, events } = open(
    (async (connection: AsyncIterable<string>) => {
      for await (const line of connection) if (line === "odd") return 7;
    }) as never,
    { clock },
  );
  stream.peer("a\nodd\nb\n");
  await clock.advance(0);
  const crash = events.find(({ kind }) => kind === "crashed");
  assert(crash?.kind === "crashed" && crash.willRestart);
  assertInstanceOf(crash.error, TypeError);
  stream.peer(null);
  assertEquals(await connection.closed, { by: "peer" });
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("a script that is stopped in the middle ends when its loop does", async () => {
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const { connection, stream } = open(async (connection) => {
    for await (const line of connection) {
      seen.push(line);
      if (line === "wait") await gate.promise;
      connection.send(line);
    }
    connection.send("bye");
  });
  stream.peer("wait\nnext\n");
  await settle();
  const exited = connection.stop();
  gate.resolve();
  assertEquals(await exited, { kind: "shutdown" });
  assertEquals(seen, ["wait", "next"]);
  assertEquals(stream.written(), "wait\nnext\nbye\n");
});

Deno.test("a script whose connection is lost while it awaits something else ends as that loss", async () => {
  const gate = Promise.withResolvers<void>();
  const { connection, stream, events } = open(async (connection) => {
    for await (const _ of connection) await gate.promise;
  });
  stream.peer("work\n");
  await settle();
  stream.peer(new Deno.errors.ConnectionReset("by peer"));
  await settle();
  gate.resolve();
  const reason = await connection.closed;
  assert(reason.by === "failure");
  assertInstanceOf(reason.error, ConnectionLostError);
  assertEquals(events.some(({ kind }) => kind === "crashed"), false);
});
