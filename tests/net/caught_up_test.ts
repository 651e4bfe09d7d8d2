/** The turns beside the frames: `caughtUp`, for what was gathered, and `malformed`, for last words. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import {
  type ConnectionHandler,
  delimited,
  MalformedFrameError,
  text,
  TruncatedFrameError,
} from "../../mod.ts";
import { nextTask } from "../../src/clock.ts";
import { openConnection } from "./scripted_connection.ts";
import { settle } from "./scripted_stream.ts";

const open = <M = never>(handler: ConnectionHandler<string, string, M>) =>
  openConnection(text(delimited("\n")), handler);

/** Gathers lines, and sends them as one when it has caught up. */
function gathering(also: { malformed?: (error: Error) => unknown } = {}) {
  return open((connection) => {
    let lines: string[] = [];
    return {
      frame: (line) => void lines.push(line),
      async caughtUp() {
        const these = lines;
        lines = [];
        await Promise.resolve();
        if (these.includes("iceberg")) throw new Error("crash");
        connection.send(these.join("+"));
      },
      ...(also.malformed && {
        malformed: (error: Error) =>
          connection.send(also.malformed!(error) as string),
      }),
    };
  });
}

const NO_TEXT = Uint8Array.of(0xff, 0x0a);

Deno.test("caughtUp() runs once all whole frames at hand have had their turns, not for half a frame, and never without one", async () => {
  const { connection, stream } = gathering();
  stream.peer("a\nb\nc");
  await settle();
  assertEquals(stream.written(), "a+b\n");
  stream.peer("c");
  await settle();
  assertEquals(stream.written(), "a+b\n");
  stream.peer("\n");
  await settle();
  assertEquals(stream.written(), "a+b\ncc\n");
  await connection.close();
});

Deno.test("caughtUp() runs after 1,024 frames in a row at the latest, so that what is gathered is bounded", async () => {
  const { connection, stream } = gathering();
  stream.peer("x\n".repeat(1_500));
  // More than one round of the event loop: the turns make way for others.
  while (stream.written().length < 3_000) {
    await new Promise<void>(nextTask);
  }
  const batches = stream.written().trimEnd().split("\n");
  assertEquals(
    batches.map((batch) => batch.split("+").length <= 1_024),
    batches.map(() => true),
  );
  assertEquals(batches.join("+").split("+").length, 1_500);
  await connection.close();
});

Deno.test("caughtUp() is a turn: the end of the stream comes after what it waits for", async () => {
  const { connection, stream } = gathering();
  stream.peer("a\nb\n");
  stream.peer(null);
  assertEquals(await connection.closed, { by: "peer" });
  assertEquals(stream.written(), "a+b\n");
});

Deno.test("caughtUp() that throws is a crash like any other: the next frames are served", async () => {
  const { connection, stream, kinds } = gathering();
  stream.peer("iceberg\n");
  await settle();
  stream.peer("a\n");
  while (stream.written() === "") await new Promise<void>(nextTask);
  assertEquals(stream.written(), "a\n");
  assertEquals(kinds().filter((kind) => kind === "crashed").length, 1);
  await connection.close();
});

Deno.test("malformed() has the last word, after caughtUp() for the frames before it; then the connection closes for that error", async () => {
  const told: Error[] = [];
  const { connection, stream, kinds } = gathering({
    malformed: (error) => (told.push(error), "cannot read that"),
  });
  stream.peer("a\nb\n");
  stream.peer(NO_TEXT);
  stream.peer("c\n");
  const reason = await connection.closed;
  assertEquals(stream.written(), "a+b\ncannot read that\n");
  assertEquals(told.length, 1);
  assertInstanceOf(told[0], MalformedFrameError);
  assertEquals(reason, { by: "failure", error: told[0] });
  assertEquals(kinds(), ["opened", "malformed", "closed"]);
  assertEquals(connection.stats.bufferedBytes, 0);
});

Deno.test("malformed() hears of a stream that ended inside a frame", async () => {
  const told: Error[] = [];
  const { connection, stream } = gathering({
    malformed: (error) => (told.push(error), "cut"),
  });
  stream.peer("a\nhal");
  stream.peer(null);
  await connection.closed;
  assertEquals(stream.written(), "a\ncut\n");
  assertInstanceOf(told[0], TruncatedFrameError);
});

Deno.test("malformed() that throws ends the connection all the same, for what the peer did", async () => {
  const { connection, stream, kinds } = gathering({
    malformed: () => {
      throw new Error("speechless");
    },
  });
  stream.peer(NO_TEXT);
  const reason = await connection.closed;
  assertInstanceOf(
    reason.by === "failure" && reason.error,
    MalformedFrameError,
  );
  assertEquals(kinds().filter((kind) => kind === "crashed").length, 1);
});

Deno.test("caughtUp() without malformed(): what was gathered is served before the connection closes", async () => {
  const { connection, stream } = gathering();
  stream.peer("a\n");
  stream.peer(NO_TEXT);
  await connection.closed;
  assertEquals(stream.written(), "a\n");
});
